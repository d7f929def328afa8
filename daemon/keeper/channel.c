#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "records.h"
#include "removal.h"

/* So many at a time, then signals and timers have their turn. */
#define RECORDS_PER_TURN 16
/* Its end of the channel closes a little before the process is reaped. */
#define HANGUP_GRACE_MS 1000

void channel_done(struct keeper *keeper, uint32_t serial, int error)
{
	struct channel_record record = {.op = CHANNEL_DONE, .serial = serial, .value = error};
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

	if (keeper->daemon.channel < 0)
		return;
	if (send(keeper->daemon.channel, &record, sizeof(record), flags) < 0 && errno != EPIPE)
		log_line("answer the daemon's request %u: %m", serial);
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

static void take_record(struct keeper *keeper, struct channel_record *record)
{
	switch (record->op) {
	case CHANNEL_READY:
		take_ready(keeper);
		break;
	case CHANNEL_EMPTY_DIRECTORY:
		removal_start(keeper, record);
		break;
	default:
		log_line("the daemon sent a record of unknown kind %u, ignored", record->op);
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

void channel_receive(struct keeper *keeper)
{
	struct channel_record record;

	for (int i = 0; i < RECORDS_PER_TURN; i++) {
		ssize_t len = recv(
			keeper->daemon.channel, &record, sizeof(record), MSG_DONTWAIT | MSG_TRUNC);
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
			take_record(keeper, &record);
	}
}
