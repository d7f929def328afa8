#ifndef SESSIONMAN_SIGNALS_H
#define SESSIONMAN_SIGNALS_H

/* Gives every signal its default action: what our starter ignored, we would ignore, too. */
void signals_to_default(void);

#endif
