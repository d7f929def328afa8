#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"
#include "keeper.h"
#include "log.h"

/* For one that cannot be started, or ends as soon as it was. */
#define DELAY_MS 1000

#define END_SIGNAL SIGUSR1

void let_go(struct keeper *keeper)
{
	devices_mute_all(&keeper->devices);
	int count = vts_release_all(&keeper->vts, &keeper->devices);
	if (count > 0)
		log_line("put %d VTs back as they were: their controllers have lost them", count);
}

void guard_allow_name(struct guard *guard, int argc, char **argv)
{
	const char *end = argv[0];

	for (int i = 0; i < argc && argv[i] == end; i++)
		end += strlen(end) + 1;
	guard->name = argv[0];
	guard->name_size = (size_t)(end - argv[0]);
}

/* For ps, and so that who looks for the keeper by its name does not find two. */
static void take_name(const struct guard *guard)
{
	static const char name[] = "sessionmand-guard";

	prctl(PR_SET_NAME, name);
	if (guard->name_size == 0)
		return;
	memset(guard->name, 0, guard->name_size);
	strncpy(guard->name, name, guard->name_size - 1);
}

/* For so many milliseconds, or without an end. */
static void wait_for(const sigset_t *signals, int ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	if (ms < 0)
		sigwaitinfo(signals, NULL);
	else
		sigtimedwait(signals, NULL, &time);
}

static _Noreturn void stand_guard(struct keeper *keeper, pid_t keeper_pid)
{
	sigset_t end;

	/* What is sent to all of the keeper's process group is not for the guard. */
	setsid();
	if (prctl(PR_SET_PDEATHSIG, END_SIGNAL) < 0) {
		log_line("tie the guard's life to the keeper's: %m");
		_exit(EXIT_SYSTEM);
	}
	take_name(&keeper->guard);
	sigemptyset(&end);
	sigaddset(&end, END_SIGNAL);
	/* The keeper may have died before it was tied, and others can send that signal, too. */
	while (getppid() == keeper_pid)
		wait_for(&end, spent_close_one(&keeper->devices.spent));
	log_line("the keeper is gone: its devices are taken away");
	let_go(keeper);
	_exit(0);
}

void guard_start(struct keeper *keeper)
{
	struct guard *guard = &keeper->guard;
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	pid_t self = getpid();
	int64_t now = now_ms();

	guard->wanted = true;
	if (guard->pid != 0 || now < guard->next_start)
		return;
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		stand_guard(keeper, self);
	guard->pid = pid > 0 ? pid : 0;
	guard->next_start = now + DELAY_MS;
	if (pid < 0)
		log_line("start the guard: %m; next attempt in %d ms", DELAY_MS);
}

void guard_tell_spent(struct keeper *keeper)
{
	struct spent *spent = &keeper->devices.spent;

	if (spent->unheard && keeper->guard.pid != 0)
		kill(keeper->guard.pid, END_SIGNAL);
	spent->unheard = false;
}

bool guard_ended(struct guard *guard, pid_t pid, int status)
{
	bool signaled = WIFSIGNALED(status);

	if (guard->pid != pid)
		return false;
	log_line("the guard has ended (%s %d): another one is started",
		signaled ? "signal" : "exit code",
		signaled ? WTERMSIG(status) : WEXITSTATUS(status));
	guard->pid = 0;
	return true;
}

void guard_dismiss(struct guard *guard)
{
	if (guard->pid == 0)
		return;
	kill(guard->pid, SIGKILL);
	waitpid(guard->pid, NULL, 0);
	guard->pid = 0;
}
