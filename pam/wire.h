/*
 * The packets between pam_sessionman and the daemon. This comment is the format's specification;
 * daemon/src/pam-socket/codec.ts is the other end, test/vectors/ holds bytes that both must agree
 * on.
 *
 * Transport: a SOCK_SEQPACKET Unix socket, one request per connection. A packet is at most
 * WIRE_PACKET_MAX bytes: the line "sessionman 1\n" (1 is the protocol version), then at most
 * WIRE_FIELDS_MAX fields "KEY=value", each ended by a NUL byte. A key is [A-Z][A-Z_]*, at most once
 * per packet; a value is at most WIRE_VALUE_MAX bytes (USER: WIRE_USER_MAX; TTY and ENV_SEAT:
 * WIRE_NAME_MAX; GROUPS: the packet's size) of UTF-8 without control characters (U+0000 to U+001F,
 * U+007F to U+009F). Unknown keys are skipped, so that either end may be newer. Empty values are
 * not sent in requests, and a value that the system holds but that breaks these rules is left out.
 *
 * Request, OP=open:
 *   NONCE     32 hex digits, the same in a retry: the daemon answers a retry with the same session
 *   USER UID GID   the PAM user as the system's user database knows it; decimal ids
 *   GROUPS    supplementary group ids, decimal, separated by commas
 *   SERVICE TTY DISPLAY RHOST RUSER          PAM items (DISPLAY is PAM_XDISPLAY)
 *   ARG_TYPE ARG_CLASS ARG_DESKTOP           the module's arguments
 *   ENV_TYPE ENV_CLASS ENV_DESKTOP ENV_SEAT ENV_VTNR ENV_INCOMPLETE
 *             the PAM environment's XDG_SESSION_TYPE, XDG_SESSION_CLASS, XDG_SESSION_DESKTOP,
 *             XDG_SEAT, XDG_VTNR, XDG_SESSION_INCOMPLETE; hints, never facts
 *   LIMITS    "NAME=VALUE;NAME=VALUE", what other modules left as PAM data named systemd.NAME:
 *             memory_max, tasks_max, cpu_weight, io_weight, runtime_max_sec. "?" stands for a value
 *             of more than WIRE_LIMIT_MAX bytes, or not of printable ASCII without semicolons
 * Request, OP=close:
 *   ID        the session to end; the sender must be its leader
 *
 * Reply, first field STATUS:
 *   accepted  the request is being worked on; sent again every 2 s until the final reply
 *   opened    the packet carries one fd, the write end of the session's lifetime FIFO
 *   existing  the caller is inside a session already; no fd
 *   none      no session is wanted for this login (class none); no fd
 *   closed    answer to close
 *   refused   with ERROR (busy, limits, invalid, version, failed) and MESSAGE, one printable line
 * opened and existing carry the environment, one field per variable, named as the variable; only
 * the names of wire_environment[] are ever taken. An empty value means: set the variable to the
 * empty string, because the inherited one belongs to somebody else.
 */
#ifndef SESSIONMAN_WIRE_H
#define SESSIONMAN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION_LINE "sessionman 1\n"
#define WIRE_PACKET_MAX 16384
#define WIRE_VALUE_MAX 1024
#define WIRE_USER_MAX 256
#define WIRE_NAME_MAX 64
#define WIRE_LIMIT_MAX 64
#define WIRE_FIELDS_MAX 24

/* GROUPS is last: a user in very many groups must not push out anything else. */
enum request_field {
	REQUEST_OP,
	REQUEST_NONCE,
	REQUEST_ID,
	REQUEST_USER,
	REQUEST_UID,
	REQUEST_GID,
	REQUEST_SERVICE,
	REQUEST_TTY,
	REQUEST_DISPLAY,
	REQUEST_RHOST,
	REQUEST_RUSER,
	REQUEST_ARG_TYPE,
	REQUEST_ARG_CLASS,
	REQUEST_ARG_DESKTOP,
	REQUEST_ENV_TYPE,
	REQUEST_ENV_CLASS,
	REQUEST_ENV_DESKTOP,
	REQUEST_ENV_SEAT,
	REQUEST_ENV_VTNR,
	REQUEST_ENV_INCOMPLETE,
	REQUEST_LIMITS,
	REQUEST_GROUPS,
	REQUEST_FIELDS
};

/* The strings belong to whoever filled the request in; NULL and "" are not sent. */
struct request {
	const char *value[REQUEST_FIELDS];
};

enum reply_status {
	REPLY_ACCEPTED,
	REPLY_OPENED,
	REPLY_EXISTING,
	REPLY_NONE,
	REPLY_CLOSED,
	REPLY_REFUSED
};

enum wire_variable {
	WIRE_XDG_SESSION_ID,
	WIRE_XDG_SESSION_TYPE,
	WIRE_XDG_SESSION_CLASS,
	WIRE_XDG_SESSION_DESKTOP,
	WIRE_XDG_SEAT,
	WIRE_XDG_VTNR,
	WIRE_XDG_RUNTIME_DIR,
	WIRE_DBUS_SESSION_BUS_ADDRESS,
	WIRE_VARIABLES
};

/* Points into the packet that was decoded. error and message are set exactly when status is
 * refused. */
struct reply {
	enum reply_status status;
	const char *error;
	const char *message;
	/* The value, or NULL where the packet does not name the variable. */
	const char *environment[WIRE_VARIABLES];
};

enum wire_verdict { WIRE_VALID, WIRE_VIOLATION, WIRE_OTHER_VERSION };

extern const char *const wire_request_key[REQUEST_FIELDS];
extern const char *const wire_environment[WIRE_VARIABLES];

/*
 * Writes the request to a packet of WIRE_PACKET_MAX bytes and returns its size. Fields that break
 * the format's rules or find no room are left out, their bits (1 << enum request_field) are set in
 * *left_out; 0 is returned where such a field is one that no request can go without.
 */
size_t wire_encode(const struct request *request, char *packet, uint32_t *left_out);

enum wire_verdict wire_decode(const char *packet, size_t size, struct reply *reply);

#endif
