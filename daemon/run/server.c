/*
 * Most of what it takes to start a program is the same each time: it is read, its libraries are
 * found, read and linked. The server has done that once, and forks. PAM modules it leaves alone:
 * some have threads from the moment they are loaded, which no fork has.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "group.h"
#include "holder.h"
#include "log.h"
#include "mapped.h"
#include "server.h"

/* The listening socket, and the control group's directory if there is one. */
#define FDS_MAX 2

struct order {
	/* the control group, the arguments, and an empty string */
	char text[ORDER_MAX];
	size_t len;
	int fds[FDS_MAX];
};

static _Noreturn void server_failed(const char *what)
{
	log_line("%s: %m", what);
	exit(EXIT_SYSTEM);
}

/* From the keeper, which may be older than this program. */
static void receive(struct order *order)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(order->fds))];
	struct iovec part = {.iov_base = order->text, .iov_len = sizeof(order->text)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	ssize_t len = recvmsg(LISTEN_FD, &message, MSG_CMSG_CLOEXEC);
	if (len == 0)
		exit(0);
	if (len < 0)
		server_failed("receive an order");
	order->len = (size_t)len;
	order->fds[0] = order->fds[1] = -1;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(order->fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
}

static void close_fds(const struct order *order)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (order->fds[i] >= 0)
			close(order->fds[i]);
	}
}

/*
 * True in the new process. The C library's fork is not born into a control group, and what is born
 * without it is not fit to run PAM modules: so it takes two, of which the first ends at once. That
 * also makes the second a child of the keeper, who adopts orphans.
 */
static bool fork_for(const struct order *order, const char *name)
{
	pid_t pid = fork_into(order->fds[1]);

	if (pid < 0)
		log_line("start %s: fork: %m", name);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid != 0)
		return false;
	if (errno != 0) {
		log_line("start %s: enter the control group %s: %m", name, order->text);
		_exit(EXIT_SYSTEM);
	}
	pid = fork();
	if (pid < 0)
		log_line("start %s: fork: %m", name);
	if (pid != 0)
		_exit(pid > 0 ? 0 : EXIT_SYSTEM);
	return true;
}

/* Where the server's own arguments were: so they are what others see of the process. */
static int arguments_take(const struct order *order, char *serve, char *room, char *argv[])
{
	const char *words = order->text + strlen(order->text) + 1;
	size_t size = (size_t)(room + strlen(room) - serve);
	size_t len = order->len - (size_t)(words - order->text);
	int argc = 0;

	memset(serve, 0, size);
	memcpy(serve, words, len < size ? len : size);
	for (char *at = serve; *at != '\0' && argc < ARGUMENTS_MAX; at += strlen(at) + 1)
		argv[argc++] = at;
	argv[argc] = NULL;
	return argc;
}

/* PAM modules may need libraries as new as themselves: after an upgrade all is read again. */
static void renew(char *own[])
{
	struct pollfd orders = {.fd = LISTEN_FD, .events = POLLIN};

	while (poll(&orders, 1, -1) < 0) {
	}
	if (!mapped_is_old())
		return;
	execve(own[0], own, environ);
	log_line("execute %s, which has changed: %m", own[0]);
	mapped_note(own[0]);
}

int server_serve(char *own[], char *argv[])
{
	struct order order;

	mapped_note(own[0]);
	for (;;) {
		renew(own);
		receive(&order);
		if (fork_for(&order, own[0]))
			break;
		close_fds(&order);
	}
	setsid();
	if (dup2(order.fds[0], LISTEN_FD) < 0 ||
		syscall(SYS_close_range, LISTEN_FD + 1, ~0U, 0) < 0)
		server_failed("arrange the descriptors");
	argv[0] = own[0];
	return 1 + arguments_take(&order, own[1], own[2], argv + 1);
}
