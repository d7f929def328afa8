#ifndef SESSIONMAN_SIGNALS_H
#define SESSIONMAN_SIGNALS_H

/* Gives every signal its default action: who started us may have had some ignored, which is
 * inherited. */
void signals_to_default(void);

#endif
