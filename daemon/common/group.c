#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "group.h"

static int enter(int group)
{
	int procs = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (procs < 0)
		return errno;
	int error = write(procs, "0", 1) == 1 ? 0 : errno;
	close(procs);
	return error;
}

/*
 * Moving a process makes the kernel wait for all its processors; a birth in the group does not.
 * Where the kernel is too old for that, or refuses, moving is tried all the same and says why it
 * fails.
 */
pid_t fork_into(int group)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)group,
	};

	pid_t pid = group < 0 ? -1 : (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		pid = fork();
		if (pid == 0)
			errno = group < 0 ? 0 : enter(group);
	} else if (pid == 0) {
		errno = 0;
	}
	return pid;
}
