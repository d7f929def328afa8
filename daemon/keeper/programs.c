#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "keeper.h"
#include "log.h"
#include "programs.h"

static void require_trusted(const char *program, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		log_line("examine %s: %m", path);
		exit(EXIT_SYSTEM);
	}
	if (st.st_uid != 0 || (st.st_mode & S_IWOTH) != 0) {
		log_line("%s is not run as root: %s could be changed by others (uid %u, mode %04o)",
			program, path, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
		exit(EXIT_SYSTEM);
	}
}

static void require_trusted_path(const char *program)
{
	char path[PATH_MAX];

	if (realpath(program, path) == NULL) {
		log_line("%s: %m", program);
		exit(EXIT_SYSTEM);
	}
	require_trusted(program, path);
	for (char *slash; (slash = strrchr(path, '/')) != path;) {
		*slash = '\0';
		require_trusted(program, path);
	}
	require_trusted(program, "/");
}

void programs_check(const struct options *options)
{
	if (access(options->node, X_OK) < 0) {
		log_line("%s: %m", options->node);
		exit(EXIT_SYSTEM);
	}
	if (access(options->daemon, R_OK) < 0) {
		log_line("%s: %m", options->daemon);
		exit(EXIT_SYSTEM);
	}
	if (strcmp(options->node, DEFAULT_NODE) == 0)
		require_trusted_path(options->node);
	if (strcmp(options->daemon, DEFAULT_DAEMON) == 0) {
		require_trusted_path(options->daemon);
		require_trusted_path(DEFAULT_PARTS);
		require_trusted_path(DEFAULT_ADDON);
	}
	/* Logins work without it. */
	if (strcmp(options->runner, DEFAULT_RUNNER) == 0 && access(DEFAULT_RUNNER, F_OK) == 0)
		require_trusted_path(options->runner);
}
