#ifndef SESSIONMAN_GUARD_H
#define SESSIONMAN_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct keeper;

/*
 * A process that does nothing but close spent descriptors until the keeper is killed, and then at
 * once what the keeper does at its end: between that and the next keeper nobody else could. It has
 * the keeper's descriptors, not copies of them: also those that are opened later.
 */
struct guard {
	/* There has been something to guard. */
	bool wanted;
	/* 0: not running */
	pid_t pid;
	/* Not before that; CLOCK_MONOTONIC, ms */
	int64_t next_start;
	/* The keeper's command line, of which the guard has a copy to write its name into. */
	char *name;
	size_t name_size;
};

/* Before the arguments are looked at. */
void guard_allow_name(struct guard *guard, int argc, char **argv);

/* Before anything is given away that has to be taken back: from then on there is always one. */
void guard_start(struct keeper *keeper);

/* It closes them some time later. */
void guard_tell_spent(struct keeper *keeper);

/* False if the process was not the guard. */
bool guard_ended(struct guard *guard, pid_t pid, int status);

/* There is nothing left to guard. */
void guard_dismiss(struct guard *guard);

/* Every device is muted and every VT is put back: nobody is left who could do that later. */
void let_go(struct keeper *keeper);

#endif
