#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "keeper.h"
#include "log.h"
#include "options.h"

/* The sockets' names below it must fit into sockaddr_un.sun_path. */
#define RUN_DIR_MAX 80
#define READY_FD_MAX 65535

static _Noreturn void misuse(const char *what, const char *argument)
{
	log_line("%s: %s (--help lists the options)", what, argument);
	exit(EXIT_MISUSE);
}

static int parse_ready_fd(const char *text)
{
	int value = 0;

	if (text[0] == '0' && text[1] != '\0')
		misuse("--ready-fd takes a decimal number", text);
	for (const char *digit = text; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9')
			misuse("--ready-fd takes a decimal number", text);
		value = value * 10 + (*digit - '0');
		if (value > READY_FD_MAX)
			misuse("--ready-fd is too large", text);
	}
	if (value < 3)
		misuse("--ready-fd must be 3 or more", text);
	return value;
}

/* The value of option `name` when argv[*at] is that option, as "--name=VALUE" or "--name VALUE". */
static const char *value_of(const char *name, int argc, char **argv, int *at)
{
	const char *argument = argv[*at];
	size_t len = strlen(name);
	const char *value;

	if (strncmp(argument, name, len) != 0)
		return NULL;
	if (argument[len] == '=')
		value = argument + len + 1;
	else if (argument[len] != '\0')
		return NULL;
	else if (++*at < argc)
		value = argv[*at];
	else
		misuse("a value is missing after", argument);
	if (*value == '\0')
		misuse("the value is empty of", name);
	return value;
}

static void set_once(const char **slot, const char *value, const char *name)
{
	if (*slot != NULL)
		misuse("given twice", name);
	*slot = value;
}

static bool parse_valued(struct options *options, int argc, char **argv, int *at)
{
	const struct {
		const char *name;
		const char **slot;
	} rows[] = {
		{"--config", &options->config},
		{"--run-dir", &options->run_dir},
		{"--node", &options->node},
		{"--daemon", &options->daemon},
		{"--runner", &options->runner},
		{"--seatd-socket", &options->seatd_socket},
		{"--login-socket", &options->login_socket},
	};
	const char *value;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		value = value_of(rows[i].name, argc, argv, at);
		if (value != NULL) {
			set_once(rows[i].slot, value, rows[i].name);
			return true;
		}
	}
	value = value_of("--ready-fd", argc, argv, at);
	if (value == NULL)
		return false;
	if (options->ready_fd >= 0)
		misuse("given twice", "--ready-fd");
	options->ready_fd = parse_ready_fd(value);
	return true;
}

static bool parse_mode(struct options *options, const char *argument)
{
	static const struct {
		const char *name;
		enum mode mode;
	} rows[] = {
		{"--check-config", MODE_CHECK_CONFIG},
		{"--version", MODE_VERSION},
		{"--help", MODE_HELP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(argument, rows[i].name) != 0)
			continue;
		if (options->mode != MODE_SERVE)
			misuse("only one of --check-config, --version and --help, once", argument);
		options->mode = rows[i].mode;
		return true;
	}
	return false;
}

static void require_absolute(const char *path, const char *name)
{
	if (path != NULL && path[0] != '/') {
		log_line("%s takes an absolute path: %s", name, path);
		exit(EXIT_MISUSE);
	}
}

static void require_absolute_or_none(const char *path, const char *name)
{
	if (path == NULL || strcmp(path, "-") != 0)
		require_absolute(path, name);
}

/* With a slash at its end, a symbolic link would be followed. */
static const char *without_trailing_slashes(const char *path)
{
	static char copy[RUN_DIR_MAX + 1];
	size_t len = strlen(path);

	if (len > RUN_DIR_MAX)
		misuse("--run-dir is too long for a socket's name", path);
	memcpy(copy, path, len + 1);
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	return copy;
}

void options_parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){.ready_fd = -1};
	for (int at = 1; at < argc; at++) {
		if (!parse_mode(options, argv[at]) && !parse_valued(options, argc, argv, &at))
			misuse("not an option", argv[at]);
	}
	/* The working directory is left at the start, a relative path would change its meaning. */
	if (options->mode == MODE_SERVE)
		require_absolute(options->config, "--config");
	require_absolute(options->run_dir, "--run-dir");
	require_absolute(options->node, "--node");
	require_absolute(options->daemon, "--daemon");
	require_absolute(options->runner, "--runner");
	require_absolute_or_none(options->seatd_socket, "--seatd-socket");
	require_absolute_or_none(options->login_socket, "--login-socket");
	if (options->run_dir != NULL)
		options->run_dir = without_trailing_slashes(options->run_dir);
}

void options_print_help(void)
{
	puts("Usage: sessionmand [OPTION]...\n"
	     "Keeps the session daemon running, in the foreground, and its sockets open.\n\n"
	     "  --config FILE    configuration (" DEFAULT_CONFIG ")\n"
	     "  --run-dir DIR    sockets, lock and state (" DEFAULT_RUN_DIR ")\n"
	     "  --seatd-socket FILE  where seatd's clients connect, - for none\n"
	     "                   (" DEFAULT_SEATD_SOCKET ")\n"
	     "  --login-socket FILE  where pam_systemd connects, - for none\n"
	     "                   (" DEFAULT_LOGIN_SOCKET ")\n"
	     "  --ready-fd N     write a newline to N when logins are accepted\n"
	     "  --check-config   say what is wrong with the configuration, then exit\n"
	     "  --version        print the version, then exit\n"
	     "  --help           print this, then exit\n\n"
	     "For development:\n"
	     "  --daemon FILE    the daemon's bundle (" DEFAULT_DAEMON ")\n"
	     "  --node FILE      the Node that runs it (" DEFAULT_NODE ")\n"
	     "  --runner FILE    starts a user's service manager (" DEFAULT_RUNNER ")");
}
