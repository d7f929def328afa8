#include <stddef.h>

#include "devices.h"
#include "files.h"
#include "kept.h"
#include "log.h"
#include "vts.h"

#define DAEMON_FILES 65536
/* A device comes with its controller's pidfd. */
#define KEEPER_FILES (2 * DEVICES_MAX + SPENT_MAX + KEPT_MAX + VTS_MAX + 64)

/* More where that is allowed, fewer never. */
static void allow(const struct rlimit *before, rlim_t files, const char *whose)
{
	struct rlimit wanted = {
		.rlim_cur = before->rlim_cur > files ? before->rlim_cur : files,
		.rlim_max = before->rlim_max > files ? before->rlim_max : files,
	};

	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	wanted.rlim_max = before->rlim_max;
	if (wanted.rlim_cur > before->rlim_max)
		wanted.rlim_cur = before->rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &wanted) < 0)
		log_line("raise the %s's limit of open files: %m", whose);
}

struct rlimit files_allow_keeper(void)
{
	struct rlimit before;

	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		return (struct rlimit){0};
	allow(&before, KEEPER_FILES, "keeper");
	return before;
}

void files_allow_daemon(const struct rlimit *before)
{
	if (before->rlim_max > 0)
		allow(before, DAEMON_FILES, "daemon");
}

void files_allow_as(const struct rlimit *before)
{
	if (before->rlim_max > 0 && setrlimit(RLIMIT_NOFILE, before) < 0)
		log_line("restore the limit of open files: %m");
}
