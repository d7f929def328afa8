#ifndef SESSIONMAN_HELD_H
#define SESSIONMAN_HELD_H

#include "keeper.h"

/* Writes into a fresh channel what the keeper holds for the daemon that will be at its other end.
 */
void held_tell(struct keeper *keeper, int channel);

#endif
