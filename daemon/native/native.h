/*
 * Shared by the files of the addon. A native function converts its arguments, makes one call or one
 * group of calls that must not be torn apart, and throws a KernelError. It decides nothing.
 */
#ifndef SESSIONMAN_NATIVE_H
#define SESSIONMAN_NATIVE_H

#include <napi.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <string>

namespace sessionman
{

using Args = const Napi::CallbackInfo &;

/* Closes at the end of the block, keeping errno. */
class Fd
{
      public:
	explicit Fd(int fd) : fd_(fd)
	{
	}
	Fd(const Fd &) = delete;
	Fd &operator=(const Fd &) = delete;
	~Fd()
	{
		int saved = errno;
		if (fd_ >= 0)
			close(fd_);
		errno = saved;
	}
	int get() const
	{
		return fd_;
	}
	int release()
	{
		int fd = fd_;
		fd_ = -1;
		return fd;
	}

      private:
	int fd_;
};

/* The calls that a signal may interrupt. */
template <typename F> auto retry(F call) -> decltype(call())
{
	decltype(call()) result;
	do
		result = call();
	while (result < 0 && errno == EINTR);
	return result;
}

/* Throws KernelError(call, symbolic errno, subject); returns undefined for `return fail(...)`. */
Napi::Value fail(Napi::Env env, const char *call, int error, const std::string &subject);

/* Argument readers: false after throwing TypeError. A number must be an integer within the bounds.
 */
bool number_at(Args info, size_t index, double low, double high, double *out);
bool fd_at(Args info, size_t index, int *out);
bool pid_at(Args info, size_t index, pid_t *out);
bool id_at(Args info, size_t index, uint32_t *out);
/* A string without NUL. */
bool text_at(Args info, size_t index, std::string *out);
/* The memory of a Uint8Array, which must not be kept. */
struct Bytes {
	void *data;
	size_t size;
};
bool bytes_at(Args info, size_t index, Bytes *out);

/* A file of /proc, which comes whole in one read: at most size - 1 bytes, terminated; -1 with
 * errno. */
ssize_t slurp(int directory, const char *path, char *buffer, size_t size);
/* Writes all of it; -1 with errno. */
int write_all(int fd, const char *data, size_t size);

/* process.cc: a pidfd of exactly that process while it lives; -1 with errno ESRCH if it is gone. */
struct Identity {
	pid_t pid;
	std::string start;
	std::string inode;
};
bool identity_at(Args info, size_t first, Identity *out);
int open_identity(const Identity &identity);
bool has_exited(int pidfd);

/* The most the kernel passes in one message (SCM_MAX_FD). */
const size_t MOST_FDS = 253;

/* What functions that receive or send return instead of a count. */
const int AGAIN = -1;
const int BROKEN = -2;

void export_poll(Napi::Env env, Napi::Object exports);
void export_local_sockets(Napi::Env env, Napi::Object exports);
void export_sockets(Napi::Env env, Napi::Object exports);
void export_sending(Napi::Env env, Napi::Object exports);
void export_processes(Napi::Env env, Napi::Object exports);
void export_cgroups(Napi::Env env, Napi::Object exports);
void export_delegation(Napi::Env env, Napi::Object exports);
void export_files(Napi::Env env, Napi::Object exports);
void export_checksum(Napi::Env env, Napi::Object exports);
void export_mounts(Napi::Env env, Napi::Object exports);
void export_udev(Napi::Env env, Napi::Object exports);
void export_device_nodes(Napi::Env env, Napi::Object exports);

} // namespace sessionman

#endif
