#ifndef SESSIONMAN_OUTPUT_H
#define SESSIONMAN_OUTPUT_H

#include "holder.h"

/*
 * Makes the pipe, which the user may open again by /dev/stderr, and opens the log; false: errno
 * says why.
 */
bool output_open(struct output *output, const struct arguments *arguments);

/* Takes what has been written into the pipe, but not more at a time than is cheap. */
void output_receive(struct output *output);

/* A line of our own in the user's log. */
__attribute__((format(printf, 2, 3))) void output_line(
	struct output *output, const char *format, ...);

#endif
