#ifndef SESSIONMAN_ORDERS_H
#define SESSIONMAN_ORDERS_H

#include "channel.h"
#include "keeper.h"

/*
 * Carries out what the daemon orders about devices, VTs, gettys and connections; false if the
 * record is about something else. The descriptor that came with it is set to -1 where it is kept.
 */
bool order_take(struct keeper *keeper, const struct channel_record *record, int *fd);

#endif
