#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "how.h"

void how_failed(char how[HOW_MAX], int error, const char *format, ...)
{
	char what[HOW_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	/* The reason is short, and is to be seen however long the rest is. */
	snprintf(how, HOW_MAX, "cannot %.*s: %s", HOW_MAX - 80, what, strerror(error));
}

void how_ended(char how[HOW_MAX], int status, const struct failure *failure)
{
	if (WIFSIGNALED(status))
		snprintf(how, HOW_MAX, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == EXIT_SYSTEM && failure->text[0] != '\0')
		snprintf(how, HOW_MAX, "%.*s", HOW_MAX - 1, failure->text);
	else
		snprintf(how, HOW_MAX, "exit code %d", WEXITSTATUS(status));
}
