#include "native.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace sessionman
{

/* Connections that may wait to be accepted: one for each daemon that came meanwhile. */
static const int LISTEN_BACKLOG = 64;

static bool address_of(const std::string &path, struct sockaddr_un *out)
{
	*out = {};
	out->sun_family = AF_UNIX;
	errno = ENAMETOOLONG;
	if (path.size() >= sizeof(out->sun_path))
		return false;
	memcpy(out->sun_path, path.c_str(), path.size());
	return true;
}

/* A descriptor that never blocks; EAGAIN while as many as the socket admits wait to be accepted. */
template <int type> static Napi::Value connect_to(Args info)
{
	std::string path;
	struct sockaddr_un to;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	if (!address_of(path, &to))
		return fail(info.Env(), "connect", errno, path);
	Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd.get() < 0)
		return fail(info.Env(), "socket", errno, path);
	if (retry([&] {
		    return connect(fd.get(), reinterpret_cast<struct sockaddr *>(&to), sizeof(to));
	    }) < 0)
		return fail(info.Env(), "connect", errno, path);
	return Napi::Number::New(info.Env(), fd.release());
}

/*
 * listenPackets(path, mode): a listening socket of packets under that name, which the socket has
 * from the moment it takes connections, and another one, if there is one, until then.
 */
static Napi::Value listen_packets(Args info)
{
	std::string path;
	double mode;
	struct sockaddr_un at;
	if (!text_at(info, 0, &path) || !number_at(info, 1, 0, 0777, &mode))
		return info.Env().Undefined();
	std::string temporary = path + ".new";
	if (!address_of(temporary, &at))
		return fail(info.Env(), "bind", errno, path);
	const char *call = "socket";
	Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	unlink(temporary.c_str());
	bool done = fd.get() >= 0 &&
		    /* bind() gives the name the mode of the socket */
		    (call = "fchmod", fchmod(fd.get(), static_cast<mode_t>(mode)) == 0) &&
		    (call = "bind", bind(fd.get(), reinterpret_cast<struct sockaddr *>(&at),
					    sizeof(at)) == 0) &&
		    (call = "listen", listen(fd.get(), LISTEN_BACKLOG) == 0) &&
		    (call = "rename", rename(temporary.c_str(), path.c_str()) == 0);
	if (done)
		return Napi::Number::New(info.Env(), fd.release());
	int error = errno;
	unlink(temporary.c_str());
	return fail(info.Env(), call, error, path);
}

void export_local_sockets(Napi::Env env, Napi::Object exports)
{
	exports.Set("connect", Napi::Function::New<connect_to<SOCK_STREAM>>(env));
	exports.Set("connectPackets", Napi::Function::New<connect_to<SOCK_SEQPACKET>>(env));
	exports.Set("listenPackets", Napi::Function::New<listen_packets>(env));
}

} // namespace sessionman
