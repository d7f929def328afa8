#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "environment.h"

/* The variables that are neither PAM's nor an action's. */
#define OWN_MAX 16

struct list {
	char **variables;
	bool failed;
};

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

/* Its place, or the NULL at the end. */
static char **find(const struct list *list, const char *variable)
{
	size_t len = name_length(variable);
	char **place = list->variables;

	while (*place != NULL && (name_length(*place) != len || memcmp(*place, variable, len) != 0))
		place++;
	return place;
}

static void drop(const struct list *list, const char *name)
{
	for (char **place = find(list, name); *place != NULL; place++)
		place[0] = place[1];
}

/* Adds a variable, unless there is one of that name. */
__attribute__((format(printf, 2, 3))) static void add(struct list *list, const char *format, ...)
{
	char *variable;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&variable, format, args);
	va_end(args);
	if (len < 0) {
		list->failed = true;
		return;
	}
	char **place = find(list, variable);
	if (*place == NULL)
		*place = variable;
	else
		free(variable);
}

/* The process is the user's by now: whatever lies there can harm nobody else. */
static void add_bus(struct list *list, const struct arguments *arguments)
{
	char path[STATE_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/bus", arguments->runtime);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == arguments->uid)
		add(list, "DBUS_SESSION_BUS_ADDRESS=unix:path=%s", path);
}

static void change(struct list *list, const struct action *action)
{
	const char *end = action->data + action->len;

	for (const char *at = action->data; at < end; at += strlen(at) + 1) {
		drop(list, at);
		if (strchr(at, '=') != NULL)
			add(list, "%s", at);
	}
}

char **environment_make(const struct holder *holder, const struct action *action)
{
	const struct arguments *arguments = &holder->arguments;
	const struct terms *terms = &holder->terms;
	struct list list = {0};
	size_t count = 0;

	while (terms->environment[count] != NULL)
		count++;
	list.variables = calloc(count + OWN_MAX + ENVIRONMENT_MAX, sizeof(char *));
	if (list.variables == NULL)
		return NULL;
	memcpy(list.variables, terms->environment, count * sizeof(char *));
	add(&list, "SHELL=%s", terms->shell);
	add(&list, "USER=%s", arguments->user);
	add(&list, "LOGNAME=%s", arguments->user);
	add(&list, "HOME=%s", terms->home);
	add(&list, "UID=%u", (unsigned int)arguments->uid);
	add(&list, "GID=%u", (unsigned int)arguments->gid);
	add(&list, "PATH=/usr/local/bin:/usr/bin:/bin");
	drop(&list, "XDG_RUNTIME_DIR");
	add(&list, "XDG_RUNTIME_DIR=%s", arguments->runtime);
	if (action != NULL)
		add_bus(&list, arguments);
	if (action != NULL && action->kind == ACTION_ENVIRONMENT)
		change(&list, action);
	return list.failed ? NULL : list.variables;
}

bool environment_name_is_good(const char *variable)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strspn(variable, letters);

	return len > 0 && (variable[0] < '0' || variable[0] > '9') &&
	       (variable[len] == '\0' || variable[len] == '=');
}
