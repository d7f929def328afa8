#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/vt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "terminal.h"
#include "vacancy.h"

/* The kernel tells of no more. */
#define VT_STATE_LAST 15
#define TTY_MAJOR 4

/* What the kernel says; -1 if it does not. Asked by another VT, because to open it is to use it. */
static int is_open(unsigned int number)
{
	struct vt_stat state;

	if (number > VT_STATE_LAST)
		return -1;
	int fd = terminal_open(number == 1 ? 2 : 1);
	if (fd < 0)
		return -1;
	int asked = ioctl(fd, VT_GETSTATE, &state);
	close(fd);
	return asked < 0 ? -1 : state.v_state >> number & 1;
}

/*
 * By the seventh field of /proc/PID/stat: who has it as controlling terminal may have it open by
 * another name.
 */
static bool is_controlled(int process, unsigned int number)
{
	char text[1024];
	int terminal = 0;

	int fd = openat(process, "stat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	const char *behind_name = strrchr(text, ')');
	return behind_name != NULL &&
	       sscanf(behind_name + 1, " %*c %*d %*d %*d %d", &terminal) == 1 &&
	       (dev_t)terminal == makedev(TTY_MAJOR, number);
}

static bool has_open(int process, const char *path)
{
	char target[64];
	bool found = false;

	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (struct dirent *entry; !found && (entry = readdir(dir)) != NULL;) {
		ssize_t len = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		found = strcmp(target, path) == 0;
	}
	closedir(dir);
	return found;
}

/* One process after the other. */
static bool is_used(unsigned int number)
{
	char path[16];
	bool found = false;
	DIR *processes = opendir("/proc");

	if (processes == NULL)
		return false;
	snprintf(path, sizeof(path), "/dev/tty%u", number);
	for (struct dirent *entry; !found && (entry = readdir(processes)) != NULL;) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		int process =
			openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		found = is_controlled(process, number) || has_open(process, path);
		close(process);
	}
	closedir(processes);
	return found;
}

bool vt_is_vacant(unsigned int number)
{
	int open = is_open(number);

	return open < 0 ? !is_used(number) : open == 0;
}
