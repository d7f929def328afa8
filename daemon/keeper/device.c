#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"

/* Older headers do not have the one, libdrm has the others. */
#define REVOKE_HIDRAW _IOW('H', 0x0D, int)
#define SET_MASTER _IO('d', 0x1e)
#define DROP_MASTER _IO('d', 0x1f)

#define OPEN_FLAGS (O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static const char *const names[] = {
	[DEVICE_DRM] = "drm",
	[DEVICE_EVDEV] = "evdev",
	[DEVICE_HIDRAW] = "hidraw",
	[DEVICE_RENDER] = "render",
};

bool device_kind_named(const char *name, enum device_kind *kind)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*kind = (enum device_kind)i;
			return true;
		}
	}
	return false;
}

const char *device_kind_name(enum device_kind kind)
{
	return names[kind];
}

static int close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/*
 * A kernel that cannot revoke a hidraw (before 6.12) must not give one away: the switch that has to
 * take it back would cost the controller its life. Asking spends the description.
 */
static int with_revocation(int fd)
{
	if (ioctl(fd, REVOKE_HIDRAW, NULL) < 0)
		return close_with(fd, errno == ENOTTY || errno == EINVAL ? EOPNOTSUPP : errno);
	int fresh = device_open_again(fd);
	close_with(fd, errno);
	return fresh;
}

int device_open(const char *path, dev_t number, enum device_kind kind)
{
	struct stat st;
	int fd = open(path, OPEN_FLAGS | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return close_with(fd, errno);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != number)
		return close_with(fd, ENODEV);
	return kind == DEVICE_HIDRAW ? with_revocation(fd) : fd;
}

int device_open_again(int fd)
{
	char path[sizeof("/proc/self/fd/") + 10];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, OPEN_FLAGS);
}

int device_mute(int fd, enum device_kind kind)
{
	int result = 0;

	switch (kind) {
	case DEVICE_DRM:
		result = ioctl(fd, DROP_MASTER);
		break;
	case DEVICE_EVDEV:
		result = ioctl(fd, EVIOCREVOKE, NULL);
		break;
	case DEVICE_HIDRAW:
		result = ioctl(fd, REVOKE_HIDRAW, NULL);
		break;
	case DEVICE_RENDER:
		break;
	}
	/* ENODEV: unplugged, or revoked before. */
	if (result == 0 || errno == ENODEV)
		return 0;
	/* Somebody else is the master, or nobody. */
	return kind == DEVICE_DRM && errno == EINVAL ? 0 : errno;
}

int device_set_master(int fd)
{
	return ioctl(fd, SET_MASTER) == 0 ? 0 : errno;
}
