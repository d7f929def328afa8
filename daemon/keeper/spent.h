#ifndef SESSIONMAN_SPENT_H
#define SESSIONMAN_SPENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SPENT_MAX 512

/*
 * Descriptors of devices that were replaced because their descriptions are revoked. Whoever closes
 * the last descriptor of such a description waits for a grace period of the kernel, with evdev some
 * ten milliseconds. That is not to be the display server, which does so for every device when it
 * comes back: they are kept until it has closed its own, and are closed by the guard, which has
 * nothing else to do.
 */
struct spent {
	struct {
		/* One more than the descriptor; 0 is a free place. */
		atomic_int taken;
		/* CLOCK_MONOTONIC, ms */
		int64_t due;
	} list[SPENT_MAX];
	atomic_int count;
	/* Where the next one is put. */
	unsigned int next;
	/* The guard waits without an end and has to be told. */
	bool unheard;
};

/* False if there is no place: the caller closes it. */
bool spent_keep(struct spent *spent, int fd);

/* By the guard: closes one whose time has come. Milliseconds until the next one, -1 without one. */
int spent_close_one(struct spent *spent);

#endif
