#ifndef SESSIONMAN_DEVICES_H
#define SESSIONMAN_DEVICES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"
#include "spent.h"

#define DEVICES_MAX 512
#define VT_LAST 63

/* A device that is open for a controller. */
struct device {
	/* Otherwise a free place. */
	bool used;
	bool live;
	/* It could not be muted: it is forgotten when its controller has ended. */
	bool doomed;
	enum device_kind kind;
	/* In whose foreground alone it may be live; 0: it does not depend on one. */
	unsigned int vt;
	uint32_t key;
	dev_t number;
	int fd;
	/* A pidfd. */
	int controller;
};

struct devices {
	struct device list[DEVICES_MAX];
	struct spent spent;
};

/* What the daemon asks for; the path is its own memory. */
struct device_order {
	enum device_kind kind;
	bool live;
	unsigned int vt;
	uint32_t key;
	dev_t number;
	const char *path;
};

/*
 * Takes the controller's pidfd over when it succeeds. foreground: the VT there, 0 if unknown. 0 or
 * an errno.
 */
int device_take(struct devices *devices, const struct device_order *order, int controller,
	unsigned int foreground);

int device_pause(struct devices *devices, uint32_t key);
int device_resume(struct devices *devices, uint32_t key, unsigned int foreground);
int device_release(struct devices *devices, uint32_t key);

/* NULL if there is none with that key. */
const struct device *device_find(const struct devices *devices, uint32_t key);

/* Each returns the VTs whose devices were live until now, a bit for each. */
uint64_t devices_mute_vt(struct devices *devices, unsigned int vt);
uint64_t devices_mute_background(struct devices *devices, unsigned int foreground);

/* Those that depend on no VT, too. */
void devices_mute_all(struct devices *devices);

#endif
