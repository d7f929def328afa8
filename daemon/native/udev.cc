/*
 * Devices as udev knows them now, and news of changes. What a device is like is always read from
 * udev's records: a message only says that it is time to look again.
 */
#include "native.h"
#include "libudev.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

namespace sessionman
{

static const char *const TAGS[] = {"seat", "master-of-seat", "uaccess"};

class Udev : public Napi::ObjectWrap<Udev>
{
      public:
	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "Udev",
			{InstanceMethod<&Udev::list>("list"),
				InstanceMethod<&Udev::device>("device"),
				InstanceMethod<&Udev::numbered>("numbered"),
				InstanceMethod<&Udev::listen>("listen"),
				InstanceMethod<&Udev::receive>("receive")});
	}
	explicit Udev(Args info);
	~Udev();

      private:
	Napi::Value list(Args info);
	Napi::Value device(Args info);
	Napi::Value numbered(Args info);
	Napi::Value listen(Args info);
	Napi::Value receive(Args info);
	Napi::Value describe(Napi::Env env, struct udev_device *device);
	Napi::Array tags(Napi::Env env, struct udev_device *device);
	std::string seat(struct udev_device *device);

	const LibUdev *lib_ = nullptr;
	struct udev *udev_ = nullptr;
	struct udev_monitor *monitor_ = nullptr;
};

Udev::Udev(Args info) : Napi::ObjectWrap<Udev>(info)
{
	std::string missing;
	lib_ = load_libudev(&missing);
	if (lib_ == nullptr) {
		fail(info.Env(), "dlopen", ENOENT, missing);
		return;
	}
	udev_ = lib_->create();
	if (udev_ == nullptr)
		fail(info.Env(), "udev_new", errno == 0 ? ENOMEM : errno, "libudev");
}

Udev::~Udev()
{
	if (monitor_ != nullptr)
		lib_->monitor_unref(monitor_);
	if (udev_ != nullptr)
		lib_->unref(udev_);
}

static Napi::String text(Napi::Env env, const char *value)
{
	return Napi::String::New(env, value == nullptr ? "" : value);
}

Napi::Array Udev::tags(Napi::Env env, struct udev_device *device)
{
	Napi::Array out = Napi::Array::New(env);
	for (const char *tag : TAGS)
		if (lib_->device_tag(device, tag) > 0)
			out.Set(out.Length(), tag);
	return out;
}

/* ID_SEAT of the device or of the nearest above it that has one. */
std::string Udev::seat(struct udev_device *device)
{
	for (; device != nullptr; device = lib_->device_parent(device)) {
		const char *id = lib_->device_property(device, "ID_SEAT");
		if (id != nullptr && *id != '\0')
			return id;
	}
	return "";
}

/* Takes the reference. */
Napi::Value Udev::describe(Napi::Env env, struct udev_device *device)
{
	if (device == nullptr)
		return env.Null();
	dev_t number = lib_->device_number(device);
	const char *subsystem = lib_->device_subsystem(device);
	Napi::Object out = Napi::Object::New(env);
	out.Set("path", text(env, lib_->device_syspath(device)));
	out.Set("subsystem", text(env, subsystem));
	out.Set("name", text(env, lib_->device_sysname(device)));
	out.Set("node", text(env, lib_->device_node(device)));
	out.Set("major", Napi::Number::New(env, major(number)));
	out.Set("minor", Napi::Number::New(env, minor(number)));
	out.Set("block",
		Napi::Boolean::New(env, subsystem != nullptr && strcmp(subsystem, "block") == 0));
	out.Set("initialized", Napi::Boolean::New(env, lib_->device_initialized(device) > 0));
	out.Set("seat", text(env, seat(device).c_str()));
	out.Set("idForSeat", text(env, lib_->device_property(device, "ID_FOR_SEAT")));
	out.Set("tags", tags(env, device));
	lib_->device_unref(device);
	return out;
}

/* list(tag, subsystem): paths of the devices with that tag, if it is not empty, of that subsystem,
 * if it is not. */
Napi::Value Udev::list(Args info)
{
	Napi::Env env = info.Env();
	std::string tag, subsystem;
	if (!text_at(info, 0, &tag) || !text_at(info, 1, &subsystem))
		return env.Undefined();
	struct udev_enumerate *devices = lib_->enumerate_new(udev_);
	if (devices == nullptr)
		return fail(env, "udev_enumerate_new", ENOMEM, "libudev");
	int done = tag.empty() ? 0 : lib_->enumerate_tag(devices, tag.c_str());
	if (done >= 0 && !subsystem.empty())
		done = lib_->enumerate_subsystem(devices, subsystem.c_str());
	if (done >= 0)
		done = lib_->enumerate_scan(devices);
	if (done < 0) {
		lib_->enumerate_unref(devices);
		return fail(env, "udev_enumerate_scan_devices", -done, tag + subsystem);
	}
	Napi::Array out = Napi::Array::New(env);
	for (struct udev_list_entry *each = lib_->enumerate_first(devices); each != nullptr;
		each = lib_->entry_next(each))
		out.Set(out.Length(), text(env, lib_->entry_name(each)));
	lib_->enumerate_unref(devices);
	return out;
}

/* device(path below /sys): what udev says of it now; null if there is none. */
Napi::Value Udev::device(Args info)
{
	std::string path;
	if (!text_at(info, 0, &path))
		return info.Env().Undefined();
	return describe(info.Env(), lib_->device_from_syspath(udev_, path.c_str()));
}

/* numbered(major, minor): the same of a character device by its numbers. */
Napi::Value Udev::numbered(Args info)
{
	double high, low;
	if (!number_at(info, 0, 0, 4095, &high) || !number_at(info, 1, 0, 1048575, &low))
		return info.Env().Undefined();
	dev_t number = makedev(static_cast<unsigned>(high), static_cast<unsigned>(low));
	return describe(info.Env(), lib_->device_from_number(udev_, 'c', number));
}

/*
 * listen(bytes): a descriptor that is readable when receive() has news. It is the caller's to
 * close; the news come from the library's own.
 */
Napi::Value Udev::listen(Args info)
{
	double bytes;
	if (!number_at(info, 0, 1, 1 << 30, &bytes))
		return info.Env().Undefined();
	if (monitor_ == nullptr)
		monitor_ = lib_->monitor_new(udev_, "udev");
	if (monitor_ == nullptr)
		return fail(info.Env(), "udev_monitor_new_from_netlink", errno, "udev");
	/* without the right to raise it the default has to do: then more is read anew */
	lib_->monitor_buffer(monitor_, static_cast<int>(bytes));
	int done = lib_->monitor_enable(monitor_);
	if (done < 0)
		return fail(info.Env(), "udev_monitor_enable_receiving", -done, "udev");
	int fd = fcntl(lib_->monitor_fd(monitor_), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(info.Env(), "fcntl", errno, "udev");
	return Napi::Number::New(info.Env(), fd);
}

static bool overrun(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ENOBUFS;
}

/*
 * receive(): what the next message says; null without one, "" when the kernel dropped some
 * because nobody read them in time.
 */
Napi::Value Udev::receive(Args info)
{
	Napi::Env env = info.Env();
	if (monitor_ == nullptr)
		return env.Null();
	if (overrun(lib_->monitor_fd(monitor_)))
		return text(env, "");
	errno = 0;
	struct udev_device *device = lib_->monitor_receive(monitor_);
	if (device == nullptr)
		return errno == ENOBUFS ? text(env, "") : env.Null();
	Napi::Object out = Napi::Object::New(env);
	out.Set("path", text(env, lib_->device_syspath(device)));
	out.Set("subsystem", text(env, lib_->device_subsystem(device)));
	out.Set("tags", tags(env, device));
	out.Set("action", text(env, lib_->device_action(device)));
	lib_->device_unref(device);
	return out;
}

void export_udev(Napi::Env env, Napi::Object exports)
{
	exports.Set("Udev", Udev::define(env));
}

} // namespace sessionman
