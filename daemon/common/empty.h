#ifndef SESSIONMAN_EMPTY_H
#define SESSIONMAN_EMPTY_H

#include <sys/types.h>

/*
 * Removes everything below a directory that belongs to owner, and keeps the directory. Never
 * leaves its file system, never crosses a mount point or a symbolic link. What cannot be removed
 * is passed over; the result is 0 or the errno of the first thing that was left.
 */
int empty_directory(const char *path, uid_t owner);

#endif
