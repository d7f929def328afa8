/*
 * The records between keeper and daemon, fixed size, one per SOCK_SEQPACKET packet, host byte
 * order. daemon/src/kernel/keeper.ts is the other end.
 *
 * The daemon is started with these descriptors: 3 the channel, 4 the PAM listening socket, 5 the
 * control listening socket, 6 the instance lock, 7 the seatd listening socket and 8 the one of
 * io.systemd.Login, if there are any. It ends when the channel is at its end.
 *
 * Before it is started the channel has CHANNEL_HELD records in it. Every order that has an answer
 * gets a CHANNEL_DONE with its serial, in the order of the orders but for CHANNEL_EMPTY_DIRECTORY.
 */
#ifndef SESSIONMAN_CHANNEL_H
#define SESSIONMAN_CHANNEL_H

#include <stdint.h>

#define CHANNEL_FD 3
#define PAM_LISTEN_FD 4
#define CONTROL_LISTEN_FD 5
#define LOCK_FD 6
#define SEATD_LISTEN_FD 7
#define LOGIN_LISTEN_FD 8

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
	 * it cannot be started, why is said on stderr, and whoever is connected to the socket sees
	 * its end.
	 */
	CHANNEL_RUN = 4,
	/*
	 * daemon: open a device. value is the key by which it is known from now on: one that has
	 * the key already is closed. uid and gid are its major and minor number. text is four
	 * strings: drm, evdev, hidraw or render; the VT in whose foreground it may be live, 0 for
	 * any; 1 to make it live or 0 to mute it; its path. With the record comes a pidfd of the
	 * process that is killed if the device cannot be muted. The answer comes with the
	 * descriptor, and its uid is 1 if the device is live: a VT in the background or another
	 * master leave it muted.
	 */
	CHANNEL_DEVICE_OPEN = 5,
	/*
	 * daemon: mute the device with the key value. One that is mute stays so. One that cannot be
	 * muted is forgotten when its controller has been killed, and the answer is why.
	 */
	CHANNEL_DEVICE_PAUSE = 6,
	/*
	 * daemon: make it live. The answer comes with a descriptor: for drm and render of the same
	 * description as before, for the others of a new one. EBUSY: its VT is in the background.
	 */
	CHANNEL_DEVICE_RESUME = 7,
	/* daemon: mute it and forget it. A key that is not known is no error. */
	CHANNEL_DEVICE_CLOSE = 8,
	/*
	 * daemon: take the VT value for a controller whose uid comes with it: no keyboard, no text,
	 * the owner is the controller's user, and nobody switches away without the keeper.
	 */
	CHANNEL_VT_TAKE = 9,
	/* daemon: put the VT value back as it was; also one that is not known. No answer. */
	CHANNEL_VT_RELEASE = 10,
	/*
	 * keeper: somebody switches away from the VT value, and its devices are mute. It is sent
	 * before the switch; for a VT that is not taken soon after
	 */
	CHANNEL_VT_LEFT = 11,
	/* daemon: keep the connection that comes with it, as number value. No answer. */
	CHANNEL_KEEP = 12,
	/* daemon: close the connection number value. No answer. */
	CHANNEL_FORGET = 13,
	/*
	 * keeper: what it holds since before this daemon. value is a count, and text begins with as
	 * many items of the kind in uid. Several records of a kind may come; the last record is of
	 * the kind HELD_END, and its value is CHANNEL_VERSION.
	 */
	CHANNEL_HELD = 14,
	/*
	 * daemon: start a getty on the VT value. uid is 1 if it is to start also where somebody has
	 * the VT open. text is NUL-terminated strings and an empty one last: the directory of the
	 * control group it is born in ("-": the keeper's own), the program, its arguments. Where a
	 * getty of the keeper's runs already nothing happens. There is no other answer than its
	 * end.
	 */
	CHANNEL_GETTY_START = 15,
	/*
	 * keeper: the getty of the VT value has ended, with the wait status gid. uid is 0, or an
	 * errno and it was not started: EBUSY where somebody has the VT open.
	 */
	CHANNEL_GETTY_ENDED = 16,
	/*
	 * daemon: answer a request on the connection number value: uid bytes of what it has
	 * received are discarded, and the gid bytes that text begins with are sent, with the
	 * descriptor that comes along, if any. A daemon that is killed could do the one without the
	 * other. The answer is EAGAIN, with nothing done, if the peer takes no more.
	 */
	CHANNEL_ANSWER = 17,
};

enum held_kind {
	HELD_END = 0,
	HELD_DEVICES = 1,
	HELD_VTS = 2,
	/* The connections themselves come with the record. */
	HELD_CONNECTIONS = 3,
	HELD_GETTYS = 4,
};

struct held_device {
	uint32_t key;
	uint32_t live;
};

/* Held VTs, connections and gettys are a number each; a getty's is its VT. */

/*
 * The value of the record HELD_END. A daemon may be newer than the keeper that runs, and must not
 * order what that does not know. 1: gettys; 2: answers
 */
#define CHANNEL_VERSION 2

#define RUN_ARGUMENTS_MAX 32

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
