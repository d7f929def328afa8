#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "orders.h"
#include "records.h"
#include "removal.h"
#include "runner.h"

/* So many at a time, then signals and timers have their turn. */
#define RECORDS_PER_TURN 16
/* Its end of the channel closes a little before the process is reaped. */
#define HANGUP_GRACE_MS 1000

ssize_t send_with_fds(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(KEPT_MAX * sizeof(int))];
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd_count > 0) {
		memset(control, 0, sizeof(control));
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t record_send(
	int channel, const struct channel_record *record, const int *fds, size_t fd_count)
{
	return send_with_fds(channel, record, sizeof(*record), fds, fd_count);
}

void channel_send(
	struct keeper *keeper, const struct channel_record *record, const int *fds, size_t fd_count)
{
	if (keeper->daemon.channel < 0)
		return;
	if (record_send(keeper->daemon.channel, record, fds, fd_count) < 0 && errno != EPIPE)
		log_line("send the daemon a record of kind %u: %m", record->op);
}

void channel_done(struct keeper *keeper, uint32_t serial, int error)
{
	const struct channel_record record = {.op = CHANNEL_DONE, .serial = serial, .value = error};

	channel_send(keeper, &record, NULL, 0);
}

/*
 * There is room for several records then. A daemon that does not read its answers gets no more of
 * them, so none is lost.
 */
static bool has_room(struct daemon *daemon)
{
	struct pollfd fd = {.fd = daemon->channel, .events = POLLOUT};

	daemon->behind = poll(&fd, 1, 0) == 0;
	return !daemon->behind;
}

void channel_tell_left(struct keeper *keeper)
{
	struct vts *vts = &keeper->vts;

	for (int vt = 1; vt <= VT_LAST && vts->left != 0; vt++) {
		if ((vts->left >> vt & 1) == 0)
			continue;
		if (keeper->daemon.channel < 0 || !has_room(&keeper->daemon))
			return;
		const struct channel_record record = {.op = CHANNEL_VT_LEFT, .value = vt};
		channel_send(keeper, &record, NULL, 0);
		vts->left &= ~(UINT64_C(1) << vt);
	}
}

void channel_tell_gettys(struct keeper *keeper)
{
	for (int vt = 1; vt <= VT_LAST; vt++) {
		struct getty *getty = &keeper->gettys.list[vt];
		if (!getty->ended)
			continue;
		if (keeper->daemon.channel < 0 || !has_room(&keeper->daemon))
			return;
		const struct channel_record record = {
			.op = CHANNEL_GETTY_ENDED,
			.value = vt,
			.uid = (uint32_t)getty->error,
			.gid = (uint32_t)getty->status,
		};
		channel_send(keeper, &record, NULL, 0);
		getty->ended = false;
	}
}

static void take_ready(struct keeper *keeper)
{
	struct daemon *daemon = &keeper->daemon;

	daemon->ready = true;
	if (daemon->reload_pending)
		kill(daemon->pid, SIGHUP);
	daemon->reload_pending = false;
	if (keeper->ready_fd < 0)
		return;
	if (write(keeper->ready_fd, "\n", 1) < 0)
		log_line("write to the readiness descriptor: %m");
	close(keeper->ready_fd);
	keeper->ready_fd = -1;
}

/* Sets the descriptor that came with it to -1 where it is kept. */
static void take_record(struct keeper *keeper, const struct channel_record *record, int *fd)
{
	switch (record->op) {

	case CHANNEL_READY:
		take_ready(keeper);
		break;
	case CHANNEL_EMPTY_DIRECTORY:
		removal_start(keeper, record);
		break;
	case CHANNEL_RUN:
		runner_start(keeper, record, *fd);
		break;
	default:
		if (!order_take(keeper, record, fd))
			log_line(
				"the daemon sent a record of unknown kind %u, ignored", record->op);
	}
}

/* An empty packet reads like the end. */
static bool is_at_end(int channel)
{
	struct pollfd fd = {.fd = channel};

	return poll(&fd, 1, 0) < 0 || (fd.revents & (POLLHUP | POLLERR)) != 0;
}

static void hang_up(struct daemon *daemon)
{
	close(daemon->channel);
	daemon->channel = -1;
	if (daemon->kill_at == 0)
		daemon->kill_at = now_ms() + HANGUP_GRACE_MS;
}

/* The length of what came, as recv says it; *fd is the descriptor that came with it, or -1. */
static ssize_t receive(int channel, struct channel_record *record, int *fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {.iov_base = record, .iov_len = sizeof(*record)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		/* Not the whole space, which would have room for two. */
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};

	*fd = -1;
	ssize_t len = recvmsg(channel, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return len;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(int));
	return len;
}

void channel_receive(struct keeper *keeper)
{
	struct channel_record record;
	int fd;

	for (int i = 0; i < RECORDS_PER_TURN && has_room(&keeper->daemon); i++) {
		ssize_t len = receive(keeper->daemon.channel, &record, &fd);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len < 0 || (len == 0 && is_at_end(keeper->daemon.channel))) {
			hang_up(&keeper->daemon);
			return;
		}
		if ((size_t)len != sizeof(record) ||
			memchr(record.text, '\0', sizeof(record.text)) == NULL)
			log_line("the daemon sent a malformed record of %zd bytes, ignored", len);
		else
			take_record(keeper, &record, &fd);
		if (fd >= 0)
			close(fd);
	}
}
