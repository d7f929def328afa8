#include "native.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace sessionman
{

/* What enterGroup() returns. */
static const int GONE = 0;
static const int ENTERED = 1;
static const int GONE_MEANWHILE = 2;

static Napi::Value is_cgroup2(Args info)
{
	std::string path;
	struct statfs fs;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	bool is = retry([&] { return statfs(path.c_str(), &fs); }) == 0 &&
		  fs.f_type == CGROUP2_SUPER_MAGIC;
	return Napi::Boolean::New(info.Env(), is);
}

/*
 * enterGroup(directory, pid, start, inode): makes the group and moves the process into it. A
 * process that lives after the move owned its pid during it; otherwise (GONE_MEANWHILE) another one
 * may have been moved.
 */
static Napi::Value enter_group(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	Identity identity;
	if (!text_at(info, 0, &path) || !identity_at(info, 1, &identity))
		return env.Undefined();
	Fd pidfd(open_identity(identity));
	if (pidfd.get() < 0) {
		if (errno == ESRCH)
			return Napi::Number::New(env, GONE);
		return fail(env, "pidfd_open", errno, "process " + std::to_string(identity.pid));
	}
	bool made = mkdir(path.c_str(), 0755) == 0;
	if (!made && errno != EEXIST)
		return fail(env, "mkdir", errno, path);
	std::string file = path + "/cgroup.procs";
	std::string line = std::to_string(identity.pid);
	Fd fd(retry([&] { return open(file.c_str(), O_WRONLY | O_CLOEXEC); }));
	if (fd.get() < 0 || write_all(fd.get(), line.data(), line.size()) < 0) {
		int error = errno;
		if (made)
			rmdir(path.c_str());
		if (error == ESRCH)
			return Napi::Number::New(env, GONE);
		return fail(env, "write", error, file);
	}
	return Napi::Number::New(env, has_exited(pidfd.get()) ? GONE_MEANWHILE : ENTERED);
}

static Napi::Value open_watch(Args info)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return fail(info.Env(), "inotify_init1", errno, "watch");
	return Napi::Number::New(info.Env(), fd);
}

/* watch(fd, path): the number that readWatch() reports when the file has changed. */
static Napi::Value watch(Args info)
{
	int fd;
	std::string path;
	if (!fd_at(info, 0, &fd) || !text_at(info, 1, &path))
		return info.Env().Undefined();
	int number = inotify_add_watch(fd, path.c_str(), IN_MODIFY);
	if (number < 0)
		return fail(info.Env(), "inotify_add_watch", errno, path);
	return Napi::Number::New(info.Env(), number);
}

static Napi::Value unwatch(Args info)
{
	int fd;
	double number;
	if (fd_at(info, 0, &fd) && number_at(info, 1, 0, INT32_MAX, &number))
		inotify_rm_watch(fd, static_cast<int>(number));
	return info.Env().Undefined();
}

/* The numbers of the files that changed; -1 among them: events were lost, any may have. */
static Napi::Value read_watch(Args info)
{
	Napi::Env env = info.Env();
	int fd;
	alignas(struct inotify_event) char buffer[4096];
	if (!fd_at(info, 0, &fd))
		return env.Undefined();
	Napi::Array numbers = Napi::Array::New(env);
	ssize_t n = retry([&] { return read(fd, buffer, sizeof(buffer)); });
	uint32_t count = 0;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event event;
		memcpy(&event, buffer + at, sizeof(event));
		at += static_cast<ssize_t>(sizeof(event) + event.len);
		if ((event.mask & IN_IGNORED) == 0)
			numbers.Set(count++, Napi::Number::New(env, event.wd));
	}
	return numbers;
}

void export_cgroups(Napi::Env env, Napi::Object exports)
{
	exports.Set("isCgroup2", Napi::Function::New<is_cgroup2>(env));
	exports.Set("enterGroup", Napi::Function::New<enter_group>(env));
	exports.Set("openWatch", Napi::Function::New<open_watch>(env));
	exports.Set("watch", Napi::Function::New<watch>(env));
	exports.Set("unwatch", Napi::Function::New<unwatch>(env));
	exports.Set("readWatch", Napi::Function::New<read_watch>(env));
}

} // namespace sessionman
