#include <stddef.h>
#include <string.h>

#include "words.h"

int words_read(const struct channel_record *record, const char **words, int max)
{
	const char *at = record->text + strlen(record->text) + 1;
	const char *end = record->text + sizeof(record->text);
	int count = 0;

	while (at < end && *at != '\0' && count < max) {
		words[count++] = at;
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	words[count] = NULL;
	return at < end && *at == '\0' ? count : 0;
}
