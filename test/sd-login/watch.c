/* The monitors of sd-login: which of them wakes when something changes. */

#include "print.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

static const char *const categories[] = {"seat", "session", "uid", "machine", NULL};
#define COUNT LENGTH(categories)

static int prepare(sd_login_monitor **monitors, struct pollfd *fds)
{
	for (size_t i = 0; i < COUNT; i++) {
		int r = sd_login_monitor_new(categories[i], &monitors[i]);
		if (r < 0) {
			printf("cannot watch %s: %s\n",
				categories[i] != NULL ? categories[i] : "all", strerror(-r));
			return 111;
		}
		fds[i].fd = sd_login_monitor_get_fd(monitors[i]);
		fds[i].events = (short)sd_login_monitor_get_events(monitors[i]);
	}
	fds[COUNT] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	return 0;
}

static int timeout_of(sd_login_monitor **monitors)
{
	uint64_t timeout = UINT64_MAX;

	for (size_t i = 0; i < COUNT; i++) {
		uint64_t own = UINT64_MAX;
		if (sd_login_monitor_get_timeout(monitors[i], &own) >= 0 && own < timeout)
			timeout = own;
	}
	return timeout == UINT64_MAX ? -1 : (int)(timeout / 1000);
}

int watch(void)
{
	sd_login_monitor *monitors[COUNT];
	struct pollfd fds[COUNT + 1];
	int r = prepare(monitors, fds);

	if (r != 0)
		return r;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("watching\n");
	for (;;) {
		if (poll(fds, COUNT + 1, timeout_of(monitors)) < 0)
			return 111;
		for (size_t i = 0; i < COUNT; i++) {
			if (fds[i].revents == 0)
				continue;
			sd_login_monitor_flush(monitors[i]);
			printf("%s\n", categories[i] != NULL ? categories[i] : "all");
		}
		if (fds[COUNT].revents != 0)
			return 0;
	}
}
