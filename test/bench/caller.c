/*
 * Calls org.freedesktop.login1 on the system bus through libsystemd's sd-bus and says how long each
 * call took, from the call to the reply in our hands.
 *
 * Commands, one per line on standard input; each is answered by its result lines and a last line
 * "done", or by a line "error ..." and the end of the program:
 *   sessions            "sessions N": how many are listed
 *   call METHOD COUNT   METHOD is GetSession, GetAll (of the properties of one session) or
 *                       ListSessions; "sample NS" for each call
 *   flood COUNT         the three in turn, untimed
 *
 * The session asked about is the middle one of the list.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define NAME "org.freedesktop.login1"
#define MANAGER "/org/freedesktop/login1"
#define SESSIONS_MAX 16384

static sd_bus *bus;
static char id[64];
static char path[128];

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what, const char *why)
{
	printf("error %s: %s\n", what, why);
	fflush(stdout);
	exit(111);
}

static void check(int r, const char *what)
{
	if (r < 0)
		die(what, strerror(-r));
}

static sd_bus_message *call(const char *method)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r;

	if (strcmp(method, "GetSession") == 0)
		r = sd_bus_call_method(
			bus, NAME, MANAGER, NAME ".Manager", method, &error, &reply, "s", id);
	else if (strcmp(method, "GetAll") == 0)
		r = sd_bus_call_method(bus, NAME, path, "org.freedesktop.DBus.Properties", method,
			&error, &reply, "s", NAME ".Session");
	else if (strcmp(method, "ListSessions") == 0)
		r = sd_bus_call_method(
			bus, NAME, MANAGER, NAME ".Manager", method, &error, &reply, "");
	else
		r = -ENOSYS;
	if (r < 0)
		die(method, error.message != NULL ? error.message : strerror(-r));
	return reply;
}

/* Returns how many there are and keeps the middle one. */
static int choose_session(void)
{
	static const char *ids[SESSIONS_MAX], *paths[SESSIONS_MAX];
	sd_bus_message *list = call("ListSessions");
	int count = 0;

	check(sd_bus_message_enter_container(list, 'a', "(susso)"), "ListSessions");
	while (count < SESSIONS_MAX && sd_bus_message_read(list, "(susso)", &ids[count], NULL, NULL,
					       NULL, &paths[count]) > 0)
		count++;
	if (count > 0) {
		snprintf(id, sizeof(id), "%s", ids[count / 2]);
		snprintf(path, sizeof(path), "%s", paths[count / 2]);
	}
	sd_bus_message_unref(list);
	return count;
}

static void measure(const char *method, int count)
{
	int64_t *taken = calloc((size_t)count, sizeof(*taken));

	if (taken == NULL)
		die(method, "no memory");
	for (int i = 0; i < count; i++) {
		int64_t begin = now_ns();
		sd_bus_message *reply = call(method);

		taken[i] = now_ns() - begin;
		sd_bus_message_unref(reply);
	}
	for (int i = 0; i < count; i++)
		printf("sample %lld\n", (long long)taken[i]);
	free(taken);
}

static void flood(int count)
{
	static const char *const methods[] = {"GetSession", "GetAll", "ListSessions"};

	for (int i = 0; i < count; i++)
		sd_bus_message_unref(call(methods[i % 3]));
}

static bool command(const char *line)
{
	int sessions = choose_session();
	char method[32];
	int count;

	if (strcmp(line, "sessions\n") == 0)
		printf("sessions %d\n", sessions);
	else if (sessions == 0)
		die(line, "there is no session");
	else if (sscanf(line, "call %31s %d", method, &count) == 2 && count > 0)
		measure(method, count);
	else if (sscanf(line, "flood %d", &count) == 1)
		flood(count);
	else
		return false;
	return true;
}

int main(void)
{
	char line[128];

	check(sd_bus_open_system(&bus), "the system bus");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!command(line))
			die("unknown command", line);
		printf("done\n");
		fflush(stdout);
	}
	sd_bus_unref(bus);
	return 0;
}
