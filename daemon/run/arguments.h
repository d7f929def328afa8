#ifndef SESSIONMAN_RUN_ARGUMENTS_H
#define SESSIONMAN_RUN_ARGUMENTS_H

#include "holder.h"

/* Reads NAME=VALUE words; exits with EXIT_MISUSE and a line on stderr unless all are there. */
void arguments_parse(struct arguments *arguments, int argc, char **argv);

#endif
