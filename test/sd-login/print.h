#ifndef PRINT_H
#define PRINT_H

#include <stdint.h>
#include <sys/types.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What the lines are about, until it is set again. */
extern const char *thing;

/* A line each; where r is negative it is the error, symbolically, and the value does not count. */
void print_number(const char *question, int r, uint64_t value);
void print_flag(const char *question, int r);
/* Frees the value. */
void print_text(const char *question, int r, char *value);
/* Leaves the entries; says so when r is not their number. */
void print_list(const char *question, int r, char **entries);
void print_uids(const char *question, int r, const uid_t *uids, unsigned count);

void free_list(char **entries);

/* processes.c: what is said of a process, asked by pid, by pidfd and through its listening socket.
 */
int dump_processes(char **pids);
int dump_peer(const char *path);
int dump_self(void);
/* Listens there until standard input ends. */
int serve(const char *path);

/* watch.c */
int watch(void);

#endif
