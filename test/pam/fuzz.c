/*
 * Arbitrary bytes as a reply: whatever is accepted keeps the promises of wire.h. The same bytes,
 * cut at every NUL, as the values of a request: what is encoded is within the limits.
 */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void check_value(const char *packet, size_t size, const char *value)
{
	if (value == NULL)
		return;
	demand(value > packet && value < packet + size);
	demand(memchr(value, '\0', size - (size_t)(value - packet)) != NULL);
	demand(strlen(value) <= WIRE_VALUE_MAX);
	for (; *value != '\0'; value++)
		demand((unsigned char)*value >= 0x20 && *value != 0x7f);
}

static void decode(const char *packet, size_t size)
{
	struct reply reply;

	if (wire_decode(packet, size, &reply) != WIRE_VALID)
		return;
	demand(size <= WIRE_PACKET_MAX);
	demand((reply.status == REPLY_REFUSED) == (reply.error != NULL && reply.message != NULL));
	check_value(packet, size, reply.error);
	check_value(packet, size, reply.message);
	for (int i = 0; i < WIRE_VARIABLES; i++)
		check_value(packet, size, reply.environment[i]);
	if (reply.status == REPLY_OPENED)
		demand(reply.environment[WIRE_XDG_SESSION_ID][0] != '\0');
}

static void encode(const char *text, size_t size)
{
	char packet[WIRE_PACKET_MAX];
	struct request request = {0};
	uint32_t left_out;
	size_t used;

	for (int i = 0; i < REQUEST_FIELDS && size > 0; i++) {
		size_t step = strnlen(text, size) + 1;
		request.value[i] = text;
		text += step;
		size -= step;
	}
	used = wire_encode(&request, packet, &left_out);
	demand(used <= WIRE_PACKET_MAX);
	for (size_t i = sizeof(WIRE_VERSION_LINE) - 1; i < used; i++)
		demand(packet[i] == '\0' || (unsigned char)packet[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	decode((const char *)data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	encode(text, size + 1);
	free(text);
	return 0;
}
