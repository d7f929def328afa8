/*
 * The least that any session manager does for a login, in C and nothing else: what a session
 * manager adds to it is its own cost. Speaks the protocol of pam/wire.h as far as client.c needs
 * it, on the socket of the daemon.
 *
 * usage: floor CGROUP SOCKET      (a directory of cgroup v2; prints "ready" when logins are
 * answered)
 *
 * For an open: the peer's credentials and pidfd, a cgroup of the session with the leader in it and
 * a watch on cgroup.events, a FIFO open at both ends, the manager's own record and the sd-login
 * files of session and user, each replaced by a rename; the answer with the FIFO's end. For the end
 * of the FIFO: all of this taken back. No user's runtime directory, no device, no bus, no checks of
 * what came, and nothing survives its end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define SESSIONS_MAX 16384
#define PACKET_MAX 16384

struct session {
	unsigned int number;
	uid_t uid;
	int fifo;
	int pidfd;
};

static const char *cgroup;
static int events;
static int poller;
/* Ended, but their cgroups were not empty yet. */
static struct session *ended[SESSIONS_MAX];
static int ended_count;

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %m\n", what);
	exit(111);
}

/* The listening socket has no session. */
static void watch_fd(int fd, struct session *session)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
}

static void replace_file(const char *directory, unsigned int name, const char *text)
{
	char path[64], other[80];
	int fd;

	snprintf(path, sizeof(path), "%s/%u", directory, name);
	snprintf(other, sizeof(other), "%s.new", path);
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(other);
	close(fd);
	if (rename(other, path) < 0)
		die(path);
}

static void write_files(const struct session *session, pid_t leader)
{
	char text[512];

	snprintf(text, sizeof(text),
		"UID=%u\nACTIVE=1\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nSERVICE=bench\n"
		"LEADER=%d\nFIFO=/run/floor/%u.ref\n",
		session->uid, leader, session->number);
	replace_file("/run/floor", session->number, text);
	replace_file("/run/systemd/sessions", session->number, text);
	snprintf(text, sizeof(text), "NAME=bench\nSTATE=active\nSESSIONS=%u\n", session->number);
	replace_file("/run/systemd/users", session->uid, text);
}

static void scope_path(const struct session *session, const char *file, char path[256])
{
	snprintf(path, 256, "%s/user-%u.slice/session-%u.scope%s", cgroup, session->uid,
		session->number, file);
}

static void make_scope(struct session *session, pid_t leader)
{
	char path[256], text[16];
	int fd;

	snprintf(path, sizeof(path), "%s/user-%u.slice", cgroup, session->uid);
	make_directory(path);
	scope_path(session, "", path);
	make_directory(path);
	scope_path(session, "/cgroup.events", path);
	/* Goes with the directory. */
	if (inotify_add_watch(events, path, IN_MODIFY) < 0)
		die(path);
	scope_path(session, "/cgroup.procs", path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d", leader);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* Returns the end for the login program. */
static int make_fifo(struct session *session)
{
	char path[64];
	int theirs;

	snprintf(path, sizeof(path), "/run/floor/%u.ref", session->number);
	if (mkfifo(path, 0600) < 0)
		die(path);
	session->fifo = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	theirs = open(path, O_WRONLY | O_CLOEXEC);
	if (session->fifo < 0 || theirs < 0)
		die(path);
	return theirs;
}

static void answer(int peer, const char *text, size_t size, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = (void *)text, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	if (sendmsg(peer, &message, MSG_NOSIGNAL) < 0)
		die("answer");
}

static uid_t uid_of(const char *packet, size_t size)
{
	for (const char *field = packet; field < packet + size; field += strlen(field) + 1)
		if (strncmp(field, "UID=", 4) == 0)
			return (uid_t)strtoul(field + 4, NULL, 10);
	errno = EPROTO;
	die("a request without UID");
	return 0;
}

static void open_session(int peer, pid_t leader, uid_t uid)
{
	static unsigned int last;
	struct session *session = calloc(1, sizeof(*session));
	char text[256];
	int theirs, size;

	if (session == NULL || ended_count == SESSIONS_MAX)
		die("session");
	*session = (struct session){.number = ++last, .uid = uid};
	session->pidfd = (int)syscall(SYS_pidfd_open, leader, 0);
	make_scope(session, leader);
	theirs = make_fifo(session);
	write_files(session, leader);
	size = snprintf(text, sizeof(text), "sessionman 1\nSTATUS=opened%cXDG_SESSION_ID=%u%c", 0,
		session->number, 0);
	answer(peer, text, (size_t)size, theirs);
	close(theirs);
	watch_fd(session->fifo, session);
}

static bool remove_scope(struct session *session)
{
	char path[256];

	scope_path(session, "", path);
	if (rmdir(path) < 0)
		return false;
	free(session);
	return true;
}

static void remove_scopes(void)
{
	char ignored[4096];

	while (read(events, ignored, sizeof(ignored)) > 0)
		continue;
	for (int i = ended_count - 1; i >= 0; i--)
		if (remove_scope(ended[i]))
			ended[i] = ended[--ended_count];
}

static void end_session(struct session *session)
{
	char path[256];

	close(session->fifo);
	close(session->pidfd);
	snprintf(path, sizeof(path), "/run/systemd/sessions/%u", session->number);
	unlink(path);
	snprintf(path, sizeof(path), "/run/floor/%u", session->number);
	unlink(path);
	snprintf(path, sizeof(path), "/run/floor/%u.ref", session->number);
	unlink(path);
	if (!remove_scope(session))
		ended[ended_count++] = session;
}

static void serve(int listener)
{
	static char packet[PACKET_MAX + 1];
	struct ucred peer_is;
	socklen_t length = sizeof(peer_is);
	int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t size;

	if (peer < 0 || getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &peer_is, &length) < 0)
		die("peer");
	size = recv(peer, packet, PACKET_MAX, 0);
	packet[size < 0 ? 0 : size] = 0;
	char *fields = strchr(packet, '\n');
	if (size > 0 && fields != NULL) {
		static const char closed[] = "sessionman 1\nSTATUS=closed";
		size_t left = (size_t)(packet + size - ++fields);
		if (memmem(fields, left, "OP=open", 8) != NULL)
			open_session(peer, peer_is.pid, uid_of(fields, left));
		else
			answer(peer, closed, sizeof(closed), -1);
	}
	close(peer);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 4096) < 0)
		die(path);
	return listener;
}

int main(int argc, char **argv)
{
	static const char *const directories[] = {
		"/run/floor", "/run/systemd", "/run/systemd/sessions", "/run/systemd/users"};
	int listener;

	if (argc != 3) {
		fputs("usage: floor CGROUP SOCKET\n", stderr);
		return 100;
	}
	cgroup = argv[1];
	make_directory(cgroup);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		make_directory(directories[i]);
	events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	poller = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_at(argv[2]);
	watch_fd(listener, NULL);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct epoll_event ready[64];
		int found = epoll_wait(poller, ready, 64, -1);

		for (int i = 0; i < found; i++) {
			if (ready[i].data.ptr == NULL)
				serve(listener);
			else
				end_session(ready[i].data.ptr);
		}
		remove_scopes();
	}
}
