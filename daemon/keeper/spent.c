#include <unistd.h>

#include "log.h"
#include "spent.h"

/* A client that hears that it has its devices back closes the old descriptors at once. */
#define KEEP_MS 2000

bool spent_keep(struct spent *spent, int fd)
{
	unsigned int place = spent->next;

	if (atomic_load(&spent->list[place].taken) != 0)
		return false;
	spent->next = (place + 1) % SPENT_MAX;
	spent->list[place].due = now_ms() + KEEP_MS;
	atomic_store(&spent->list[place].taken, fd + 1);
	if (atomic_fetch_add(&spent->count, 1) == 0)
		spent->unheard = true;
	return true;
}

int spent_close_one(struct spent *spent)
{
	int64_t now = now_ms();
	int64_t wait = -1;

	for (int i = 0; i < SPENT_MAX; i++) {
		if (atomic_load(&spent->list[i].taken) == 0)
			continue;
		int64_t left = spent->list[i].due - now;
		if (left <= 0) {
			/* First: a guard that is killed must not leave a number that is somebody
			 * else's. */
			close(atomic_exchange(&spent->list[i].taken, 0) - 1);
			atomic_fetch_sub(&spent->count, 1);
			return 0;
		}
		if (wait < 0 || left < wait)
			wait = left;
	}
	return (int)wait;
}
