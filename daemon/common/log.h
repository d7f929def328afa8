#ifndef SESSIONMAN_LOG_H
#define SESSIONMAN_LOG_H

#include <stdint.h>

/* The program's, in front of every line. */
extern const char log_name[];

/* One line on stderr. It is lost rather than waited for when whoever reads stderr does not. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t now_ms(void);

#endif
