#ifndef SESSIONMAN_SPAWN_H
#define SESSIONMAN_SPAWN_H

#include "keeper.h"

/* Every daemon of this keeper; when it fails, the next attempt is scheduled. */
void daemon_start(struct keeper *keeper);

/* The daemon has ended with this wait status. */
void daemon_ended(struct keeper *keeper, int status);

/* Asks the daemon to end, and sees to it that it does. */
void daemon_stop(struct keeper *keeper);

/* Becomes the daemon's bundle, checking the configuration; returns only by exiting. */
_Noreturn void exec_check_config(const struct options *options);

#endif
