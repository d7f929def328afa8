#include <link.h>
#include <stddef.h>
#include <sys/stat.h>

#include "mapped.h"

/* More libraries than libpam needs anywhere; what is beyond is not looked at. */
#define FILES_MAX 32

struct file {
	const char *path;
	struct stat was;
};

static struct file files[FILES_MAX];
static size_t count;

static void note(const char *path)
{
	struct file *file = &files[count];

	if (count == FILES_MAX || path[0] != '/' || stat(path, &file->was) < 0)
		return;
	file->path = path;
	count++;
}

/* The program itself has no name here, and what the kernel provides has no path. */
static int note_library(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	note(info->dlpi_name);
	return 0;
}

void mapped_note(const char *path)
{
	count = 0;
	note(path);
	dl_iterate_phdr(note_library, NULL);
}

static bool is_other(const struct stat *was, const struct stat *now)
{
	return was->st_dev != now->st_dev || was->st_ino != now->st_ino ||
	       was->st_ctim.tv_sec != now->st_ctim.tv_sec ||
	       was->st_ctim.tv_nsec != now->st_ctim.tv_nsec;
}

bool mapped_is_old(void)
{
	struct stat now;

	for (size_t i = 0; i < count; i++) {
		if (stat(files[i].path, &now) < 0 || is_other(&files[i].was, &now))
			return true;
	}
	return false;
}
