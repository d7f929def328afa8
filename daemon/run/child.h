#ifndef SESSIONMAN_CHILD_H
#define SESSIONMAN_CHILD_H

#include "holder.h"

/*
 * Starts the backend for the action, as the user, with exactly what the PAM session grants. -1: it
 * could not be forked, errno says why. What fails later is said by its exit status and in its
 * failure.
 */
pid_t child_run(struct holder *holder);
pid_t child_act(struct holder *holder, const struct action *action);

/*
 * The same for "ready", whose data will be written into delivery, which is closed after it. Without
 * data the child ends.
 */
pid_t child_expect(struct holder *holder, int *delivery);

/* Becomes the user for good; false: errno says why. */
bool become_user(const struct arguments *arguments, const struct terms *terms);

#endif
