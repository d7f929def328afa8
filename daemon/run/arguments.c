#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "log.h"

#define ID_MAX 4294967294UL
/* The state directory's name below it must fit into STATE_PATH_MAX. */
#define RUNTIME_MAX 200

static _Noreturn void misuse(const char *what, const char *argument)
{
	log_line("%s: %s (this program is started by sessionmand only)", what, argument);
	exit(EXIT_MISUSE);
}

static uint32_t parse_id(const char *argument, const char *text)
{
	unsigned long value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		misuse("not a decimal id", argument);
	for (const char *digit = text; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9')
			misuse("not a decimal id", argument);
		value = value * 10 + (unsigned long)(*digit - '0');
		if (value > ID_MAX)
			misuse("not an id", argument);
	}
	return (uint32_t)value;
}

/* The value of argument if it is one for name, else NULL. */
static const char *value_of(const char *argument, const char *name)
{
	size_t len = strlen(name);

	return strncmp(argument, name, len) == 0 && argument[len] == '=' ? argument + len + 1
									 : NULL;
}

static void set_once(const char **slot, const char *argument, const char *value)
{
	if (*slot != NULL)
		misuse("given twice", argument);
	if (*value == '\0')
		misuse("the value is empty", argument);
	*slot = value;
}

static void require_absolute(const char *path, const char *name)
{
	if (path[0] != '/')
		misuse("not an absolute path", name);
	if (strlen(path) >= PATH_MAX)
		misuse("too long", name);
}

void arguments_parse(struct arguments *arguments, int argc, char **argv)
{
	const char *uid = NULL;
	const char *gid = NULL;
	const struct {
		const char *name;
		const char **slot;
	} rows[] = {
		{"uid", &uid},
		{"gid", &gid},
		{"user", &arguments->user},
		{"backend", &arguments->backend},
		{"config", &arguments->config},
		{"runtime", &arguments->runtime},
		{"group", &arguments->group},
		{"ready", &arguments->ready},
		{"log", &arguments->log},
	};
	const size_t count = sizeof(rows) / sizeof(rows[0]);

	for (int i = 1; i < argc; i++) {
		size_t row = 0;
		while (row < count && value_of(argv[i], rows[row].name) == NULL)
			row++;
		if (row == count)
			misuse("not an argument", argv[i]);
		set_once(rows[row].slot, argv[i], value_of(argv[i], rows[row].name));
	}
	for (size_t row = 0; row < count; row++) {
		if (*rows[row].slot == NULL)
			misuse("missing", rows[row].name);
	}
	arguments->uid = parse_id("uid", uid);
	arguments->gid = parse_id("gid", gid);
	require_absolute(arguments->backend, "backend");
	require_absolute(arguments->config, "config");
	require_absolute(arguments->runtime, "runtime");
	require_absolute(arguments->ready, "ready");
	require_absolute(arguments->log, "log");
	if (strcmp(arguments->group, "-") != 0)
		require_absolute(arguments->group, "group");
	if (strlen(arguments->runtime) > RUNTIME_MAX)
		misuse("too long", "runtime");
}
