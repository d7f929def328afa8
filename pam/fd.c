#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fd_above_stdio(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int error = errno;
	close(fd);
	errno = error;
	return moved;
}

int fd_take(struct msghdr *message)
{
	int first = -1;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
		part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len;
			at += sizeof(int)) {
			int fd;

			memcpy(&fd, (const char *)part + at, sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

bool fd_is_fifo_for_writing(int fd)
{
	struct stat status;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && flags >= 0 &&
	       (flags & O_ACCMODE) == O_WRONLY;
}

struct kept_fd fd_keep(int fd)
{
	struct stat status = {0};

	fstat(fd, &status);
	return (struct kept_fd){fd, status.st_dev, status.st_ino};
}

void fd_close_kept(const struct kept_fd *kept)
{
	struct stat status;

	if (fstat(kept->number, &status) == 0 && status.st_dev == kept->device &&
		status.st_ino == kept->inode)
		close(kept->number);
}

int fd_packet_socket(void)
{
	return fd_above_stdio(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}
