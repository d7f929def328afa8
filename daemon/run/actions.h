#ifndef SESSIONMAN_ACTIONS_H
#define SESSIONMAN_ACTIONS_H

#include "holder.h"

/* As the backend knows them, by kind. */
extern const char *const action_names[];

/*
 * What the backend is asked to do besides running: one thing after the other, each with its time.
 * "stop" waits for nothing, ends what is running, and is the last.
 */
void actions_add(struct holder *holder, enum action_kind kind, const char *data, size_t len);
void actions_stop(struct holder *holder);

/*
 * Has the child that will be "ready" born now, with the manager: nothing is born into a control
 * group while the kernel moves a process between two others.
 */
void actions_expect(struct holder *holder);

/* A child has ended: if it was the action, the next one is started. */
void actions_ended(struct holder *holder, pid_t pid, int status);

/* Ends an action whose time is over. */
void actions_expire(struct holder *holder, int64_t now);

/* The manager has ended: only "stop" may go on, for a moment. */
void actions_wind_up(struct holder *holder);

#endif
