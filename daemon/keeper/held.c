#include <stddef.h>
#include <string.h>

#include "channel.h"
#include "held.h"
#include "records.h"

#define DEVICES_PER_RECORD (sizeof(((struct channel_record *)0)->text) / sizeof(struct held_device))

static void tell_devices(const struct devices *devices, int channel)
{
	struct channel_record record = {.op = CHANNEL_HELD, .uid = HELD_DEVICES};

	for (int i = 0; i < DEVICES_MAX; i++) {
		const struct device *device = &devices->list[i];
		if (!device->used)
			continue;
		struct held_device item = {.key = device->key, .live = device->live};
		memcpy(record.text + (size_t)record.value * sizeof(item), &item, sizeof(item));
		if (++record.value < (int32_t)DEVICES_PER_RECORD)
			continue;
		record_send(channel, &record, NULL, 0);
		record.value = 0;
	}
	if (record.value > 0)
		record_send(channel, &record, NULL, 0);
}

static void tell_vts(const struct vts *vts, int channel)
{
	struct channel_record record = {.op = CHANNEL_HELD, .uid = HELD_VTS};

	for (int i = 0; i < VTS_MAX; i++) {
		uint32_t number = vts->list[i].number;
		if (number != 0)
			memcpy(record.text + (size_t)record.value++ * sizeof(number), &number,
				sizeof(number));
	}
	if (record.value > 0)
		record_send(channel, &record, NULL, 0);
}

static void tell_gettys(const struct gettys *gettys, int channel)
{
	struct channel_record record = {.op = CHANNEL_HELD, .uid = HELD_GETTYS};

	for (uint32_t vt = 1; vt <= VT_LAST; vt++) {
		if (getty_is_known(&gettys->list[vt]))
			memcpy(record.text + (size_t)record.value++ * sizeof(vt), &vt, sizeof(vt));
	}
	if (record.value > 0)
		record_send(channel, &record, NULL, 0);
}

static void tell_connections(const struct kept *kept, int channel)
{
	struct channel_record record = {.op = CHANNEL_HELD, .uid = HELD_CONNECTIONS};
	int fds[KEPT_MAX];

	for (int i = 0; i < KEPT_MAX; i++) {
		const struct kept_connection *each = &kept->list[i];
		if (!each->used)
			continue;
		memcpy(record.text + (size_t)record.value * sizeof(each->number), &each->number,
			sizeof(each->number));
		fds[record.value++] = each->fd;
	}
	if (record.value > 0)
		record_send(channel, &record, fds, (size_t)record.value);
}

void held_tell(struct keeper *keeper, int channel)
{
	const struct channel_record end = {
		.op = CHANNEL_HELD, .value = CHANNEL_VERSION, .uid = HELD_END};

	tell_devices(&keeper->devices, channel);
	tell_vts(&keeper->vts, channel);
	tell_gettys(&keeper->gettys, channel);
	tell_connections(&keeper->kept, channel);
	record_send(channel, &end, NULL, 0);
	/* What is mute is told as such. */
	keeper->vts.left = 0;
}
