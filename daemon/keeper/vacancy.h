#ifndef SESSIONMAN_VACANCY_H
#define SESSIONMAN_VACANCY_H

#include <stdbool.h>

/* Whether nobody has the VT open. May take its time, and memory: for a process of its own. */
bool vt_is_vacant(unsigned int number);

#endif
