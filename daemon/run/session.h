#ifndef SESSIONMAN_SESSION_H
#define SESSIONMAN_SESSION_H

#include "holder.h"

/*
 * Opens the user's PAM session, without authentication, and writes down what it gives to the user's
 * processes; the holder itself keeps its own limits. Afterwards all signals are blocked. False: how
 * says why, and the session is to be closed all the same. When a module takes too long, now or when
 * it is closed, gave_up is called, in a signal handler, and the process ends; how is set by then.
 */
bool session_open(struct holder *holder, void (*gave_up)(void), char how[HOW_MAX]);

/* Closes what is open of it. */
void session_close(void);

/* Whether SIGTERM or SIGINT has come while the session was being opened. */
bool session_was_told_to_end(void);

#endif
