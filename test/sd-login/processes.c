/* What sd-login says of a process: by its pid, by a pidfd, through a socket. */

#include "print.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <systemd/sd-login.h>
#include <unistd.h>

typedef int (*ask_text)(int, char **);
typedef int (*ask_uid)(int, uid_t *);

/* All are found by name: the families have the same members, and not every library has each of
 * them. */
static const char *const texts[] = {
	"session", "unit", "user_unit", "slice", "user_slice", "cgroup", "machine_name"};

static void *member(const char *family, const char *name)
{
	char symbol[64];
	snprintf(symbol, sizeof(symbol), "sd_%s_get_%s", family, name);
	return dlsym(RTLD_DEFAULT, symbol);
}

static void dump_family(const char *family, int handle)
{
	uid_t uid = 0;
	ask_uid owner = (ask_uid)member(family, "owner_uid");

	for (size_t i = 0; i < LENGTH(texts); i++) {
		char *value = NULL;
		ask_text ask = (ask_text)member(family, texts[i]);
		if (ask != NULL) {
			int r = ask(handle, &value);
			print_text(texts[i], r, value);
		}
	}
	if (owner != NULL) {
		int r = owner(handle, &uid);
		print_number("owner_uid", r, uid);
	}
}

int dump_processes(char **pids)
{
	char name[64];

	for (; *pids != NULL; pids++) {
		pid_t pid = (pid_t)atoi(*pids);
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);
		snprintf(name, sizeof(name), "pid %s", *pids);
		thing = name;
		dump_family("pid", pid);
		snprintf(name, sizeof(name), "pidfd %s", *pids);
		if (fd >= 0)
			dump_family("pidfd", fd);
		close(fd);
	}
	return 0;
}

int dump_self(void)
{
	int pair[2];

	dump_family("pid", 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 111;
	thing = "own peer";
	dump_family("peer", pair[0]);
	return 0;
}

static int unix_socket(const char *path, int (*how)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && how(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	fprintf(stderr, "client: %s: %s\n", path, strerror(errno));
	exit(111);
}

int dump_peer(const char *path)
{
	thing = "peer";
	dump_family("peer", unix_socket(path, connect));
	return 0;
}

int serve(const char *path)
{
	char byte;
	int fd = unix_socket(path, bind);

	if (listen(fd, 8) < 0)
		return 111;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
