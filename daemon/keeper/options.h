#ifndef SESSIONMAN_OPTIONS_H
#define SESSIONMAN_OPTIONS_H

enum mode {
	MODE_SERVE,
	MODE_CHECK_CONFIG,
	MODE_VERSION,
	MODE_HELP,
};

struct options {
	enum mode mode;
	const char *config;
	const char *run_dir;
	const char *node;
	const char *daemon;
	const char *runner;
	/* "-": none */
	const char *seatd_socket;
	const char *login_socket;
	/* -1: none */
	int ready_fd;
};

/* Exits with EXIT_MISUSE and a line on stderr when the arguments are not understood. */
void options_parse(struct options *options, int argc, char **argv);

void options_print_help(void);

#endif
