#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actions.h"
#include "child.h"
#include "environment.h"
#include "group.h"
#include "how.h"
#include "log.h"
#include "signals.h"
#include "state.h"
#include "usual.h"

/* The action, its data, and NULL. */
#define ARGV_MAX (ENVIRONMENT_MAX + 3)

/* Says in the user's log and to the holder what this child failed at. */
static _Noreturn void fail(struct failure *failure, const char *what, const char *subject)
{
	how_failed(failure->text, errno, "%s %s", what, subject);
	dprintf(STDERR_FILENO, "sessionman-run: %s\n", failure->text);
	_exit(EXIT_SYSTEM);
}

/* Where a child finds the descriptor that it keeps until it executes its program. */
#define KEPT_FD 3

/* kept: -1 for none; no other descriptor of ours is that low. */
static bool arrange_fds(int output, int kept)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	unsigned int rest = kept < 0 ? KEPT_FD : KEPT_FD + 1;

	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	       dup2(output, STDERR_FILENO) >= 0 && (kept < 0 || dup2(kept, KEPT_FD) >= 0) &&
	       syscall(SYS_close_range, rest, ~0U, 0) == 0;
}

static bool limits_apply(const struct terms *terms)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		if (terms->limited[i] && setrlimit(i, &terms->limits[i]) < 0)
			return false;
	}
	return getpriority(PRIO_PROCESS, 0) == terms->nice ||
	       setpriority(PRIO_PROCESS, 0, terms->nice) == 0;
}

/* Root keeps what it has by being root, and nothing that was handed down besides. */
static bool capabilities_drop(uid_t uid)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (uid == 0 && syscall(SYS_capget, &header, data) < 0)
		return false;
	data[0].inheritable = data[1].inheritable = 0;
	return syscall(SYS_capset, &header, data) == 0;
}

bool become_user(const struct arguments *arguments, const struct terms *terms)
{
	/* An old kernel has none of these capabilities. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return false;
	return setgroups((size_t)terms->group_count, terms->groups) == 0 &&
	       setresgid(arguments->gid, arguments->gid, arguments->gid) == 0 &&
	       setresuid(arguments->uid, arguments->uid, arguments->uid) == 0 &&
	       capabilities_drop(arguments->uid);
}

/* From a fresh child to the user with nothing of ours but descriptors 0 to 2 and the one kept. */
static void clean(const struct holder *holder, struct failure *failure, int kept)
{
	int entered = errno;
	sigset_t none;

	setsid();
	signals_to_default();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!arrange_fds(holder->output.write_end, kept))
		fail(failure, "arrange the descriptors for", holder->arguments.backend);
	errno = entered;
	if (errno != 0)
		fail(failure, "enter init.scope of the control group", holder->arguments.group);
	oom_score_to_usual();
	if (!limits_apply(&holder->terms))
		fail(failure, "apply the limits of", holder->arguments.user);
	if (!become_user(&holder->arguments, &holder->terms))
		fail(failure, "become", holder->arguments.user);
	if (chdir(holder->terms.home) < 0 && chdir("/") < 0)
		fail(failure, "change to", "/");
}

static _Noreturn void execute(const struct holder *holder, const char *const argv[],
	const struct action *action, struct failure *failure)
{
	char **environment = environment_make(holder, action);

	if (environment != NULL) {
		umask(holder->terms.umask);
		execve(argv[0], (char *const *)argv, environment);
	} else {
		errno = ENOMEM;
	}
	fail(failure, "execute", argv[0]);
}

/* After the change of user, which clears it. */
static bool end_with(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

static _Noreturn void become_manager(const struct holder *holder, pid_t parent)
{
	struct failure *failure = &holder->shared->manager;
	const struct arguments *arguments = &holder->arguments;
	char state[STATE_PATH_MAX];

	clean(holder, failure, -1);
	holder->shared->manager_is_user = true;
	/* A killed holder's manager would be found by nobody, and get a second one beside it. */
	if (holder->group < 0 && !end_with(parent))
		fail(failure, "follow the end of", log_name);
	state_path(state, arguments, getpid());
	if (!state_make(state, arguments))
		fail(failure, "make the state directory", state);
	const char *const argv[] = {
		arguments->backend, "run", arguments->ready, state, arguments->config, NULL};
	execute(holder, argv, NULL, failure);
}

pid_t child_run(struct holder *holder)
{
	pid_t self = getpid();

	pid_t pid = fork_into(holder->group);
	if (pid == 0)
		become_manager(holder, self);
	return pid;
}

static _Noreturn void act(const struct holder *holder, const struct action *action)
{
	const char *argv[ARGV_MAX] = {holder->arguments.backend, action_names[action->kind]};
	char names[PACKET_MAX];
	int count = 2;

	memcpy(names, action->data, action->len);
	for (size_t at = 0; at < action->len && count < ARGV_MAX - 1;) {
		size_t len = strlen(names + at);
		/* Of a variable the name is told, the value is in the environment. */
		if (action->kind == ACTION_ENVIRONMENT)
			names[at + strcspn(names + at, "=")] = '\0';
		argv[count++] = names + at;
		at += len + 1;
	}
	execute(holder, argv, action, &holder->shared->action);
}

static _Noreturn void become_action(const struct holder *holder, const struct action *action)
{
	clean(holder, &holder->shared->action, -1);
	/* A moment at most, and no longer than an action may take. */
	while (action->kind == ACTION_STOP && !holder->shared->manager_is_user)
		usleep(500);
	act(holder, action);
}

pid_t child_act(struct holder *holder, const struct action *action)
{
	holder->shared->action.text[0] = '\0';
	pid_t pid = fork_into(holder->group);
	if (pid == 0)
		become_action(holder, action);
	return pid;
}

static _Noreturn void become_expectant(struct holder *holder, int kept)
{
	/* The child's own copy, with nothing in it yet. */
	struct action *action = &holder->actions.queue[0];
	ssize_t got = 1;

	clean(holder, &holder->shared->action, kept);
	action->kind = ACTION_READY;
	action->len = 0;
	while (got > 0) {
		got = read(KEPT_FD, action->data + action->len, sizeof(action->data) - action->len);
		action->len += got > 0 ? (size_t)got : 0;
	}
	if (action->len == 0 || action->data[action->len - 1] != '\0')
		_exit(0);
	close(KEPT_FD);
	act(holder, action);
}

pid_t child_expect(struct holder *holder, int *delivery)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	holder->shared->action.text[0] = '\0';
	pid_t pid = fork_into(holder->group);
	if (pid == 0)
		become_expectant(holder, ends[0]);
	close(ends[0]);
	if (pid < 0)
		close(ends[1]);
	*delivery = pid < 0 ? -1 : ends[1];
	return pid;
}
