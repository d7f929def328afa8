#ifndef SESSIONMAN_TERMINAL_H
#define SESSIONMAN_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#define TERMINAL_RELEASE_SIGNAL SIGRTMIN

/* One virtual terminal, by a descriptor of it. EIO: it was hung up, another descriptor is needed.
 */

/* -1 with errno. */
int terminal_open(unsigned int vt);

/* Its keyboard mode as a controller is to leave it; never the one that controllers have. */
int terminal_keyboard(int fd);

/* For a controller: without keyboard, in graphics mode, the user's. 0 or an errno. */
int terminal_prepare(int fd, uid_t owner);

/*
 * From now on the calling process is asked, by a signal, before a switch away. One that waits to be
 * answered is forgotten. 0 or an errno.
 */
int terminal_ask(int fd);

/* Whether the kernel asks as terminal_prepare told it to. */
bool terminal_asks(int fd);

/* What it goes back to. */
struct terminal_state {
	int keyboard;
	uid_t owner;
	/* The user it was given to meanwhile. */
	uid_t given;
};

uid_t terminal_owner(int fd);

/* As it was; everything is tried. 0 or the first errno. */
int terminal_restore(int fd, const struct terminal_state *before);

/* Of a terminal whose owner of before is not known: root's, as a getty makes it. */
void terminal_take_away(int fd);

/* Lets a switch away happen that waits for it; EINVAL if none does. 0 or an errno. */
int terminal_let_go(int fd);

/* The VT in the foreground, asked by any terminal; 0 with errno. */
unsigned int terminal_foreground(int fd);

#endif
