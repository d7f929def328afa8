#ifndef SESSIONMAN_FILES_H
#define SESSIONMAN_FILES_H

#include <sys/resource.h>

/* How many files a process may have open: limits are inherited, and what is enough differs. */

/* The keeper's own, as many as its tables need; returns what was allowed before. */
struct rlimit files_allow_keeper(void);

/* In a child: as many as a daemon with ten thousand sessions needs, but no fewer than before. */
void files_allow_daemon(const struct rlimit *before);

/* In a child: as before. */
void files_allow_as(const struct rlimit *before);

#endif
