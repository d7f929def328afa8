#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "keeper.h"
#include "log.h"
#include "runner.h"
#include "words.h"

#define SERVER_FD 3
/* Users who log in at the same time wait in there: some hundreds find room. */
#define ORDERS_SIZE (4 << 20)

static char *const environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8",
	NULL,
};

static _Noreturn void become_server(const struct keeper *keeper, int orders)
{
	static char room[sizeof(((struct channel_record *)0)->text)];
	const char *const argv[] = {keeper->options.runner, "serve", room, NULL};
	sigset_t none;

	memset(room, ' ', sizeof(room) - 1);
	setsid();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* No descriptor is below 3, so nothing that is still needed is overwritten. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
		(orders == SERVER_FD ? fcntl(orders, F_SETFD, 0) : dup2(orders, SERVER_FD)) < 0 ||
		syscall(SYS_close_range, SERVER_FD + 1, ~0U, 0) < 0) {
		log_line("arrange the descriptors of %s: %m", argv[0]);
		_exit(EXIT_SYSTEM);
	}
	files_allow_as(&keeper->files);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], (char *const *)argv, environment);
	log_line("execute %s: %m", argv[0]);
	_exit(EXIT_SYSTEM);
}

void runner_prepare(struct keeper *keeper)
{
	const char *runner = keeper->options.runner;
	int size = ORDERS_SIZE;
	int ends[2];

	if (keeper->runner >= 0)
		close(keeper->runner);
	keeper->runner = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		log_line("start %s: make a socket: %m", runner);
		return;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	pid_t pid = fork();
	if (pid == 0)
		become_server(keeper, ends[1]);
	if (pid < 0)
		log_line("start %s: fork: %m", runner);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		keeper->runner = ends[0];
}

/* directory: -1 for none. */
static bool order(int server, const struct channel_record *record, int fd, int directory)
{
	int fds[] = {fd, directory};
	size_t size = directory < 0 ? sizeof(fds[0]) : sizeof(fds);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = {0};
	struct iovec part = {.iov_base = (void *)record->text, .iov_len = sizeof(record->text)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(size),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), fds, size);
	return sendmsg(server, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static bool is_well_formed(const struct channel_record *record, int fd)
{
	const char *words[RUN_ARGUMENTS_MAX + 1];
	const char *group = record->text;

	return fd >= 0 && words_read(record, words, RUN_ARGUMENTS_MAX) > 0 &&
	       (group[0] == '/' || strcmp(group, "-") == 0);
}

void runner_start(struct keeper *keeper, const struct channel_record *record, int fd)
{
	const char *runner = keeper->options.runner;
	const char *group = record->text;
	int directory = -1;

	if (!is_well_formed(record, fd)) {
		log_line("the daemon sent a malformed order to start %s, ignored", runner);
		return;
	}
	if (group[0] == '/') {
		directory = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0) {
			log_line("start %s: open the control group %s: %m", runner, group);
			return;
		}
	}
	if (keeper->runner < 0 || !order(keeper->runner, record, fd, directory)) {
		/* It could not be started then, or somebody has killed it. */
		runner_prepare(keeper);
		if (keeper->runner >= 0 && !order(keeper->runner, record, fd, directory))
			log_line("start %s: order it: %m", runner);
	}
	if (directory >= 0)
		close(directory);
}
