/*
 * Holds one user's PAM session for as long as the user's service manager runs, and starts the
 * backend's actions: as the user, with what that session grants and nothing else. It decides
 * nothing, and outlives both daemon and keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions.h"
#include "arguments.h"
#include "child.h"
#include "ending.h"
#include "how.h"
#include "log.h"
#include "output.h"
#include "ready.h"
#include "server.h"
#include "session.h"
#include "signals.h"
#include "state.h"
#include "talk.h"

#define TERM_AFTER_STOP_MS 20000
/* While something is awaited that no descriptor tells of. */
#define LOOK_AGAIN_MS 20

const char log_name[] = "sessionman-run";

static struct holder holder = {.connection = -1, .fifo = -1, .group = -1, .actions.delivery = -1};

static _Noreturn void start_failed(const char *what)
{
	log_line("%s: %m", what);
	exit(EXIT_SYSTEM);
}

/* Like the order "stop", and "term" if that does not help. */
static void told_to_end(void)
{
	actions_stop(&holder);
	if (holder.term_at == 0)
		holder.term_at = now_ms() + TERM_AFTER_STOP_MS;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		ending_child(&holder, pid, status);
		actions_ended(&holder, pid, status);
	}
}

static void signals_receive(void)
{
	struct signalfd_siginfo info;

	while (read(holder.signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap();
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			told_to_end();
	}
}

static void timers_run(int64_t now)
{
	actions_expire(&holder, now);
	state_expire(&holder, now);
	ending_kill(&holder, now);
	if (holder.accept_at != 0 && now >= holder.accept_at)
		talk_accept(&holder);
	if (holder.term_at != 0 && now >= holder.term_at && !holder.manager_ended) {
		kill(holder.manager, SIGTERM);
		holder.term_at = INT64_MAX;
	}
}

/* Milliseconds until the next timer, -1 without one. */
static int next_timer(void)
{
	int64_t first = INT64_MAX;
	const int64_t timers[] = {
		holder.actions.pid != 0 ? holder.actions.deadline : 0,
		holder.removal > 0 ? holder.removal_deadline : 0,
		holder.term_at,
		holder.kill_at,
		holder.accept_at,
		holder.output.resume_at,
	};
	int64_t now = now_ms();

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		if (timers[i] != 0 && timers[i] < first)
			first = timers[i];
	}
	if (holder.manager_ended && holder.group < 0 && first > now + LOOK_AGAIN_MS)
		first = now + LOOK_AGAIN_MS;
	if (first == INT64_MAX)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

static void serve(void)
{
	while (!ending_is_complete(&holder, now_ms())) {
		struct pollfd fds[] = {
			{.fd = holder.signals, .events = POLLIN},
			{.fd = holder.accept_at == 0 ? LISTEN_FD : -1, .events = POLLIN},
			{.fd = holder.connection, .events = POLLIN},
			{.fd = holder.fifo, .events = POLLIN},
			{.fd = holder.output.resume_at == 0 ? holder.output.read_end : -1,
				.events = POLLIN},
		};
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), next_timer()) < 0 && errno != EINTR)
			start_failed("wait for events");
		if (fds[4].revents != 0 || holder.output.resume_at != 0)
			output_receive(&holder.output);
		if (fds[3].revents != 0)
			ready_receive(&holder);
		if (fds[0].revents != 0)
			signals_receive();
		if (fds[2].revents != 0)
			talk_receive(&holder);
		if (fds[1].revents != 0)
			talk_accept(&holder);
		timers_run(now_ms());
	}
}

static void prepare(void)
{
	int listening = 0;
	socklen_t len = sizeof(listening);
	sigset_t all;

	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening) {
		log_line("descriptor %d is not a listening socket (this program is started by "
			 "sessionmand only)",
			LISTEN_FD);
		exit(EXIT_MISUSE);
	}
	fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
	fcntl(LISTEN_FD, F_SETFL, O_NONBLOCK);
	signals_to_default();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	holder.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (holder.signals < 0)
		start_failed("take signals");
	holder.shared = mmap(NULL, sizeof(*holder.shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (holder.shared == MAP_FAILED)
		start_failed("share memory with children");
	if (!output_open(&holder.output, &holder.arguments))
		start_failed("make the pipe for output");
}

static bool open_group(char how[HOW_MAX])
{
	const char *group = holder.arguments.group;
	char path[PATH_MAX + 16];

	if (strcmp(group, "-") == 0)
		return true;
	snprintf(path, sizeof(path), "%s/init.scope", group);
	holder.group = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (holder.group < 0)
		how_failed(how, errno, "open the control group %s", path);
	return holder.group >= 0;
}

static void tell_end(void)
{
	ready_close(&holder);
	talk_accept(&holder);
	talk_end(&holder, holder.ended_how);
}

/* Everything up to the manager's first instruction; false: how says why not. */
static bool start(char how[HOW_MAX])
{
	if (!open_group(how) || !ready_open(&holder, how) || !session_open(&holder, tell_end, how))
		return false;
	/* What a backend's processes leave behind becomes ours, not the keeper's. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		how_failed(how, errno, "adopt orphans");
		return false;
	}
	holder.manager = child_run(&holder);
	if (holder.manager < 0)
		how_failed(how, errno, "fork");
	else
		actions_expect(&holder);
	return holder.manager > 0;
}

int main(int argc, char **argv)
{
	char *ordered[ARGUMENTS_MAX + 2];

	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		argc = server_serve(argv, ordered);
		argv = ordered;
	}
	arguments_parse(&holder.arguments, argc, argv);
	prepare();
	bool started = start(holder.ended_how);
	talk_accept(&holder);
	if (started && session_was_told_to_end())
		told_to_end();
	if (started)
		serve();
	session_close();
	output_receive(&holder.output);
	tell_end();
	return started ? 0 : EXIT_SYSTEM;
}
