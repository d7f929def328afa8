#ifndef SESSIONMAN_CONTROLLER_H
#define SESSIONMAN_CONTROLLER_H

#include <stdint.h>

/* A process by its pidfd, killed because a device could not be taken from it. */
void controller_kill(int pidfd);

/* Waits for its end, but not beyond the time (CLOCK_MONOTONIC, ms). */
void controller_await_end(int pidfd, int64_t deadline);

#endif
