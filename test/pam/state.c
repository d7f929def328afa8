#include "driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REPORT_FD 90
#define FD_MAX 256

extern char **environ;

struct state {
	bool open[FD_MAX];
	char signals[512];
	char environment[8192];
	char cwd[256];
	mode_t umask;
};

static struct state saved;

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_signals(char *text, size_t size)
{
	char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	text[0] = '\0';
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 ||
			strncmp(line, "SigCgt", 6) == 0)
			strncat(text, line, size - strlen(text) - 1);
	}
	if (file != NULL)
		fclose(file);
}

static void read_state(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (int fd = 0; fd < FD_MAX; fd++)
		state->open[fd] = fcntl(fd, F_GETFD) >= 0;
	read_signals(state->signals, sizeof(state->signals));
	for (char **entry = environ; *entry != NULL; entry++) {
		strncat(state->environment, *entry,
			sizeof(state->environment) - strlen(state->environment) - 1);
	}
	if (getcwd(state->cwd, sizeof(state->cwd)) == NULL)
		state->cwd[0] = '\0';
	state->umask = umask(0);
	umask(state->umask);
}

void state_save(void)
{
	read_state(&saved);
}

int state_kept_fds(void)
{
	int kept = 0;

	for (int fd = 0; fd < FD_MAX; fd++)
		kept += fcntl(fd, F_GETFD) >= 0 && !saved.open[fd];
	return kept;
}

void state_reuse_kept(void)
{
	/* On the file system of the FIFO, as any other file that a program may open. */
	int file = open("/tmp", O_RDONLY | O_CLOEXEC);

	saved.open[file] = true;
	for (int fd = 0; fd < FD_MAX; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 && !saved.open[fd])
			dup3(file, fd, O_CLOEXEC);
	}
}

static const char *sort_of(int fd)
{
	struct stat status;

	if (fd <= STDERR_FILENO)
		return "stdio";
	if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
		return "inherited";
	if (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode))
		return "no-fifo";
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY ? "lifetime" : "not-for-writing";
}

void state_report(void)
{
	struct state now;
	const char *changed = "unchanged";

	read_state(&now);
	dprintf(REPORT_FD, "kept %d", state_kept_fds());
	for (int fd = 0; fd < FD_MAX; fd++) {
		if (now.open[fd] && !saved.open[fd])
			dprintf(REPORT_FD, " %s", sort_of(fd));
		if (!now.open[fd] && saved.open[fd])
			changed = "an fd is gone";
	}
	if (strcmp(now.signals, saved.signals) != 0)
		changed = "signals";
	if (strcmp(now.environment, saved.environment) != 0)
		changed = "process environment";
	if (strcmp(now.cwd, saved.cwd) != 0 || now.umask != saved.umask)
		changed = "working directory or umask";
	dprintf(REPORT_FD, "\nstate %s\n", changed);
}

void state_leave_slots(int count)
{
	struct rlimit limit;
	int fd;
	int last = -1;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = REPORT_FD + 1;
	setrlimit(RLIMIT_NOFILE, &limit);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		last = fd;
	while (count-- > 0)
		close(last--);
}

void state_free_slots(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = STDERR_FILENO + 1; fd < REPORT_FD; fd++)
		close(fd);
}

static void ignore_tick(int number)
{
	(void)number;
}

void signals_start(void)
{
	const struct itimerval every = {{0, 2000}, {0, 2000}};
	struct sigaction action = {.sa_handler = ignore_tick};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}
