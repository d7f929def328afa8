/*
 * Starts a backend as sessionman-run does, without sessionman, and says how long that takes: the
 * part of a first login that belongs to the user's service manager.
 *
 * usage: manager BACKEND CONFDIR UID HOME RUNTIME_DIR COUNT
 *
 * For each of COUNT users, UID and those after it (HOME and RUNTIME_DIR with the uid at the end):
 * `BACKEND run` from fork to the first byte in its FIFO, then `BACKEND ready` to its end. Prints
 * "sample NS" for each; the manager is killed then.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct user {
	unsigned int uid;
	char home[128];
	char runtime[128];
	char fifo[192];
	char state[192];
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "manager: %s: %m\n", what);
	exit(111);
}

static pid_t action(const struct user *user, char *const argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	char home[160], runtime[160];
	char *environment[] = {home, runtime, "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	int null = open("/dev/null", O_RDWR);

	snprintf(home, sizeof(home), "HOME=%s", user->home);
	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s", user->runtime);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	setsid();
	if (setgid(user->uid) != 0 || setuid(user->uid) != 0 || chdir(user->home) != 0)
		_exit(111);
	execve(argv[0], argv, environment);
	_exit(111);
}

static void kill_all_of(unsigned int uid)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(uid) == 0)
			kill(-1, SIGKILL);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0)
		;
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void prepare(struct user *user, unsigned int uid, const char *home, const char *runtime)
{
	user->uid = uid;
	snprintf(user->home, sizeof(user->home), "%s%u", home, uid);
	snprintf(user->runtime, sizeof(user->runtime), "%s%u", runtime, uid);
	snprintf(user->fifo, sizeof(user->fifo), "%s/ready", user->runtime);
	snprintf(user->state, sizeof(user->state), "%s/sessionman", user->runtime);
	if (mkdir(user->runtime, 0700) != 0 || mkdir(user->state, 0700) != 0 ||
		mkfifo(user->fifo, 0600) != 0)
		die(user->runtime);
	if (chown(user->runtime, uid, uid) != 0 || chown(user->state, uid, uid) != 0 ||
		chown(user->fifo, uid, uid) != 0)
		die("chown");
}

static int64_t start(const struct user *user, char *backend, char *confdir)
{
	char state[256], data[4096];
	ssize_t length;
	size_t used = 0;
	int fifo = open(user->fifo, O_RDONLY | O_NONBLOCK);

	snprintf(state, sizeof(state), "%s/manager", user->state);
	if (mkdir(state, 0700) != 0 || chown(state, user->uid, user->uid) != 0)
		die(state);
	int64_t begin = now_ns();
	action(user, (char *const[]){backend, "run", (char *)user->fifo, state, confdir, NULL});
	for (;;) {
		struct pollfd fd = {.fd = fifo, .events = POLLIN};
		if (poll(&fd, 1, 10000) <= 0)
			die("no readiness within 10 s");
		length = read(fifo, data + used, sizeof(data) - 1 - used);
		if (length <= 0)
			break;
		used += (size_t)length;
		if (memchr(data, '\0', used) != NULL)
			break;
	}
	if (used > 0 && data[used - 1] == '\n')
		used--;
	data[used] = '\0';
	pid_t ready = action(user, (char *const[]){backend, "ready", data, NULL});
	int status;
	if (waitpid(ready, &status, 0) != ready || status != 0)
		die("the services are not ready");
	close(fifo);
	return now_ns() - begin;
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: manager BACKEND CONFDIR UID HOME RUNTIME_DIR COUNT\n");
		return 100;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < atoi(argv[6]); i++) {
		struct user user;
		prepare(&user, (unsigned int)(atoi(argv[3]) + i), argv[4], argv[5]);
		printf("sample %lld\n", (long long)start(&user, argv[1], argv[2]));
		fflush(stdout);
		kill_all_of(user.uid);
	}
	return 0;
}
