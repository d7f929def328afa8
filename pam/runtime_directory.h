/* The one thing in an answer that the module checks for itself. Knows nothing of PAM. */
#ifndef SESSIONMAN_RUNTIME_DIRECTORY_H
#define SESSIONMAN_RUNTIME_DIRECTORY_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether path is a directory that owner owns and nobody else may enter. Waits for no file server.
 */
bool runtime_directory_is_private(const char *path, uid_t owner);

#endif
