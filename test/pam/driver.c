/*
 * A login program for tests: opens and closes sessions through libpam and a private configuration
 * directory, and reports what a user of the module relies on, one "KEY VALUE" line each.
 *
 *   driver [OPTION=VALUE...] CONFDIR SERVICE USER
 *
 * tty= rhost= display= ruser=    PAM items
 * env=NAME=VALUE                 set in the PAM environment before open
 * logins=N                       that many logins in a row, each with its own handle; every one
 * reported cycles=N                       that many open and close on one handle threads=N that
 * many threads, each with a handle of its own and cycles= cycles end=close|forget|silent        how
 * a login ends: close_session, pam_end alone, or a forked child that ends the handle with
 * PAM_DATA_SILENT, then close_session stdio=closed                   run with fds 0 to 2 closed
 * uid=N                          effective user id while the session is opened
 * slots=N                        after a first login on the same handle, which loads what is to be
 *                                loaded, leave only so many free fd numbers
 * break_putenv=N                 the N-th pam_putenv of the module fails
 * break_send=N                   the first N sends find that the daemon hung up
 * signals=1                      a signal without SA_RESTART every 2 ms
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV_MAX 16
#define REPORT_FD 90

struct options {
	const char *tty, *rhost, *display, *ruser, *end;
	const char *env[ENV_MAX];
	int env_count, logins, cycles, threads, uid, slots, break_putenv, break_send;
	bool closed_stdio, signals;
	const char *confdir, *service, *user;
};

static void die(const char *what)
{
	dprintf(REPORT_FD, "broken %s: %s\n", what, strerror(errno));
	exit(2);
}

static int no_conversation(
	int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

static pam_handle_t *start(const struct options *o)
{
	static const struct pam_conv conversation = {no_conversation, NULL};
	pam_handle_t *pamh = NULL;

	if (pam_start_confdir(o->service, o->user, &conversation, o->confdir, &pamh) != PAM_SUCCESS)
		die("pam_start_confdir");
	pam_set_item(pamh, PAM_TTY, o->tty);
	pam_set_item(pamh, PAM_RHOST, o->rhost);
	pam_set_item(pamh, PAM_XDISPLAY, o->display);
	pam_set_item(pamh, PAM_RUSER, o->ruser);
	for (int i = 0; i < o->env_count; i++)
		pam_putenv(pamh, o->env[i]);
	return pamh;
}

static void report_environment(pam_handle_t *pamh)
{
	char **list = pam_getenvlist(pamh);

	for (char **entry = list; *entry != NULL; entry++) {
		dprintf(REPORT_FD, "env %s\n", *entry);
		free(*entry);
	}
	free(list);
}

static void end_silently(pam_handle_t *pamh)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		pam_end(pamh, PAM_SUCCESS | PAM_DATA_SILENT);
		_exit(state_kept_fds() == 0 && log_count() == 0 ? 0 : 1);
	}
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	dprintf(REPORT_FD, "child %s\n", status == 0 ? "clean" : "not clean");
}

static void login(const struct options *o)
{
	pam_handle_t *pamh = start(o);
	double begin;
	int result;

	if (o->slots >= 0) {
		pam_open_session(pamh, 0);
		pam_close_session(pamh, 0);
		state_leave_slots(o->slots);
	}
	state_save();
	begin = seconds();
	putenv_break(o->break_putenv);
	send_break(o->break_send);
	if (o->uid != 0 && seteuid((uid_t)o->uid) < 0)
		die("seteuid");
	result = pam_open_session(pamh, 0);
	dprintf(REPORT_FD, "open %d %.3f\n", result, seconds() - begin);
	if (o->uid != 0 && seteuid(0) < 0)
		die("seteuid");
	putenv_break(0);
	state_report();
	report_environment(pamh);
	if (strcmp(o->end, "silent") == 0)
		end_silently(pamh);
	if (strcmp(o->end, "reused") == 0)
		state_reuse_kept();
	begin = seconds();
	if (strcmp(o->end, "forget") != 0)
		result = pam_close_session(pamh, 0);
	dprintf(REPORT_FD, "close %d %.3f\n", result, seconds() - begin);
	dprintf(REPORT_FD, "closed %d\n", state_kept_fds());
	pam_end(pamh, result);
	dprintf(REPORT_FD, "after %d %d\n", state_kept_fds(), bad_closes());
	log_report();
	if (o->slots >= 0)
		state_free_slots();
	dprintf(REPORT_FD, "end\n");
}

static void *cycle(void *data)
{
	const struct options *o = data;
	pam_handle_t *pamh = start(o);
	intptr_t failed = 0;

	for (int i = 0; i < o->cycles; i++) {
		if (pam_open_session(pamh, 0) != PAM_SUCCESS ||
			pam_getenv(pamh, "XDG_SESSION_ID") == NULL)
			failed++;
		if (pam_close_session(pamh, 0) != PAM_SUCCESS)
			failed++;
		pam_putenv(pamh, "XDG_SESSION_ID");
	}
	pam_end(pamh, PAM_SUCCESS);
	return (void *)failed;
}

static void run_threads(struct options *o)
{
	pthread_t thread[64];
	intptr_t failed = 0;

	state_save();
	for (int i = 0; i < o->threads; i++) {
		if (pthread_create(&thread[i], NULL, cycle, o) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < o->threads; i++) {
		void *result;
		pthread_join(thread[i], &result);
		failed += (intptr_t)result;
	}
	dprintf(REPORT_FD, "failed %d\n", (int)failed);
	dprintf(REPORT_FD, "after %d %d\n", state_kept_fds(), bad_closes());
	log_report();
}

/* The value, if argument is "NAME=value". */
static const char *option(const char *argument, const char *name)
{
	size_t size = strlen(name);

	return strncmp(argument, name, size) == 0 && argument[size] == '=' ? argument + size + 1
									   : NULL;
}

static bool read_number(struct options *o, const char *argument)
{
	const struct {
		const char *name;
		int *number;
	} numbers[] = {{"logins", &o->logins}, {"cycles", &o->cycles}, {"threads", &o->threads},
		{"uid", &o->uid}, {"slots", &o->slots}, {"break_putenv", &o->break_putenv},
		{"break_send", &o->break_send}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *value = option(argument, numbers[i].name);
		if (value != NULL) {
			*numbers[i].number = atoi(value);
			return true;
		}
	}
	return false;
}

static void read_option(struct options *o, const char *argument)
{
	const struct {
		const char *name;
		const char **string;
	} strings[] = {{"tty", &o->tty}, {"rhost", &o->rhost}, {"display", &o->display},
		{"ruser", &o->ruser}, {"end", &o->end}, {"env", &o->env[o->env_count]}};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const char *value = option(argument, strings[i].name);
		if (value == NULL)
			continue;
		*strings[i].string = value;
		o->env_count += strings[i].string == &o->env[o->env_count];
		return;
	}
	if (option(argument, "stdio") != NULL)
		o->closed_stdio = true;
	else if (option(argument, "signals") != NULL)
		o->signals = true;
	else if (!read_number(o, argument))
		die(argument);
}

int main(int argc, char **argv)
{
	struct options o = {.end = "close", .logins = 1, .slots = -1};

	if (dup2(STDOUT_FILENO, REPORT_FD) < 0 || argc < 4)
		return 2;
	fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	for (int i = 1; i < argc - 3; i++)
		read_option(&o, argv[i]);
	o.confdir = argv[argc - 3];
	o.service = argv[argc - 2];
	o.user = argv[argc - 1];
	/* The look-up opens and keeps what the C library wants to keep, before anything is counted.
	 */
	getpwnam(o.user);
	if (o.closed_stdio) {
		close(0);
		close(1);
		close(2);
	}
	if (o.signals)
		signals_start();
	if (o.threads > 0 || o.cycles > 0) {
		o.threads = o.threads > 0 ? o.threads : 1;
		run_threads(&o);
		return 0;
	}
	for (int i = 0; i < o.logins; i++)
		login(&o);
	return 0;
}
