#include "wire.h"

#include <string.h>

#define BIT(field) (UINT32_C(1) << (field))
#define VERSION_LINE_SIZE (sizeof(WIRE_VERSION_LINE) - 1)

const char *const wire_request_key[REQUEST_FIELDS] = {
	[REQUEST_OP] = "OP",
	[REQUEST_NONCE] = "NONCE",
	[REQUEST_ID] = "ID",
	[REQUEST_USER] = "USER",
	[REQUEST_UID] = "UID",
	[REQUEST_GID] = "GID",
	[REQUEST_SERVICE] = "SERVICE",
	[REQUEST_TTY] = "TTY",
	[REQUEST_DISPLAY] = "DISPLAY",
	[REQUEST_RHOST] = "RHOST",
	[REQUEST_RUSER] = "RUSER",
	[REQUEST_ARG_TYPE] = "ARG_TYPE",
	[REQUEST_ARG_CLASS] = "ARG_CLASS",
	[REQUEST_ARG_DESKTOP] = "ARG_DESKTOP",
	[REQUEST_ENV_TYPE] = "ENV_TYPE",
	[REQUEST_ENV_CLASS] = "ENV_CLASS",
	[REQUEST_ENV_DESKTOP] = "ENV_DESKTOP",
	[REQUEST_ENV_SEAT] = "ENV_SEAT",
	[REQUEST_ENV_VTNR] = "ENV_VTNR",
	[REQUEST_ENV_INCOMPLETE] = "ENV_INCOMPLETE",
	[REQUEST_LIMITS] = "LIMITS",
	[REQUEST_GROUPS] = "GROUPS",
};

const char *const wire_environment[WIRE_VARIABLES] = {
	[WIRE_XDG_SESSION_ID] = "XDG_SESSION_ID",
	[WIRE_XDG_SESSION_TYPE] = "XDG_SESSION_TYPE",
	[WIRE_XDG_SESSION_CLASS] = "XDG_SESSION_CLASS",
	[WIRE_XDG_SESSION_DESKTOP] = "XDG_SESSION_DESKTOP",
	[WIRE_XDG_SEAT] = "XDG_SEAT",
	[WIRE_XDG_VTNR] = "XDG_VTNR",
	[WIRE_XDG_RUNTIME_DIR] = "XDG_RUNTIME_DIR",
	[WIRE_DBUS_SESSION_BUS_ADDRESS] = "DBUS_SESSION_BUS_ADDRESS",
};

static const char *const status_word[] = {
	[REPLY_ACCEPTED] = "accepted",
	[REPLY_OPENED] = "opened",
	[REPLY_EXISTING] = "existing",
	[REPLY_NONE] = "none",
	[REPLY_CLOSED] = "closed",
	[REPLY_REFUSED] = "refused",
};

/* Without one of these, or with a wrong one, the daemon would answer for somebody else. */
static const uint32_t never_left_out = BIT(REQUEST_OP) | BIT(REQUEST_NONCE) | BIT(REQUEST_ID) |
				       BIT(REQUEST_USER) | BIT(REQUEST_UID) | BIT(REQUEST_GID);

static size_t value_max(enum request_field field)
{
	switch (field) {
	case REQUEST_USER:
		return WIRE_USER_MAX;
	case REQUEST_TTY:
	case REQUEST_ENV_SEAT:
		return WIRE_NAME_MAX;
	case REQUEST_GROUPS:
		return WIRE_PACKET_MAX;
	default:
		return WIRE_VALUE_MAX;
	}
}

/* The size of the printable UTF-8 character at s, or 0: truncated, overlong, surrogate, control. */
static size_t character_size(const unsigned char *s, size_t room)
{
	uint32_t code = s[0];
	uint32_t smallest;
	size_t size;

	if (code < 0x80)
		return code < 0x20 || code == 0x7f ? 0 : 1;
	if ((code & 0xe0) == 0xc0) {
		size = 2;
		smallest = 0xa0;
	} else if ((code & 0xf0) == 0xe0) {
		size = 3;
		smallest = 0x800;
	} else if ((code & 0xf8) == 0xf0) {
		size = 4;
		smallest = 0x10000;
	} else {
		return 0;
	}
	if (size > room)
		return 0;
	code &= 0x7fU >> size;
	for (size_t i = 1; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fU);
	}
	if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return size;
}

static bool is_text(const char *s, size_t size)
{
	while (size > 0) {
		size_t step = character_size((const unsigned char *)s, size);
		if (step == 0)
			return false;
		s += step;
		size -= step;
	}
	return true;
}

static bool is_key(const char *s, size_t size)
{
	if (size == 0 || s[0] == '_')
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((s[i] < 'A' || s[i] > 'Z') && s[i] != '_')
			return false;
	}
	return true;
}

size_t wire_encode(const struct request *request, char *packet, uint32_t *left_out)
{
	size_t used = VERSION_LINE_SIZE;

	*left_out = 0;
	memcpy(packet, WIRE_VERSION_LINE, VERSION_LINE_SIZE);
	for (int field = 0; field < REQUEST_FIELDS; field++) {
		const char *value = request->value[field];
		size_t key_size = strlen(wire_request_key[field]);
		size_t max = value_max(field);

		if (value == NULL || value[0] == '\0')
			continue;
		size_t size = strnlen(value, max + 1);
		if (size > max || key_size + size + 2 > WIRE_PACKET_MAX - used ||
			!is_text(value, size)) {
			*left_out |= BIT(field);
			continue;
		}
		memcpy(packet + used, wire_request_key[field], key_size);
		packet[used + key_size] = '=';
		memcpy(packet + used + key_size + 1, value, size + 1);
		used += key_size + size + 2;
	}
	return (*left_out & never_left_out) != 0 ? 0 : used;
}

static enum wire_verdict check_version(const char *packet, size_t size)
{
	const size_t word_size = sizeof("sessionman ") - 1;
	size_t i = word_size;

	if (size >= VERSION_LINE_SIZE && memcmp(packet, WIRE_VERSION_LINE, VERSION_LINE_SIZE) == 0)
		return WIRE_VALID;
	if (size <= word_size || memcmp(packet, WIRE_VERSION_LINE, word_size) != 0)
		return WIRE_VIOLATION;
	while (i < size && packet[i] >= '0' && packet[i] <= '9')
		i++;
	return i > word_size && i < size && packet[i] == '\n' ? WIRE_OTHER_VERSION : WIRE_VIOLATION;
}

struct field {
	const char *key;
	size_t key_size;
	const char *value;
};

static bool has_key(const struct field *field, const char *key)
{
	return strlen(key) == field->key_size && memcmp(field->key, key, field->key_size) == 0;
}

/* Splits what follows the version line; returns the number of fields, or -1 for a violation. */
static int split(const char *next, size_t room, struct field fields[WIRE_FIELDS_MAX])
{
	int count = 0;

	while (room > 0) {
		const char *end = memchr(next, '\0', room);
		const char *equals = end != NULL ? memchr(next, '=', (size_t)(end - next)) : NULL;

		if (equals == NULL || count == WIRE_FIELDS_MAX)
			return -1;
		size_t key_size = (size_t)(equals - next);
		size_t value_size = (size_t)(end - equals - 1);
		if (!is_key(next, key_size) || value_size > WIRE_VALUE_MAX ||
			!is_text(equals + 1, value_size))
			return -1;
		for (int i = 0; i < count; i++) {
			if (fields[i].key_size == key_size &&
				memcmp(fields[i].key, next, key_size) == 0)
				return -1;
		}
		fields[count++] = (struct field){next, key_size, equals + 1};
		room -= (size_t)(end + 1 - next);
		next = end + 1;
	}
	return count;
}

static bool take_status(const struct field *field, struct reply *reply)
{
	if (!has_key(field, "STATUS"))
		return false;
	for (size_t i = 0; i < sizeof(status_word) / sizeof(status_word[0]); i++) {
		if (strcmp(field->value, status_word[i]) == 0) {
			reply->status = (enum reply_status)i;
			return true;
		}
	}
	return false;
}

static void take_field(const struct field *field, struct reply *reply)
{
	if (reply->status == REPLY_REFUSED) {
		if (has_key(field, "ERROR"))
			reply->error = field->value;
		else if (has_key(field, "MESSAGE"))
			reply->message = field->value;
		return;
	}
	if (reply->status != REPLY_OPENED && reply->status != REPLY_EXISTING)
		return;
	for (int i = 0; i < WIRE_VARIABLES; i++) {
		if (has_key(field, wire_environment[i]))
			reply->environment[i] = field->value;
	}
}

enum wire_verdict wire_decode(const char *packet, size_t size, struct reply *reply)
{
	struct field fields[WIRE_FIELDS_MAX];
	enum wire_verdict version;
	int count;

	memset(reply, 0, sizeof(*reply));
	if (size > WIRE_PACKET_MAX)
		return WIRE_VIOLATION;
	version = check_version(packet, size);
	if (version != WIRE_VALID)
		return version;
	count = split(packet + VERSION_LINE_SIZE, size - VERSION_LINE_SIZE, fields);
	if (count < 1 || !take_status(&fields[0], reply))
		return WIRE_VIOLATION;
	for (int i = 1; i < count; i++)
		take_field(&fields[i], reply);

	if (reply->status == REPLY_REFUSED)
		return reply->error != NULL && reply->message != NULL ? WIRE_VALID : WIRE_VIOLATION;
	if (reply->status == REPLY_OPENED) {
		const char *id = reply->environment[WIRE_XDG_SESSION_ID];
		return id != NULL && id[0] != '\0' ? WIRE_VALID : WIRE_VIOLATION;
	}
	return WIRE_VALID;
}
