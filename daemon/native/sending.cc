#include "native.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

namespace sessionman
{

static bool put_fds(Args info, Napi::Array fds, struct msghdr *message)
{
	size_t count = fds.Length();
	int numbers[MOST_FDS];
	if (count == 0)
		return true;
	for (uint32_t i = 0; i < count && count <= MOST_FDS; i++) {
		double value = fds.Get(i).As<Napi::Number>().DoubleValue();
		numbers[i] = value >= 0 && value <= INT32_MAX ? static_cast<int>(value) : -1;
	}
	if (count > MOST_FDS) {
		fail(info.Env(), "sendmsg", EINVAL, "too many descriptors");
		return false;
	}
	struct cmsghdr *header = static_cast<struct cmsghdr *>(message->msg_control);
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), numbers, count * sizeof(int));
	return true;
}

struct Outgoing {
	int fd;
	struct iovec part;
	struct msghdr message;
	alignas(struct cmsghdr) char control[CMSG_SPACE(MOST_FDS * sizeof(int))];
};

/* From (fd, bytes, offset, fds); false after throwing. */
static bool outgoing_at(Args info, Outgoing *out)
{
	double offset;
	Bytes bytes;
	if (!fd_at(info, 0, &out->fd) || !bytes_at(info, 1, &bytes) ||
		!number_at(info, 2, 0, static_cast<double>(bytes.size), &offset))
		return false;
	size_t start = static_cast<size_t>(offset);
	out->part = {static_cast<char *>(bytes.data) + start, bytes.size - start};
	out->message = {};
	out->message.msg_iov = &out->part;
	out->message.msg_iovlen = 1;
	if (!info[3].IsArray())
		return true;
	memset(out->control, 0, sizeof(out->control));
	out->message.msg_control = out->control;
	return put_fds(info, info[3].As<Napi::Array>(), &out->message);
}

static double send_message(const Outgoing &out)
{
	ssize_t n =
		retry([&] { return sendmsg(out.fd, &out.message, MSG_NOSIGNAL | MSG_DONTWAIT); });
	if (n < 0)
		return errno == EAGAIN ? AGAIN : BROKEN;
	return static_cast<double>(n);
}

/* send(fd, bytes, offset, fds): what the kernel took, AGAIN, or BROKEN. The descriptors stay open
 * here. */
static Napi::Value send_some(Args info)
{
	Outgoing out;
	if (!outgoing_at(info, &out))
		return info.Env().Undefined();
	return Napi::Number::New(info.Env(), send_message(out));
}

static bool takes_more(int fd)
{
	struct pollfd writable = {fd, POLLOUT, 0};
	return poll(&writable, 1, 0) == 1 && (writable.revents & POLLOUT) != 0;
}

/* Descriptors that were sent with the bytes make the kernel give fewer at a time than there are. */
static void discard(int fd, size_t count)
{
	char bytes[512];
	while (count > 0) {
		size_t size = count < sizeof(bytes) ? count : sizeof(bytes);
		ssize_t n = retry([&] { return recv(fd, bytes, size, MSG_DONTWAIT); });
		if (n <= 0)
			return;
		count -= static_cast<size_t>(n);
	}
}

/*
 * answer(fd, bytes, offset, fds, length): discards so many bytes of what was received and sends.
 * The peer wakes up only after both: what it does then finds no request that is answered already.
 * AGAIN, with nothing discarded, if the peer does not take more.
 */
static Napi::Value answer(Args info)
{
	Outgoing out;
	double length;
	if (!outgoing_at(info, &out) || !number_at(info, 4, 0, INT32_MAX, &length))
		return info.Env().Undefined();
	if (!takes_more(out.fd))
		return Napi::Number::New(info.Env(), AGAIN);
	discard(out.fd, static_cast<size_t>(length));
	double sent = send_message(out);
	return Napi::Number::New(info.Env(), sent == AGAIN ? BROKEN : sent);
}

void export_sending(Napi::Env env, Napi::Object exports)
{
	exports.Set("send", Napi::Function::New<send_some>(env));
	exports.Set("answer", Napi::Function::New<answer>(env));
}

} // namespace sessionman
