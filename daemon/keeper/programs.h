#ifndef SESSIONMAN_PROGRAMS_H
#define SESSIONMAN_PROGRAMS_H

#include "options.h"

/*
 * Exits with a line on stderr unless Node and the daemon's bundle are there. The installed ones
 * and sessionman-run, and every directory above them, must belong to root and not be writable by
 * others: they run as root. One that was named on the command line is the caller's own risk.
 */
void programs_check(const struct options *options);

#endif
