#ifndef SESSIONMAN_ENVIRONMENT_H
#define SESSIONMAN_ENVIRONMENT_H

#include "holder.h"

/*
 * The environment of a child, on the child's heap, ended by NULL: what PAM says, then what every
 * process of the user has; for an action (NULL: it is the service manager) also the address of the
 * user's bus, if there is one, and the changes that the action is told. NULL: there is no memory.
 */
char **environment_make(const struct holder *holder, const struct action *action);

/* Whether "NAME=VALUE" or "NAME" begins with a name that a shell takes. */
bool environment_name_is_good(const char *variable);

#endif
