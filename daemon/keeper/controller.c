#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controller.h"
#include "log.h"

void controller_kill(int pidfd)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		log_line("kill the controller of a device: %m");
}

void controller_await_end(int pidfd, int64_t deadline)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	int64_t wait = deadline - now_ms();

	/* Every signal is blocked, so none interrupts it. */
	if (poll(&end, 1, wait > 0 ? (int)wait : 0) != 1)
		log_line("a controller that was killed has not ended yet");
}
