#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "how.h"
#include "ready.h"
#include "talk.h"

bool ready_open(struct holder *holder, char how[HOW_MAX])
{
	const struct arguments *arguments = &holder->arguments;
	const char *path = arguments->ready;

	/* Its directory is root's: what is there was left by one of us. */
	if ((unlink(path) < 0 && errno != ENOENT) || mkfifo(path, 0600) < 0) {
		how_failed(how, errno, "make %s", path);
		return false;
	}
	holder->fifo = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (holder->fifo < 0 || fchown(holder->fifo, arguments->uid, arguments->gid) < 0) {
		how_failed(how, errno, "open %s for its user", path);
		return false;
	}
	return true;
}

void ready_close(struct holder *holder)
{
	if (holder->fifo < 0)
		return;
	close(holder->fifo);
	holder->fifo = -1;
	unlink(holder->arguments.ready);
}

static void complete(struct holder *holder, size_t len)
{
	if (len > 0 && holder->ready_data[len - 1] == '\n')
		len--;
	holder->ready_data[len] = '\0';
	ready_close(holder);
	if (holder->stopping)
		return;
	holder->phase = PHASE_READY;
	talk_tell(holder);
	actions_add(holder, ACTION_READY, holder->ready_data, len + 1);
}

static void refuse(struct holder *holder)
{
	ready_close(holder);
	snprintf(holder->ended_how, sizeof(holder->ended_how),
		"%d bytes of readiness data and no end", READY_MAX);
	kill(holder->manager, SIGKILL);
}

void ready_receive(struct holder *holder)
{
	char *at = holder->ready_data + holder->ready_len;
	size_t room = sizeof(holder->ready_data) - holder->ready_len;

	/* Called only when there is data, or the end after a writer. */
	ssize_t len = read(holder->fifo, at, room);
	if (len < 0)
		return;
	const char *nul = memchr(at, '\0', (size_t)len);
	holder->ready_len += (size_t)len;
	if (nul != NULL)
		complete(holder, (size_t)(nul - holder->ready_data));
	else if (holder->ready_len > READY_MAX)
		refuse(holder);
	else if (len == 0)
		complete(holder, holder->ready_len);
}
