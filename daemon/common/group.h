#ifndef SESSIONMAN_GROUP_H
#define SESSIONMAN_GROUP_H

#include <sys/types.h>

/*
 * fork, but the child is born in the control group (version 2) whose directory the descriptor is;
 * -1 is the caller's own. In the child, errno is 0 or says why it could not enter the group.
 */
pid_t fork_into(int group);

#endif
