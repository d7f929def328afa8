#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "output.h"

#define FILE_MAX 32768
#define READ_SIZE 16384
#define READS_PER_TURN 4
/* Its writers wait meanwhile: 64 KiB in 20 ms is more than any log that somebody reads. */
#define FLOOD_PAUSE_MS 20

/* Without the file, as on a full disk, what is written is lost and nothing else happens. */
static void file_open(struct output *output)
{
	struct stat st;
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

	output->size = 0;
	output->file = open(output->path, flags, 0600);
	if (output->file >= 0 && fstat(output->file, &st) == 0)
		output->size = st.st_size;
}

static void file_turn(struct output *output)
{
	char old[PATH_MAX + 2];

	snprintf(old, sizeof(old), "%s.1", output->path);
	if (output->file >= 0)
		close(output->file);
	rename(output->path, old);
	file_open(output);
}

static void append(struct output *output, const char *bytes, size_t len)
{
	while (len > 0) {
		if (output->size >= FILE_MAX)
			file_turn(output);
		if (output->size >= FILE_MAX)
			return;
		size_t room = (size_t)(FILE_MAX - output->size);
		ssize_t done = write(output->file, bytes, len < room ? len : room);
		if (done <= 0)
			return;
		output->size += done;
		bytes += done;
		len -= (size_t)done;
	}
}

bool output_open(struct output *output, const struct arguments *arguments)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	output->read_end = ends[0];
	output->write_end = ends[1];
	output->path = arguments->log;
	file_open(output);
	if (output->file < 0)
		log_line("open %s: %m", output->path);
	return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 &&
	       fchown(ends[1], arguments->uid, arguments->gid) == 0;
}

void output_receive(struct output *output)
{
	char bytes[READ_SIZE];

	if (now_ms() < output->resume_at)
		return;
	output->resume_at = 0;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t len = read(output->read_end, bytes, sizeof(bytes));
		if (len > 0)
			append(output, bytes, (size_t)len);
		if (len < (ssize_t)sizeof(bytes))
			return;
	}
	output->resume_at = now_ms() + FLOOD_PAUSE_MS;
}

void output_line(struct output *output, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	size_t used = log_format(line, sizeof(line), format, args);
	va_end(args);
	append(output, line, used);
}
