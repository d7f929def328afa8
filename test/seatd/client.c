/*
 * A compositor, as far as libseat sees it: takes orders from its standard input, a line each, and
 * says on its standard output what came of them and what it was told meanwhile.
 *
 * open | device PATH | close-device ID | switch NUMBER | acknowledge | close
 * With the argument "manual" it puts its seat down only when it is ordered to acknowledge.
 */
#include <errno.h>
#include <fcntl.h>
#include <libseat.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct libseat *seat;
static bool manual;

static void outcome(const char *what, int result)
{
	if (result < 0)
		printf("%s: error %d\n", what, errno);
	else
		printf("%s: %d\n", what, result);
}

static void enabled(struct libseat *its, void *data)
{
	(void)its;
	(void)data;
	puts("ENABLE");
}

static void disabled(struct libseat *its, void *data)
{
	(void)data;
	puts("DISABLE");
	if (!manual)
		outcome("acknowledge", libseat_disable_seat(its));
}

static const struct libseat_seat_listener listener = {
	.enable_seat = enabled,
	.disable_seat = disabled,
};

static void open_seat(void)
{
	seat = libseat_open_seat(&listener, NULL);
	if (seat == NULL)
		printf("open: error %d\n", errno);
	else
		printf("open: %s\n", libseat_seat_name(seat));
}

static void open_device(const char *path)
{
	int fd = -1;
	int id = libseat_open_device(seat, path, &fd);

	outcome("device", id);
	if (id >= 0)
		printf("descriptor: %s\n", fcntl(fd, F_GETFD) >= 0 ? "open" : "none");
}

static void close_seat(void)
{
	outcome("close", libseat_close_seat(seat));
	seat = NULL;
}

static void obey(char *line)
{
	char *argument = strchr(line, ' ');

	if (argument != NULL)
		*argument++ = '\0';
	if (strcmp(line, "open") == 0)
		open_seat();
	else if (seat == NULL)
		puts("no seat");
	else if (strcmp(line, "device") == 0)
		open_device(argument);
	else if (strcmp(line, "close-device") == 0)
		outcome("close-device", libseat_close_device(seat, atoi(argument)));
	else if (strcmp(line, "switch") == 0)
		outcome("switch", libseat_switch_session(seat, atoi(argument)));
	else if (strcmp(line, "acknowledge") == 0)
		outcome("acknowledge", libseat_disable_seat(seat));
	else if (strcmp(line, "close") == 0)
		close_seat();
	puts("done");
}

static _Noreturn void lose(void)
{
	puts("lost");
	exit(1);
}

/* As a compositor's loop does: whenever there is something to read, and after each request. */
static void dispatch(void)
{
	if (seat != NULL && libseat_dispatch(seat, 0) < 0)
		lose();
}

int main(int argc, char **argv)
{
	char line[512];

	manual = argc > 1 && strcmp(argv[1], "manual") == 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	libseat_set_log_level(LIBSEAT_LOG_LEVEL_INFO);
	for (;;) {
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = seat != NULL ? libseat_get_fd(seat) : -1, .events = POLLIN},
		};
		if (poll(fds, 2, -1) < 0)
			return 111;
		/* libseat 0.7 does not notice the end by itself. */
		if ((fds[1].revents & (POLLHUP | POLLERR)) != 0)
			lose();
		if (fds[1].revents != 0)
			dispatch();
		if (fds[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			return 0;
		line[strcspn(line, "\n")] = '\0';
		obey(line);
		dispatch();
	}
}
