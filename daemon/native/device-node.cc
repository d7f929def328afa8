/* Device nodes held without being opened, their access lists, and the switch of VTs. */
#include "native.h"

#include <fcntl.h>
#include <linux/vt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <utility>
#include <vector>

namespace sessionman
{

static const char *const ACCESS = "system.posix_acl_access";
/* A list of three entries. */
static const size_t MINIMAL = 28;
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

/* Of exactly the node that is held. */
static int write_list(int fd, const void *list, size_t size)
{
	char name[48];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return setxattr(name, ACCESS, list, size, 0);
}

/* writeAccess(fd, bytes) */
static Napi::Value write_access(Args info)
{
	int fd;
	Bytes list;
	if (!fd_at(info, 0, &fd) || !bytes_at(info, 1, &list))
		return info.Env().Undefined();
	if (write_list(fd, list.data, list.size) < 0)
		return fail(info.Env(), "setxattr", errno, "descriptor " + std::to_string(fd));
	return info.Env().Undefined();
}

/* What is to become of a node with this access list, or of one without that has this mode. */
struct Case {
	bool listed;
	std::string from;
	mode_t mode;
	/* Nothing, if it is to stay. */
	bool stays;
	std::string to;
};

static bool bytes_of(Napi::Value value, bool *is, std::string *out)
{
	*is = value.IsTypedArray();
	if (!*is)
		return value.IsNull();
	Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
	out->assign(reinterpret_cast<const char *>(bytes.Data()), bytes.ByteLength());
	return true;
}

/* From [list or null, mode, list to set or null], one after the other. */
static bool cases_of(Napi::Value value, std::vector<Case> *out)
{
	if (!value.IsArray())
		return false;
	Napi::Array words = value.As<Napi::Array>();
	for (uint32_t i = 0; i + 2 < words.Length(); i += 3) {
		Case each;
		bool changes;
		Napi::Value mode = words[i + 1];
		if (!bytes_of(words[i], &each.listed, &each.from) || !mode.IsNumber() ||
			!bytes_of(words[i + 2], &changes, &each.to))
			return false;
		each.mode = mode.As<Napi::Number>().Uint32Value();
		each.stays = !changes;
		out->push_back(std::move(each));
	}
	return true;
}

/* A list that says no more than permissions do is not kept as one. */
static bool reads(const std::string &path, const std::string &list)
{
	char now[512];
	ssize_t size = lgetxattr(path.c_str(), ACCESS, now, sizeof(now));
	if (size < 0)
		return errno == ENODATA && list.size() == MINIMAL;
	return size == static_cast<ssize_t>(list.size()) &&
	       memcmp(now, list.data(), list.size()) == 0;
}

static bool set_one(const std::string &path, const uint32_t *number, const std::vector<Case> &cases)
{
	char now[512];
	struct stat s;
	Fd fd(retry([&] { return open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC); }));
	if (fd.get() < 0 || fstat(fd.get(), &s) < 0 || (s.st_mode & S_IFMT) != number[0] ||
		s.st_rdev != makedev(number[1], number[2]))
		return false;
	ssize_t size = lgetxattr(path.c_str(), ACCESS, now, sizeof(now));
	if (size < 0 && errno != ENODATA)
		return false;
	for (const Case &each : cases) {
		bool fits = size < 0 ? !each.listed && each.mode == s.st_mode
				     : each.listed &&
					       each.from.size() == static_cast<size_t>(size) &&
					       memcmp(now, each.from.data(), each.from.size()) == 0;
		if (!fits)
			continue;
		return each.stays || (write_list(fd.get(), each.to.data(), each.to.size()) == 0 &&
					     reads(path, each.to));
	}
	return false;
}

/*
 * exchangeAccess(paths, numbers, cases): changes the lists of those nodes to which one of the cases
 * applies, and reads them back. numbers has the type, major and minor number that each of them is
 * to have. The indices of all others, whatever the reason.
 */
static Napi::Value exchange_access(Args info)
{
	Napi::Env env = info.Env();
	std::vector<Case> cases;
	if (!info[0].IsArray() || !info[1].IsTypedArray() || !cases_of(info[2], &cases)) {
		Napi::TypeError::New(env, "exchangeAccess: paths, numbers and cases")
			.ThrowAsJavaScriptException();
		return env.Undefined();
	}
	Napi::Array paths = info[0].As<Napi::Array>();
	Napi::Uint32Array numbers = info[1].As<Napi::Uint32Array>();
	Napi::Array others = Napi::Array::New(env);
	uint32_t count = paths.Length();
	for (uint32_t i = 0, found = 0; i < count && i * 3 + 2 < numbers.ElementLength(); i++) {
		Napi::HandleScope scope(env);
		std::string path = paths.Get(i).As<Napi::String>().Utf8Value();
		if (!set_one(path, numbers.Data() + i * 3, cases))
			others.Set(found++, Napi::Number::New(env, i));
	}
	return others;
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
	exports.Set("exchangeAccess", Napi::Function::New<exchange_access>(env));
	exports.Set("activateVt", Napi::Function::New<activate_vt>(env));
}

} // namespace sessionman
