#ifndef SESSIONMAN_RUNNER_H
#define SESSIONMAN_RUNNER_H

#include "channel.h"
#include "keeper.h"

/*
 * Starts `sessionman-run serve`, of which every sessionman-run is a fork; one that is there is left
 * to do what it was ordered, and ends then.
 */
void runner_prepare(struct keeper *keeper);

/*
 * Has a sessionman-run started as the record says, with fd as its listening socket, and forgets it:
 * it is to outlive both daemon and keeper. The caller closes fd.
 */
void runner_start(struct keeper *keeper, const struct channel_record *record, int fd);

#endif
