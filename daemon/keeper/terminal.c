#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/major.h>
#include <linux/vt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log.h"
#include "terminal.h"

#define MODE_OF_NOBODY 0620

int terminal_open(unsigned int vt)
{
	char path[sizeof("/dev/tty") + 10];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/tty%u", vt);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(TTY_MAJOR, vt))
		return fd;
	close(fd);
	errno = ENODEV;
	return -1;
}

int terminal_keyboard(int fd)
{
	int mode;

	/* K_OFF was left by a controller whose keeper is no more. */
	return ioctl(fd, KDGKBMODE, &mode) == 0 && mode != K_OFF ? mode : K_UNICODE;
}

int terminal_prepare(int fd, uid_t owner)
{
	if (fchown(fd, owner, (gid_t)-1) < 0 || ioctl(fd, KDSKBMODE, K_OFF) < 0 ||
		ioctl(fd, KDSETMODE, KD_GRAPHICS) < 0)
		return errno;
	return 0;
}

int terminal_ask(int fd)
{
	/* Nobody waits for an answer to the second signal. Given late, it would allow a release. */
	struct vt_mode mode = {
		.mode = VT_PROCESS,
		.relsig = (short)TERMINAL_RELEASE_SIGNAL,
		.acqsig = (short)(TERMINAL_RELEASE_SIGNAL + 1),
	};

	return ioctl(fd, VT_SETMODE, &mode) == 0 ? 0 : errno;
}

bool terminal_asks(int fd)
{
	struct vt_mode mode;

	return ioctl(fd, VT_GETMODE, &mode) == 0 && mode.mode == VT_PROCESS &&
	       mode.relsig == (short)TERMINAL_RELEASE_SIGNAL;
}

/* Read back: without a keyboard the machine is lost to who sits there. */
static int set_keyboard(int fd, int keyboard)
{
	int now;

	if (ioctl(fd, KDSKBMODE, keyboard) < 0 || ioctl(fd, KDGKBMODE, &now) < 0)
		return errno;
	return now == keyboard ? 0 : EPROTO;
}

uid_t terminal_owner(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_uid : 0;
}

/* Somebody to whom it was given since, by a getty or a login, keeps it. */
static int give_back(int fd, const struct terminal_state *before)
{
	if (before->owner == before->given || terminal_owner(fd) != before->given)
		return 0;
	return fchown(fd, before->owner, (gid_t)-1) < 0 ? errno : 0;
}

int terminal_restore(int fd, const struct terminal_state *before)
{
	struct vt_mode mode = {.mode = VT_AUTO};
	const int errors[] = {
		ioctl(fd, KDSETMODE, KD_TEXT) < 0 ? errno : 0,
		set_keyboard(fd, before->keyboard),
		ioctl(fd, VT_SETMODE, &mode) < 0 ? errno : 0,
		give_back(fd, before),
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i] != 0)
			return errors[i];
	}
	return 0;
}

void terminal_take_away(int fd)
{
	if (fchmod(fd, MODE_OF_NOBODY) < 0 || fchown(fd, 0, (gid_t)-1) < 0)
		log_line("take a VT away from its user: %m");
}

int terminal_let_go(int fd)
{
	return ioctl(fd, VT_RELDISP, 1) == 0 ? 0 : errno;
}

unsigned int terminal_foreground(int fd)
{
	struct vt_stat state;

	return ioctl(fd, VT_GETSTATE, &state) == 0 ? state.v_active : 0;
}
