/*
 * Control groups that belong to a user. What is in them is the user's to name: nothing here goes by
 * a path below the top, and nothing goes deeper than DEPTH_MAX.
 */
#include "native.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <vector>

namespace sessionman
{

static const int DEPTH_MAX = 128;
static const size_t MEMBERS_MAX = 65536;

static int open_group(int directory, const char *name)
{
	return retry([&] {
		return openat(directory, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	});
}

/*
 * giveGroup(path, uid, gid, files): makes the group if there is none and lets the user use it:
 * those of the files that the kernel has, and last the directory itself, below which root must not
 * go by path from then on.
 */
static Napi::Value give_group(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	uint32_t uid, gid;
	if (!text_at(info, 0, &path) || !id_at(info, 1, &uid) || !id_at(info, 2, &gid) ||
		!info[3].IsArray())
		return env.Undefined();
	Napi::Array files = info[3].As<Napi::Array>();
	if (mkdir(path.c_str(), 0755) < 0 && errno != EEXIST)
		return fail(env, "mkdir", errno, path);
	Fd fd(open_group(AT_FDCWD, path.c_str()));
	if (fd.get() < 0)
		return fail(env, "open", errno, path);
	for (uint32_t i = 0; i < files.Length(); i++) {
		std::string name = files.Get(i).ToString().Utf8Value();
		if (fchownat(fd.get(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return fail(env, "fchownat", errno, path + "/" + name);
	}
	if (fchown(fd.get(), uid, gid) < 0)
		return fail(env, "fchown", errno, path);
	return env.Undefined();
}

/* The names of the groups in one, with a stream of its own: the descriptor stays where it is. */
class Groups
{
      public:
	explicit Groups(int directory)
	{
		int fd = open_group(directory, ".");
		stream_ = fd < 0 ? nullptr : fdopendir(fd);
		if (stream_ == nullptr && fd >= 0)
			close(fd);
	}
	Groups(const Groups &) = delete;
	Groups &operator=(const Groups &) = delete;
	~Groups()
	{
		if (stream_ != nullptr)
			closedir(stream_);
	}
	const char *next()
	{
		struct dirent *entry;
		while (stream_ != nullptr && (entry = readdir(stream_)) != nullptr)
			if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
				strcmp(entry->d_name, "..") != 0)
				return entry->d_name;
		return nullptr;
	}

      private:
	DIR *stream_;
};

struct Removal {
	/* Groups that may still be tried. */
	int left;
	int removed;
};

static bool remove_group(int directory, const char *name, int depth, Removal *removal)
{
	if (removal->left-- <= 0)
		return false;
	if (unlinkat(directory, name, AT_REMOVEDIR) == 0) {
		removal->removed++;
		return true;
	}
	if (errno == ENOENT)
		return true;
	Fd fd(depth >= DEPTH_MAX ? -1 : open_group(directory, name));
	if (fd.get() < 0)
		return false;
	{
		Groups groups(fd.get());
		const char *below;
		while (removal->left > 0 && (below = groups.next()) != nullptr)
			remove_group(fd.get(), below, depth + 1, removal);
	}
	if (unlinkat(directory, name, AT_REMOVEDIR) < 0)
		return errno == ENOENT;
	removal->removed++;
	return true;
}

/*
 * removeGroups(path, most): the group and those below it, trying so many of them: -1 when all are
 * gone, otherwise how many were removed.
 */
static Napi::Value remove_groups(Args info)
{
	std::string path;
	double most;
	if (!text_at(info, 0, &path) || !number_at(info, 1, 1, 1 << 20, &most))
		return info.Env().Undefined();
	Removal removal = {static_cast<int>(most), 0};
	bool gone = remove_group(AT_FDCWD, path.c_str(), 0, &removal);
	return Napi::Number::New(info.Env(), gone ? -1 : removal.removed);
}

static void read_members(int group, std::vector<pid_t> *members)
{
	char buffer[4096];
	std::string text;
	ssize_t n;
	Fd fd(retry([&] {
		return openat(
			group, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	}));
	if (fd.get() < 0)
		return;
	while (text.size() < 16 * MEMBERS_MAX &&
		(n = retry([&] { return read(fd.get(), buffer, sizeof(buffer)); })) > 0)
		text.append(buffer, static_cast<size_t>(n));
	for (const char *line = text.c_str(); *line != '\0' && members->size() < MEMBERS_MAX;) {
		char *end;
		long pid = strtol(line, &end, 10);
		/* a process of another pid namespace is listed as 0 */
		if (pid > 0)
			members->push_back(static_cast<pid_t>(pid));
		line = *end == '\n' ? end + 1 : "";
	}
}

static void collect(int group, int depth, std::vector<pid_t> *members)
{
	read_members(group, members);
	Groups groups(group);
	const char *name;
	while (depth < DEPTH_MAX && members->size() < MEMBERS_MAX &&
		(name = groups.next()) != nullptr) {
		Fd fd(open_group(group, name));
		if (fd.get() >= 0)
			collect(fd.get(), depth + 1, members);
	}
}

/* groupMembers(path): the processes of the group and of those below it; none if it is gone. */
static Napi::Value group_members(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	std::vector<pid_t> members;
	if (!text_at(info, 0, &path))
		return env.Undefined();
	Fd fd(open_group(AT_FDCWD, path.c_str()));
	if (fd.get() >= 0)
		collect(fd.get(), 0, &members);
	Napi::Array list = Napi::Array::New(env, members.size());
	for (uint32_t i = 0; i < members.size(); i++)
		list.Set(i, Napi::Number::New(env, members[i]));
	return list;
}

void export_delegation(Napi::Env env, Napi::Object exports)
{
	exports.Set("giveGroup", Napi::Function::New<give_group>(env));
	exports.Set("removeGroups", Napi::Function::New<remove_groups>(env));
	exports.Set("groupMembers", Napi::Function::New<group_members>(env));
}

} // namespace sessionman
