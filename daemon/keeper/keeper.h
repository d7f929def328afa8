/*
 * What the parts of the keeper share. The keeper is single-threaded and takes no memory after its
 * start: everything lies in the one struct keeper of main.c. The guard reads it when the keeper is
 * killed, at whatever place: what is said there of a descriptor is true before it is given away,
 * and not said any more before it is closed.
 */
#ifndef SESSIONMAN_KEEPER_H
#define SESSIONMAN_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "devices.h"
#include "gettys.h"
#include "guard.h"
#include "kept.h"
#include "options.h"
#include "vts.h"

#define EXIT_MISUSE 100
#define EXIT_SYSTEM 111

/* Every removal is a process of its own; more than these at a time get EAGAIN. */
#define REMOVALS_MAX 16

/* A process that empties a directory on behalf of the daemon; pid 0 is a free place. */
struct removal {
	pid_t pid;
	uint32_t serial;
	/* CLOCK_MONOTONIC, ms */
	int64_t deadline;
	bool timed_out;
	/* The daemon that asked is gone, and its serials mean nothing to the next one. */
	bool unasked;
};

struct daemon {
	/* 0: not running, to be started at start_at */
	pid_t pid;
	/* our end of the channel, -1 once it is at its end */
	int channel;
	/* It has to read before it may ask for more. */
	bool behind;
	bool ready;
	/* SIGHUP came before the daemon could take it */
	bool reload_pending;
	/* Node is started without the flags that not every release knows */
	bool plain;
	/* CLOCK_MONOTONIC, ms; 0 is never */
	int64_t started_at;
	int64_t start_at;
	int64_t kill_at;
	int64_t next_delay;
};

struct keeper {
	struct options options;
	int pam_socket;
	int control_socket;
	/* -1: none */
	int seatd_socket;
	int login_socket;
	int lock;
	int signals;
	int ready_fd;
	bool stopping;
	struct daemon daemon;
	struct removal removals[REMOVALS_MAX];
	struct devices devices;
	struct vts vts;
	struct kept kept;
	struct gettys gettys;
	struct guard guard;
	/* our end of what sessionman-run's server listens to, -1: there is none */
	int runner;
	/* Files that it may have open, as it was started: what it starts gets that. */
	struct rlimit files;
};

#endif
