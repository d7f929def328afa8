#ifndef SESSIONMAN_RUN_ARGUMENTS_H
#define SESSIONMAN_RUN_ARGUMENTS_H

#include "holder.h"

/* Reads NAME=VALUE words; exits with EXIT_MISUSE and a line on stderr when they are not what is
 * needed. */
void arguments_parse(struct arguments *arguments, int argc, char **argv);

#endif
