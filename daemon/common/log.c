#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

void log_line(const char *format, ...)
{
	char line[1024];
	va_list args;

	size_t used = (size_t)snprintf(line, sizeof(line), "%s: ", log_name);
	va_start(args, format);
	int len = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	used = strlen(line);
	line[used++] = '\n';

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
