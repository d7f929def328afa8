#ifndef SESSIONMAN_DEVICE_H
#define SESSIONMAN_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

/* How a device is taken away from whoever has it open. */
enum device_kind {
	/* The card's master may draw; the others look on. */
	DEVICE_DRM,
	/* Revoked for ever: who comes back gets a new descriptor. */
	DEVICE_EVDEV,
	DEVICE_HIDRAW,
	/* Shows nothing and tells nothing of others: stays as it is. */
	DEVICE_RENDER,
};

bool device_kind_named(const char *name, enum device_kind *kind);

/* Its name in the log. */
const char *device_kind_name(enum device_kind kind);

/* Of exactly that character device, or -1 with errno; ENODEV if the path is of another one. */
int device_open(const char *path, dev_t number, enum device_kind kind);

/* A new description of the same node, or -1 with errno. */
int device_open_again(int fd);

/* A mute one stays mute, and one that has been unplugged is mute. 0 or an errno. */
int device_mute(int fd, enum device_kind kind);

/* For kinds that keep their description; 0 or an errno. */
int device_set_master(int fd);

#endif
