#include <signal.h>
#include <stddef.h>

#include "signals.h"

void signals_to_default(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	/* It fails for SIGKILL, SIGSTOP and the two of the C library, which have it anyway. */
	for (int number = 1; number <= SIGRTMAX; number++)
		sigaction(number, &action, NULL);
}
