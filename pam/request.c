#include "request.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

#define GROUPS_FIRST_GUESS 64
#define GROUPS_MAX 65536
/* The digits of an id and a comma. */
#define GROUP_TEXT_SIZE 11

struct source {
	enum request_field field;
	int item;
};

static const struct source items[] = {
	{REQUEST_SERVICE, PAM_SERVICE},
	{REQUEST_TTY, PAM_TTY},
	{REQUEST_DISPLAY, PAM_XDISPLAY},
	{REQUEST_RHOST, PAM_RHOST},
	{REQUEST_RUSER, PAM_RUSER},
};

struct hint {
	enum request_field field;
	const char *variable;
};

/* Of PAM's own environment. The process environment may be the work of whoever runs a setuid
 * program. */
static const struct hint hints[] = {
	{REQUEST_ENV_TYPE, "XDG_SESSION_TYPE"},
	{REQUEST_ENV_CLASS, "XDG_SESSION_CLASS"},
	{REQUEST_ENV_DESKTOP, "XDG_SESSION_DESKTOP"},
	{REQUEST_ENV_SEAT, "XDG_SEAT"},
	{REQUEST_ENV_VTNR, "XDG_VTNR"},
	{REQUEST_ENV_INCOMPLETE, "XDG_SESSION_INCOMPLETE"},
};

/* What other modules may have left for the session, as text: names for pam_set_data(), which here
 * begin with "systemd.". */
static const char *const limits[] = {
	"memory_max",
	"tasks_max",
	"cpu_weight",
	"io_weight",
	"runtime_max_sec",
};

/* Uniqueness is all that is asked of a nonce: a machine short of entropy must not make a login
 * wait. */
static bool make_nonce(char nonce[33])
{
	unsigned char bytes[16];
	ssize_t size = getrandom(bytes, sizeof(bytes), GRND_INSECURE);

	if (size < 0 && errno == EINVAL)
		size = getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
	if (size != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

/* The user's groups without the primary one; the caller frees. NULL with errno set where it fails.
 */
static gid_t *look_up_groups(const struct passwd *user, int *count)
{
	int room = GROUPS_FIRST_GUESS;

	for (;;) {
		gid_t *groups = calloc((size_t)room, sizeof(*groups));

		if (groups == NULL)
			return NULL;
		*count = room;
		if (getgrouplist(user->pw_name, user->pw_gid, groups, count) >= 0)
			return groups;
		free(groups);
		if (*count <= room || *count > GROUPS_MAX) {
			errno = E2BIG;
			return NULL;
		}
		room = *count;
	}
}

static char *groups_text(const struct passwd *user)
{
	int count;
	gid_t *groups = look_up_groups(user, &count);
	char *text;
	size_t used = 0;

	if (groups == NULL)
		return NULL;
	text = calloc((size_t)count + 1, GROUP_TEXT_SIZE);
	for (int i = 0; text != NULL && i < count; i++) {
		if (groups[i] == user->pw_gid)
			continue;
		used += (size_t)snprintf(
			text + used, GROUP_TEXT_SIZE + 1, "%s%u", used > 0 ? "," : "", groups[i]);
	}
	free(groups);
	return text;
}

static const char *collect_user(pam_handle_t *pamh, struct login *login)
{
	struct request *request = &login->request;
	const void *name = NULL;
	const struct passwd *user;

	errno = 0;
	if (pam_get_item(pamh, PAM_USER, &name) != PAM_SUCCESS || name == NULL)
		return "PAM names no user";
	user = pam_modutil_getpwnam(pamh, name);
	if (user == NULL && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return "cannot look up the user";
	if (user == NULL) {
		/* The C library leaves all sorts of values behind where it merely found nothing. */
		errno = 0;
		return "the user is not in the user database";
	}
	login->uid = user->pw_uid;
	snprintf(login->uid_text, sizeof(login->uid_text), "%u", user->pw_uid);
	snprintf(login->gid_text, sizeof(login->gid_text), "%u", user->pw_gid);
	login->groups = groups_text(user);
	if (login->groups == NULL)
		return "cannot look up the user's groups";
	request->value[REQUEST_USER] = user->pw_name;
	request->value[REQUEST_UID] = login->uid_text;
	request->value[REQUEST_GID] = login->gid_text;
	request->value[REQUEST_GROUPS] = login->groups;
	return NULL;
}

static bool can_be_sent(const char *limit)
{
	size_t size = 0;

	while (limit[size] >= ' ' && limit[size] <= '~' && limit[size] != ';' &&
		size < WIRE_LIMIT_MAX)
		size++;
	return limit[size] == '\0';
}

static void collect_limits(pam_handle_t *pamh, struct login *login)
{
	size_t used = 0;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char name[32];
		const void *limit = NULL;

		snprintf(name, sizeof(name), "systemd.%s", limits[i]);
		if (pam_get_data(pamh, name, &limit) != PAM_SUCCESS || limit == NULL ||
			((const char *)limit)[0] == '\0')
			continue;
		/* The daemon says what it cannot read. */
		used += (size_t)snprintf(login->limits + used, sizeof(login->limits) - used,
			"%s%s=%s", used > 0 ? ";" : "", limits[i],
			can_be_sent(limit) ? (const char *)limit : "?");
	}
	login->request.value[REQUEST_LIMITS] = login->limits;
}

const char *request_collect(
	pam_handle_t *pamh, const struct arguments *arguments, struct login *login)
{
	struct request *request = &login->request;
	const char *wrong;

	memset(login, 0, sizeof(*login));
	wrong = collect_user(pamh, login);
	if (wrong != NULL)
		return wrong;
	if (!make_nonce(login->nonce))
		return "cannot make a nonce";
	request->value[REQUEST_OP] = "open";
	request->value[REQUEST_NONCE] = login->nonce;
	request->value[REQUEST_ARG_TYPE] = arguments->type;
	request->value[REQUEST_ARG_CLASS] = arguments->class;
	request->value[REQUEST_ARG_DESKTOP] = arguments->desktop;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const void *value = NULL;

		if (pam_get_item(pamh, items[i].item, &value) == PAM_SUCCESS)
			request->value[items[i].field] = value;
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		request->value[hints[i].field] = pam_getenv(pamh, hints[i].variable);
	collect_limits(pamh, login);
	return NULL;
}

void request_release(struct login *login)
{
	free(login->groups);
	login->groups = NULL;
}
