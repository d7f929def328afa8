#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "config.h"
#include "files.h"
#include "held.h"
#include "log.h"
#include "node-flags.h"
#include "runner.h"
#include "spawn.h"

#define DELAY_FIRST_MS 100
#define DELAY_LAST_MS 5000
/* A daemon that lived so long has not failed to start. */
#define DELAY_RESET_MS 10000
#define STOP_GRACE_MS 5000

static char *const environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8",
	"UV_USE_IO_URING=0",
	"UV_THREADPOOL_SIZE=4",
	NULL,
};

/* What Node exits with where it does not know a flag. */
#define NODE_BAD_OPTION 9

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAEMON_ARGUMENTS_MAX 4

static _Noreturn void exec_node(
	const struct options *options, bool plain, const char *const arguments[])
{
	const char *argv[COUNT(optional_flags) + COUNT(node_flags) + DAEMON_ARGUMENTS_MAX + 3];
	size_t used = 0;

	argv[used++] = options->node;
	for (size_t i = 0; !plain && optional_flags[i] != NULL; i++)
		argv[used++] = optional_flags[i];
	for (size_t i = 0; i < COUNT(node_flags); i++)
		argv[used++] = node_flags[i];
	argv[used++] = options->daemon;
	for (size_t i = 0; i < DAEMON_ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[used++] = arguments[i];
	argv[used] = NULL;
	execve(options->node, (char *const *)argv, environment);
	log_line("execute %s: %m", options->node);
	_exit(EXIT_SYSTEM);
}

_Noreturn void exec_check_config(const struct options *options)
{
	const char *const arguments[] = {"--check-config", "--config", options->config, NULL};

	exec_node(options, true, arguments);
}

/* Puts the daemon's descriptors where channel.h says, and closes all others. -1: there is none. */
static void arrange_fds(const struct keeper *keeper, int channel)
{
	const int from[] = {channel, keeper->pam_socket, keeper->control_socket, keeper->lock,
		keeper->seatd_socket, keeper->login_socket};
	const int count = (int)COUNT(from);
	int safe[COUNT(from)];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		goto failed;
	/* Above all targets first, so that no target overwrites a source. */
	for (int i = 0; i < count; i++) {
		safe[i] = -1;
		if (from[i] >= 0)
			safe[i] = fcntl(from[i], F_DUPFD_CLOEXEC, CHANNEL_FD + count);
		if (from[i] >= 0 && safe[i] < 0)
			goto failed;
	}
	for (int i = 0; i < count; i++) {
		if (safe[i] < 0)
			close(CHANNEL_FD + i);
		else if (dup2(safe[i], CHANNEL_FD + i) < 0)
			goto failed;
	}
	if (syscall(SYS_close_range, CHANNEL_FD + count, ~0U, 0) < 0)
		goto failed;
	return;
failed:
	log_line("arrange the daemon's descriptors: %m");
	_exit(EXIT_SYSTEM);
}

static _Noreturn void become_daemon(const struct keeper *keeper, int channel, pid_t keeper_pid)
{
	const struct options *options = &keeper->options;
	const char *const arguments[] = {
		"--config", options->config, "--run-dir", options->run_dir};
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
		log_line("tie the daemon's life to the keeper's: %m");
		_exit(EXIT_SYSTEM);
	}
	/* The keeper may have died before the line above. */
	if (getppid() != keeper_pid)
		_exit(EXIT_SYSTEM);
	setsid();
	arrange_fds(keeper, channel);
	files_allow_daemon(&keeper->files);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	exec_node(options, keeper->daemon.plain, arguments);
}

static int64_t take_delay(struct daemon *daemon)
{
	int64_t delay = daemon->next_delay;

	daemon->next_delay = delay * 2 > DELAY_LAST_MS ? DELAY_LAST_MS : delay * 2;
	return delay;
}

static void start_failed(struct daemon *daemon, const char *what)
{
	int error = errno;
	int64_t delay = take_delay(daemon);

	errno = error;
	log_line("start the daemon: %s: %m; next attempt in %d ms", what, (int)delay);
	daemon->start_at = now_ms() + delay;
}

void daemon_start(struct keeper *keeper)
{
	struct daemon *daemon = &keeper->daemon;
	pid_t self = getpid();
	int ends[2];

	if (daemon->next_delay == 0)
		daemon->next_delay = DELAY_FIRST_MS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
		start_failed(daemon, "make the channel");
		return;
	}
	held_tell(keeper, ends[0]);
	pid_t pid = fork();
	if (pid == 0)
		become_daemon(keeper, ends[1], self);
	if (pid < 0)
		start_failed(daemon, "fork");
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return;
	}
	daemon->pid = pid;
	daemon->channel = ends[0];
	daemon->behind = false;
	daemon->ready = false;
	daemon->reload_pending = false;
	daemon->started_at = now_ms();
	daemon->start_at = 0;
	daemon->kill_at = 0;
	/* With the daemon a newer one may have been installed. */
	if (access(keeper->options.runner, X_OK) == 0)
		runner_prepare(keeper);
}

void daemon_ended(struct keeper *keeper, int status)
{
	struct daemon *daemon = &keeper->daemon;
	bool signaled = WIFSIGNALED(status);
	const char *how = signaled ? "signal" : "exit code";
	int number = signaled ? WTERMSIG(status) : WEXITSTATUS(status);

	daemon->pid = 0;
	daemon->kill_at = 0;
	if (daemon->channel >= 0)
		close(daemon->channel);
	daemon->channel = -1;
	for (int i = 0; i < REMOVALS_MAX; i++)
		keeper->removals[i].unasked = true;
	if (keeper->stopping) {
		log_line("the daemon has ended (%s %d)", how, number);
		return;
	}
	if (!signaled && number == NODE_BAD_OPTION && !daemon->ready && !daemon->plain) {
		log_line("this Node does not know all flags: started again without the optional "
			 "ones");
		daemon->plain = true;
		daemon->start_at = now_ms();
		return;
	}
	if (now_ms() - daemon->started_at >= DELAY_RESET_MS)
		daemon->next_delay = DELAY_FIRST_MS;
	int64_t delay = take_delay(daemon);
	daemon->start_at = now_ms() + delay;
	log_line("the daemon has ended (%s %d); next attempt in %d ms", how, number, (int)delay);
}

void daemon_stop(struct keeper *keeper)
{
	struct daemon *daemon = &keeper->daemon;

	keeper->stopping = true;
	if (daemon->pid == 0)
		return;
	kill(daemon->pid, SIGTERM);
	daemon->kill_at = now_ms() + STOP_GRACE_MS;
}
