#ifndef SESSIONMAN_SESSION_H
#define SESSIONMAN_SESSION_H

#include "holder.h"

/*
 * Opens the user's PAM session, without authentication, and writes down what it gives to the user's
 * processes; the holder itself keeps its own limits. May block. Afterwards all signals are blocked.
 * False: how says why, and the session is to be closed all the same.
 */
bool session_open(struct holder *holder, char how[HOW_MAX]);

/* Closes what is open of it. When that takes too long, gave_up is called and the process ends. */
void session_close(void (*gave_up)(void));

/* Whether SIGTERM or SIGINT has come while the session was being opened. */
bool session_was_told_to_end(void);

#endif
