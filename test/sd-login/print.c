/* Lines of "THING\tQUESTION\tANSWER". */

#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *thing = "";

static void failed(const char *question, int r)
{
	const char *name = strerrorname_np(-r);
	printf("%s\t%s\t-%s\n", thing, question, name != NULL ? name : "?");
}

void print_number(const char *question, int r, uint64_t value)
{
	if (r < 0)
		failed(question, r);
	else
		printf("%s\t%s\t%" PRIu64 "\n", thing, question, value);
}

void print_flag(const char *question, int r)
{
	print_number(question, r, (uint64_t)r);
}

void print_text(const char *question, int r, char *value)
{
	if (r < 0) {
		failed(question, r);
		return;
	}
	printf("%s\t%s\t%s\n", thing, question, value);
	free(value);
}

void print_list(const char *question, int r, char **entries)
{
	int count = 0;
	if (r < 0) {
		failed(question, r);
		return;
	}
	printf("%s\t%s\t", thing, question);
	for (char **entry = entries; entry != NULL && *entry != NULL; entry++, count++)
		printf("%s%s", count == 0 ? "" : " ", *entry);
	if (count != r)
		printf(" (%d)", r);
	printf("\n");
}

void print_uids(const char *question, int r, const uid_t *uids, unsigned count)
{
	if (r < 0) {
		failed(question, r);
		return;
	}
	printf("%s\t%s\t", thing, question);
	for (unsigned i = 0; i < count; i++)
		printf("%s%u", i == 0 ? "" : " ", (unsigned)uids[i]);
	printf("\n");
}

void free_list(char **entries)
{
	for (char **entry = entries; entry != NULL && *entry != NULL; entry++)
		free(*entry);
	free(entries);
}
