#ifndef SESSIONMAN_KEPT_H
#define SESSIONMAN_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_MAX 128

/* Connections of the daemon's that the next daemon goes on serving. */
struct kept_connection {
	/* Otherwise a free place. */
	bool used;
	uint32_t number;
	int fd;
};

struct kept {
	struct kept_connection list[KEPT_MAX];
};

/* Takes the descriptor over; false if there is no place. One with that number before is closed. */
bool kept_add(struct kept *kept, uint32_t number, int fd);

void kept_drop(struct kept *kept, uint32_t number);

struct kept_answer {
	/* How much of what was received is answered by it. */
	size_t request;
	const char *bytes;
	size_t size;
	/* Goes with it and stays the caller's; or -1. */
	int fd;
};

/* 0 or an errno; EAGAIN: nothing was done. */
int kept_reply(const struct kept *kept, uint32_t number, const struct kept_answer *answer);

#endif
