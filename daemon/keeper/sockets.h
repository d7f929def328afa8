#ifndef SESSIONMAN_SOCKETS_H
#define SESSIONMAN_SOCKETS_H

#include "keeper.h"

/*
 * The run directory, the lock against a second instance, the listening sockets. Each function is
 * for the start: it says what failed and exits.
 */
void run_dir_make(const char *run_dir);
int lock_take(const char *run_dir);
void sockets_open(struct keeper *keeper);

void sockets_remove(const struct keeper *keeper);

#endif
