#ifndef SESSIONMAN_RUNNER_H
#define SESSIONMAN_RUNNER_H

#include "channel.h"
#include "keeper.h"

/*
 * Starts sessionman-run as the record says, with fd as its listening socket, and forgets it: it is
 * to outlive both daemon and keeper. The caller closes fd.
 */
void runner_start(const struct keeper *keeper, const struct channel_record *record, int fd);

#endif
