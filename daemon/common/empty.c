/*
 * A tree of any depth is taken down with three descriptors and no recursion, by flattening it: the
 * subdirectories of a directory below the top are renamed up into the top, then the directory,
 * now empty, goes. So ".." is never followed, and a user who moves directories about meanwhile
 * cannot lead the walk out of the tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "empty.h"

#define NAME_TRIES 100

/* As getdents64 writes it; not every C library has a name for it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

struct walk {
	int top;
	unsigned int next_name;
	/* directories moved up so far */
	unsigned int moved;
	/* something was removed or moved in this pass */
	bool progress;
	/* errno of the first thing left in this pass */
	int error;
};

/* ENOENT: the user was faster. */
static void left(struct walk *walk, int error)
{
	if (walk->error == 0 && error != ENOENT)
		walk->error = error;
}

/* A directory of the same mount, opened so that its owner can empty it, whatever its mode was. */
static int open_inside(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	struct stat st;

	int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		fchmod(fd, 0700);
	return fd;
}

/* Moving a directory changes its "..", for which the kernel wants write permission on it. */
static bool move_up(struct walk *walk, int dir, const char *name)
{
	char new_name[32];

	for (int tries = 0; tries < NAME_TRIES; tries++) {
		snprintf(new_name, sizeof(new_name), ".removing-%u", walk->next_name++);
		if (renameat(dir, name, walk->top, new_name) == 0 ||
			(errno == EACCES && fchmodat(dir, name, 0700, 0) == 0 &&
				renameat(dir, name, walk->top, new_name) == 0)) {
			walk->moved++;
			return true;
		}
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return false;
	}
	return false;
}

/* Whether name was removed; if not, errno says why, and ENOTEMPTY is said of directories only. */
static bool remove_one(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0)
		return true;
	if (errno != EISDIR)
		return false;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return true;
	if (errno == EEXIST)
		errno = ENOTEMPTY;
	return false;
}

typedef void (*entry_action)(struct walk *walk, int dir, const char *name);

/* Calls action for the entries of dir until none is left or a round has changed nothing. */
static void each_entry(struct walk *walk, int dir, entry_action action)
{
	_Alignas(struct entry) char entries[8192];
	bool again = true;

	while (again) {
		walk->progress = false;
		walk->error = 0;
		if (lseek(dir, 0, SEEK_SET) < 0) {
			left(walk, errno);
			return;
		}
		long len;
		while ((len = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0) {
			for (long at = 0; at < len;) {
				struct entry *entry = (struct entry *)(entries + at);
				at += entry->length;
				if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
					action(walk, dir, entry->name);
			}
		}
		if (len < 0)
			left(walk, errno);
		again = walk->progress;
	}
}

static void take_down_inner(struct walk *walk, int dir, const char *name)
{
	if (remove_one(dir, name) || (errno == ENOTEMPTY && move_up(walk, dir, name)))
		walk->progress = true;
	else
		left(walk, errno);
}

static void take_down_outer(struct walk *walk, int top, const char *name)
{
	struct walk inner = *walk;

	if (remove_one(top, name)) {
		walk->progress = true;
		return;
	}
	if (errno != ENOTEMPTY) {
		left(walk, errno);
		return;
	}
	int dir = open_inside(top, name);
	if (dir < 0) {
		left(walk, errno);
		return;
	}
	each_entry(&inner, dir, take_down_inner);
	close(dir);
	if (unlinkat(top, name, AT_REMOVEDIR) == 0 || inner.moved != walk->moved)
		walk->progress = true;
	else
		left(walk, inner.error != 0 ? inner.error : errno);
	walk->next_name = inner.next_name;
	walk->moved = inner.moved;
}

int empty_directory(const char *path, uid_t owner)
{
	struct walk walk = {0};
	struct stat st;

	walk.top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (walk.top < 0)
		return errno;
	if (fstat(walk.top, &st) < 0)
		return errno;
	if (st.st_uid != owner)
		return EPERM;
	each_entry(&walk, walk.top, take_down_outer);
	close(walk.top);
	return walk.error;
}
