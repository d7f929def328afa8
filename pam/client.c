#include "client.h"
#include "deadline.h"
#include "fd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FULL_QUEUE_PAUSE_MS 10
#define REFUSED_PAUSE_MS 50

const struct client_limits client_open_limits = {
	.accept_ms = 10000,
	.silence_ms = 6000,
	.total_ms = 90000,
	.refused_ms = 3000,
	.retries = CLIENT_RETRIES,
};

const struct client_limits client_close_limits = {
	.accept_ms = 3000,
	.silence_ms = 3000,
	.total_ms = 3000,
};

static const int64_t retry_pause_ms[CLIENT_RETRIES] = {100, 500, 1000};

enum outcome { ANSWERED, HUNG_UP, FAILED };

static enum outcome fail(struct client *client, const char *reason, int error)
{
	client->reason = reason;
	client->error = error;
	return FAILED;
}

/* What to do about a connect() that failed: try again, or give up. */
static enum outcome connect_again(struct client *client, int error)
{
	if (error == EINTR)
		return ANSWERED;
	if (error == EAGAIN) {
		if (pause_before(client->deadline, FULL_QUEUE_PAUSE_MS))
			return ANSWERED;
		return fail(client, "takes no more connections", 0);
	}
	if (error == ECONNREFUSED) {
		int64_t deadline;

		if (client->refused_deadline == 0)
			client->refused_deadline = now_ms() + client->limits.refused_ms;
		deadline = client->refused_deadline < client->deadline ? client->refused_deadline
								       : client->deadline;
		if (pause_before(deadline, REFUSED_PAUSE_MS))
			return ANSWERED;
		return fail(client, "is not running: nobody listens", 0);
	}
	if (error == ENOENT)
		return fail(client, "is not running: there is no socket", 0);
	return fail(client, "cannot be reached", error);
}

static bool socket_address(const struct client *client, struct sockaddr_un *address)
{
	size_t size = strlen(client->socket_path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (size >= sizeof(address->sun_path))
		return false;
	memcpy(address->sun_path, client->socket_path, size);
	return true;
}

static enum outcome connect_socket(struct client *client, int fd)
{
	struct sockaddr_un address;

	if (!socket_address(client, &address))
		return fail(client, "cannot be reached", ENAMETOOLONG);
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
		errno != EISCONN) {
		enum outcome outcome = connect_again(client, errno);
		if (outcome != ANSWERED)
			return outcome;
	}
	return ANSWERED;
}

/* False where the deadline came first. What happened, the next call on the socket says. */
static bool wait_for(struct client *client, int fd, short events)
{
	for (;;) {
		struct pollfd entry = {.fd = fd, .events = events};
		int64_t now = now_ms();
		int64_t left = client->deadline > now ? client->deadline - now : 0;

		if (now >= client->total_deadline)
			return false;
		int ready = poll(&entry, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready == 0 && left == 0)
			return false;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool is_hang_up(int error)
{
	return error == EPIPE || error == ECONNRESET;
}

static enum outcome send_request(struct client *client, int fd)
{
	client->phase = CLIENT_SEND;
	while (send(fd, client->request, client->request_size, MSG_NOSIGNAL) < 0) {
		if (is_hang_up(errno))
			return HUNG_UP;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(client, "cannot be sent to", errno);
		if (!wait_for(client, fd, POLLOUT))
			return fail(client, "did not take the request", 0);
	}
	return ANSWERED;
}

/* Receives one packet; the fd that came with it is the caller's, whatever the outcome. */
static enum outcome receive(struct client *client, int socket, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = client->packet, .iov_len = sizeof(client->packet)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t size;

	*fd = -1;
	do
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size < 0 && is_hang_up(errno))
		return HUNG_UP;
	if (size < 0)
		return fail(client, "cannot be read from", errno);
	*fd = fd_take(&message);
	if (size == 0)
		return HUNG_UP;
	client->phase = CLIENT_READ;
	if ((message.msg_flags & MSG_TRUNC) != 0)
		return fail(client, "sent a packet that is too long", 0);
	if ((message.msg_flags & MSG_CTRUNC) != 0)
		return fail(client, "sent a lifetime fd for which there is no room", EMFILE);
	switch (wire_decode(client->packet, (size_t)size, &client->reply)) {
	case WIRE_VALID:
		return ANSWERED;
	case WIRE_OTHER_VERSION:
		return fail(client, "speaks another version of the protocol", 0);
	default:
		return fail(client, "sent what is not an answer", 0);
	}
}

static enum outcome take_lifetime_fd(struct client *client, int fd)
{
	if (client->reply.status != REPLY_OPENED) {
		if (fd >= 0)
			close(fd);
		return ANSWERED;
	}
	if (fd < 0)
		return fail(client, "opened a session without a lifetime fd", 0);
	if (!fd_is_fifo_for_writing(fd)) {
		close(fd);
		return fail(client, "sent a lifetime fd that is no FIFO open for writing", 0);
	}
	client->lifetime_fd = fd_above_stdio(fd);
	if (client->lifetime_fd < 0)
		return fail(client, "sent a lifetime fd that cannot be kept", errno);
	return ANSWERED;
}

/* Everything waits until then at most, and never beyond the end of the whole call. */
static void set_deadline(struct client *client, int64_t ms)
{
	int64_t deadline = now_ms() + ms;

	client->deadline = deadline < client->total_deadline ? deadline : client->total_deadline;
}

static enum outcome await_answer(struct client *client, int socket)
{
	for (;;) {
		int fd;
		enum outcome outcome;

		client->phase = CLIENT_WAIT;
		if (!wait_for(client, socket, POLLIN))
			return fail(
				client, client->accepted ? "did not finish" : "did not answer", 0);
		outcome = receive(client, socket, &fd);
		if (outcome != ANSWERED) {
			if (fd >= 0)
				close(fd);
			return outcome;
		}
		outcome = take_lifetime_fd(client, fd);
		if (outcome != ANSWERED || client->reply.status != REPLY_ACCEPTED)
			return outcome;
		client->accepted = true;
		set_deadline(client, client->limits.silence_ms);
	}
}

/* The early connection, or a new one. */
static enum outcome open_connection(struct client *client, int *fd)
{
	*fd = client->early_fd;
	client->early_fd = 0;
	if (*fd > 0)
		return ANSWERED;
	client->phase = CLIENT_CONNECT;
	*fd = fd_packet_socket();
	if (*fd < 0)
		return fail(client, "cannot be reached: no socket", errno);
	return connect_socket(client, *fd);
}

static enum outcome exchange(struct client *client)
{
	int fd;
	enum outcome outcome = open_connection(client, &fd);

	if (outcome == ANSWERED)
		outcome = send_request(client, fd);
	if (outcome == ANSWERED)
		outcome = await_answer(client, fd);
	if (fd >= 0)
		close(fd);
	return outcome;
}

void client_begin(struct client *client)
{
	struct sockaddr_un address;
	int fd;

	if (!socket_address(client, &address))
		return;
	fd = fd_packet_socket();
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		client->early_fd = fd;
	else if (fd >= 0)
		close(fd);
}

void client_cancel(struct client *client)
{
	if (client->early_fd > 0)
		close(client->early_fd);
	client->early_fd = 0;
}

bool client_ask(struct client *client)
{
	int64_t start = now_ms();
	enum outcome outcome;

	client->lifetime_fd = -1;
	client->refused_deadline = 0;
	client->accepted = false;
	client->total_deadline = start + client->limits.total_ms;
	set_deadline(client, client->limits.accept_ms);
	outcome = exchange(client);
	for (int i = 0; outcome == HUNG_UP && i < client->limits.retries; i++) {
		/* A daemon that died after it accepted is restarted and remembers the nonce. */
		if (client->accepted)
			set_deadline(client, client->limits.silence_ms);
		if (!pause_before(client->deadline, retry_pause_ms[i]))
			break;
		outcome = exchange(client);
	}
	if (outcome == HUNG_UP)
		outcome = fail(client, "closed the connection without an answer", 0);
	client->elapsed_ms = now_ms() - start;
	return outcome == ANSWERED;
}
