/* The fds that come with a packet, and the numbers they may have in somebody else's program. */
#ifndef SESSIONMAN_FD_H
#define SESSIONMAN_FD_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The kernel's SCM_MAX_FD: with room for all, an fd can only go missing where the caller has no
 * slot. */
#define FD_MESSAGE_MAX 253

/*
 * Programs run with stdin to stderr closed; nothing of ours may take their numbers. Returns fd or
 * its replacement; -1 with errno set where fd is negative or cannot be moved, and is then closed.
 */
int fd_above_stdio(int fd);

/* Keeps the first fd of the message, or -1, and closes all others. */
int fd_take(struct msghdr *message);

bool fd_is_fifo_for_writing(int fd);

/* An fd that stays open while somebody else's program runs, and which file it was. */
struct kept_fd {
	int number;
	dev_t device;
	ino_t inode;
};

struct kept_fd fd_keep(int fd);

/* Leaves the number alone where the program has closed our fd and uses it for a file of its own. */
void fd_close_kept(const struct kept_fd *kept);

/* A socket that blocks nowhere, with a number that no standard stream has; -1 with errno set. */
int fd_packet_socket(void);

#endif
