#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "empty.h"
#include "log.h"
#include "state.h"

#define PARENT "sessionman"
#define REMOVAL_TIME_MS 10000

void state_path(char path[STATE_PATH_MAX], const struct arguments *arguments, pid_t pid)
{
	snprintf(path, STATE_PATH_MAX, "%s/" PARENT "/%u-%d", arguments->runtime,
		(unsigned int)arguments->uid, (int)pid);
}

bool state_make(const char *path, const struct arguments *arguments)
{
	char parent[STATE_PATH_MAX];

	umask(077);
	snprintf(parent, sizeof(parent), "%s/" PARENT, arguments->runtime);
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return false;
	if (mkdir(path, 0700) == 0)
		return true;
	if (errno != EEXIST)
		return false;
	/* Left by a process that had the same number and was killed. */
	errno = empty_directory(path, arguments->uid);
	return errno == 0 && chmod(path, 0700) == 0;
}

static _Noreturn void become_removal(const struct holder *holder, pid_t self)
{
	const struct arguments *arguments = &holder->arguments;
	char path[STATE_PATH_MAX];

	syscall(SYS_close_range, 0, ~0U, 0);
	if (!become_user(arguments, &holder->terms))
		_exit(EXIT_SYSTEM);
	/* After the change of user, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != self)
		_exit(EXIT_SYSTEM);
	state_path(path, arguments, holder->manager);
	empty_directory(path, arguments->uid);
	_exit(rmdir(path) == 0 ? 0 : EXIT_SYSTEM);
}

void state_remove(struct holder *holder)
{
	pid_t self = getpid();

	pid_t pid = fork();
	if (pid == 0)
		become_removal(holder, self);
	holder->removed = pid < 0;
	holder->removal = pid;
	holder->removal_deadline = now_ms() + REMOVAL_TIME_MS;
}

void state_expire(struct holder *holder, int64_t now)
{
	if (holder->removal <= 0 || holder->removed || now < holder->removal_deadline)
		return;
	kill(holder->removal, SIGKILL);
	holder->removal_deadline = INT64_MAX;
}
