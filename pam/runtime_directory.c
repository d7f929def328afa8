#include "runtime_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

bool runtime_directory_is_private(const char *path, uid_t owner)
{
	const unsigned int mask = STATX_TYPE | STATX_MODE | STATX_UID;
	const int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	struct statx status;

	return path[0] == '/' && statx(AT_FDCWD, path, flags, mask, &status) == 0 &&
	       (status.stx_mask & mask) == mask && S_ISDIR(status.stx_mode) &&
	       (status.stx_mode & 07777) == 0700 && status.stx_uid == owner;
}
