/* What PAM and the system's user database know about a login. Facts only; the daemon decides. */
#ifndef SESSIONMAN_REQUEST_H
#define SESSIONMAN_REQUEST_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "arguments.h"
#include "wire.h"

/* request points into this record, into PAM's and into the arguments: valid until
 * request_release(). */
struct login {
	struct request request;
	uid_t uid;
	char nonce[33];
	char uid_text[11];
	char gid_text[11];
	char limits[512];
	char *groups;
};

/* Returns NULL, or what went wrong; errno is then its cause or 0. Release it in both cases. */
const char *request_collect(
	pam_handle_t *pamh, const struct arguments *arguments, struct login *login);

void request_release(struct login *login);

#endif
