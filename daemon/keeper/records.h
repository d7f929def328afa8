#ifndef SESSIONMAN_RECORDS_H
#define SESSIONMAN_RECORDS_H

#include "keeper.h"

/* Takes what the daemon has sent; at the channel's end, gives the daemon a moment to end, too. */
void channel_receive(struct keeper *keeper);

/* Tells the daemon that an operation has ended; error is 0 or an errno. */
void channel_done(struct keeper *keeper, uint32_t serial, int error);

#endif
