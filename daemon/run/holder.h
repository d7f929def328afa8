/*
 * What the parts of sessionman-run share. It is single-threaded, and takes no memory of its own
 * once the PAM session is open: everything lies in the one struct holder of main.c.
 */
#ifndef SESSIONMAN_HOLDER_H
#define SESSIONMAN_HOLDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "packets.h"

#define EXIT_MISUSE 100
#define EXIT_SYSTEM 111
/* A backend that does not know an action; it needs none of the optional ones. */
#define EXIT_UNKNOWN_ACTION 32

#define READY_MAX 4096
#define QUEUE_MAX 16
#define STATE_PATH_MAX 256

struct arguments {
	uid_t uid;
	gid_t gid;
	const char *user;
	const char *backend;
	const char *config;
	const char *runtime;
	const char *group;
	const char *ready;
	const char *log;
};

/* What the user database and the PAM session say of the user's processes. */
struct terms {
	char *home;
	char *shell;
	gid_t *groups;
	int group_count;
	/* ended by NULL */
	char **environment;
	struct rlimit limits[RLIM_NLIMITS];
	/* those that are not the holder's own */
	bool limited[RLIM_NLIMITS];
	int nice;
	mode_t umask;
};

/* The bounded log of what the user's manager and the actions write. */
struct output {
	const char *path;
	int read_end;
	int write_end;
	int file;
	off_t size;
	/* nothing is read before then, so that a flood costs little; CLOCK_MONOTONIC ms */
	int64_t resume_at;
};

enum phase {
	PHASE_STARTING,
	PHASE_READY,
	PHASE_RUNNING,
};

enum action_kind {
	ACTION_READY,
	ACTION_STOP,
	ACTION_GRAPHICAL,
	ACTION_ENVIRONMENT,
};

/* An action of the backend; data is NUL-terminated strings, len bytes of them. */
struct action {
	enum action_kind kind;
	size_t len;
	char data[PACKET_MAX];
};

struct actions {
	struct action queue[QUEUE_MAX];
	unsigned int first;
	unsigned int count;
	/* the one that runs; pid 0: none does */
	pid_t pid;
	enum action_kind kind;
	int64_t deadline;
	bool timed_out;
	/* will be "ready" as soon as it gets what to be ready for; 0: none is there */
	pid_t expectant;
	/* what it gets that from; -1: none */
	int delivery;
};

/* Why a child did not come to execute its program. */
struct failure {
	char text[HOW_MAX];
};

/* Memory that is shared with the children, until they execute their programs. */
struct shared {
	struct failure manager;
	struct failure action;
	/* from then on the user may signal it */
	atomic_bool manager_is_user;
};

struct holder {
	struct arguments arguments;
	struct terms terms;
	struct output output;
	struct actions actions;
	struct shared *shared;
	/* directory of the control group that the children are born in; -1 without cgroup v2 */
	int group;
	int signals;
	/* -1: none */
	int connection;
	/* no connection can be taken before then; CLOCK_MONOTONIC ms, 0: now */
	int64_t accept_at;
	/* the readiness FIFO, -1 once it has served */
	int fifo;
	char ready_data[READY_MAX + 1];
	size_t ready_len;
	enum phase phase;
	/* what "ready" ended with; "" for success */
	char ready_how[HOW_MAX];
	/* 0: not started yet; kept when it has ended, for the name of its state directory */
	pid_t manager;
	bool manager_ended;
	int64_t manager_ended_at;
	char ended_how[HOW_MAX];
	bool stopping;
	/* CLOCK_MONOTONIC ms, 0: never */
	int64_t term_at;
	int64_t kill_at;
	/* the process that removes the state directory */
	pid_t removal;
	int64_t removal_deadline;
	bool removed;
};

#endif
