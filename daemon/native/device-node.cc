/* Device nodes held without being opened, their access lists, and the switch of VTs. */
#include "native.h"

#include <fcntl.h>
#include <linux/vt.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace sessionman
{

static const char *const ACCESS = "system.posix_acl_access";
/* The largest value of an attribute. */
static const size_t LARGEST = 65536;

/* holdNode(path): a descriptor for the name itself, and what it names; null if there is none. */
static Napi::Value hold_node(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	if (!text_at(info, 0, &path))
		return env.Undefined();
	Fd fd(retry([&] { return open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
	if (fd.get() < 0)
		return errno == ENOENT || errno == ENOTDIR ? env.Null()
							   : fail(env, "open", errno, path);
	struct stat s;
	if (fstat(fd.get(), &s) < 0)
		return fail(env, "fstat", errno, path);
	Napi::Object out = Napi::Object::New(env);
	out.Set("mode", Napi::Number::New(env, s.st_mode));
	out.Set("uid", Napi::Number::New(env, s.st_uid));
	out.Set("gid", Napi::Number::New(env, s.st_gid));
	out.Set("major", Napi::Number::New(env, major(s.st_rdev)));
	out.Set("minor", Napi::Number::New(env, minor(s.st_rdev)));
	out.Set("fd", Napi::Number::New(env, fd.release()));
	return out;
}

/* readAccess(path): its access list in the form of the attribute; null if it has only permissions.
 * By the name, which is much quicker than by a descriptor that opens nothing; links are not
 * followed.
 */
static Napi::Value read_access(Args info)
{
	Napi::Env env = info.Env();
	std::string path;
	if (!text_at(info, 0, &path))
		return env.Undefined();
	char small[512];
	ssize_t size = lgetxattr(path.c_str(), ACCESS, small, sizeof(small));
	if (size >= 0)
		return Napi::Buffer<char>::Copy(env, small, static_cast<size_t>(size));
	if (errno == ENODATA)
		return env.Null();
	if (errno != ERANGE)
		return fail(env, "getxattr", errno, path);
	std::string large(LARGEST, '\0');
	size = lgetxattr(path.c_str(), ACCESS, &large[0], large.size());
	if (size < 0)
		return fail(env, "getxattr", errno, path);
	return Napi::Buffer<char>::Copy(env, large.data(), static_cast<size_t>(size));
}

/* writeAccess(fd, bytes): of exactly the node that is held. */
static Napi::Value write_access(Args info)
{
	int fd;
	Bytes list;
	if (!fd_at(info, 0, &fd) || !bytes_at(info, 1, &list))
		return info.Env().Undefined();
	char name[48];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (setxattr(name, ACCESS, list.data, list.size, 0) < 0)
		return fail(info.Env(), "setxattr", errno, name);
	return info.Env().Undefined();
}

/* activateVt(number): asks for the switch and does not wait for it. */
static Napi::Value activate_vt(Args info)
{
	static const char *const TERMINAL = "/dev/tty0";
	double vt;
	if (!number_at(info, 0, 1, 63, &vt))
		return info.Env().Undefined();
	Fd fd(retry([&] { return open(TERMINAL, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC); }));
	if (fd.get() < 0)
		return fail(info.Env(), "open", errno, TERMINAL);
	if (retry([&] { return ioctl(fd.get(), VT_ACTIVATE, static_cast<long>(vt)); }) < 0)
		return fail(info.Env(), "VT_ACTIVATE", errno,
			"VT " + std::to_string(static_cast<int>(vt)));
	return info.Env().Undefined();
}

void export_device_nodes(Napi::Env env, Napi::Object exports)
{
	exports.Set("holdNode", Napi::Function::New<hold_node>(env));
	exports.Set("readAccess", Napi::Function::New<read_access>(env));
	exports.Set("writeAccess", Napi::Function::New<write_access>(env));
	exports.Set("activateVt", Napi::Function::New<activate_vt>(env));
}

} // namespace sessionman
