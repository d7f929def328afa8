#ifndef SESSIONMAN_ENDING_H
#define SESSIONMAN_ENDING_H

#include "holder.h"

/* A child has ended: the manager's end begins the holder's. */
void ending_child(struct holder *holder, pid_t pid, int status);

/* Kills every process of the manager, as often as kill_at says. */
void ending_kill(struct holder *holder, int64_t now);

/* Whether nothing is left to be done but to close the PAM session. */
bool ending_is_complete(struct holder *holder, int64_t now);

#endif
