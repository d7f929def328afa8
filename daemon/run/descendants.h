#ifndef SESSIONMAN_DESCENDANTS_H
#define SESSIONMAN_DESCENDANTS_H

#include <stdbool.h>

/*
 * Sends SIGKILL to every process that descends from this one; false: there is none, not even one
 * that is not yet reaped. To be repeated until then: who was born meanwhile becomes our child when
 * its parent dies, because this process adopts orphans.
 */
bool descendants_kill(void);

#endif
