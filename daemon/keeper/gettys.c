#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "gettys.h"
#include "group.h"
#include "keeper.h"
#include "log.h"
#include "signals.h"
#include "usual.h"
#include "vacancy.h"
#include "words.h"

#define GETTY_WORDS_MAX 32

static char *const environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=linux",
	NULL,
};

struct order {
	unsigned int vt;
	/* Also if somebody has the VT open. */
	bool anyway;
	/* "-": the keeper's own */
	const char *group;
	const char *words[GETTY_WORDS_MAX + 1];
};

/* The terminal is the getty's own to open: none of its descriptors leads anywhere. */
static bool arrange_fds(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (null < 0 || dup2(null, fd) < 0)
			return false;
	}
	return syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0;
}

/* Does not return if it can be executed. An errno. */
static int become_getty(const struct rlimit *files, const struct order *order)
{
	sigset_t none;

	if (!order->anyway && !vt_is_vacant(order->vt))
		return EBUSY;
	setsid();
	signals_to_default();
	files_allow_as(files);
	priority_to_usual();
	if (!arrange_fds())
		return errno;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(order->words[0], (char *const *)order->words, environment);
	return errno;
}

/* The pid, or -1 with errno. */
static pid_t spawn(struct keeper *keeper, const struct order *order)
{
	int *error = &keeper->gettys.errors[order->vt];
	int directory = -1;

	if (order->group[0] == '/') {
		directory = open(order->group, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			log_line("getty of VT %u: open the control group %s: %m", order->vt,
				order->group);
	}
	*error = 0;
	pid_t pid = fork_into(directory);
	if (pid == 0) {
		/* A login is worth more than its place. */
		if (errno != 0)
			log_line("getty of VT %u: enter the control group %s: %m", order->vt,
				order->group);
		*error = become_getty(&keeper->files, order);
		_exit(EXIT_SYSTEM);
	}
	if (directory >= 0)
		close(directory);
	return pid;
}

static bool parse(const struct channel_record *record, struct order *order)
{
	order->vt = (unsigned int)record->value;
	order->anyway = record->uid == 1;
	order->group = record->text;
	return words_read(record, order->words, GETTY_WORDS_MAX) > 0 && order->words[0][0] == '/' &&
	       (order->group[0] == '/' || strcmp(order->group, "-") == 0);
}

void getty_start(struct keeper *keeper, const struct channel_record *record)
{
	struct order order;

	if (record->value < 1 || record->value > VT_LAST) {
		log_line("the daemon ordered a getty on VT %d, ignored", record->value);
		return;
	}
	struct getty *getty = &keeper->gettys.list[record->value];
	if (getty_is_known(getty))
		return;
	*getty = (struct getty){.ended = true, .error = EINVAL};
	if (!parse(record, &order)) {
		log_line("the daemon sent a malformed order to start a getty, refused");
		return;
	}
	pid_t pid = spawn(keeper, &order);
	if (pid < 0)
		getty->error = errno;
	else
		*getty = (struct getty){.pid = pid};
}

bool getty_ended(struct gettys *gettys, pid_t pid, int status)
{
	for (int vt = 1; vt <= VT_LAST; vt++) {
		struct getty *getty = &gettys->list[vt];
		if (getty->pid != pid)
			continue;
		*getty = (struct getty){
			.ended = true, .error = gettys->errors[vt], .status = status};
		return true;
	}
	return false;
}

bool gettys_have_news(const struct gettys *gettys)
{
	for (int vt = 1; vt <= VT_LAST; vt++) {
		if (gettys->list[vt].ended)
			return true;
	}
	return false;
}

bool getty_is_known(const struct getty *getty)
{
	return getty->pid != 0 || getty->ended;
}
