/* What the driver observes about itself (state.c) and puts between libpam and the system
 * (interpose.c).
 */
#ifndef SESSIONMAN_TEST_DRIVER_H
#define SESSIONMAN_TEST_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

double seconds(void);

/* Remembers the open fds, the signal state, the process environment, umask and working directory.
 */
void state_save(void);

/* Compares with what was saved: "kept N SORT" for new fds, "state unchanged" or what changed. */
void state_report(void);

/* How many fds are open now that were not when the state was saved. */
int state_kept_fds(void);

/* Puts a file of the driver's own behind the number of each of these. */
void state_reuse_kept(void);

/* Takes fd numbers until only count are free. */
void state_leave_slots(int count);

/* Gives them back, and every other fd as well. */
void state_free_slots(void);

void signals_start(void);

/* Lines that went to syslog since the last report; "log PRIORITY TEXT". */
int log_count(void);
void log_report(void);

/* The count-th pam_putenv from now on fails; 0: none. */
void putenv_break(int count);

/* The next count sends find that the daemon hung up. */
void send_break(int count);

/* How many closes so far were of a number that was not open. */
int bad_closes(void);

#endif
