#ifndef SESSIONMAN_REMOVAL_H
#define SESSIONMAN_REMOVAL_H

#include "channel.h"
#include "keeper.h"

/* Starts a process that empties the record's directory; refusals are answered at once. */
void removal_start(struct keeper *keeper, const struct channel_record *record);

/* A child has ended: if it is one of ours, its request is answered. */
void removal_ended(struct keeper *keeper, pid_t pid, int status);

/* Ends the removals whose time is over. */
void removals_expire(struct keeper *keeper, int64_t now);

#endif
