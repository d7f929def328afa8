#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devices.h"
#include "log.h"
#include "terminal.h"
#include "vts.h"

#define FOREGROUND "/sys/class/tty/tty0/active"

void vts_open(struct vts *vts)
{
	vts->changes = open(FOREGROUND, O_RDONLY | O_CLOEXEC);
}

static struct vt *find(struct vts *vts, unsigned int number)
{
	for (int i = 0; i < VTS_MAX; i++) {
		if (vts->list[i].number == number)
			return &vts->list[i];
	}
	return NULL;
}

/* After it was hung up, only another descriptor will do. */
static bool reopen(struct vt *vt)
{
	int fd = terminal_open(vt->number);

	if (fd < 0) {
		log_line("open VT %u again: %m", vt->number);
		return false;
	}
	int dead = vt->fd;
	vt->fd = fd;
	close(dead);
	return true;
}

static unsigned int ask_terminal(struct vt *vt)
{
	unsigned int found = terminal_foreground(vt->fd);

	if (found == 0 && errno == EIO && reopen(vt))
		found = terminal_foreground(vt->fd);
	return found;
}

/* From "tty12\n". */
static unsigned int parse_foreground(int fd)
{
	char name[16];
	ssize_t len = pread(fd, name, sizeof(name) - 1, 0);

	if (len <= 3 || strncmp(name, "tty", 3) != 0)
		return 0;
	name[len] = '\0';
	long number = strtol(name + 3, NULL, 10);
	return number > 0 && number <= VT_LAST ? (unsigned int)number : 0;
}

unsigned int vts_foreground(struct vts *vts)
{
	/* Not by the other descriptor: a change that is read there is not told any more. */
	int fd = open(FOREGROUND, O_RDONLY | O_CLOEXEC);
	unsigned int found = 0;

	if (fd >= 0) {
		found = parse_foreground(fd);
		close(fd);
	}
	for (int i = 0; found == 0 && i < VTS_MAX; i++) {
		if (vts->list[i].number != 0)
			found = ask_terminal(&vts->list[i]);
	}
	return found;
}

static int prepare(int fd, uid_t owner, bool is_held)
{
	int error = terminal_prepare(fd, owner);

	/* One who waits to switch away would be forgotten. */
	if (error != 0 || (is_held && terminal_asks(fd)))
		return error;
	return terminal_ask(fd);
}

static void write_down(struct vt *place, const struct vt *vt)
{
	place->before = vt->before;
	place->fd = vt->fd;
	atomic_signal_fence(memory_order_seq_cst);
	place->number = vt->number;
}

static void forget(struct vt *vt)
{
	int fd = vt->fd;

	vt->number = 0;
	atomic_signal_fence(memory_order_seq_cst);
	close(fd);
}

static int take(struct vt *place, const struct vt *vt)
{
	/* First: what is not, the guard would not put back. */
	write_down(place, vt);
	int error = prepare(vt->fd, vt->before.given, false);
	if (error == 0)
		return 0;
	terminal_restore(vt->fd, &vt->before);
	forget(place);
	return error;
}

static int take_again(struct vt *held, const struct vt *vt)
{
	int error = prepare(vt->fd, vt->before.given, true);
	int dead = error == 0 ? held->fd : vt->fd;

	if (error == 0)
		write_down(held, vt);
	close(dead);
	return error;
}

int vt_take(struct vts *vts, unsigned int number, uid_t owner)
{
	if (number == 0 || number > VT_LAST || owner == (uid_t)-1)
		return EINVAL;
	struct vt *held = find(vts, number);
	struct vt *place = held != NULL ? held : find(vts, 0);
	if (place == NULL)
		return EMFILE;
	int fd = terminal_open(number);
	if (fd < 0)
		return errno;
	const struct vt vt = {
		.number = number,
		.before =
			{
				.keyboard = held != NULL ? held->before.keyboard
							 : terminal_keyboard(fd),
				.owner = held != NULL ? held->before.owner : terminal_owner(fd),
				.given = owner,
			},
		.fd = fd,
	};
	return held != NULL ? take_again(held, &vt) : take(place, &vt);
}

static void restore(struct vt *vt)
{
	int error = terminal_restore(vt->fd, &vt->before);

	if (error == EIO && reopen(vt))
		error = terminal_restore(vt->fd, &vt->before);
	if (error != 0)
		log_line("put VT %u back as it was: %s", vt->number, strerror(error));
}

/* 0, or EINVAL if no switch away from it waits. */
static int let_go(struct vt *vt)
{
	int error = terminal_let_go(vt->fd);

	if (error == EIO && reopen(vt))
		error = terminal_let_go(vt->fd);
	if (error != 0 && error != EINVAL)
		log_line("let the foreground leave VT %u: %s", vt->number, strerror(error));
	return error;
}

/* The signals of requests that are answered already; every signal is blocked. */
static void drop_requests(void)
{
	const struct timespec now = {0};
	sigset_t requests;

	sigemptyset(&requests);
	sigaddset(&requests, TERMINAL_RELEASE_SIGNAL);
	while (sigtimedwait(&requests, NULL, &now) > 0)
		;
}

/*
 * A switch away that waits must happen before the VT leaves its mode, which would cancel it. Who
 * asked for it would wait for ever.
 */
static void answer_before_release(struct vts *vts, struct devices *devices, struct vt *vt)
{
	if (vts_foreground(vts) != vt->number)
		return;
	drop_requests();
	vts->left |= devices_mute_vt(devices, vt->number);
	if (let_go(vt) == 0)
		vts->left |= UINT64_C(1) << vt->number;
}

/* Left by another keeper, or put back by its guard: whose it was is not known. */
static void restore_unknown(unsigned int number)
{
	struct vt vt = {.number = number, .fd = terminal_open(number)};

	if (vt.fd < 0) {
		log_line("open VT %u to put it back as it was: %m", number);
		return;
	}
	vt.before.keyboard = terminal_keyboard(vt.fd);
	restore(&vt);
	terminal_take_away(vt.fd);
	close(vt.fd);
}

void vt_release(struct vts *vts, struct devices *devices, unsigned int number)
{
	if (number == 0 || number > VT_LAST)
		return;
	struct vt *vt = find(vts, number);
	if (vt == NULL) {
		restore_unknown(number);
		return;
	}
	answer_before_release(vts, devices, vt);
	restore(vt);
	forget(vt);
}

int vts_release_all(struct vts *vts, struct devices *devices)
{
	int count = 0;

	for (int i = 0; i < VTS_MAX; i++) {
		if (vts->list[i].number == 0)
			continue;
		vt_release(vts, devices, vts->list[i].number);
		count++;
	}
	return count;
}

unsigned int vts_mute(struct vts *vts, struct devices *devices)
{
	unsigned int number = vts_foreground(vts);

	if (number == 0 || find(vts, number) == NULL)
		return 0;
	vts->left |= devices_mute_vt(devices, number) | UINT64_C(1) << number;
	return number;
}

void vts_let_go(struct vts *vts, unsigned int number)
{
	struct vt *vt = number == 0 ? NULL : find(vts, number);

	if (vt != NULL)
		let_go(vt);
}

void vts_moved(struct vts *vts, struct devices *devices)
{
	unsigned int foreground = parse_foreground(vts->changes);

	if (foreground != 0)
		vts->left |= devices_mute_background(devices, foreground);
}
