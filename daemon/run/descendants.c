#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descendants.h"

/* What is deeper comes up when its ancestors have died. */
#define DEPTH_MAX 32

static pid_t parent_of(pid_t pid)
{
	char path[32];
	char stat[512];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t len = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[len > 0 ? len : 0] = '\0';
	/* The name, in parentheses, may hold anything. */
	const char *name_end = strrchr(stat, ')');
	if (name_end == NULL || sscanf(name_end, ") %*c %d", &parent) != 1)
		return 0;
	return parent;
}

/*
 * Our own children keep their numbers until we reap them. Another's child may be gone, and its
 * number a stranger's; so it is held first, and its parent asked then.
 */
static void kill_child(pid_t parent, pid_t pid)
{
	pid_t self = getpid();

	if (parent == self) {
		kill(pid, SIGKILL);
		return;
	}
	int held = (int)syscall(SYS_pidfd_open, pid, 0);
	if (held < 0)
		return;
	pid_t now = parent_of(pid);
	if (now == parent || now == self)
		syscall(SYS_pidfd_send_signal, held, SIGKILL, NULL, 0);
	close(held);
}

static bool kill_below(pid_t pid, int depth);

static bool kill_children_of_thread(pid_t pid, const char *thread, int depth)
{
	char path[320];
	bool found = false;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, thread);
	FILE *children = fopen(path, "re");
	if (children == NULL)
		return false;
	while (fscanf(children, "%d", &child) == 1) {
		found = true;
		kill_child(pid, child);
		if (depth < DEPTH_MAX)
			kill_below(child, depth + 1);
	}
	fclose(children);
	return found;
}

static bool kill_below(pid_t pid, int depth)
{
	const struct dirent *thread;
	char path[32];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (threads == NULL)
		return false;
	while ((thread = readdir(threads)) != NULL) {
		if (thread->d_name[0] != '.' && kill_children_of_thread(pid, thread->d_name, depth))
			found = true;
	}
	closedir(threads);
	return found;
}

bool descendants_kill(void)
{
	return kill_below(getpid(), 0);
}
