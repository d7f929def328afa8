/*
 * The records between keeper and daemon, fixed size, one per SOCK_SEQPACKET packet, host byte
 * order. daemon/src/kernel/keeper.ts is the other end.
 *
 * The daemon is started with these descriptors: 3 the channel, 4 the PAM listening socket, 5 the
 * control listening socket, 6 the instance lock. It ends when the channel is at its end.
 */
#ifndef SESSIONMAN_CHANNEL_H
#define SESSIONMAN_CHANNEL_H

#include <stdint.h>

#define CHANNEL_FD 3
#define PAM_LISTEN_FD 4
#define CONTROL_LISTEN_FD 5
#define LOCK_FD 6

enum channel_op {
	/* daemon: logins are accepted from now on */
	CHANNEL_READY = 1,
	/*
	 * daemon: as uid and gid, empty the directory text (never crossing a mount point or
	 * symbolic link)
	 */
	CHANNEL_EMPTY_DIRECTORY = 2,
	/* keeper: the operation with this serial has ended; value is 0 or an errno */
	CHANNEL_DONE = 3,
	/*
	 * daemon: start sessionman-run. text is NUL-terminated strings and an empty one last: the
	 * directory of the control group it is born in ("-": the keeper's own), then its arguments,
	 * at most RUN_ARGUMENTS_MAX. With the record comes one descriptor, by SCM_RIGHTS: a
	 * listening socket, which becomes descriptor 3 of sessionman-run. There is no answer: when
	 * it cannot be started, the keeper says why on stderr, and whoever is connected to the
	 * socket sees its end.
	 */
	CHANNEL_RUN = 4,
};

#define RUN_ARGUMENTS_MAX 32
#define RUN_LISTEN_FD 3

struct channel_record {
	uint32_t op;
	uint32_t serial;
	int32_t value;
	uint32_t uid;
	uint32_t gid;
	char text[2028]; /* NUL-terminated */
};

_Static_assert(sizeof(struct channel_record) == 2048, "the other end counts on it");

#endif
