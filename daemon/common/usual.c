#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "usual.h"

void oom_score_to_usual(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "0");
	close(fd);
}

void priority_to_usual(void)
{
	oom_score_to_usual();
	setpriority(PRIO_PROCESS, 0, 0);
}
