#ifndef SESSIONMAN_LOG_H
#define SESSIONMAN_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The program's, in front of every line. */
extern const char log_name[];

/* "NAME: " and the text as a line, its end included; cut where it does not fit. 0: it cannot be
 * formatted. */
__attribute__((format(printf, 3, 0))) size_t log_format(
	char *line, size_t size, const char *format, va_list args);

/* One line on stderr. It is lost rather than waited for when whoever reads stderr does not. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t now_ms(void);

#endif
