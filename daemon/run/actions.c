#include <signal.h>
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions.h"
#include "child.h"
#include "how.h"
#include "log.h"
#include "output.h"
#include "talk.h"

#define ACTION_TIME_S 20
/* For the script that made the manager end, to end, too. */
#define WIND_UP_MS 2000

const char *const action_names[] = {
	[ACTION_READY] = "ready",
	[ACTION_STOP] = "stop",
	[ACTION_GRAPHICAL] = "graphical",
	[ACTION_ENVIRONMENT] = "environment",
};

/* What an action has ended with is told or noted; how: "" for success. */
static void conclude(struct holder *holder, enum action_kind kind, const char *how, bool unknown)
{
	if (how[0] != '\0')
		output_line(&holder->output, "%s: %s", action_names[kind], how);
	if (kind == ACTION_READY && !holder->stopping) {
		snprintf(holder->ready_how, sizeof(holder->ready_how), "%s", how);
		holder->phase = PHASE_RUNNING;
		talk_tell(holder);
	}
	/* Nobody else will make the manager end. */
	if (kind == ACTION_STOP && (how[0] != '\0' || unknown) && !holder->manager_ended)
		kill(holder->manager, SIGTERM);
}

void actions_expect(struct holder *holder)
{
	struct actions *actions = &holder->actions;
	pid_t pid = child_expect(holder, &actions->delivery);

	actions->expectant = pid > 0 ? pid : 0;
}

/* Without what it waits for it ends. */
static void dismiss_expectant(struct actions *actions)
{
	if (actions->expectant == 0)
		return;
	actions->expectant = 0;
	close(actions->delivery);
	actions->delivery = -1;
}

/* 0: there is none, or there is none any more. */
static pid_t deliver(struct actions *actions, const struct action *action)
{
	pid_t pid = actions->expectant;

	if (pid == 0 || action->kind != ACTION_READY)
		return 0;
	bool delivered =
		write(actions->delivery, action->data, action->len) == (ssize_t)action->len;
	dismiss_expectant(actions);
	return delivered ? pid : 0;
}

static void start_next(struct holder *holder)
{
	struct actions *actions = &holder->actions;
	char how[HOW_MAX];

	while (actions->pid == 0 && actions->count > 0) {
		struct action *action = &actions->queue[actions->first];
		enum action_kind kind = action->kind;
		pid_t pid = deliver(actions, action);
		if (pid == 0)
			pid = child_act(holder, action);
		int error = errno;
		actions->first = (actions->first + 1) % QUEUE_MAX;
		actions->count--;
		if (pid < 0) {
			how_failed(how, error, "fork");
			conclude(holder, kind, how, false);
			continue;
		}
		actions->pid = pid;
		actions->kind = kind;
		actions->deadline = now_ms() + ACTION_TIME_S * 1000;
		actions->timed_out = false;
	}
}

static size_t count_strings(const char *data, size_t len)
{
	size_t count = 0;

	for (size_t at = 0; at < len; at += strlen(data + at) + 1)
		count++;
	return count;
}

/*
 * Variables go with those that wait already, and the later value of one counts: a change that is
 * not told now would never be.
 */
static bool join_waiting(struct actions *actions, const char *data, size_t len)
{
	if (actions->count == 0)
		return false;
	struct action *last = &actions->queue[(actions->first + actions->count - 1) % QUEUE_MAX];
	if (last->kind != ACTION_ENVIRONMENT || last->len + len > sizeof(last->data) ||
		count_strings(last->data, last->len) + count_strings(data, len) > ENVIRONMENT_MAX)
		return false;
	memcpy(last->data + last->len, data, len);
	last->len += len;
	return true;
}

void actions_add(struct holder *holder, enum action_kind kind, const char *data, size_t len)
{
	struct actions *actions = &holder->actions;

	if (holder->stopping || holder->manager_ended)
		return;
	if (kind == ACTION_ENVIRONMENT && join_waiting(actions, data, len))
		return;
	if (actions->count == QUEUE_MAX) {
		output_line(&holder->output, "%s: dropped, too many actions are waiting",
			action_names[kind]);
		return;
	}
	struct action *action = &actions->queue[(actions->first + actions->count) % QUEUE_MAX];
	action->kind = kind;
	action->len = len;
	memcpy(action->data, data, len);
	actions->count++;
	start_next(holder);
}

/* Every action leads a process group, as soon as it runs: what it waits for goes with it. */
static void kill_running(const struct actions *actions)
{
	if (actions->pid == 0)
		return;
	kill(-actions->pid, SIGKILL);
	kill(actions->pid, SIGKILL);
}

void actions_stop(struct holder *holder)
{
	struct actions *actions = &holder->actions;
	char pid[16];

	if (holder->manager_ended || (actions->pid != 0 && actions->kind == ACTION_STOP))
		return;
	kill_running(actions);
	dismiss_expectant(actions);
	actions->count = 0;
	holder->stopping = false;
	int len = snprintf(pid, sizeof(pid), "%d", (int)holder->manager);
	actions_add(holder, ACTION_STOP, pid, (size_t)len + 1);
	holder->stopping = true;
}

void actions_ended(struct holder *holder, pid_t pid, int status)
{
	struct actions *actions = &holder->actions;
	char how[HOW_MAX] = "";
	bool unknown = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNKNOWN_ACTION;

	if (pid == actions->expectant)
		dismiss_expectant(actions);
	if (pid != actions->pid)
		return;
	actions->pid = 0;
	if (actions->timed_out)
		snprintf(how, sizeof(how), "took longer than %d s", ACTION_TIME_S);
	else if (status != 0 && !unknown)
		how_ended(how, status, &holder->shared->action);
	conclude(holder, actions->kind, how, unknown);
	start_next(holder);
}

void actions_expire(struct holder *holder, int64_t now)
{
	struct actions *actions = &holder->actions;

	if (actions->pid == 0 || now < actions->deadline)
		return;
	actions->timed_out = true;
	actions->deadline = INT64_MAX;
	kill_running(actions);
}

void actions_wind_up(struct holder *holder)
{
	struct actions *actions = &holder->actions;
	int64_t soon = now_ms() + WIND_UP_MS;

	actions->count = 0;
	dismiss_expectant(actions);
	if (actions->pid == 0)
		return;
	if (actions->kind != ACTION_STOP)
		kill_running(actions);
	else if (actions->deadline > soon)
		actions->deadline = soon;
}
