/*
 * Checks wire.c against the vectors named on the command line (test/vectors/README.md): replies are
 * decoded, canonical requests are encoded. Prints one line per vector; the exit code says whether
 * all held.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 65536
#define FIELDS_MAX 32

struct vector {
	bool is_request;
	bool is_canonical;
	char verdict[16];
	int field_count;
	char *field[FIELDS_MAX];
	size_t size;
	unsigned char *bytes;
};

static void die(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(2);
}

static void read_head(struct vector *v, char *line, const char *path)
{
	char *value = strstr(line, ": ");

	if (line[0] == '#')
		return;
	if (value == NULL)
		die(path, "head line without a value");
	*value = '\0';
	value += 2;
	if (strcmp(line, "kind") == 0)
		v->is_request = strcmp(value, "request") == 0;
	else if (strcmp(line, "verdict") == 0)
		snprintf(v->verdict, sizeof(v->verdict), "%s", value);
	else if (strcmp(line, "canonical") == 0)
		v->is_canonical = strcmp(value, "yes") == 0;
	else if (strcmp(line, "field") == 0 && v->field_count < FIELDS_MAX)
		v->field[v->field_count++] = strdup(value);
	else
		die(path, "unknown head line");
}

static void read_bytes(struct vector *v, char *line, const char *path)
{
	char *next = line;

	line[strcspn(line, "#")] = '\0';
	while (*(next += strspn(next, " ")) != '\0') {
		unsigned int byte;
		size_t times = 1;

		if (sscanf(next, "%2x", &byte) != 1)
			die(path, "not hexadecimal");
		next += 2;
		if (*next == '*')
			times = strtoul(next + 1, &next, 10);
		if (v->size + times > BYTES_MAX)
			die(path, "too many bytes");
		memset(v->bytes + v->size, (int)byte, times);
		v->size += times;
	}
}

static void load(struct vector *v, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	bool in_head = true;

	memset(v, 0, sizeof(*v));
	v->bytes = malloc(BYTES_MAX);
	if (file == NULL || v->bytes == NULL)
		die(path, "cannot be read");
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (in_head && line[0] == '\0')
			in_head = false;
		else if (in_head)
			read_head(v, line, path);
		else
			read_bytes(v, line, path);
	}
	if (in_head || v->verdict[0] == '\0')
		die(path, "incomplete");
	free(line);
	fclose(file);
}

static void unload(struct vector *v)
{
	for (int i = 0; i < v->field_count; i++)
		free(v->field[i]);
	free(v->bytes);
}

static const char *check_request(const struct vector *v)
{
	char packet[WIRE_PACKET_MAX];
	struct request request = {0};
	uint32_t left_out = 1;

	for (int i = 0; i < v->field_count; i++) {
		char *value = strchr(v->field[i], '=');
		int field = 0;

		*value++ = '\0';
		while (field < REQUEST_FIELDS && strcmp(wire_request_key[field], v->field[i]) != 0)
			field++;
		if (field == REQUEST_FIELDS)
			return "a field that the module does not know";
		request.value[field] = value;
	}
	size_t size = wire_encode(&request, packet, &left_out);
	if (left_out != 0)
		return "a field was left out";
	if (size != v->size || memcmp(packet, v->bytes, size) != 0)
		return "other bytes";
	return NULL;
}

static const char *check_reply_fields(const struct vector *v, const struct reply *reply)
{
	static const char *const status_word[] = {
		"accepted", "opened", "existing", "none", "closed", "refused"};
	int seen = 0;

	for (int i = 0; i < v->field_count; i++) {
		const char *key = v->field[i];
		const char *value = strchr(key, '=') + 1;
		size_t key_size = (size_t)(value - key) - 1;
		const char *got = NULL;

		if (strncmp(key, "STATUS=", 7) == 0)
			got = status_word[reply->status];
		else if (strncmp(key, "ERROR=", 6) == 0)
			got = reply->error;
		else if (strncmp(key, "MESSAGE=", 8) == 0)
			got = reply->message;
		for (int n = 0; n < WIRE_VARIABLES; n++) {
			if (strlen(wire_environment[n]) == key_size &&
				memcmp(wire_environment[n], key, key_size) == 0)
				got = reply->environment[n];
		}
		if (got == NULL || strcmp(got, value) != 0)
			return key;
		seen++;
	}
	int set = 1 + (reply->error != NULL) + (reply->message != NULL);
	for (int n = 0; n < WIRE_VARIABLES; n++)
		set += reply->environment[n] != NULL;
	return set == seen ? NULL : "more fields than expected";
}

static const char *check_reply(const struct vector *v)
{
	static const char *const verdict_word[] = {"valid", "violation", "version"};
	struct reply reply;
	enum wire_verdict verdict;
	/* Of exactly the packet's size, so that a sanitizer sees the first byte read behind it. */
	char *packet = malloc(v->size > 0 ? v->size : 1);

	if (packet == NULL)
		return "no memory";
	memcpy(packet, v->bytes, v->size);
	verdict = wire_decode(packet, v->size, &reply);
	const char *wrong = NULL;
	if (strcmp(verdict_word[verdict], v->verdict) != 0)
		wrong = verdict_word[verdict];
	else if (verdict == WIRE_VALID)
		wrong = check_reply_fields(v, &reply);
	free(packet);
	return wrong;
}

static void write_packet(const struct vector *v, const char *dir, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (file == NULL || fwrite(v->bytes, 1, v->size, file) != v->size || fclose(file) != 0)
		die(path, "cannot be written");
}

int main(int argc, char **argv)
{
	bool writing = argc > 2 && strcmp(argv[1], "--write") == 0;
	int failed = 0;

	for (int i = writing ? 3 : 1; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		const char *name = slash != NULL ? slash + 1 : argv[i];
		const char *wrong = NULL;
		struct vector v;

		load(&v, argv[i]);
		if (writing)
			write_packet(&v, argv[2], name);
		else if (!v.is_request)
			wrong = check_reply(&v);
		else if (v.is_canonical)
			wrong = check_request(&v);
		if (!writing && (!v.is_request || v.is_canonical))
			printf("%s vector %s%s%s\n", wrong == NULL ? "ok" : "not ok", name,
				wrong == NULL ? "" : ": ", wrong == NULL ? "" : wrong);
		failed += wrong != NULL;
		unload(&v);
	}
	return failed > 0;
}
