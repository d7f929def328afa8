#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actions.h"
#include "descendants.h"
#include "environment.h"
#include "log.h"
#include "output.h"
#include "talk.h"

/* So many at a time, then the others have their turn. */
#define PACKETS_PER_TURN 16
/* Without descriptors or memory, asking again at once would only take time. */
#define ACCEPT_AGAIN_MS 500
#define TOLD_MAX (HOW_MAX + 32)

/* A daemon that reads nothing is not waited for: it may connect again. */
static void tell(struct holder *holder, const char *packet, size_t len)
{
	if (holder->connection < 0)
		return;
	if (send(holder->connection, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
		return;
	close(holder->connection);
	holder->connection = -1;
}

void talk_tell(struct holder *holder)
{
	char packet[TOLD_MAX];
	int manager = (int)holder->manager;
	int len = 0;

	switch (holder->phase) {
	case PHASE_STARTING:
		len = snprintf(packet, sizeof(packet), "starting%c%d", '\0', manager);
		break;
	case PHASE_READY:
		len = snprintf(packet, sizeof(packet), "ready%c%d", '\0', manager);
		break;
	case PHASE_RUNNING:
		len = snprintf(packet, sizeof(packet), "running%c%d%c%s", '\0', manager, '\0',
			holder->ready_how);
		break;
	}
	tell(holder, packet, (size_t)len + 1);
}

void talk_end(struct holder *holder, const char how[HOW_MAX])
{
	static const char word[] = "ended";
	char packet[TOLD_MAX];
	size_t len = strnlen(how, HOW_MAX - 1);

	memcpy(packet, word, sizeof(word));
	memcpy(packet + sizeof(word), how, len);
	packet[sizeof(word) + len] = '\0';
	tell(holder, packet, sizeof(word) + len + 1);
}

static bool is_root(int connection)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

void talk_accept(struct holder *holder)
{
	int latest = -1;
	int connection;

	while ((connection = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (!is_root(connection)) {
			close(connection);
			continue;
		}
		if (latest >= 0)
			close(latest);
		latest = connection;
	}
	holder->accept_at =
		errno == EAGAIN || errno == ECONNABORTED ? 0 : now_ms() + ACCEPT_AGAIN_MS;
	if (latest < 0)
		return;
	if (holder->connection >= 0)
		close(holder->connection);
	holder->connection = latest;
	talk_tell(holder);
}

static void order_graphical(struct holder *holder, const char *data, size_t len)
{
	if ((len == sizeof("start") && strcmp(data, "start") == 0) ||
		(len == sizeof("stop") && strcmp(data, "stop") == 0))
		actions_add(holder, ACTION_GRAPHICAL, data, len);
	else
		output_line(
			&holder->output, "the daemon sent a malformed graphical order, ignored");
}

static void order_environment(struct holder *holder, const char *data, size_t len)
{
	size_t count = 0;
	bool good = len > 0;

	for (const char *at = data; at < data + len; at += strlen(at) + 1) {
		good = good && environment_name_is_good(at);
		count++;
	}
	if (good && count <= ENVIRONMENT_MAX)
		actions_add(holder, ACTION_ENVIRONMENT, data, len);
	else
		output_line(
			&holder->output, "the daemon sent a malformed environment order, ignored");
}

/* A packet whose last byte is NUL. */
static void take(struct holder *holder, const char *packet, size_t len)
{
	size_t word = strlen(packet) + 1;
	const char *data = packet + word;

	if (strcmp(packet, "graphical") == 0) {
		order_graphical(holder, data, len - word);
	} else if (strcmp(packet, "environment") == 0) {
		order_environment(holder, data, len - word);
	} else if (len == word && strcmp(packet, "stop") == 0) {
		actions_stop(holder);
	} else if (len == word && strcmp(packet, "term") == 0) {
		if (!holder->manager_ended)
			kill(holder->manager, SIGTERM);
	} else if (len == word && strcmp(packet, "kill") == 0) {
		holder->kill_at = now_ms();
	} else {
		output_line(&holder->output, "the daemon sent an order of unknown kind, ignored");
	}
}

void talk_receive(struct holder *holder)
{
	static char packet[PACKET_MAX];

	for (int i = 0; i < PACKETS_PER_TURN && holder->connection >= 0; i++) {
		ssize_t len =
			recv(holder->connection, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0) {
			close(holder->connection);
			holder->connection = -1;
		} else if ((size_t)len > sizeof(packet) || packet[len - 1] != '\0') {
			output_line(&holder->output, "the daemon sent a malformed packet, ignored");
		} else {
			take(holder, packet, (size_t)len);
		}
	}
}
