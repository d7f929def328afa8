/* The other end of sockets, for tests: what Node cannot do by itself. Errors are thrown by their
 * errno's text. */
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_FDS 253

struct call {
	napi_env env;
	napi_value argument[4];
};

static napi_value fail(napi_env env)
{
	napi_throw_error(env, NULL, strerror(errno));
	return NULL;
}

static struct call begin(napi_env env, napi_callback_info info)
{
	struct call call = {.env = env};
	size_t count = 4;
	napi_get_cb_info(env, info, &count, call.argument, NULL, NULL);
	return call;
}

static int64_t number(struct call *call, int index)
{
	int64_t value = 0;
	napi_get_value_int64(call->env, call->argument[index], &value);
	return value;
}

static napi_value result(napi_env env, int64_t value)
{
	napi_value out;
	napi_create_int64(env, value, &out);
	return out;
}

static struct sockaddr_un address(struct call *call)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	napi_get_value_string_utf8(
		call->env, call->argument[0], to.sun_path, sizeof(to.sun_path), NULL);
	return to;
}

static int unix_socket(int64_t packets)
{
	return socket(AF_UNIX,
		(packets ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* listen(path, packets, backlog) */
static napi_value listen_at(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	struct sockaddr_un to = address(&call);
	int fd = unix_socket(number(&call, 1));
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		listen(fd, (int)number(&call, 2)) < 0)
		return fail(env);
	return result(env, fd);
}

/* connect(path, packets, uid): this thread alone is that user for a moment. */
static napi_value connect_to(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	struct sockaddr_un to = address(&call);
	int fd = unix_socket(number(&call, 1));
	if (fd < 0 || syscall(SYS_setresuid, -1, (uid_t)number(&call, 2), -1) < 0)
		return fail(env);
	int status = connect(fd, (struct sockaddr *)&to, sizeof(to));
	int error = errno;
	if (syscall(SYS_setresuid, -1, 0, -1) < 0)
		abort();
	errno = error;
	if (status < 0) {
		close(fd);
		errno = error;
		return fail(env);
	}
	return result(env, fd);
}

/* pair(): both ends of a packet socket */
static napi_value pair(napi_env env, napi_callback_info info)
{
	napi_value out;
	int fds[2];
	(void)info;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) < 0)
		return fail(env);
	napi_create_array(env, &out);
	for (uint32_t i = 0; i < 2; i++)
		napi_set_element(env, out, i, result(env, fds[i]));
	return out;
}

/* send(fd, bytes, count): with that many descriptors of /dev/null; -1 when the socket is full */
static napi_value send_with(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MOST_FDS * sizeof(int))];
	} control = {0};
	struct iovec part;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	size_t count = (size_t)number(&call, 2);
	napi_get_buffer_info(env, call.argument[1], &part.iov_base, &part.iov_len);
	if (count > 0) {
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(header) + i * sizeof(int), &null, sizeof(int));
		ssize_t n = sendmsg((int)number(&call, 0), &message, MSG_NOSIGNAL);
		int error = errno;
		close(null);
		errno = error;
		return n < 0 && errno != EAGAIN ? fail(env) : result(env, n);
	}
	ssize_t n = sendmsg((int)number(&call, 0), &message, MSG_NOSIGNAL);
	return n < 0 && errno != EAGAIN ? fail(env) : result(env, n);
}

/* receive(fd, size): {bytes, fds}, null when nothing is there; no bytes at the end */
static napi_value receive(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MOST_FDS * sizeof(int))];
	} control;
	napi_value out, bytes, fds;
	void *data;
	size_t size = (size_t)number(&call, 1);
	char *buffer = malloc(size);
	struct iovec part = {buffer, size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t n = recvmsg((int)number(&call, 0), &message, MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == ECONNRESET)) {
		bool again = errno == EAGAIN;
		free(buffer);
		napi_get_null(env, &out);
		if (again)
			return out;
		n = 0;
		buffer = NULL;
		message.msg_controllen = 0;
	}
	if (n < 0) {
		free(buffer);
		return fail(env);
	}
	napi_create_object(env, &out);
	napi_create_buffer_copy(env, (size_t)n, buffer, &data, &bytes);
	free(buffer);
	napi_create_array(env, &fds);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
		uint32_t count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (uint32_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			napi_set_element(env, fds, i, result(env, fd));
		}
	}
	napi_set_named_property(env, out, "bytes", bytes);
	napi_set_named_property(env, out, "fds", fds);
	return out;
}

/* shutdown(fd): sends nothing more */
static napi_value shutdown_writing(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	return shutdown((int)number(&call, 0), SHUT_WR) < 0 ? fail(env) : NULL;
}

NAPI_MODULE_INIT()
{
	static const struct {
		const char *name;
		napi_callback function;
	} functions[] = {
		{"listen", listen_at},
		{"connect", connect_to},
		{"pair", pair},
		{"send", send_with},
		{"receive", receive},
		{"shutdown", shutdown_writing},
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		napi_value function;
		napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH,
			functions[i].function, NULL, &function);
		napi_set_named_property(env, exports, functions[i].name, function);
	}
	return exports;
}
