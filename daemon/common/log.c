#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

size_t log_format(char *line, size_t size, const char *format, va_list args)
{
	size_t used = (size_t)snprintf(line, size, "%s: ", log_name);

	if (vsnprintf(line + used, size - used - 1, format, args) < 0)
		return 0;
	used = strlen(line);
	line[used++] = '\n';
	return used;
}

void log_line(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	size_t used = log_format(line, sizeof(line), format, args);
	va_end(args);
	if (used == 0)
		return;

	/* A pipe that polls writable takes PIPE_BUF bytes, more than a line, without blocking. */
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0)
		return;
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
