#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "actions.h"
#include "descendants.h"
#include "ending.h"
#include "how.h"
#include "log.h"
#include "ready.h"
#include "state.h"

#define KILL_AGAIN_MS 20
/* Processes that the kernel does not let go are left to the keeper, which adopts them. */
#define KILL_TIME_MS 5000

void ending_child(struct holder *holder, pid_t pid, int status)
{
	if (pid == holder->removal)
		holder->removed = true;
	if (pid != holder->manager || holder->manager_ended)
		return;
	holder->manager_ended = true;
	holder->manager_ended_at = now_ms();
	if (holder->ended_how[0] == '\0')
		how_ended(holder->ended_how, status, &holder->shared->manager);
	ready_close(holder);
	actions_wind_up(holder);
}

/* False without a control group, and on a kernel that cannot kill one. */
static bool kill_group(const struct holder *holder)
{
	if (holder->group < 0)
		return false;
	int file = openat(holder->group, "../cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	bool killed = write(file, "1", 1) == 1;
	close(file);
	return killed;
}

void ending_kill(struct holder *holder, int64_t now)
{
	if (holder->kill_at == 0 || now < holder->kill_at)
		return;
	bool again = !kill_group(holder) && descendants_kill();
	holder->kill_at = again ? now + KILL_AGAIN_MS : 0;
}

/* What a manager leaves behind is in its control group; without one only we can find it. */
static bool nothing_is_left(struct holder *holder, int64_t now)
{
	if (holder->group >= 0 || holder->removal != 0 ||
		now >= holder->manager_ended_at + KILL_TIME_MS)
		return true;
	return !descendants_kill();
}

bool ending_is_complete(struct holder *holder, int64_t now)
{
	if (!holder->manager_ended || holder->actions.pid != 0 || !nothing_is_left(holder, now))
		return false;
	if (holder->removal == 0)
		state_remove(holder);
	return holder->removed;
}
