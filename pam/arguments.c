#include "arguments.h"

#include <stddef.h>
#include <string.h>

void arguments_default(struct arguments *arguments)
{
	*arguments = (struct arguments){
		.socket_path = ARGUMENTS_SOCKET,
		.timeout_s = ARGUMENTS_TIMEOUT_S,
	};
}

static bool take_string(const char **string, const char *value)
{
	if (value[0] == '\0')
		return false;
	*string = value;
	return true;
}

static bool take_bool(bool *flag, const char *value)
{
	static const char *const word[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (strcmp(value, word[i]) == 0) {
			*flag = i % 2 == 1;
			return true;
		}
	}
	return false;
}

static bool take_socket(const char **path, const char *value)
{
	return value[0] == '/' && take_string(path, value);
}

static bool take_timeout(int *seconds, const char *value)
{
	int number = 0;

	if (value[0] < '1' || value[0] > '9')
		return false;
	for (; *value >= '0' && *value <= '9' && number <= ARGUMENTS_TIMEOUT_MAX_S; value++)
		number = number * 10 + (*value - '0');
	if (*value != '\0' || number > ARGUMENTS_TIMEOUT_MAX_S)
		return false;
	*seconds = number;
	return true;
}

static bool take_onfail(bool *fail, const char *value)
{
	if (strcmp(value, "success") != 0 && strcmp(value, "error") != 0)
		return false;
	*fail = value[0] == 'e';
	return true;
}

/* The value, if text is "NAME=value". */
static const char *value_of(const char *text, const char *name)
{
	size_t size = strlen(name);

	return strncmp(text, name, size) == 0 && text[size] == '=' ? text + size + 1 : NULL;
}

enum argument_verdict arguments_take(struct arguments *arguments, const char *text)
{
	const char *value;
	bool taken;

	if (strcmp(text, "debug") == 0)
		taken = take_bool(&arguments->debug, "yes");
	else if ((value = value_of(text, "debug")) != NULL)
		taken = take_bool(&arguments->debug, value);
	else if ((value = value_of(text, "type")) != NULL)
		taken = take_string(&arguments->type, value);
	else if ((value = value_of(text, "class")) != NULL)
		taken = take_string(&arguments->class, value);
	else if ((value = value_of(text, "desktop")) != NULL)
		taken = take_string(&arguments->desktop, value);
	else if ((value = value_of(text, "onfail")) != NULL)
		taken = take_onfail(&arguments->fail_without_session, value);
	else if ((value = value_of(text, "timeout")) != NULL)
		taken = take_timeout(&arguments->timeout_s, value);
	else if ((value = value_of(text, "socket")) != NULL)
		taken = take_socket(&arguments->socket_path, value);
	else
		return ARGUMENT_UNKNOWN;
	return taken ? ARGUMENT_TAKEN : ARGUMENT_BAD_VALUE;
}
