/* The module's arguments. Knows nothing of PAM. */
#ifndef SESSIONMAN_ARGUMENTS_H
#define SESSIONMAN_ARGUMENTS_H

#include <stdbool.h>

#ifndef ARGUMENTS_SOCKET
#define ARGUMENTS_SOCKET "/run/sessionman/pam.sock"
#endif
#define ARGUMENTS_TIMEOUT_S 10
#define ARGUMENTS_TIMEOUT_MAX_S 90

/* The strings belong to whoever calls the module. */
struct arguments {
	const char *type;
	const char *class;
	const char *desktop;
	const char *socket_path;
	int timeout_s;
	bool debug;
	/* Whether a login without a session is a failure. */
	bool fail_without_session;
};

enum argument_verdict { ARGUMENT_TAKEN, ARGUMENT_BAD_VALUE, ARGUMENT_UNKNOWN };

void arguments_default(struct arguments *arguments);

/* Takes one argument; one that is not taken changes nothing. */
enum argument_verdict arguments_take(struct arguments *arguments, const char *text);

#endif
