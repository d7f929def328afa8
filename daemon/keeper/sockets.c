#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sockets.h"

#define PAM_SOCKET "pam.sock"
#define CONTROL_SOCKET "control.sock"
/* The kernel lowers it to net.core.somaxconn. */
#define BACKLOG 4096
/* The daemon of a keeper that was killed holds the lock until the kernel has ended it, too. */
#define LOCK_WAIT_MS 2000
#define LOCK_RETRY_MS 10

static void path_in(char path[108], const char *run_dir, const char *name)
{
	int len = snprintf(path, 108, "%s/%s", run_dir, name);

	if (len < 0 || len >= 108) {
		log_line("%s/%s: the name is too long", run_dir, name);
		exit(EXIT_MISUSE);
	}
}

static _Noreturn void system_failure(const char *what, const char *path)
{
	log_line("%s %s: %m", what, path);
	exit(EXIT_SYSTEM);
}

void run_dir_make(const char *run_dir)
{
	struct stat st;

	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST)
		system_failure("make the directory", run_dir);
	int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		system_failure("open the directory", run_dir);
	if (fstat(fd, &st) < 0)
		system_failure("examine the directory", run_dir);
	if (st.st_uid != 0 || (st.st_mode & 022) != 0) {
		log_line("%s: must belong to root and be writable by root only, but belongs to uid "
			 "%u with "
			 "mode %04o",
			run_dir, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
		exit(EXIT_SYSTEM);
	}
	if (fchmod(fd, 0755) < 0)
		system_failure("chmod 0755", run_dir);
	close(fd);
}

static _Noreturn void lock_refused(int fd, const char *path)
{
	char holder[32];
	ssize_t len = read(fd, holder, sizeof(holder) - 1);

	holder[len > 0 ? len : 0] = '\0';
	holder[strspn(holder, "0123456789")] = '\0';
	log_line("another sessionmand is running, pid %s: it holds %s",
		holder[0] != '\0' ? holder : "unknown", path);
	exit(EXIT_MISUSE);
}

int lock_take(const char *run_dir)
{
	const struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * 1000000L};
	char path[108];
	struct stat st;

	path_in(path, run_dir, "lock");
	/* Whoever can open the file can lock it, so nobody but root may even read it. */
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		system_failure("open", path);
	if (fstat(fd, &st) < 0 || fchmod(fd, 0600) < 0)
		system_failure("secure", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_nlink != 1) {
		log_line("%s: is not a plain file of root", path);
		exit(EXIT_SYSTEM);
	}
	for (int64_t end = now_ms() + LOCK_WAIT_MS; flock(fd, LOCK_EX | LOCK_NB) < 0;) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			system_failure("lock", path);
		if (now_ms() >= end)
			lock_refused(fd, path);
		nanosleep(&pause, NULL);
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		system_failure("write", path);
	return fd;
}

/*
 * Renamed into place with its final mode: no moment in which a login finds no socket. -1 with
 * errno, and in *step what could not be done.
 */
static int listen_on(const char *path, int type, mode_t mode, const char **step)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);

	*step = "make a socket for";
	errno = ENAMETOOLONG;
	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -1;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	*step = "remove what an earlier start left of";
	if (unlink(address.sun_path) < 0 && errno != ENOENT)
		goto failed;
	mode_t old = umask(0177);
	int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(old);
	*step = "bind";
	if (bound < 0)
		goto failed;
	*step = "chmod";
	if (chmod(address.sun_path, mode) < 0)
		goto failed;
	*step = "listen on";
	if (listen(fd, BACKLOG) < 0)
		goto failed;
	*step = "rename to";
	if (rename(address.sun_path, path) == 0)
		return fd;
failed:;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int listen_in(const char *run_dir, const char *name, int type, mode_t mode)
{
	const char *step;
	char path[108];

	path_in(path, run_dir, name);
	int fd = listen_on(path, type, mode, &step);
	if (fd < 0)
		system_failure(step, path);
	return fd;
}

/* Whether a server lives behind the name. */
static bool is_served(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	if (len >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: so many wait already. */
	bool is = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	return is;
}

/* -1 if there is to be none, or cannot be: logins do not depend on it. whose: clients of what. */
static int listen_for(const char *whose, const char *path)
{
	const char *step;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return -1;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		log_line("%s: is not a socket, clients of %s are not served", path, whose);
		return -1;
	}
	if (is_served(path)) {
		log_line("%s: another server listens there and keeps its clients", path);
		return -1;
	}
	int fd = listen_on(path, SOCK_STREAM, 0666, &step);
	if (fd < 0)
		log_line("%s %s: %m; clients of %s are not served", step, path, whose);
	return fd;
}

/* On a system without systemd the directory is ours to make: the daemon's state files lie there,
 * too. */
static void make_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[108];

	if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(directory))
		return;
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = '\0';
	/* What goes wrong is said of the socket. */
	mkdir(directory, 0755);
}

static int listen_for_login(const char *path)
{
	if (strcmp(path, "-") != 0)
		make_directory_of(path);
	return listen_for("io.systemd.Login", path);
}

void sockets_open(struct keeper *keeper)
{
	const char *run_dir = keeper->options.run_dir;

	keeper->pam_socket = listen_in(run_dir, PAM_SOCKET, SOCK_SEQPACKET, 0600);
	keeper->control_socket = listen_in(run_dir, CONTROL_SOCKET, SOCK_STREAM, 0666);
	keeper->seatd_socket = listen_for("seatd", keeper->options.seatd_socket);
	keeper->login_socket = listen_for_login(keeper->options.login_socket);
}

static void remove_socket(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		log_line("remove %s: %m", path);
}

void sockets_remove(const struct keeper *keeper)
{
	char path[108];

	path_in(path, keeper->options.run_dir, PAM_SOCKET);
	remove_socket(path);
	path_in(path, keeper->options.run_dir, CONTROL_SOCKET);
	remove_socket(path);
	if (keeper->seatd_socket >= 0)
		remove_socket(keeper->options.seatd_socket);
	if (keeper->login_socket >= 0)
		remove_socket(keeper->options.login_socket);
}
