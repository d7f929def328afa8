#ifndef SESSIONMAN_GETTYS_H
#define SESSIONMAN_GETTYS_H

#include <stdbool.h>
#include <sys/types.h>

#include "channel.h"
#include "devices.h"

struct keeper;

/* The getty of a VT; with neither pid nor ended there is none. */
struct getty {
	pid_t pid;
	/* The daemon has yet to hear of its end. */
	bool ended;
	/* Why there was none, an errno, or 0 and the wait status of the one there was. */
	int error;
	int status;
};

struct gettys {
	/* By the number of their VT. */
	struct getty list[VT_LAST + 1];
	/* What became of each before it was executed: shared with it, an errno or 0. */
	int errors[VT_LAST + 1];
};

/*
 * Starts the getty that the record orders. It is to outlive both daemon and keeper. One that runs
 * stays.
 */
void getty_start(struct keeper *keeper, const struct channel_record *record);

/* False if the process was none. */
bool getty_ended(struct gettys *gettys, pid_t pid, int status);

/* Whether the daemon has to be told of an end. */
bool gettys_have_news(const struct gettys *gettys);

/* It runs, or the daemon does not know that it does not. */
bool getty_is_known(const struct getty *getty);

#endif
