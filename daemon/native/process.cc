/*
 * Processes by identity. A pid alone says nothing about tomorrow: every function here opens a pidfd
 * first, compares what identifies the process, and asks at the end whether it still lives. While it
 * does, /proc/PID was its own.
 */
#include "native.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

namespace sessionman
{

static const long PIDFS_MAGIC = 0x50494446;

struct Stat {
	pid_t parent;
	unsigned terminal;
	char start[24];
};

static std::string process_name(pid_t pid)
{
	return "process " + std::to_string(pid);
}

static int open_pid(pid_t pid)
{
	return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

bool has_exited(int pidfd)
{
	struct pollfd wait = {pidfd, POLLIN, 0};
	return retry([&] { return poll(&wait, 1, 0); }) != 0;
}

/* The inode of the process in pidfs; "" where pidfds share one anonymous inode. */
static std::string pidfs_inode(int pidfd)
{
	struct statfs fs;
	struct stat status;
	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS_MAGIC || fstat(pidfd, &status) < 0)
		return "";
	return std::to_string(status.st_ino);
}

/* The name in parentheses may hold anything: counting begins after the last one. */
static bool read_stat(int directory, const char *path, Stat *out)
{
	char buffer[1024], *next, *word;
	if (slurp(directory, path, buffer, sizeof(buffer)) < 0 ||
		(next = strrchr(buffer, ')')) == nullptr) {
		errno = ESRCH;
		return false;
	}
	next++;
	for (int field = 3; (word = strsep(&next, " ")) != nullptr; field++) {
		/* the first word is the empty one between parenthesis and space */
		if (field == 5)
			out->parent = static_cast<pid_t>(atoi(word));
		if (field == 8)
			out->terminal = static_cast<unsigned>(strtoul(word, nullptr, 10));
		if (field == 23) {
			snprintf(out->start, sizeof(out->start), "%.20s", word);
			return true;
		}
	}
	errno = ESRCH;
	return false;
}

bool identity_at(Args info, size_t first, Identity *out)
{
	return pid_at(info, first, &out->pid) && text_at(info, first + 1, &out->start) &&
	       text_at(info, first + 2, &out->inode);
}

int open_identity(const Identity &identity)
{
	char path[48];
	Stat stat;
	Fd fd(open_pid(identity.pid));
	if (fd.get() < 0) {
		/* EINVAL, ENOENT: the number of a thread that is no process */
		if (errno == EINVAL || errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	std::string inode = identity.inode.empty() ? "" : pidfs_inode(fd.get());
	bool same;
	if (!inode.empty()) {
		same = inode == identity.inode;
	} else {
		snprintf(path, sizeof(path), "/proc/%d/stat", identity.pid);
		same = read_stat(AT_FDCWD, path, &stat) && identity.start == stat.start;
	}
	if (!same || has_exited(fd.get())) {
		errno = ESRCH;
		return -1;
	}
	return fd.release();
}

/*
 * Never asks a file system that may be a user's own (FUSE) for fresh attributes: that could block
 * for ever. One that refuses even root has the program "0:0": "" would say the process is gone.
 */
static std::string device_and_inode(int directory, const char *path)
{
	struct statx status;
	if (statx(directory, path, AT_STATX_DONT_SYNC, STATX_INO, &status) < 0)
		return errno == ENOENT || errno == ESRCH ? "" : "0:0";
	return std::to_string(makedev(status.stx_dev_major, status.stx_dev_minor)) + ":" +
	       std::to_string(status.stx_ino);
}

static std::string unified_cgroup(int directory)
{
	char buffer[8192];
	if (slurp(directory, "cgroup", buffer, sizeof(buffer)) < 0)
		return "";
	char *line = strncmp(buffer, "0::", 3) == 0 ? buffer : strstr(buffer, "\n0::");
	if (line == nullptr)
		return "";
	line = strchr(line, ':') + 2;
	return std::string(line, strcspn(line, "\n"));
}

/*
 * /proc/PID belongs to the effective user, or to root where the process may not be looked into.
 * That is a tenth of what reading /proc/PID/status costs, and never names a user with fewer rights.
 */
static bool owner(int directory, double *uid)
{
	struct stat status;
	if (fstat(directory, &status) < 0)
		return false;
	*uid = status.st_uid;
	return true;
}

/* The name that login programs use for a virtual terminal or a pseudo terminal; "" for any other
 * device. */
static std::string terminal_name(unsigned device)
{
	static const unsigned VT_MAJOR = 4, PTS_MAJOR = 136;
	unsigned major_number = device >> 8 & 0xfff;
	unsigned minor_number = (device & 0xff) | (device >> 12 & 0xfff00);
	if (major_number == VT_MAJOR && minor_number >= 1 && minor_number <= 63)
		return "tty" + std::to_string(minor_number);
	return major_number == PTS_MAJOR ? "pts/" + std::to_string(minor_number) : "";
}

static Napi::Object facts_object(
	Napi::Env env, pid_t pid, const Stat &stat, int pidfd, int directory)
{
	static const std::string own_namespace = device_and_inode(AT_FDCWD, "/proc/self/ns/pid");
	Napi::Object identity = Napi::Object::New(env);
	identity.Set("pid", Napi::Number::New(env, pid));
	identity.Set("start", Napi::String::New(env, stat.start));
	identity.Set("inode", Napi::String::New(env, pidfs_inode(pidfd)));
	identity.Set("executable", Napi::String::New(env, device_and_inode(directory, "exe")));
	Napi::Object facts = Napi::Object::New(env);
	facts.Set("identity", identity);
	facts.Set("parent", Napi::Number::New(env, stat.parent));
	facts.Set("cgroup", Napi::String::New(env, unified_cgroup(directory)));
	facts.Set("terminal", Napi::String::New(env, terminal_name(stat.terminal)));
	facts.Set("sameNamespace",
		Napi::Boolean::New(env, device_and_inode(directory, "ns/pid") == own_namespace));
	return facts;
}

static Napi::Value identify(Args info)
{
	Napi::Env env = info.Env();
	pid_t pid;
	Stat stat;
	double uid = 0;
	char path[32];
	if (!pid_at(info, 0, &pid))
		return env.Undefined();
	Fd pidfd(open_pid(pid));
	if (pidfd.get() < 0)
		return fail(env, "pidfd_open", errno == EINVAL || errno == ENOENT ? ESRCH : errno,
			process_name(pid));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	Fd directory(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (directory.get() < 0 || !read_stat(directory.get(), "stat", &stat) ||
		!owner(directory.get(), &uid))
		return fail(env, "open", errno == ENOENT ? ESRCH : errno, process_name(pid));
	Napi::Object facts = facts_object(env, pid, stat, pidfd.get(), directory.get());
	facts.Set("uid", Napi::Number::New(env, uid));
	if (has_exited(pidfd.get()))
		return fail(env, "pidfd_open", ESRCH, process_name(pid));
	return facts;
}

/* A pidfd of that process, or -1 if it is gone. */
static Napi::Value open_process(Args info)
{
	Identity identity;
	if (!identity_at(info, 0, &identity))
		return info.Env().Undefined();
	int fd = open_identity(identity);
	if (fd < 0 && errno != ESRCH)
		return fail(info.Env(), "pidfd_open", errno, process_name(identity.pid));
	return Napi::Number::New(info.Env(), fd);
}

static Napi::Value is_alive(Args info)
{
	Identity identity;
	if (!identity_at(info, 0, &identity))
		return info.Env().Undefined();
	Fd fd(open_identity(identity));
	if (fd.get() < 0 && errno != ESRCH)
		return fail(info.Env(), "pidfd_open", errno, process_name(identity.pid));
	return Napi::Boolean::New(info.Env(), fd.get() >= 0);
}

static Napi::Value executable(Args info)
{
	Identity identity;
	char path[48];
	if (!identity_at(info, 0, &identity))
		return info.Env().Undefined();
	Fd fd(open_identity(identity));
	if (fd.get() < 0)
		return Napi::String::New(info.Env(), "");
	snprintf(path, sizeof(path), "/proc/%d/exe", identity.pid);
	std::string found = device_and_inode(AT_FDCWD, path);
	return Napi::String::New(info.Env(), has_exited(fd.get()) ? "" : found);
}

static Napi::Value send_signal(Napi::Env env, int pidfd, double number, pid_t pid)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, static_cast<int>(number), nullptr, 0) < 0)
		return fail(env, "pidfd_send_signal", errno, process_name(pid));
	return Napi::Boolean::New(env, true);
}

static Napi::Value signal_process(Args info)
{
	Identity identity;
	double number;
	if (!identity_at(info, 0, &identity) || !number_at(info, 3, 0, SIGRTMAX, &number))
		return info.Env().Undefined();
	Fd fd(open_identity(identity));
	if (fd.get() < 0)
		return fail(info.Env(), "pidfd_open", errno, process_name(identity.pid));
	return send_signal(info.Env(), fd.get(), number, identity.pid);
}

/* signalMember(pid, cgroup, signal): only if it still is in that group or below; false if it is
 * not. */
static Napi::Value signal_member(Args info)
{
	Napi::Env env = info.Env();
	pid_t pid;
	std::string group;
	double number;
	char path[32];
	if (!pid_at(info, 0, &pid) || !text_at(info, 1, &group) ||
		!number_at(info, 2, 0, SIGRTMAX, &number))
		return env.Undefined();
	Fd pidfd(open_pid(pid));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	Fd directory(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (pidfd.get() < 0 || directory.get() < 0)
		return Napi::Boolean::New(env, false);
	std::string now = unified_cgroup(directory.get());
	bool inside = now == group || now.compare(0, group.size() + 1, group + "/") == 0;
	if (!inside || has_exited(pidfd.get()))
		return Napi::Boolean::New(env, false);
	return send_signal(env, pidfd.get(), number, pid);
}

void export_processes(Napi::Env env, Napi::Object exports)
{
	exports.Set("identify", Napi::Function::New<identify>(env));
	exports.Set("openProcess", Napi::Function::New<open_process>(env));
	exports.Set("isAlive", Napi::Function::New<is_alive>(env));
	exports.Set("executable", Napi::Function::New<executable>(env));
	exports.Set("signalProcess", Napi::Function::New<signal_process>(env));
	exports.Set("signalMember", Napi::Function::New<signal_member>(env));
}

} // namespace sessionman
