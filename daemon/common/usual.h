#ifndef SESSIONMAN_USUAL_H
#define SESSIONMAN_USUAL_H

/* What the kernel may kill first is for those who run it to say, from the usual on. */
void oom_score_to_usual(void);

/* That, and as much of the processor as everybody gets. */
void priority_to_usual(void);

#endif
