#ifndef SESSIONMAN_TALK_H
#define SESSIONMAN_TALK_H

#include "holder.h"

/* Takes who has connected, the last of them, and tells it how things are. */
void talk_accept(struct holder *holder);

/* Does what the daemon says. */
void talk_receive(struct holder *holder);

/* Tells the daemon how things are. */
void talk_tell(struct holder *holder);

/* Tells the daemon that this is the end. It is safe in a signal handler. */
void talk_end(struct holder *holder, const char how[HOW_MAX]);

#endif
