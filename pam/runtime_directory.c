#include "runtime_directory.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The call itself: musl has a function for it since 1.2.5 only. */
bool runtime_directory_is_private(const char *path, uid_t owner)
{
	const unsigned int mask = STATX_TYPE | STATX_MODE | STATX_UID;
	const int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	struct statx status;

	return path[0] == '/' && syscall(SYS_statx, AT_FDCWD, path, flags, mask, &status) == 0 &&
	       (status.stx_mask & mask) == mask && (status.stx_mode & S_IFMT) == S_IFDIR &&
	       (status.stx_mode & 07777) == 0700 && status.stx_uid == owner;
}
