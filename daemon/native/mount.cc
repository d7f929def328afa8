/*
 * Runtime directories. Their parent belongs to root, so their own names are safe; what is below
 * them belongs to a user and is reached only through openat2(), which can be told to leave no
 * directory, mount or symbolic link.
 */
#include "native.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

namespace sessionman
{

/* mountTmpfs(path, uid, gid, bytes, inodes) */
static Napi::Value mount_tmpfs(Args info)
{
	std::string path;
	uint32_t uid, gid;
	double bytes, inodes;
	char data[160];
	if (!text_at(info, 0, &path) || !id_at(info, 1, &uid) || !id_at(info, 2, &gid) ||
		!number_at(info, 3, 1, 9007199254740991.0, &bytes) ||
		!number_at(info, 4, 1, 9007199254740991.0, &inodes))
		return info.Env().Undefined();
	snprintf(data, sizeof(data), "mode=0700,uid=%u,gid=%u,size=%.0f,nr_inodes=%.0f", uid, gid,
		bytes, inodes);
	if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, data) < 0)
		return fail(info.Env(), "mount", errno, path);
	return info.Env().Undefined();
}

/* mountHierarchy(path, name): of cgroup v1, without controllers. */
static Napi::Value mount_hierarchy(Args info)
{
	std::string path, name;
	if (!text_at(info, 0, &path) || !text_at(info, 1, &name))
		return info.Env().Undefined();
	std::string data = "none,name=" + name;
	if (mount("cgroup", path.c_str(), "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    data.c_str()) < 0)
		return fail(info.Env(), "mount", errno, path);
	return info.Env().Undefined();
}

static Napi::Value detach(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return fail(info.Env(), "umount2", errno, path);
	return info.Env().Undefined();
}

/* giveDirectory(path, uid, gid): makes a directory, never what a link points to, the user's own. */
static Napi::Value give_directory(Args info)
{
	std::string path;
	uint32_t uid, gid;
	if (!text_at(info, 0, &path) || !id_at(info, 1, &uid) || !id_at(info, 2, &gid))
		return info.Env().Undefined();
	Fd fd(retry([&] {
		return open(
			path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	}));
	if (fd.get() < 0)
		return fail(info.Env(), "open", errno, path);
	if (fchmod(fd.get(), 0700) < 0)
		return fail(info.Env(), "fchmod", errno, path);
	if (fchown(fd.get(), uid, gid) < 0)
		return fail(info.Env(), "fchown", errno, path);
	return info.Env().Undefined();
}

static int look_at(int fd, unsigned mask, struct statx *out)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, mask, out);
}

/*
 * ownsSocket(directory, mount, name, uid): a socket of that name and owner lies in the directory,
 * on that mount. Neither look-up can meet a file system other than ours, so neither can block.
 */
static Napi::Value owns_socket(Args info)
{
	Napi::Env env = info.Env();
	std::string directory, name;
	double mount_id;
	uint32_t uid;
	struct statx s;
	if (!text_at(info, 0, &directory) ||
		!number_at(info, 1, 0, 9007199254740991.0, &mount_id) || !text_at(info, 2, &name) ||
		!id_at(info, 3, &uid))
		return env.Undefined();
	Napi::Value no = Napi::Boolean::New(env, false);
	Fd top(open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (top.get() < 0 || look_at(top.get(), STATX_MNT_ID, &s) < 0 ||
		static_cast<double>(s.stx_mnt_id) != mount_id)
		return no;
	struct open_how how = {};
	how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
	Fd found(
		static_cast<int>(syscall(SYS_openat2, top.get(), name.c_str(), &how, sizeof(how))));
	if (found.get() < 0 || look_at(found.get(), STATX_TYPE | STATX_UID, &s) < 0)
		return no;
	return Napi::Boolean::New(env, S_ISSOCK(s.stx_mode) && s.stx_uid == uid);
}

void export_mounts(Napi::Env env, Napi::Object exports)
{
	exports.Set("mountTmpfs", Napi::Function::New<mount_tmpfs>(env));
	exports.Set("mountHierarchy", Napi::Function::New<mount_hierarchy>(env));
	exports.Set("detach", Napi::Function::New<detach>(env));
	exports.Set("giveDirectory", Napi::Function::New<give_directory>(env));
	exports.Set("ownsSocket", Napi::Function::New<owns_socket>(env));
}

} // namespace sessionman
