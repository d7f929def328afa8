#ifndef SESSIONMAN_VTS_H
#define SESSIONMAN_VTS_H

#include <stdint.h>
#include <sys/types.h>

#include "devices.h"
#include "terminal.h"

#define VTS_MAX 16

/* A VT that a controller has: the kernel asks the keeper before anybody switches away from it. */
struct vt {
	/* 0: a free place */
	unsigned int number;
	struct terminal_state before;
	int fd;
};

struct vts {
	struct vt list[VTS_MAX];
	/* A file that says when the foreground changes; -1 without. */
	int changes;
	/* VTs that the daemon has yet to hear of as left, a bit for each. */
	uint64_t left;
};

/* For the start. */
void vts_open(struct vts *vts);

/* 0 if unknown. */
unsigned int vts_foreground(struct vts *vts);

/* 0 or an errno. */
int vt_take(struct vts *vts, unsigned int number, uid_t owner);

/* Puts it back, also one that is not held. If a switch away waits for it, that happens. */
void vt_release(struct vts *vts, struct devices *devices, unsigned int number);

/* How many were put back. */
int vts_release_all(struct vts *vts, struct devices *devices);

/* The kernel has asked for a switch away from the foreground, whose devices are muted first. 0, or
 * the VT to let go. */
unsigned int vts_mute(struct vts *vts, struct devices *devices);

/* When the daemon was told of that: nobody hears of the switch before whose devices are mute. */
void vts_let_go(struct vts *vts, unsigned int number);

/* The foreground has changed: what is live behind it is muted, if nobody asked before. */
void vts_moved(struct vts *vts, struct devices *devices);

#endif
