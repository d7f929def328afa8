/*
 * The entry points. A guest in somebody else's program: no static state, no signals, no threads, no
 * process environment, and never longer than the deadlines of client.c.
 */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "arguments.h"
#include "client.h"
#include "fd.h"
#include "request.h"
#include "runtime_directory.h"

#define EXPORT __attribute__((visibility("default")))
#define DATA_NAME "sessionman.session"

/* What a PAM handle keeps between open_session and close_session. */
struct session {
	struct kept_fd lifetime_fd;
	char id[];
};

/* Also runs in a child that forked from the program and only forgets the handle: it must stay
 * silent. */
static void forget_session(pam_handle_t *pamh, void *data, int flags)
{
	struct session *session = data;

	(void)pamh;
	(void)flags;
	fd_close_kept(&session->lifetime_fd);
	free(session);
}

/* Owns the fd from here on, also where it fails. */
static bool keep_session(pam_handle_t *pamh, const char *id, int lifetime_fd)
{
	size_t size = strlen(id) + 1;
	struct session *session = malloc(sizeof(*session) + size);

	if (session == NULL) {
		close(lifetime_fd);
		return false;
	}
	session->lifetime_fd = fd_keep(lifetime_fd);
	memcpy(session->id, id, size);
	if (pam_set_data(pamh, DATA_NAME, session, forget_session) == PAM_SUCCESS)
		return true;
	forget_session(pamh, session, 0);
	return false;
}

static void read_arguments(
	pam_handle_t *pamh, struct arguments *arguments, int argc, const char **argv)
{
	arguments_default(arguments);
	for (int i = 0; i < argc; i++) {
		switch (arguments_take(arguments, argv[i])) {
		case ARGUMENT_BAD_VALUE:
			pam_syslog(pamh, LOG_ERR, "argument ignored, bad value: %s", argv[i]);
			break;
		case ARGUMENT_UNKNOWN:
			pam_syslog(pamh, LOG_ERR, "argument ignored, unknown: %s", argv[i]);
			break;
		default:
			break;
		}
	}
}

static const char *assurance(const struct arguments *arguments)
{
	return arguments->fail_without_session ? "no session can be opened (onfail=error)"
					       : "the login goes on without a session";
}

static int result(const struct arguments *arguments)
{
	return arguments->fail_without_session ? PAM_SESSION_ERR : PAM_SUCCESS;
}

/* A failure of ours, errno its cause or 0. */
static int fail(pam_handle_t *pamh, const struct arguments *arguments, const char *reason)
{
	if (errno != 0)
		pam_syslog(pamh, LOG_ERR, "%s: %m; %s", reason, assurance(arguments));
	else
		pam_syslog(pamh, LOG_ERR, "%s; %s", reason, assurance(arguments));
	return result(arguments);
}

static int fail_unanswered(
	pam_handle_t *pamh, const struct arguments *arguments, const struct client *client)
{
	static const char *const phase_word[] = {
		[CLIENT_CONNECT] = "connect",
		[CLIENT_SEND] = "send",
		[CLIENT_WAIT] = "wait",
		[CLIENT_READ] = "read",
	};
	char where[64];

	snprintf(where, sizeof(where), "phase %s, after %lld.%03lld s", phase_word[client->phase],
		(long long)client->elapsed_ms / 1000, (long long)client->elapsed_ms % 1000);
	errno = client->error;
	if (errno != 0)
		pam_syslog(pamh, LOG_ERR, "sessionman daemon at %s %s: %m (%s); %s",
			client->socket_path, client->reason, where, assurance(arguments));
	else
		pam_syslog(pamh, LOG_ERR, "sessionman daemon at %s %s (%s); %s",
			client->socket_path, client->reason, where, assurance(arguments));
	return result(arguments);
}

static void log_left_out(pam_handle_t *pamh, uint32_t left_out)
{
	char names[256] = "";
	size_t used = 0;

	for (int i = 0; i < REQUEST_FIELDS; i++) {
		if ((left_out & UINT32_C(1) << i) != 0 && used < sizeof(names))
			used += (size_t)snprintf(
				names + used, sizeof(names) - used, " %s", wire_request_key[i]);
	}
	pam_syslog(pamh, LOG_DEBUG, "left out of the request, too long or not printable:%s", names);
}

/*
 * A directory that fails the check is emptied, not skipped: the variable inherited by su or sudo
 * would lead into another user's directory.
 */
static void check_runtime_directory(pam_handle_t *pamh, struct reply *reply, uid_t owner)
{
	const char *path = reply->environment[WIRE_XDG_RUNTIME_DIR];

	if (path == NULL || path[0] == '\0' || runtime_directory_is_private(path, owner))
		return;
	pam_syslog(pamh, LOG_WARNING,
		"runtime directory %s is not a directory of mode 0700 of uid %u: not used", path,
		owner);
	reply->environment[WIRE_XDG_RUNTIME_DIR] = "";
	if (reply->environment[WIRE_DBUS_SESSION_BUS_ADDRESS] != NULL)
		reply->environment[WIRE_DBUS_SESSION_BUS_ADDRESS] = "";
}

static char *assignment(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);

	if (text != NULL)
		snprintf(text, size, "%s=%s", name, value);
	return text;
}

/* Sets variable i and all after it, or none of them. */
static bool set_environment(pam_handle_t *pamh, const struct reply *reply, int i)
{
	while (i < WIRE_VARIABLES && reply->environment[i] == NULL)
		i++;
	if (i == WIRE_VARIABLES)
		return true;

	const char *name = wire_environment[i];
	const char *old = pam_getenv(pamh, name);
	char *old_text = old != NULL ? assignment(name, old) : NULL;
	char *text = assignment(name, reply->environment[i]);
	bool done = false;

	if (text != NULL && (old == NULL || old_text != NULL) &&
		pam_putenv(pamh, text) == PAM_SUCCESS) {
		done = set_environment(pamh, reply, i + 1);
		if (!done)
			pam_putenv(pamh, old_text != NULL ? old_text : name);
	}
	free(text);
	free(old_text);
	return done;
}

static int take_answer(
	pam_handle_t *pamh, const struct arguments *arguments, struct client *client, uid_t uid)
{
	struct reply *reply = &client->reply;

	switch (reply->status) {
	case REPLY_NONE:
		return PAM_SUCCESS;
	case REPLY_REFUSED:
		pam_syslog(pamh, LOG_ERR, "sessionman daemon at %s refused a session: %s (%s); %s",
			client->socket_path, reply->message, reply->error, assurance(arguments));
		return result(arguments);
	case REPLY_OPENED:
		errno = ENOMEM;
		if (!keep_session(
			    pamh, reply->environment[WIRE_XDG_SESSION_ID], client->lifetime_fd))
			return fail(pamh, arguments, "cannot keep the session");
		break;
	case REPLY_EXISTING:
		break;
	default:
		client->reason = "answered another question";
		return fail_unanswered(pamh, arguments, client);
	}
	check_runtime_directory(pamh, reply, uid);
	if (set_environment(pamh, reply, 0))
		return PAM_SUCCESS;
	if (reply->status == REPLY_OPENED)
		pam_set_data(pamh, DATA_NAME, NULL, NULL);
	errno = 0;
	return fail(pamh, arguments, "cannot set the session's environment");
}

static int open_session(pam_handle_t *pamh, const struct arguments *arguments,
	const struct login *login, struct client *client)
{
	char packet[WIRE_PACKET_MAX];
	uint32_t left_out;

	client->request = packet;
	client->request_size = wire_encode(&login->request, packet, &left_out);
	errno = 0;
	if (client->request_size == 0)
		return fail(pamh, arguments, "the user's name cannot be sent");
	if (left_out != 0 && arguments->debug)
		log_left_out(pamh, left_out);
	if (!client_ask(client))
		return fail_unanswered(pamh, arguments, client);
	if (arguments->debug)
		pam_syslog(
			pamh, LOG_DEBUG, "answered after %lld ms", (long long)client->elapsed_ms);
	return take_answer(pamh, arguments, client, login->uid);
}

/* Best effort: the end of the lifetime fd says the same. */
static void ask_to_close(const struct arguments *arguments, const char *id)
{
	const struct request request = {
		.value = {[REQUEST_OP] = "close", [REQUEST_ID] = id},
	};
	char packet[WIRE_PACKET_MAX];
	uint32_t left_out;
	struct client client = {
		.socket_path = arguments->socket_path,
		.request = packet,
		.request_size = wire_encode(&request, packet, &left_out),
		.limits = client_close_limits,
	};

	if (client.request_size != 0 && client_ask(&client) && client.lifetime_fd >= 0)
		close(client.lifetime_fd);
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments;
	struct login login;
	struct client client = {.limits = client_open_limits};
	const char *wrong;
	int status;

	(void)flags;
	if (geteuid() != 0)
		return PAM_SUCCESS;
	read_arguments(pamh, &arguments, argc, argv);
	client.socket_path = arguments.socket_path;
	client.limits.accept_ms = (int64_t)arguments.timeout_s * 1000;
	client_begin(&client);
	wrong = request_collect(pamh, &arguments, &login);
	status = wrong != NULL ? fail(pamh, &arguments, wrong)
			       : open_session(pamh, &arguments, &login, &client);
	client_cancel(&client);
	request_release(&login);
	return status;
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct arguments arguments;
	const void *data = NULL;

	(void)flags;
	if (pam_get_data(pamh, DATA_NAME, &data) != PAM_SUCCESS || data == NULL)
		return PAM_SUCCESS;
	/* What is wrong with them has been said when the session was opened. */
	arguments_default(&arguments);
	for (int i = 0; i < argc; i++)
		arguments_take(&arguments, argv[i]);
	if (geteuid() == 0)
		ask_to_close(&arguments, ((const struct session *)data)->id);
	pam_set_data(pamh, DATA_NAME, NULL, NULL);
	return PAM_SUCCESS;
}
