#include "libudev.h"

#include <dlfcn.h>
#include <string.h>

namespace sessionman
{

static const char *const LIBRARY = "libudev.so.1";

struct Finder {
	void *library;
	std::string missing;

	template <typename F> bool find(const char *name, F *function)
	{
		void *symbol = dlsym(library, name);
		static_assert(sizeof(*function) == sizeof(symbol));
		memcpy(function, &symbol, sizeof(symbol));
		if (symbol == nullptr)
			missing = name;
		return symbol != nullptr;
	}
};

static bool find_devices(Finder &finder, LibUdev *u)
{
	return finder.find("udev_new", &u->create) && finder.find("udev_unref", &u->unref) &&
	       finder.find("udev_device_new_from_syspath", &u->device_from_syspath) &&
	       finder.find("udev_device_new_from_devnum", &u->device_from_number) &&
	       finder.find("udev_device_unref", &u->device_unref) &&
	       finder.find("udev_device_get_parent", &u->device_parent) &&
	       finder.find("udev_device_get_syspath", &u->device_syspath) &&
	       finder.find("udev_device_get_subsystem", &u->device_subsystem) &&
	       finder.find("udev_device_get_sysname", &u->device_sysname) &&
	       finder.find("udev_device_get_devnode", &u->device_node) &&
	       finder.find("udev_device_get_devnum", &u->device_number) &&
	       finder.find("udev_device_get_property_value", &u->device_property) &&
	       finder.find("udev_device_get_is_initialized", &u->device_initialized);
}

static bool find_lists(Finder &finder, LibUdev *u)
{
	return finder.find("udev_enumerate_new", &u->enumerate_new) &&
	       finder.find("udev_enumerate_unref", &u->enumerate_unref) &&
	       finder.find("udev_enumerate_add_match_tag", &u->enumerate_tag) &&
	       finder.find("udev_enumerate_add_match_subsystem", &u->enumerate_subsystem) &&
	       finder.find("udev_enumerate_scan_devices", &u->enumerate_scan) &&
	       finder.find("udev_enumerate_get_list_entry", &u->enumerate_first) &&
	       finder.find("udev_list_entry_get_next", &u->entry_next) &&
	       finder.find("udev_list_entry_get_name", &u->entry_name);
}

static bool find_monitors(Finder &finder, LibUdev *u)
{
	return finder.find("udev_monitor_new_from_netlink", &u->monitor_new) &&
	       finder.find("udev_monitor_unref", &u->monitor_unref) &&
	       finder.find("udev_monitor_set_receive_buffer_size", &u->monitor_buffer) &&
	       finder.find("udev_monitor_enable_receiving", &u->monitor_enable) &&
	       finder.find("udev_monitor_get_fd", &u->monitor_fd) &&
	       finder.find("udev_monitor_receive_device", &u->monitor_receive) &&
	       finder.find("udev_device_get_action", &u->device_action);
}

/* What a device is tagged with now, where the library tells that from what it ever was. */
static bool find_tags(Finder &finder, LibUdev *u)
{
	return finder.find("udev_device_has_current_tag", &u->device_tag) ||
	       finder.find("udev_device_has_tag", &u->device_tag);
}

/* It stays loaded: a second environment, as of a worker thread, uses the same one. */
const LibUdev *load_libudev(std::string *missing)
{
	static LibUdev library;
	Finder finder{dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), LIBRARY};
	if (finder.library != nullptr && find_devices(finder, &library) &&
		find_tags(finder, &library) && find_lists(finder, &library) &&
		find_monitors(finder, &library))
		return &library;
	*missing = finder.missing;
	return nullptr;
}

} // namespace sessionman
