/*
 * Opens and closes sessions through a real PAM stack and says how long each call took.
 *
 * usage: client CONFDIR      (the directory for pam_start_confdir; the service is "bench")
 *
 * Commands, one per line on standard input; each is answered by its result lines and a last line
 * "done", or by a line "error ..." and the end of the program:
 *   hold FIRST COUNT EACH        opens EACH sessions for each of COUNT users and leaves them open
 *   drop                         ends all that hold opened
 *   run WORKERS LEADERS PAUSE_US FIRST fixed|fresh
 *       WORKERS chains of LEADERS processes; in a chain one process after the other opens a
 * session, waits PAUSE_US, closes it and ends. fixed: chain n logs in as user FIRST + n. fresh:
 * every process is a user of its own, counted from FIRST. Result: "sample OPEN_NS CLOSE_NS" for
 * each process, "wall NS" for all together.
 *
 * Users are named bench0, bench1 ... A leader is a process of its own, as below login or sshd:
 * session managers move it into the session's cgroup, so that no process can lead two sessions. It
 * is forked and has loaded the PAM stack before the clock starts.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX 16384
#define LEADERS_MAX 4096
#define WORKERS_MAX 64

struct sample {
	int64_t open_ns;
	int64_t close_ns;
	int64_t end_ns;
	bool opened;
};

struct chain {
	int token[2]; /* whoever reads the byte from this pipe has its turn */
	int ready[2];
};

static const char *confdir;
static pid_t held[HELD_MAX];
static int held_count;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
	printf("error %s: %m\n", what);
	fflush(stdout);
	exit(111);
}

static int no_conversation(
	int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

static pam_handle_t *start(int user)
{
	static const struct pam_conv conversation = {.conv = no_conversation};
	pam_handle_t *pam = NULL;
	gid_t groups[64];
	int count = 64;
	char name[32];

	snprintf(name, sizeof(name), "bench%d", user);
	/* Every login program has asked the user database by now. */
	getgrouplist(name, 0, groups, &count);
	if (getpwnam(name) == NULL)
		_exit(2);
	if (pam_start_confdir("bench", name, &conversation, confdir, &pam) != PAM_SUCCESS)
		_exit(2);
	if (pam_set_item(pam, PAM_TTY, "ssh") != PAM_SUCCESS ||
		pam_set_item(pam, PAM_RHOST, "192.0.2.1") != PAM_SUCCESS)
		_exit(2);
	return pam;
}

/* A stack that lets the login go on without a session must not count as a fast one. */
static bool open_session(pam_handle_t *pam)
{
	int code = pam_open_session(pam, 0);
	const char *id = pam_getenv(pam, "XDG_SESSION_ID");

	return code == PAM_SUCCESS && id != NULL && id[0] != '\0';
}

static void lead(const struct chain *chain, int user, unsigned int pause_us, struct sample *sample)
{
	pam_handle_t *pam = start(user);
	int64_t begin;
	char byte = 'r';

	if (write(chain->ready[1], &byte, 1) != 1 || read(chain->token[0], &byte, 1) != 1)
		_exit(2);
	if (pause_us > 0)
		usleep(pause_us);
	begin = now_ns();
	sample->opened = open_session(pam);
	sample->open_ns = now_ns() - begin;
	if (pause_us > 0)
		usleep(pause_us);
	begin = now_ns();
	pam_close_session(pam, 0);
	sample->end_ns = now_ns();
	sample->close_ns = sample->end_ns - begin;
	if (write(chain->token[1], &byte, 1) != 1)
		_exit(2);
	_exit(0);
}

static void hold_one(int user)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	if (held_count == HELD_MAX || pipe(ready) != 0)
		die("hold");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = open_session(start(user)) ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1)
			_exit(2);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1 || byte != 'y')
		die("hold: no session was opened");
	close(ready[0]);
	held[held_count++] = pid;
}

static void drop(void)
{
	for (int i = 0; i < held_count; i++)
		kill(held[i], SIGKILL);
	for (int i = 0; i < held_count; i++)
		waitpid(held[i], NULL, 0);
	held_count = 0;
}

static void prepare(const struct chain *chain, int leaders)
{
	char byte;

	for (int i = 0; i < leaders; i++)
		if (read(chain->ready[0], &byte, 1) != 1)
			die("prepare");
}

static void report(const struct sample *samples, int count, int64_t begin)
{
	int64_t end = begin;

	for (int i = 0; i < count; i++) {
		if (!samples[i].opened)
			die("run: no session was opened");
		printf("sample %lld %lld\n", (long long)samples[i].open_ns,
			(long long)samples[i].close_ns);
		if (samples[i].end_ns > end)
			end = samples[i].end_ns;
	}
	printf("wall %lld\n", (long long)(end - begin));
}

static void run(int workers, int leaders, unsigned int pause_us, int first, bool fresh)
{
	static struct chain chains[WORKERS_MAX];
	static pid_t pids[LEADERS_MAX];
	int count = workers * leaders;
	struct sample *samples;
	int64_t begin;

	if (workers < 1 || workers > WORKERS_MAX || leaders < 1 || count > LEADERS_MAX)
		die("run: too many");
	samples = mmap(NULL, sizeof(*samples) * (size_t)count, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (samples == MAP_FAILED)
		die("mmap");
	for (int w = 0; w < workers; w++)
		if (pipe(chains[w].token) != 0 || pipe(chains[w].ready) != 0)
			die("pipe");
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			lead(&chains[i % workers], fresh ? first + i : first + i % workers,
				pause_us, &samples[i]);
		}
	}
	for (int w = 0; w < workers; w++)
		prepare(&chains[w], leaders);
	begin = now_ns();
	for (int w = 0; w < workers; w++)
		if (write(chains[w].token[1], "t", 1) != 1)
			die("write");
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	report(samples, count, begin);
	for (int w = 0; w < workers; w++)
		for (int end = 0; end < 2; end++) {
			close(chains[w].token[end]);
			close(chains[w].ready[end]);
		}
	munmap(samples, sizeof(*samples) * (size_t)count);
}

static bool command(const char *line)
{
	int first, count, each, workers, leaders;
	unsigned int pause_us;
	char users[8];

	if (strcmp(line, "drop\n") == 0) {
		drop();
	} else if (sscanf(line, "hold %d %d %d", &first, &count, &each) == 3) {
		for (int i = 0; i < count * each; i++)
			hold_one(first + i % count);
	} else if (sscanf(line, "run %d %d %u %d %7s", &workers, &leaders, &pause_us, &first,
			   users) == 5) {
		run(workers, leaders, pause_us, first, strcmp(users, "fresh") == 0);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	char line[128];

	if (argc != 2) {
		fprintf(stderr, "usage: client CONFDIR\n");
		return 100;
	}
	confdir = argv[1];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!command(line)) {
			printf("error unknown command: %s", line);
			return 100;
		}
		printf("done\n");
		fflush(stdout);
	}
	drop();
	return 0;
}
