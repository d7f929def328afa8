#ifndef SESSIONMAN_STATE_H
#define SESSIONMAN_STATE_H

#include "holder.h"

/* Where a service manager with this pid has its state, below the user's runtime directory. */
void state_path(char path[STATE_PATH_MAX], const struct arguments *arguments, pid_t pid);

/* As the user: makes it, fresh, with mode 0700; false: errno says why. */
bool state_make(const char *path, const struct arguments *arguments);

/* Starts a process of the user that removes it. */
void state_remove(struct holder *holder);

/* Ends that process when its time is over. */
void state_expire(struct holder *holder, int64_t now);

#endif
