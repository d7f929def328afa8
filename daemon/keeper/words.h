#ifndef SESSIONMAN_WORDS_H
#define SESSIONMAN_WORDS_H

#include "channel.h"

/*
 * The strings of the record's text after the first, up to an empty one, with NULL behind them;
 * words has room for max of them and the NULL. How many; 0 if they are not what channel.h says.
 */
int words_read(const struct channel_record *record, const char **words, int max);

#endif
