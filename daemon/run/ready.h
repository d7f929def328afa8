#ifndef SESSIONMAN_READY_H
#define SESSIONMAN_READY_H

#include "holder.h"

/* Makes the FIFO, the user's, and opens it for reading; false: how says why. */
bool ready_open(struct holder *holder, char how[HOW_MAX]);

/* Reads what the manager says, and has "ready" run when that is complete. */
void ready_receive(struct holder *holder);

/* Closes and removes the FIFO; no-op if there is none. */
void ready_close(struct holder *holder);

#endif
