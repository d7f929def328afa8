#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept.h"
#include "records.h"

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

static int find(const struct kept *kept, uint32_t number)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		if (kept->list[i].used && kept->list[i].number == number)
			return kept->list[i].fd;
	}
	return -1;
}

static bool takes_more(int connection)
{
	struct pollfd fd = {.fd = connection, .events = POLLOUT};

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0;
}

/* Descriptors that came with the bytes make the kernel give fewer at a time than there are. */
static void discard(int connection, size_t count)
{
	char bytes[512];

	while (count > 0) {
		size_t size = count < sizeof(bytes) ? count : sizeof(bytes);
		ssize_t len = recv(connection, bytes, size, MSG_DONTWAIT);
		if (len <= 0)
			return;
		count -= (size_t)len;
	}
}

int kept_reply(const struct kept *kept, uint32_t number, const struct kept_answer *answer)
{
	int connection = find(kept, number);

	if (connection < 0)
		return ENOENT;
	if (!takes_more(connection))
		return EAGAIN;
	/* First: the peer wakes up with what is sent, and may ask again. */
	discard(connection, answer->request);
	ssize_t len = send_with_fds(
		connection, answer->bytes, answer->size, &answer->fd, answer->fd >= 0 ? 1 : 0);
	if (len < 0)
		return errno == EAGAIN ? EPIPE : errno;
	return (size_t)len == answer->size ? 0 : EPIPE;
}
