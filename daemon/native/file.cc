/* Small files of the kernel and of our own directories, and the lifetime FIFOs. */
#include "native.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <linux/stat.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

namespace sessionman
{

/* read(path, limit): its text; EFBIG if it is longer. */
static Napi::Value read_text(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	double limit;
	if (!text_at(info, 0, &path) || !number_at(info, 1, 1, 1 << 26, &limit))
		return env.Undefined();
	Fd fd(retry([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
	if (fd.get() < 0)
		return fail(env, "open", errno, path);
	std::string text;
	char part[4096];
	ssize_t n;
	while ((n = retry([&] { return read(fd.get(), part, sizeof(part)); })) > 0) {
		text.append(part, static_cast<size_t>(n));
		if (static_cast<double>(text.size()) > limit)
			return fail(env, "read", EFBIG, path);
	}
	if (n < 0)
		return fail(env, "read", errno, path);
	return Napi::String::New(env, text);
}

/* write(path, text): into a file that exists. */
static Napi::Value write_text(Args info)
{
	std::string path, text;
	if (!text_at(info, 0, &path) || !text_at(info, 1, &text))
		return info.Env().Undefined();
	Fd fd(retry([&] { return open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK); }));
	if (fd.get() < 0)
		return fail(info.Env(), "open", errno, path);
	if (write_all(fd.get(), text.data(), text.size()) < 0)
		return fail(info.Env(), "write", errno, path);
	return info.Env().Undefined();
}

/*
 * replace(path, content): readers see the old file or the new one, never a part. The temporary name
 * is one that readers of directories pass over.
 */
static Napi::Value replace(Args info)
{
	std::string path, content;
	if (!text_at(info, 0, &path) || !text_at(info, 1, &content))
		return info.Env().Undefined();
	std::string temporary = path;
	temporary.insert(path.rfind('/') + 1, ".#");
	const char *call = "open";
	Fd fd(retry([&] {
		return open(temporary.c_str(),
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	}));
	bool done = fd.get() >= 0 &&
		    (call = "write", write_all(fd.get(), content.data(), content.size()) == 0) &&
		    (call = "rename", rename(temporary.c_str(), path.c_str()) == 0);
	if (done)
		return info.Env().Undefined();
	int error = errno;
	unlink(temporary.c_str());
	return fail(info.Env(), call, error, path);
}

static Napi::Value unlink_file(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	bool removed = unlink(path.c_str()) == 0;
	if (!removed && errno != ENOENT)
		return fail(info.Env(), "unlink", errno, path);
	return Napi::Boolean::New(info.Env(), removed);
}

/* makeDirectory(path, mode): false if there was one. */
static Napi::Value make_directory(Args info)
{
	std::string path;
	double mode;
	if (!text_at(info, 0, &path) || !number_at(info, 1, 0, 07777, &mode))
		return info.Env().Undefined();
	bool made = mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0;
	if (!made && errno != EEXIST)
		return fail(info.Env(), "mkdir", errno, path);
	return Napi::Boolean::New(info.Env(), made);
}

/* removeDirectory(path): "" or why not, symbolically: every caller has something to do about it. */
static Napi::Value remove_directory(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	if (rmdir(path.c_str()) == 0)
		return Napi::String::New(info.Env(), "");
	if (errno == ENOENT || errno == EBUSY || errno == ENOTEMPTY)
		return Napi::String::New(info.Env(), errno == ENOENT  ? "ENOENT"
						     : errno == EBUSY ? "EBUSY"
								      : "ENOTEMPTY");
	return fail(info.Env(), "rmdir", errno, path);
}

static long mount_of(const std::string &path)
{
	char name[48], text[512], *line;
	Fd fd(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd.get());
	if (fd.get() < 0 || slurp(AT_FDCWD, name, text, sizeof(text)) < 0 ||
		(line = strstr(text, "mnt_id:")) == nullptr)
		return -1;
	return strtol(line + strlen("mnt_id:"), nullptr, 10);
}

/* Of a mount that does not even let root ask, as a user's FUSE: nobody's directory, and on which
 * mount. */
static bool foreign_mount(const std::string &path, struct statx *out)
{
	long here = mount_of(path), above = mount_of(path.substr(0, path.rfind('/') + 1));
	if (here < 0 || above < 0 || here == above)
		return false;
	*out = {};
	out->stx_mode = S_IFDIR;
	out->stx_uid = out->stx_gid = static_cast<uint32_t>(-1);
	out->stx_mnt_id = static_cast<uint64_t>(here);
	out->stx_attributes = STATX_ATTR_MOUNT_ROOT;
	return true;
}

/*
 * status(path): of the name itself, never of what a symbolic link points to, and never by asking a
 * file system that may belong to a user. null if there is none.
 */
static Napi::Value status(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	struct statx s;
	if (!text_at(info, 0, &path))
		return env.Undefined();
	if (statx(AT_FDCWD, path.c_str(),
		    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		    STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_MNT_ID,
		    &s) < 0) {
		int error = errno;
		if (error == ENOENT || error == ENOTDIR)
			return env.Null();
		if (!foreign_mount(path, &s))
			return fail(env, "statx", error, path);
	}
	Napi::Object out = Napi::Object::New(env);
	out.Set("mode", Napi::Number::New(env, s.stx_mode));
	out.Set("uid", Napi::Number::New(env, s.stx_uid));
	out.Set("gid", Napi::Number::New(env, s.stx_gid));
	out.Set("device", Napi::String::New(env, std::to_string(s.stx_dev_major) + ":" +
							 std::to_string(s.stx_dev_minor) + ":" +
							 std::to_string(s.stx_ino)));
	out.Set("major", Napi::Number::New(env, s.stx_rdev_major));
	out.Set("minor", Napi::Number::New(env, s.stx_rdev_minor));
	out.Set("mount", Napi::Number::New(env, static_cast<double>(s.stx_mnt_id)));
	out.Set("mountRoot",
		Napi::Boolean::New(env, (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0));
	return out;
}

/* Opens for reading again and again with readAgain(). */
static Napi::Value open_file(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	int fd = retry(
		[&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
	if (fd < 0)
		return fail(info.Env(), "open", errno, path);
	return Napi::Number::New(info.Env(), fd);
}

static Napi::Value read_again(Args info)
{
	int fd;
	char buffer[256];
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	ssize_t n = retry([&] { return pread(fd, buffer, sizeof(buffer), 0); });
	if (n < 0)
		return fail(info.Env(), "read", errno, "descriptor " + std::to_string(fd));
	return Napi::String::New(info.Env(), buffer, static_cast<size_t>(n));
}

static int open_fifo(const std::string &path, int mode)
{
	struct stat s;
	Fd fd(retry(
		[&] { return open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW); }));
	if (fd.get() < 0)
		return -1;
	if (fstat(fd.get(), &s) < 0 || !S_ISFIFO(s.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return fd.release();
}

/* makeFifo(path): its read end. It is at its end only after a first write end has come and gone. */
static Napi::Value make_fifo(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	bool made = mkfifo(path.c_str(), 0600) == 0;
	if (!made && errno == EEXIST && unlink(path.c_str()) == 0)
		made = mkfifo(path.c_str(), 0600) == 0;
	if (!made)
		return fail(info.Env(), "mkfifo", errno, path);
	int fd = open_fifo(path, O_RDONLY);
	if (fd < 0) {
		int error = errno;
		unlink(path.c_str());
		return fail(info.Env(), "open", error, path);
	}
	return Napi::Number::New(info.Env(), fd);
}

/* openFifo(path): its read end, at its end already if nobody holds a write end. */
static Napi::Value open_fifo_reader(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	Fd reader(open_fifo(path, O_RDONLY));
	if (reader.get() < 0)
		return fail(info.Env(), "open", errno, path);
	/* A reader sees no end before a writer has gone: be that writer. */
	Fd writer(open_fifo(path, O_WRONLY));
	if (writer.get() < 0)
		return fail(info.Env(), "open", errno, path);
	return Napi::Number::New(info.Env(), reader.release());
}

/* openFifoWriter(path): ENXIO when nobody reads. */
static Napi::Value open_fifo_writer(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	int fd = open_fifo(path, O_WRONLY);
	if (fd < 0)
		return fail(info.Env(), "open", errno, path);
	return Napi::Number::New(info.Env(), fd);
}

static Napi::Value at_end(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	struct pollfd wait = {fd, 0, 0};
	retry([&] { return poll(&wait, 1, 0); });
	return Napi::Boolean::New(info.Env(), (wait.revents & POLLHUP) != 0);
}

void export_files(Napi::Env env, Napi::Object exports)
{
	exports.Set("read", Napi::Function::New<read_text>(env));
	exports.Set("write", Napi::Function::New<write_text>(env));
	exports.Set("replace", Napi::Function::New<replace>(env));
	exports.Set("unlink", Napi::Function::New<unlink_file>(env));
	exports.Set("makeDirectory", Napi::Function::New<make_directory>(env));
	exports.Set("removeDirectory", Napi::Function::New<remove_directory>(env));
	exports.Set("status", Napi::Function::New<status>(env));
	exports.Set("openFile", Napi::Function::New<open_file>(env));
	exports.Set("readAgain", Napi::Function::New<read_again>(env));
	exports.Set("makeFifo", Napi::Function::New<make_fifo>(env));
	exports.Set("openFifo", Napi::Function::New<open_fifo_reader>(env));
	exports.Set("openFifoWriter", Napi::Function::New<open_fifo_writer>(env));
	exports.Set("atEnd", Napi::Function::New<at_end>(env));
}

} // namespace sessionman
