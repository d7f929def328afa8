/* Time that no signal and no change of the clock can stretch: milliseconds of CLOCK_MONOTONIC. */
#ifndef SESSIONMAN_DEADLINE_H
#define SESSIONMAN_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

int64_t now_ms(void);

/* Sleeps, but not beyond the deadline; false where the deadline has come. */
bool pause_before(int64_t deadline, int64_t pause_ms);

#endif
