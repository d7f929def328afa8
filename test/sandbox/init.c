/*
 * Process 1 of the sandbox: runs one command, reaps every orphan, and ends with the command's exit
 * status. Its end makes the kernel kill whatever is left in the pid namespace.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

int main(int argc, char *argv[])
{
	if (argc < 2) {
		fprintf(stderr, "usage: init COMMAND [ARGUMENT]...\n");
		return 100;
	}

	/* Where the caller ignores SIGCHLD, the kernel would reap and lose the status. */
	signal(SIGCHLD, SIG_DFL);

	pid_t command = fork();
	if (command < 0) {
		fprintf(stderr, "init: fork: %s\n", strerror(errno));
		return 111;
	}
	if (command == 0) {
		execvp(argv[1], &argv[1]);
		fprintf(stderr, "init: exec %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}

	for (;;) {
		int wait_status;
		pid_t ended = wait(&wait_status);
		if (ended == command)
			return status_of(wait_status);
		if (ended < 0 && errno != EINTR) {
			fprintf(stderr, "init: wait: %s\n", strerror(errno));
			return 111;
		}
	}
}
