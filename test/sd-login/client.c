/*
 * Calls every function of sd-login and prints what it says. Built on libsystemd and on libelogind;
 * functions that one of them does not have are looked up and left out.
 *
 * usage: client dump           everything about all sessions, seats and users
 *        client session ID     one session, whether or not there is such a one
 *        client user UID
 *        client seat ID
 *        client pid PID...     what is said of processes
 *        client peer PATH      what is said of the process that listens there
 *        client self           what a process is told of itself, asked without naming it
 *        client serve PATH     listens until standard input ends
 *        client watch          a line for each monitor that wakes, until standard input ends
 */

#include "print.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

static void *optional(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

static void dump_session_texts(const char *id)
{
	static const struct {
		const char *question;
		int (*ask)(const char *, char **);
	} texts[] = {
		{"state", sd_session_get_state},
		{"type", sd_session_get_type},
		{"class", sd_session_get_class},
		{"service", sd_session_get_service},
		{"desktop", sd_session_get_desktop},
		{"display", sd_session_get_display},
		{"tty", sd_session_get_tty},
		{"seat", sd_session_get_seat},
		{"remoteHost", sd_session_get_remote_host},
		{"remoteUser", sd_session_get_remote_user},
	};
	int (*username)(const char *, char **) = optional("sd_session_get_username");

	for (size_t i = 0; i < LENGTH(texts); i++) {
		char *value = NULL;
		int r = texts[i].ask(id, &value);
		print_text(texts[i].question, r, value);
	}
	if (username != NULL) {
		char *value = NULL;
		int r = username(id, &value);
		print_text("user", r, value);
	}
}

static void dump_session(const char *id)
{
	int (*get_leader)(const char *, pid_t *) = optional("sd_session_get_leader");
	int (*get_start)(const char *, uint64_t *) = optional("sd_session_get_start_time");
	uid_t uid = 0;
	unsigned vt = 0;
	pid_t leader = 0;
	uint64_t start = 0;
	int r;

	dump_session_texts(id);
	r = sd_session_get_uid(id, &uid);
	print_number("uid", r, uid);
	r = sd_session_get_vt(id, &vt);
	print_number("vt", r, vt);
	print_flag("active", sd_session_is_active(id));
	print_flag("remote", sd_session_is_remote(id));
	if (get_leader != NULL) {
		r = get_leader(id, &leader);
		print_number("leader", r, (uint64_t)leader);
	}
	if (get_start != NULL) {
		r = get_start(id, &start);
		print_number("start", r, start);
	}
}

static void dump_uid_lists(uid_t uid)
{
	static const struct {
		int active;
		const char *sessions, *seats;
	} kinds[] = {
		{-1, "sessions", "seats"},
		{0, "onlineSessions", "onlineSeats"},
		{1, "activeSessions", "activeSeats"},
	};

	for (size_t i = 0; i < LENGTH(kinds); i++) {
		char **entries = NULL;
		int r = sd_uid_get_sessions(uid, kinds[i].active, &entries);
		print_list(kinds[i].sessions, r, entries);
		free_list(entries);
		entries = NULL;
		r = sd_uid_get_seats(uid, kinds[i].active, &entries);
		print_list(kinds[i].seats, r, entries);
		free_list(entries);
	}
}

static void dump_uid(uid_t uid)
{
	int (*get_login_time)(uid_t, uint64_t *) = optional("sd_uid_get_login_time");
	char *value = NULL;
	uint64_t time = 0;
	int r = sd_uid_get_state(uid, &value);

	print_text("state", r, value);
	value = NULL;
	r = sd_uid_get_display(uid, &value);
	print_text("display", r, value);
	dump_uid_lists(uid);
	print_flag("isOnSeat0", sd_uid_is_on_seat(uid, 0, "seat0"));
	print_flag("hasSeat0", sd_uid_is_on_seat(uid, 1, "seat0"));
	if (get_login_time != NULL) {
		r = get_login_time(uid, &time);
		print_number("loginTime", r, time);
	}
}

static void dump_seat(const char *id)
{
	char *session = NULL, **sessions = NULL;
	uid_t uid = 0, *uids = NULL;
	unsigned count = 0;
	int r = sd_seat_get_active(id, &session, &uid);

	print_text("active", r, session);
	print_number("activeUid", r, uid);
	r = sd_seat_get_sessions(id, &sessions, &uids, &count);
	print_list("sessions", r, sessions);
	print_uids("uids", r, uids, count);
	free_list(sessions);
	free(uids);
	print_flag("canTty", sd_seat_can_tty(id));
	print_flag("canGraphical", sd_seat_can_graphical(id));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	print_flag("canMultiSession", sd_seat_can_multi_session(id));
#pragma GCC diagnostic pop
}

/* Each entry of a list becomes the thing that is asked about next. */
static void dump_each(const char *question, int (*get)(char ***), void (*dump)(const char *))
{
	char **entries = NULL, name[300];
	int r = get(&entries);

	thing = "all";
	print_list(question, r, entries);
	for (char **entry = entries; entry != NULL && *entry != NULL; entry++) {
		snprintf(
			name, sizeof(name), "%.*s %s", (int)strlen(question) - 1, question, *entry);
		thing = name;
		if (dump != NULL)
			dump(*entry);
	}
	free_list(entries);
}

static int dump(void)
{
	uid_t *uids = NULL;
	char name[32];
	int r;

	dump_each("sessions", sd_get_sessions, dump_session);
	dump_each("seats", sd_get_seats, dump_seat);
	dump_each("machines", sd_get_machine_names, NULL);
	r = sd_get_uids(&uids);
	thing = "all";
	print_uids("users", r, uids, r < 0 ? 0 : (unsigned)r);
	for (int i = 0; i < r; i++) {
		snprintf(name, sizeof(name), "user %u", (unsigned)uids[i]);
		thing = name;
		dump_uid(uids[i]);
	}
	free(uids);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "dump") == 0)
		return dump();
	if (argc == 2 && strcmp(verb, "self") == 0) {
		thing = "self";
		dump_session(NULL);
		thing = "own seat";
		dump_seat(NULL);
		thing = "self";
		return dump_self();
	}
	if (argc == 2 && strcmp(verb, "watch") == 0)
		return watch();
	if (argc > 2 && strcmp(verb, "pid") == 0)
		return dump_processes(argv + 2);
	if (argc != 3) {
		fprintf(stderr, "client: the head of its source says how to use it\n");
		return 100;
	}
	thing = argv[2];
	if (strcmp(verb, "session") == 0)
		dump_session(argv[2]);
	else if (strcmp(verb, "user") == 0)
		dump_uid((uid_t)strtoul(argv[2], NULL, 10));
	else if (strcmp(verb, "seat") == 0)
		dump_seat(argv[2]);
	else if (strcmp(verb, "peer") == 0)
		return dump_peer(argv[2]);
	else if (strcmp(verb, "serve") == 0)
		return serve(argv[2]);
	return 0;
}
