#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "empty.h"
#include "log.h"
#include "records.h"
#include "removal.h"

#define REMOVAL_TIME_MS 10000
#define NO_ID ((uint32_t)-1)

/* From here on nothing is done that the user could not do. Wait status: 0 or an errno. */
static _Noreturn void become_removal(const struct channel_record *record, pid_t keeper_pid)
{
	if (syscall(SYS_close_range, 0, ~0U, 0) < 0)
		_exit(errno);
	if (setgroups(0, NULL) < 0 || setresgid(record->gid, record->gid, record->gid) < 0 ||
		setresuid(record->uid, record->uid, record->uid) < 0)
		_exit(errno);
	/* After the change of uid, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(errno);
	if (getppid() != keeper_pid)
		_exit(ECANCELED);
	_exit(empty_directory(record->text, record->uid));
}

static struct removal *free_place(struct keeper *keeper)
{
	for (int i = 0; i < REMOVALS_MAX; i++) {
		if (keeper->removals[i].pid == 0)
			return &keeper->removals[i];
	}
	return NULL;
}

void removal_start(struct keeper *keeper, const struct channel_record *record)
{
	struct removal *place = free_place(keeper);
	pid_t self = getpid();

	if (record->uid == NO_ID || record->gid == NO_ID || record->text[0] != '/') {
		log_line("the daemon asked to empty \"%s\" as uid %d: refused", record->text,
			(int)record->uid);
		channel_done(keeper, record->serial, EINVAL);
		return;
	}
	if (place == NULL) {
		channel_done(keeper, record->serial, EAGAIN);
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		become_removal(record, self);
	if (pid < 0) {
		channel_done(keeper, record->serial, errno);
		return;
	}
	*place = (struct removal){
		.pid = pid,
		.serial = record->serial,
		.deadline = now_ms() + REMOVAL_TIME_MS,
	};
}

static int error_of(const struct removal *removal, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return removal->timed_out ? ETIMEDOUT : EINTR;
}

void removal_ended(struct keeper *keeper, pid_t pid, int status)
{
	for (int i = 0; i < REMOVALS_MAX; i++) {
		struct removal *removal = &keeper->removals[i];
		if (removal->pid != pid)
			continue;
		if (!removal->unasked)
			channel_done(keeper, removal->serial, error_of(removal, status));
		removal->pid = 0;
		return;
	}
}

void removals_expire(struct keeper *keeper, int64_t now)
{
	for (int i = 0; i < REMOVALS_MAX; i++) {
		struct removal *removal = &keeper->removals[i];
		if (removal->pid == 0 || removal->timed_out || now < removal->deadline)
			continue;
		removal->timed_out = true;
		kill(removal->pid, SIGKILL);
	}
}
