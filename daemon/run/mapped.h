#ifndef SESSIONMAN_MAPPED_H
#define SESSIONMAN_MAPPED_H

#include <stdbool.h>

/* Remembers which files this program, whose own is at path, and its libraries are from. */
void mapped_note(const char *path);

/* Whether another file, or another content, has taken the place of one of them since then. */
bool mapped_is_old(void);

#endif
