#include "native.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <uv.h>

namespace sessionman
{

struct Instance {
	Napi::FunctionReference error;
};

static std::string name_of(int error)
{
	char name[64];
	return uv_err_name_r(-error, name, sizeof(name));
}

Napi::Value fail(Napi::Env env, const char *call, int error, const std::string &subject)
{
	std::string name = name_of(error);
	Instance *instance = env.GetInstanceData<Instance>();
	if (instance == nullptr || instance->error.IsEmpty()) {
		Napi::Error::New(env, std::string(call) + " " + subject + ": " + name)
			.ThrowAsJavaScriptException();
		return env.Undefined();
	}
	Napi::Object thrown = instance->error.New({Napi::String::New(env, call),
		Napi::String::New(env, name), Napi::String::New(env, subject)});
	if (!env.IsExceptionPending())
		napi_throw(env, thrown);
	return env.Undefined();
}

static bool refuse(Napi::Env env, size_t index, const char *wanted)
{
	Napi::TypeError::New(env, "argument " + std::to_string(index) + " is not " + wanted)
		.ThrowAsJavaScriptException();
	return false;
}

bool number_at(Args info, size_t index, double low, double high, double *out)
{
	double value = 0;
	if (napi_get_value_double(info.Env(), info[index], &value) != napi_ok || !(value >= low) ||
		!(value <= high) || floor(value) != value)
		return refuse(info.Env(), index, "a number of the right size");
	*out = value;
	return true;
}

bool fd_at(Args info, size_t index, int *out)
{
	double value = 0;
	if (!number_at(info, index, 0, INT_MAX, &value))
		return false;
	*out = static_cast<int>(value);
	return true;
}

bool pid_at(Args info, size_t index, pid_t *out)
{
	double value = 0;
	if (!number_at(info, index, 0, INT_MAX, &value))
		return false;
	*out = static_cast<pid_t>(value);
	return true;
}

bool id_at(Args info, size_t index, uint32_t *out)
{
	double value = 0;
	/* (uid_t) -1 means "leave it" to chown: it is nobody's id */
	if (!number_at(info, index, 0, 4294967294.0, &value))
		return false;
	*out = static_cast<uint32_t>(value);
	return true;
}

bool text_at(Args info, size_t index, std::string *out)
{
	if (!info[index].IsString())
		return refuse(info.Env(), index, "a string");
	*out = info[index].As<Napi::String>().Utf8Value();
	if (out->find('\0') != std::string::npos)
		return refuse(info.Env(), index, "a string without NUL");
	return true;
}

bool bytes_at(Args info, size_t index, Bytes *out)
{
	napi_typedarray_type type;
	if (!info[index].IsTypedArray() ||
		napi_get_typedarray_info(info.Env(), info[index], &type, &out->size, &out->data,
			nullptr, nullptr) != napi_ok ||
		type != napi_uint8_array)
		return refuse(info.Env(), index, "a Uint8Array");
	return true;
}

ssize_t slurp(int directory, const char *path, char *buffer, size_t size)
{
	Fd fd(retry([&] { return openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
	if (fd.get() < 0)
		return -1;
	ssize_t n = retry([&] { return read(fd.get(), buffer, size - 1); });
	if (n >= 0)
		buffer[n] = '\0';
	return n;
}

int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = retry([&] { return write(fd, data, size); });
		if (n < 0)
			return -1;
		data += n;
		size -= static_cast<size_t>(n);
	}
	return 0;
}

static void initialize(Args info)
{
	Instance *instance = new Instance;
	instance->error = Napi::Persistent(info[0].As<Napi::Function>());
	instance->error.SuppressDestruct();
	info.Env().SetInstanceData(instance);
}

/* The symbolic name of an errno, such as "EIO". */
static Napi::Value error_name(Args info)
{
	double error = 0;
	if (!number_at(info, 0, 1, INT_MAX, &error))
		return info.Env().Undefined();
	return Napi::String::New(info.Env(), name_of(static_cast<int>(error)));
}

static Napi::Object setup(Napi::Env env, Napi::Object exports)
{
	exports.Set("initialize", Napi::Function::New(env, initialize));
	exports.Set("errorName", Napi::Function::New<error_name>(env));
	export_poll(env, exports);
	export_local_sockets(env, exports);
	export_sockets(env, exports);
	export_sending(env, exports);
	export_processes(env, exports);
	export_cgroups(env, exports);
	export_delegation(env, exports);
	export_files(env, exports);
	export_checksum(env, exports);
	export_mounts(env, exports);
	export_udev(env, exports);
	export_device_nodes(env, exports);
	return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, setup)

} // namespace sessionman
