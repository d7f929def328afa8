#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "how.h"
#include "output.h"
#include "session.h"

#define SERVICE "sessionman-user"
/* Directories may have to be mounted or made. */
#define OPEN_TIME_S 90
#define CLOSE_TIME_S 10

static pam_handle_t *handle;
static bool has_credentials;
static bool is_open;
static volatile sig_atomic_t told_to_end;
static void (*give_up)(void);

/* Nobody is there to be asked; what modules say goes to the user's log. */
static int converse(
	int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style != PAM_ERROR_MSG &&
			messages[i]->msg_style != PAM_TEXT_INFO)
			return PAM_CONV_ERR;
		output_line(data, "PAM: %s", messages[i]->msg);
	}
	*responses = calloc((size_t)count, sizeof(**responses));
	return *responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void note_signal(int number)
{
	if (number == SIGTERM || number == SIGINT)
		told_to_end = 1;
	if (number == SIGALRM) {
		give_up();
		_exit(EXIT_SYSTEM);
	}
}

/*
 * Modules run programs and wait for them, so nothing is blocked or ignored while they run. Handlers
 * are not inherited by programs; they keep a signal from ending us half-way. A module that takes
 * too long is not waited for.
 */
static void modules_begin(unsigned int seconds)
{
	const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
	sigset_t none;

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(seconds);
}

static void modules_end(void)
{
	sigset_t all;

	alarm(0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

bool session_was_told_to_end(void)
{
	return told_to_end != 0;
}

static bool look_up(struct holder *holder, char how[HOW_MAX])
{
	const struct arguments *arguments = &holder->arguments;

	errno = 0;
	const struct passwd *entry = getpwnam(arguments->user);
	if (entry == NULL) {
		int error = errno != 0 ? errno : ENOENT;
		how_failed(how, error, "find %s in the user database", arguments->user);
		return false;
	}
	if (entry->pw_uid != arguments->uid) {
		snprintf(how, HOW_MAX, "%s is uid %u, not %u", arguments->user,
			(unsigned int)entry->pw_uid, (unsigned int)arguments->uid);
		return false;
	}
	const char *shell = entry->pw_shell;
	holder->terms.home = strdup(entry->pw_dir);
	holder->terms.shell = strdup(shell != NULL && shell[0] != '\0' ? shell : "/bin/sh");
	if (holder->terms.home == NULL || holder->terms.shell == NULL) {
		how_failed(how, ENOMEM, "keep the user database's entry of %s", arguments->user);
		return false;
	}
	return true;
}

/* The process's own, before and after the modules have run. */
struct own {
	struct rlimit limits[RLIM_NLIMITS];
	int nice;
};

static void own_read(struct own *own)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &own->limits[i]);
	own->nice = getpriority(PRIO_PROCESS, 0);
}

/* Where a hard limit cannot be raised again, as near to what it was as it can be. */
static void limit_restore(int which, const struct rlimit *before, const struct rlimit *now)
{
	struct rlimit near = *now;

	if (setrlimit(which, before) == 0)
		return;
	near.rlim_cur = before->rlim_cur < now->rlim_max ? before->rlim_cur : now->rlim_max;
	setrlimit(which, &near);
}

static void terms_take(struct terms *terms, const struct own *own)
{
	struct own now;

	own_read(&now);
	terms->nice = now.nice;
	terms->umask = umask(077);
	setpriority(PRIO_PROCESS, 0, own->nice);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		const struct rlimit *before = &own->limits[i];
		terms->limits[i] = now.limits[i];
		terms->limited[i] = now.limits[i].rlim_cur != before->rlim_cur ||
				    now.limits[i].rlim_max != before->rlim_max;
		if (terms->limited[i])
			limit_restore(i, before, &now.limits[i]);
	}
}

/* With what modules such as pam_group have added. The holder gives them up. */
static bool groups_take(struct terms *terms)
{
	int count = getgroups(0, NULL);

	if (count < 0)
		return false;
	terms->groups = calloc((size_t)count + 1, sizeof(gid_t));
	if (terms->groups == NULL)
		return false;
	terms->group_count = getgroups(count, terms->groups);
	return terms->group_count >= 0 && setgroups(0, NULL) == 0;
}

static bool pam_failed(struct holder *holder, char how[HOW_MAX], const char *what, int result)
{
	snprintf(how, HOW_MAX, "cannot %s for %.128s: %s", what, holder->arguments.user,
		pam_strerror(handle, result));
	return false;
}

static bool open_with_pam(struct holder *holder, char how[HOW_MAX])
{
	const struct pam_conv conversation = {.conv = converse, .appdata_ptr = &holder->output};
	const char *user = holder->arguments.user;

	int result = pam_start(SERVICE, user, &conversation, &handle);
	if (result != PAM_SUCCESS)
		return pam_failed(holder, how, "start PAM", result);
	result = pam_setcred(handle, PAM_ESTABLISH_CRED | PAM_SILENT);
	has_credentials = result == PAM_SUCCESS;
	if (!has_credentials)
		output_line(
			&holder->output, "no PAM credentials: %s", pam_strerror(handle, result));
	result = pam_open_session(handle, PAM_SILENT);
	if (result != PAM_SUCCESS)
		return pam_failed(holder, how, "open a PAM session", result);
	is_open = true;
	holder->terms.environment = pam_getenvlist(handle);
	if (holder->terms.environment == NULL)
		return pam_failed(holder, how, "read the PAM environment", PAM_BUF_ERR);
	return true;
}

/* So that what is audited of the user's services names the user; not every kernel audits. */
static void loginuid_set(uid_t uid)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%u", (unsigned int)uid);
	close(fd);
}

static bool open_as_user(struct holder *holder, char how[HOW_MAX])
{
	const struct arguments *arguments = &holder->arguments;

	if (!look_up(holder, how))
		return false;
	if (initgroups(arguments->user, arguments->gid) < 0) {
		how_failed(how, errno, "take the groups of %s", arguments->user);
		return false;
	}
	return open_with_pam(holder, how);
}

bool session_open(struct holder *holder, void (*gave_up)(void), char how[HOW_MAX])
{
	const char *user = holder->arguments.user;
	struct own own;

	umask(022);
	loginuid_set(holder->arguments.uid);
	own_read(&own);
	give_up = gave_up;
	snprintf(how, HOW_MAX,
		"cannot open a PAM session for %.128s: a module took longer than %d s", user,
		OPEN_TIME_S);
	modules_begin(OPEN_TIME_S);
	bool opened = open_as_user(holder, how);
	modules_end();
	terms_take(&holder->terms, &own);
	if (!groups_take(&holder->terms) && opened) {
		how_failed(how, errno, "keep the groups of %s", user);
		opened = false;
	}
	if (opened)
		how[0] = '\0';
	return opened;
}

void session_close(void)
{
	int result = PAM_SUCCESS;

	if (handle == NULL)
		return;
	modules_begin(CLOSE_TIME_S);
	if (is_open)
		result = pam_close_session(handle, PAM_SILENT);
	if (has_credentials)
		pam_setcred(handle, PAM_DELETE_CRED | PAM_SILENT);
	pam_end(handle, result);
	modules_end();
	handle = NULL;
}
