/*
 * One epoll descriptor for everything the daemon watches, itself watched by one libuv handle: a
 * session costs no handle of its own. A callback may close descriptors whose events are still in
 * the batch, and their numbers may be in use again by then: each registration therefore carries a
 * turn, and an event of an earlier turn is dropped.
 */
#include "native.h"

#include <sys/epoll.h>
#include <uv.h>
#include <vector>

namespace sessionman
{

static const int BATCH = 256;

class Poll : public Napi::ObjectWrap<Poll>
{
      public:
	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "Poll",
			{InstanceMethod<&Poll::add>("add"), InstanceMethod<&Poll::modify>("modify"),
				InstanceMethod<&Poll::remove>("remove"),
				InstanceMethod<&Poll::drop>("drop"),
				InstanceMethod<&Poll::shut>("shut")});
	}
	explicit Poll(Args info);
	~Poll();

      private:
	/* Apart from the object: uv_close() ends later than the object may. */
	struct Handle {
		uv_poll_t poll;
		Poll *self;
	};

	static void readable(uv_poll_t *poll, int status, int events);
	static void at_exit(void *self);
	void dispatch();
	void call(int fd, uint32_t events);
	void release();
	Napi::Value control(Args info, int operation);
	Napi::Value add(Args info);
	Napi::Value modify(Args info);
	Napi::Value remove(Args info);
	Napi::Value drop(Args info);
	Napi::Value shut(Args info);
	void forget(int fd);

	int epoll_ = -1;
	Handle *handle_ = nullptr;
	uint32_t turn_ = 0;
	/* The turn of each descriptor's registration; 0 for none. */
	std::vector<uint32_t> turns_;
	Napi::FunctionReference callback_;
	Napi::AsyncContext *context_ = nullptr;
};

Poll::Poll(Args info) : Napi::ObjectWrap<Poll>(info)
{
	uv_loop_t *loop;
	epoll_ = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ < 0) {
		fail(info.Env(), "epoll_create1", errno, "events");
		return;
	}
	napi_get_uv_event_loop(info.Env(), &loop);
	Handle *handle = new Handle{};
	handle->self = this;
	int status = uv_poll_init(loop, &handle->poll, epoll_);
	if (status < 0) {
		delete handle;
		fail(info.Env(), "uv_poll_init", -status, "events");
		return;
	}
	handle_ = handle;
	handle_->poll.data = handle;
	callback_ = Napi::Persistent(info[0].As<Napi::Function>());
	context_ = new Napi::AsyncContext(info.Env(), "sessionman:Poll");
	napi_add_env_cleanup_hook(info.Env(), at_exit, this);
	Ref();
	uv_poll_start(&handle_->poll, UV_READABLE, readable);
}

Poll::~Poll()
{
	release();
}

void Poll::at_exit(void *self)
{
	static_cast<Poll *>(self)->release();
}

void Poll::release()
{
	if (handle_ != nullptr) {
		napi_remove_env_cleanup_hook(Env(), at_exit, this);
		handle_->self = nullptr;
		uv_poll_stop(&handle_->poll);
		uv_close(reinterpret_cast<uv_handle_t *>(&handle_->poll),
			[](uv_handle_t *closed) { delete static_cast<Handle *>(closed->data); });
		handle_ = nullptr;
		delete context_;
		context_ = nullptr;
		callback_.Reset();
	}
	if (epoll_ >= 0)
		close(epoll_);
	epoll_ = -1;
}

void Poll::readable(uv_poll_t *poll, int, int)
{
	Poll *self = static_cast<Handle *>(poll->data)->self;
	if (self != nullptr)
		self->dispatch();
}

void Poll::dispatch()
{
	struct epoll_event batch[BATCH];
	int count = retry([&] { return epoll_wait(epoll_, batch, BATCH, 0); });
	for (int i = 0; i < count && handle_ != nullptr; i++) {
		uint32_t fd = static_cast<uint32_t>(batch[i].data.u64);
		uint32_t turn = static_cast<uint32_t>(batch[i].data.u64 >> 32);
		if (fd < turns_.size() && turns_[fd] == turn)
			call(static_cast<int>(fd), batch[i].events);
	}
}

void Poll::call(int fd, uint32_t events)
{
	Napi::Env env = Env();
	Napi::HandleScope scope(env);
	callback_.MakeCallback(env.Global(),
		{Napi::Number::New(env, fd), Napi::Number::New(env, events)}, *context_);
	if (env.IsExceptionPending())
		napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

Napi::Value Poll::control(Args info, int operation)
{
	int fd;
	double events;
	if (!fd_at(info, 0, &fd) || !number_at(info, 1, 0, UINT32_MAX, &events))
		return info.Env().Undefined();
	size_t index = static_cast<size_t>(fd);
	if (operation == EPOLL_CTL_ADD) {
		if (index >= turns_.size())
			turns_.resize(index + 256, 0);
		if (++turn_ == 0)
			turn_ = 1;
	} else if (index >= turns_.size() || turns_[index] == 0) {
		return fail(info.Env(), "epoll_ctl", ENOENT, "descriptor " + std::to_string(fd));
	}
	uint32_t turn = operation == EPOLL_CTL_ADD ? turn_ : turns_[index];
	struct epoll_event event = {};
	event.events = static_cast<uint32_t>(events);
	event.data.u64 = static_cast<uint64_t>(turn) << 32 | static_cast<uint32_t>(fd);
	if (epoll_ctl(epoll_, operation, fd, &event) < 0)
		return fail(info.Env(), "epoll_ctl", errno, "descriptor " + std::to_string(fd));
	turns_[index] = turn;
	return info.Env().Undefined();
}

Napi::Value Poll::add(Args info)
{
	return control(info, EPOLL_CTL_ADD);
}

Napi::Value Poll::modify(Args info)
{
	return control(info, EPOLL_CTL_MOD);
}

void Poll::forget(int fd)
{
	if (static_cast<size_t>(fd) < turns_.size())
		turns_[static_cast<size_t>(fd)] = 0;
}

Napi::Value Poll::remove(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	forget(fd);
	epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
	return info.Env().Undefined();
}

/* Closing the last reference takes a descriptor out of the epoll set: no call for that is needed.
 */
Napi::Value Poll::drop(Args info)
{
	int fd;
	if (!fd_at(info, 0, &fd))
		return info.Env().Undefined();
	forget(fd);
	close(fd);
	return info.Env().Undefined();
}

Napi::Value Poll::shut(Args info)
{
	bool open = handle_ != nullptr;
	release();
	if (open)
		Unref();
	return info.Env().Undefined();
}

void export_poll(Napi::Env env, Napi::Object exports)
{
	exports.Set("Poll", Poll::define(env));
}

} // namespace sessionman
