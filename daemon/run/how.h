#ifndef SESSIONMAN_HOW_H
#define SESSIONMAN_HOW_H

#include "holder.h"

/* "cannot WHAT: REASON" into how, with the text of error. */
__attribute__((format(printf, 3, 4))) void how_failed(
	char how[HOW_MAX], int error, const char *format, ...);

/*
 * Into how, what a wait status says: "exit code 3", "signal 9", or, of a child that did not come to
 * execute its program, what it has left in failure.
 */
void how_ended(char how[HOW_MAX], int status, const struct failure *failure);

#endif
