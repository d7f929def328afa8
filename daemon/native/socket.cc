#include "native.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <vector>

namespace sessionman
{

/* Stands for descriptors that came and that this process may not have. */
static const int LOST = -1;
static std::string descriptor(int fd)
{
	return "descriptor " + std::to_string(fd);
}

/* Makes an inherited descriptor ours: close-on-exec and non-blocking. */
static Napi::Value adopt(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail(info.Env(), "fcntl", errno, descriptor(fd));
	return info.Env().Undefined();
}

/* Whether the descriptor is an AF_UNIX socket that keeps the bounds of packets. */
static Napi::Value is_packet_socket(Args info)
{
	int fd, domain = 0, type = 0;
	socklen_t size = sizeof(int);
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	bool is = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
		  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
		  type == SOCK_SEQPACKET;
	return Napi::Boolean::New(info.Env(), is);
}

/* Whether the descriptor is a socket that accepts connections. */
static Napi::Value is_listening(Args info)
{
	int fd, listens = 0;
	socklen_t size = sizeof(int);
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
	return Napi::Boolean::New(info.Env(), listens != 0);
}

static int peer_groups(int fd, std::vector<gid_t> *groups)
{
	for (;;) {
		socklen_t size = static_cast<socklen_t>(groups->size() * sizeof(gid_t));
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups->data(), &size) == 0) {
			groups->resize(size / sizeof(gid_t));
			return 0;
		}
		if (errno != ERANGE || size / sizeof(gid_t) <= groups->size())
			return -1;
		groups->resize(size / sizeof(gid_t));
	}
}

/* As it was when the connection was made; undefined after throwing. */
static Napi::Value peer_of(Napi::Env env, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return fail(env, "getsockopt", errno, "SO_PEERCRED");
	std::vector<gid_t> groups(32);
	if (peer_groups(fd, &groups) < 0)
		return fail(env, "getsockopt", errno, "SO_PEERGROUPS");
	Napi::Array list = Napi::Array::New(env, groups.size());
	for (uint32_t i = 0; i < groups.size(); i++)
		list.Set(i, Napi::Number::New(env, groups[i]));
	Napi::Object object = Napi::Object::New(env);
	object.Set("pid", Napi::Number::New(env, peer.pid));
	object.Set("uid", Napi::Number::New(env, peer.uid));
	object.Set("gid", Napi::Number::New(env, peer.gid));
	object.Set("groups", list);
	return object;
}

/* The same of a connection that was accepted before. */
static Napi::Value peer(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	return peer_of(info.Env(), fd);
}

/* The next connection with who made it; null if none waits. */
static Napi::Value accept_one(Args info)
{
	Napi::Env env = info.Env();
	int listener;
	if (!fd_at(info, 0, &listener))
		return env.Undefined();
	Fd fd(retry(
		[&] { return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
	if (fd.get() < 0) {
		if (errno == EAGAIN || errno == ECONNABORTED)
			return env.Null();
		return fail(env, "accept4", errno, descriptor(listener));
	}
	Napi::Value who = peer_of(env, fd.get());
	if (!who.IsObject())
		return env.Undefined();
	Napi::Object accepted = Napi::Object::New(env);
	accepted.Set("fd", Napi::Number::New(env, fd.release()));
	accepted.Set("peer", who);
	return accepted;
}

static void take_fds(struct msghdr *message, std::vector<int> *fds)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != nullptr;
		c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		size_t before = fds->size();
		fds->resize(before + count);
		memcpy(fds->data() + before, CMSG_DATA(c), count * sizeof(int));
	}
}

/*
 * The count, 0 at the end, AGAIN, or BROKEN after an error or a message that was cut. Where nothing
 * but descriptors was cut that is BROKEN too, unless lost is given to be set.
 */
static double read_message(int fd, const Bytes &buffer, std::vector<int> *fds, bool *lost)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(MOST_FDS * sizeof(int))];
	struct iovec part = {buffer.data, buffer.size};
	struct msghdr message = {};
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	ssize_t n = retry([&] { return recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); });
	if (n < 0)
		return errno == EAGAIN ? AGAIN : BROKEN;
	if (message.msg_controllen > 0)
		take_fds(&message, fds);
	bool fds_cut = (message.msg_flags & MSG_CTRUNC) != 0;
	if ((message.msg_flags & MSG_TRUNC) != 0 || (fds_cut && lost == nullptr))
		return BROKEN;
	if (lost != nullptr)
		*lost = fds_cut;
	return static_cast<double>(n);
}

/*
 * receive(fd, buffer, fds, mark): what read_message() says. Descriptors that come with a whole
 * message are appended to the array; without one, or with a message that was cut, they are closed.
 * With mark a message whose descriptors were cut is a whole one, and LOST is appended for them.
 */
static Napi::Value receive(Args info)
{
	Napi::Env env = info.Env();
	int fd;
	Bytes buffer;
	std::vector<int> fds;
	if (!fd_at(info, 0, &fd) || !bytes_at(info, 1, &buffer))
		return env.Undefined();
	bool mark = info[2].IsArray() && info[3].ToBoolean();
	bool lost = false;
	double count = read_message(fd, buffer, &fds, mark ? &lost : nullptr);
	bool wanted = count >= 0 && !lost && info[2].IsArray();
	if (lost) {
		Napi::Array list = info[2].As<Napi::Array>();
		list.Set(list.Length(), Napi::Number::New(env, LOST));
	}
	for (int received : fds) {
		if (!wanted) {
			close(received);
			continue;
		}
		Napi::Array list = info[2].As<Napi::Array>();
		list.Set(list.Length(), Napi::Number::New(env, received));
	}
	return Napi::Number::New(env, count);
}

/* What receive() would give next, which stays there. Descriptors are never given. */
static Napi::Value peek(Args info)
{
	int fd;
	Bytes buffer;
	if (!fd_at(info, 0, &fd) || !bytes_at(info, 1, &buffer))
		return info.Env().Undefined();
	ssize_t n =
		retry([&] { return recv(fd, buffer.data, buffer.size, MSG_PEEK | MSG_DONTWAIT); });
	if (n < 0)
		return Napi::Number::New(info.Env(), errno == EAGAIN ? AGAIN : BROKEN);
	return Napi::Number::New(info.Env(), static_cast<double>(n));
}

/* Another descriptor of the same description. */
static Napi::Value duplicate(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return fail(info.Env(), "fcntl", errno, descriptor(fd));
	return Napi::Number::New(info.Env(), copy);
}

static Napi::Value close_fd(Args info)
{
	int fd;
	if (fd_at(info, 0, &fd))
		close(fd);
	return info.Env().Undefined();
}

void export_sockets(Napi::Env env, Napi::Object exports)
{
	exports.Set("adopt", Napi::Function::New<adopt>(env));
	exports.Set("isPacketSocket", Napi::Function::New<is_packet_socket>(env));
	exports.Set("isListening", Napi::Function::New<is_listening>(env));
	exports.Set("accept", Napi::Function::New<accept_one>(env));
	exports.Set("peerOf", Napi::Function::New<peer>(env));
	exports.Set("peek", Napi::Function::New<peek>(env));
	exports.Set("receive", Napi::Function::New<receive>(env));
	exports.Set("duplicate", Napi::Function::New<duplicate>(env));
	exports.Set("close", Napi::Function::New<close_fd>(env));
}

} // namespace sessionman
