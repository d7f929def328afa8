#include <stddef.h>
#include <unistd.h>

#include "kept.h"

void kept_drop(struct kept *kept, uint32_t number)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		struct kept_connection *each = &kept->list[i];
		if (!each->used || each->number != number)
			continue;
		close(each->fd);
		each->used = false;
	}
}

bool kept_add(struct kept *kept, uint32_t number, int fd)
{
	kept_drop(kept, number);
	for (int i = 0; i < KEPT_MAX; i++) {
		if (kept->list[i].used)
			continue;
		kept->list[i] = (struct kept_connection){.used = true, .number = number, .fd = fd};
		return true;
	}
	return false;
}
