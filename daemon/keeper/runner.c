#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "group.h"
#include "keeper.h"
#include "log.h"
#include "runner.h"
#include "words.h"

static char *const environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8",
	NULL,
};

static _Noreturn void become_runner(const struct rlimit *files, const char *const argv[], int fd)
{
	sigset_t none;

	setsid();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* The descriptor is never below 3, so nothing that is still needed is overwritten. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
		(fd == RUN_LISTEN_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, RUN_LISTEN_FD)) < 0 ||
		syscall(SYS_close_range, RUN_LISTEN_FD + 1, ~0U, 0) < 0) {
		log_line("arrange the descriptors of %s: %m", argv[0]);
		_exit(EXIT_SYSTEM);
	}
	files_allow_as(files);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], (char *const *)argv, environment);
	log_line("execute %s: %m", argv[0]);
	_exit(EXIT_SYSTEM);
}

void runner_start(const struct keeper *keeper, const struct channel_record *record, int fd)
{
	const struct options *options = &keeper->options;
	const char *argv[RUN_ARGUMENTS_MAX + 2] = {options->runner};
	const char *group = record->text;
	int directory = -1;

	if (fd < 0 || words_read(record, argv + 1, RUN_ARGUMENTS_MAX) == 0 ||
		(group[0] != '/' && strcmp(group, "-") != 0)) {
		log_line("the daemon sent a malformed order to start %s, ignored", argv[0]);
		return;
	}
	if (group[0] == '/') {
		directory = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0) {
			log_line("start %s: open the control group %s: %m", argv[0], group);
			return;
		}
	}
	pid_t pid = fork_into(directory);
	if (pid == 0 && errno != 0) {
		log_line("start %s: enter the control group %s: %m", argv[0], group);
		_exit(EXIT_SYSTEM);
	}
	if (pid == 0)
		become_runner(&keeper->files, argv, fd);
	if (pid < 0)
		log_line("start %s: fork: %m", argv[0]);
	if (directory >= 0)
		close(directory);
}
