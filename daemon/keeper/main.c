/*
 * What init starts. It holds what must outlive the daemon (the listening sockets, the lock), starts
 * the daemon again whenever it ends, and decides nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "files.h"
#include "guard.h"
#include "keeper.h"
#include "log.h"
#include "records.h"
#include "programs.h"
#include "removal.h"
#include "signals.h"
#include "sockets.h"
#include "spawn.h"
#include "terminal.h"

const char log_name[] = "sessionmand";

static _Noreturn void start_failed(const char *what)
{
	log_line("%s: %m", what);
	exit(EXIT_SYSTEM);
}

/* Only 0 to 2 and the readiness descriptor are kept of what init left open. */
static void tidy_fds(int ready_fd)
{
	int null;

	/* Nothing of ours may get one of the numbers 0 to 2. */
	while ((null = open("/dev/null", O_RDWR)) <= STDERR_FILENO) {
		if (null < 0)
			start_failed("open /dev/null");
	}
	if (null != ready_fd)
		close(null);
	if (ready_fd < 0) {
		syscall(SYS_close_range, 3, ~0U, 0);
		return;
	}
	int flags = fcntl(ready_fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
		log_line("--ready-fd %d: not open for writing", ready_fd);
		exit(EXIT_MISUSE);
	}
	if (ready_fd > 3)
		syscall(SYS_close_range, 3, ready_fd - 1, 0);
	syscall(SYS_close_range, ready_fd + 1, ~0U, 0);
	fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
}

static int take_signals(void)
{
	sigset_t all;

	signals_to_default();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload(struct daemon *daemon)
{
	if (daemon->pid == 0)
		return;
	if (daemon->ready)
		kill(daemon->pid, SIGHUP);
	else
		daemon->reload_pending = true;
}

static void reap(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->daemon.pid) {
			/* Its last words may still be in the channel. */
			if (keeper->daemon.channel >= 0)
				channel_receive(keeper);
			daemon_ended(keeper, status);
		} else if (!guard_ended(&keeper->guard, pid, status) &&
			   !getty_ended(&keeper->gettys, pid, status)) {
			removal_ended(keeper, pid, status);
		}
	}
}

static void signals_receive(struct keeper *keeper)
{
	struct signalfd_siginfo info;

	bool asked = false;

	while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		/* The kernel's have no sender. */
		if (info.ssi_signo == (uint32_t)TERMINAL_RELEASE_SIGNAL && info.ssi_pid == 0)
			asked = true;
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(keeper);
			break;
		case SIGHUP:
			reload(&keeper->daemon);
			break;
		case SIGTERM:
		case SIGINT:
			if (!keeper->stopping)
				daemon_stop(keeper);
			break;
		default:
			break;
		}
	}
	/* Once, however often: each switch that is asked for replaces the one before. */
	if (!asked)
		return;
	unsigned int number = vts_mute(&keeper->vts, &keeper->devices);
	channel_tell_left(keeper);
	vts_let_go(&keeper->vts, number);
}

static void timers_run(struct keeper *keeper)
{
	struct daemon *daemon = &keeper->daemon;
	int64_t now = now_ms();

	removals_expire(keeper, now);
	if (daemon->pid != 0 && daemon->kill_at != 0 && now >= daemon->kill_at) {
		log_line("the daemon does not end: killed");
		kill(daemon->pid, SIGKILL);
		daemon->kill_at = 0;
	}
	if (keeper->guard.wanted)
		guard_start(keeper);
	if (daemon->pid == 0 && !keeper->stopping && now >= daemon->start_at)
		daemon_start(keeper);
}

/* Milliseconds until the next timer, -1 without one. */
static int next_timer(const struct keeper *keeper)
{
	const struct daemon *daemon = &keeper->daemon;
	int64_t first = INT64_MAX;

	if (daemon->pid == 0)
		first = daemon->start_at;
	else if (daemon->kill_at != 0)
		first = daemon->kill_at;
	if (keeper->guard.wanted && keeper->guard.pid == 0 && keeper->guard.next_start < first)
		first = keeper->guard.next_start;
	for (int i = 0; i < REMOVALS_MAX; i++) {
		const struct removal *removal = &keeper->removals[i];
		if (removal->pid != 0 && !removal->timed_out && removal->deadline < first)
			first = removal->deadline;
	}
	if (first == INT64_MAX)
		return -1;
	int64_t wait = first - now_ms();
	return wait > 0 ? (int)wait : 0;
}

static short channel_events(const struct keeper *keeper)
{
	if (keeper->daemon.behind)
		return POLLOUT;
	return keeper->vts.left != 0 || gettys_have_news(&keeper->gettys) ? POLLIN | POLLOUT
									  : POLLIN;
}

static void serve(struct keeper *keeper)
{
	while (!keeper->stopping || keeper->daemon.pid != 0) {
		struct pollfd fds[] = {
			{.fd = keeper->signals, .events = POLLIN},
			{.fd = keeper->daemon.channel, .events = channel_events(keeper)},
			{.fd = keeper->vts.changes, .events = POLLPRI},
		};
		if (poll(fds, 3, next_timer(keeper)) < 0 && errno != EINTR)
			start_failed("wait for events");
		if (fds[1].revents != 0)
			channel_receive(keeper);
		if (fds[0].revents != 0)
			signals_receive(keeper);
		if (fds[2].revents != 0)
			vts_moved(&keeper->vts, &keeper->devices);
		channel_tell_left(keeper);
		channel_tell_gettys(keeper);
		timers_run(keeper);
	}
}

static void prepare(struct keeper *keeper)
{
	if (geteuid() != 0) {
		log_line("must be started by root");
		exit(EXIT_MISUSE);
	}
	tidy_fds(keeper->ready_fd);
	umask(022);
	keeper->signals = take_signals();
	if (keeper->signals < 0)
		start_failed("take signals");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		start_failed("adopt orphans");
	if (chdir("/") < 0)
		start_failed("change to /");
	programs_check(&keeper->options);
	run_dir_make(keeper->options.run_dir);
	keeper->lock = lock_take(keeper->options.run_dir);
	sockets_open(keeper);
	vts_open(&keeper->vts);
	keeper->files = files_allow_keeper();
}

static void set_defaults(struct options *options)
{
	if (options->config == NULL)
		options->config = DEFAULT_CONFIG;
	if (options->run_dir == NULL)
		options->run_dir = DEFAULT_RUN_DIR;
	if (options->node == NULL)
		options->node = DEFAULT_NODE;
	if (options->daemon == NULL)
		options->daemon = DEFAULT_DAEMON;
	if (options->runner == NULL)
		options->runner = DEFAULT_RUNNER;
	if (options->seatd_socket == NULL)
		options->seatd_socket = DEFAULT_SEATD_SOCKET;
	if (options->login_socket == NULL)
		options->login_socket = DEFAULT_LOGIN_SOCKET;
}

static int printed(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : EXIT_SYSTEM;
}

/*
 * Shared with the guard, which has to know what the keeper had at its end. Of all others only a
 * getty writes to it, before it is executed.
 */
static struct keeper *take_memory(void)
{
	struct keeper *keeper = mmap(
		NULL, sizeof(*keeper), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (keeper == MAP_FAILED)
		start_failed("take memory");
	keeper->daemon.channel = -1;
	keeper->runner = -1;
	return keeper;
}

int main(int argc, char **argv)
{
	struct keeper *keeper = take_memory();

	guard_allow_name(&keeper->guard, argc, argv);
	options_parse(&keeper->options, argc, argv);
	set_defaults(&keeper->options);
	keeper->ready_fd = keeper->options.ready_fd;
	switch (keeper->options.mode) {
	case MODE_HELP:
		options_print_help();
		return printed();
	case MODE_VERSION:
		puts("sessionmand " VERSION);
		return printed();
	case MODE_CHECK_CONFIG:
		exec_check_config(&keeper->options);
	case MODE_SERVE:
		break;
	}
	prepare(keeper);
	daemon_start(keeper);
	serve(keeper);
	let_go(keeper);
	guard_dismiss(&keeper->guard);
	sockets_remove(keeper);
	return 0;
}
