/*
 * One question to the daemon and its answer, under deadlines that no behaviour of the daemon can
 * extend. Runs in somebody else's program: leaves signals alone, and no fd but the lifetime fd
 * behind.
 */
#ifndef SESSIONMAN_CLIENT_H
#define SESSIONMAN_CLIENT_H

#include "wire.h"

struct client_limits {
	/* From the call to the first answer. */
	int64_t accept_ms;
	/* From one sign of life to the next, once the daemon has accepted. */
	int64_t silence_ms;
	/* The whole call. */
	int64_t total_ms;
	/* For a socket on which nobody listens: the keeper is being restarted. */
	int64_t refused_ms;
	/* How often a connection that the daemon closed unanswered is made anew, CLIENT_RETRIES at
	 * most. */
	int retries;
};

#define CLIENT_RETRIES 3

/* For opening a session, with the default accept_ms, and for closing one, where nothing is retried.
 */
extern const struct client_limits client_open_limits;
extern const struct client_limits client_close_limits;

enum client_phase { CLIENT_CONNECT, CLIENT_SEND, CLIENT_WAIT, CLIENT_READ };

struct client {
	/* Set by the caller. */
	const char *socket_path;
	const char *request;
	size_t request_size;
	struct client_limits limits;

	/* The answer. reply points into packet; with status opened the caller owns lifetime_fd,
	 * else it is -1. */
	struct reply reply;
	int lifetime_fd;
	char packet[WIRE_PACKET_MAX];

	/* How far it came, and where there is no answer, why: error is an errno value or 0. */
	enum client_phase phase;
	const char *reason;
	int error;
	int64_t elapsed_ms;

	/* Of no interest to the caller. */
	int64_t deadline;
	int64_t total_deadline;
	int64_t refused_deadline;
	bool accepted;
	int early_fd;
};

/*
 * Optional, before the request is there: connects if that needs no waiting, so that the daemon
 * looks at us while we collect what to ask. client_ask() then uses that connection. A caller that
 * does not come to ask calls client_cancel().
 */
void client_begin(struct client *client);
void client_cancel(struct client *client);

/* Returns whether there is a final answer. */
bool client_ask(struct client *client);

#endif
