/*
 * A PAM module that leaves text for the modules behind it, as those that limit sessions do: each
 * argument is NAME=VALUE.
 */
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>

static void forget(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	for (int i = 0; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');
		char *name = equals != NULL ? strndup(argv[i], (size_t)(equals - argv[i])) : NULL;
		char *value = equals != NULL ? strdup(equals + 1) : NULL;

		if (name == NULL || value == NULL ||
			pam_set_data(pamh, name, value, forget) != PAM_SUCCESS)
			abort();
		free(name);
	}
	return PAM_SUCCESS;
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
