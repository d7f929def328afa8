#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "controller.h"
#include "devices.h"
#include "log.h"

/* For the ends of all whose devices could not be muted at a time. */
#define END_WAIT_MS 200

static struct device *find(struct devices *devices, uint32_t key)
{
	for (int i = 0; i < DEVICES_MAX; i++) {
		if (devices->list[i].used && devices->list[i].key == key)
			return &devices->list[i];
	}
	return NULL;
}

const struct device *device_find(const struct devices *devices, uint32_t key)
{
	return find((struct devices *)devices, key);
}

static struct device *free_place(struct devices *devices)
{
	for (int i = 0; i < DEVICES_MAX; i++) {
		if (!devices->list[i].used)
			return &devices->list[i];
	}
	return NULL;
}

static void forget(struct device *device)
{
	device->used = false;
	atomic_signal_fence(memory_order_seq_cst);
	close(device->fd);
	close(device->controller);
}

/* Whose device cannot be taken away must not live on when somebody else has the screen. */
static int mute(struct device *device)
{
	int error = device->live ? device_mute(device->fd, device->kind) : 0;

	if (error == 0) {
		device->live = false;
		return 0;
	}
	log_line("mute %s device %u:%u: %s; its controller is killed",
		device_kind_name(device->kind), major(device->number), minor(device->number),
		strerror(error));
	controller_kill(device->controller);
	device->doomed = true;
	return error;
}

static void bury(struct device *device, int64_t deadline)
{
	controller_await_end(device->controller, deadline);
	forget(device);
}

/* With a deadline for all, because one of them may have a device of the same kind many times. */
static void bury_doomed(struct devices *devices)
{
	int64_t deadline = now_ms() + END_WAIT_MS;

	for (int i = 0; i < DEVICES_MAX; i++) {
		if (devices->list[i].used && devices->list[i].doomed)
			bury(&devices->list[i], deadline);
	}
}

static int mute_one(struct device *device)
{
	int error = mute(device);

	if (error != 0)
		bury(device, now_ms() + END_WAIT_MS);
	return error;
}

static bool may_be_live(unsigned int vt, unsigned int foreground)
{
	return vt == 0 || vt == foreground;
}

/*
 * A controller that was master once may make itself the master again while there is none, and keep
 * out the one whose turn it is.
 */
static int take_master(const struct devices *devices, int fd, dev_t number)
{
	int error = device_set_master(fd);

	if (error != EBUSY && error != EINVAL)
		return error;
	for (int i = 0; i < DEVICES_MAX; i++) {
		const struct device *other = &devices->list[i];
		if (other->used && !other->live && other->kind == DEVICE_DRM &&
			other->number == number && other->fd != fd)
			device_mute(other->fd, DEVICE_DRM);
	}
	return device_set_master(fd);
}

/* 1 if the new description is live, 0 if it is mute, or a negative errno. */
static int settle(
	const struct devices *devices, const struct device_order *order, int fd, bool live)
{
	if (live && order->kind == DEVICE_DRM) {
		int error = take_master(devices, fd, order->number);
		/* Somebody else is the master. */
		if (error != 0 && error != EINVAL && error != EBUSY && error != EACCES)
			return -error;
		live = error == 0;
	}
	return live ? 1 : -device_mute(fd, order->kind);
}

int device_take(struct devices *devices, const struct device_order *order, int controller,
	unsigned int foreground)
{
	device_release(devices, order->key);
	struct device *place = free_place(devices);
	if (place == NULL)
		return EMFILE;
	int fd = device_open(order->path, order->number, order->kind);
	if (fd < 0)
		return errno;
	int live = settle(devices, order, fd, order->live && may_be_live(order->vt, foreground));
	if (live < 0) {
		close(fd);
		return -live;
	}
	*place = (struct device){
		.live = live == 1,
		.kind = order->kind,
		.vt = order->vt,
		.key = order->key,
		.number = order->number,
		.fd = fd,
		.controller = controller,
	};
	atomic_signal_fence(memory_order_seq_cst);
	place->used = true;
	return 0;
}

int device_pause(struct devices *devices, uint32_t key)
{
	struct device *device = find(devices, key);

	return device == NULL ? ENOENT : mute_one(device);
}

static int revive(struct devices *devices, struct device *device)
{
	if (device->kind == DEVICE_RENDER)
		return 0;
	if (device->kind == DEVICE_DRM)
		return take_master(devices, device->fd, device->number);
	int fd = device_open_again(device->fd);
	if (fd < 0)
		return errno;
	int dead = device->fd;
	device->fd = fd;
	if (!spent_keep(&devices->spent, dead))
		close(dead);
	return 0;
}

int device_resume(struct devices *devices, uint32_t key, unsigned int foreground)
{
	struct device *device = find(devices, key);

	if (device == NULL)
		return ENOENT;
	if (!may_be_live(device->vt, foreground))
		return EBUSY;
	if (device->live)
		return 0;
	/* Before it is: who has the card has it at once. */
	device->live = true;
	int error = revive(devices, device);
	device->live = error == 0;
	return error;
}

int device_release(struct devices *devices, uint32_t key)
{
	struct device *device = find(devices, key);

	if (device == NULL)
		return 0;
	int error = mute_one(device);
	if (error == 0)
		forget(device);
	return error;
}

/* Mutes those on the VTs of the mask; bit 0 stands for those that depend on none. */
static uint64_t mute_where(struct devices *devices, uint64_t vts)
{
	uint64_t muted = 0;

	for (int i = 0; i < DEVICES_MAX; i++) {
		struct device *device = &devices->list[i];
		if (!device->used || !device->live || (vts >> device->vt & 1) == 0)
			continue;
		muted |= UINT64_C(1) << device->vt;
		mute(device);
	}
	bury_doomed(devices);
	return muted;
}

uint64_t devices_mute_vt(struct devices *devices, unsigned int vt)
{
	return mute_where(devices, UINT64_C(1) << vt);
}

uint64_t devices_mute_background(struct devices *devices, unsigned int foreground)
{
	return mute_where(devices, ~(UINT64_C(1) << foreground | 1));
}

void devices_mute_all(struct devices *devices)
{
	mute_where(devices, ~UINT64_C(0));
}
