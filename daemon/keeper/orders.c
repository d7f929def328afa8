#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "log.h"
#include "orders.h"
#include "records.h"

enum { KIND, VT, LIVE, PATH, WORDS };

/* The strings of the record's text; false if one has no end. */
static bool split(const struct channel_record *record, const char *words[WORDS])
{
	const char *at = record->text;
	const char *end = record->text + sizeof(record->text);

	for (int i = 0; i < WORDS; i++) {
		if (at == end)
			return false;
		words[i] = at;
		size_t len = strnlen(at, (size_t)(end - at));
		if (at + len == end)
			return false;
		at += len + 1;
	}
	return true;
}

/* From 0 to VT_LAST, or -1. */
static int parse_vt(const char *word)
{
	size_t len = strspn(word, "0123456789");

	if (len < 1 || len > 2 || word[len] != '\0')
		return -1;
	int vt = atoi(word);
	return vt <= VT_LAST ? vt : -1;
}

static bool parse_order(const struct channel_record *record, struct device_order *order)
{
	const char *words[WORDS];

	if (!split(record, words))
		return false;
	int vt = parse_vt(words[VT]);
	bool live = strcmp(words[LIVE], "1") == 0;
	*order = (struct device_order){
		.live = live,
		.vt = (unsigned int)vt,
		.key = (uint32_t)record->value,
		.number = makedev(record->uid, record->gid),
		.path = words[PATH],
	};
	return vt >= 0 && device_kind_named(words[KIND], &order->kind) &&
	       (live || strcmp(words[LIVE], "0") == 0) && words[PATH][0] == '/';
}

/* With the device's descriptor, if the order was carried out. */
static void answer(struct keeper *keeper, const struct channel_record *record, int error)
{
	const struct device *device = device_find(&keeper->devices, (uint32_t)record->value);
	struct channel_record done = {.op = CHANNEL_DONE, .serial = record->serial, .value = error};

	if (error == 0 && device == NULL)
		done.value = ENOENT;
	else if (error == 0)
		done.uid = device->live;
	if (done.value == 0)
		channel_send(keeper, &done, &device->fd, 1);
	else
		channel_send(keeper, &done, NULL, 0);
}

static void open_device(struct keeper *keeper, const struct channel_record *record, int *pidfd)
{
	struct device_order order;

	if (*pidfd < 0 || !parse_order(record, &order)) {
		log_line("the daemon sent a malformed order to open a device, refused");
		channel_done(keeper, record->serial, EINVAL);
		return;
	}
	guard_start(keeper);
	unsigned int foreground = order.vt == 0 ? 0 : vts_foreground(&keeper->vts);
	int error = device_take(&keeper->devices, &order, *pidfd, foreground);
	if (error == 0)
		*pidfd = -1;
	answer(keeper, record, error);
}

static void keep(struct keeper *keeper, const struct channel_record *record, int *fd)
{
	if (*fd < 0)
		log_line("the daemon sent no connection to keep");
	else if (kept_add(&keeper->kept, (uint32_t)record->value, *fd))
		*fd = -1;
	else
		log_line("no place to keep connection %d", record->value);
}

static void reply(struct keeper *keeper, const struct channel_record *record, int fd)
{
	const struct kept_answer answer = {
		.request = record->uid,
		.bytes = record->text,
		.size = record->gid,
		.fd = fd,
	};
	int error = record->gid < sizeof(record->text)
			    ? kept_reply(&keeper->kept, (uint32_t)record->value, &answer)
			    : EINVAL;

	channel_done(keeper, record->serial, error);
}

/* A number that is out of range is no VT. */
static unsigned int vt_of(const struct channel_record *record)
{
	return record->value > 0 ? (unsigned int)record->value : 0;
}

bool order_take(struct keeper *keeper, const struct channel_record *record, int *fd)
{
	struct devices *devices = &keeper->devices;
	struct vts *vts = &keeper->vts;
	uint32_t key = (uint32_t)record->value;
	uint32_t serial = record->serial;

	switch (record->op) {
	case CHANNEL_DEVICE_OPEN:
		open_device(keeper, record, fd);
		break;
	case CHANNEL_DEVICE_PAUSE:
		channel_done(keeper, serial, device_pause(devices, key));
		break;
	case CHANNEL_DEVICE_RESUME:
		answer(keeper, record, device_resume(devices, key, vts_foreground(vts)));
		guard_tell_spent(keeper);
		break;
	case CHANNEL_DEVICE_CLOSE:
		channel_done(keeper, serial, device_release(devices, key));
		break;
	case CHANNEL_VT_TAKE:
		guard_start(keeper);
		channel_done(keeper, serial, vt_take(vts, vt_of(record), record->uid));
		break;
	case CHANNEL_VT_RELEASE:
		vt_release(vts, devices, vt_of(record));
		break;
	case CHANNEL_GETTY_START:
		getty_start(keeper, record);
		break;
	case CHANNEL_KEEP:
		keep(keeper, record, fd);
		break;
	case CHANNEL_ANSWER:
		reply(keeper, record, *fd);
		break;
	case CHANNEL_FORGET:
		kept_drop(&keeper->kept, key);
		break;
	default:
		return false;
	}
	return true;
}
