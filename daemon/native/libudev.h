/*
 * What the addon uses of libudev, found at run time: systemd's, eudev's and libudev-zero's have the
 * same name and the same functions, and a machine may have none of them.
 */
#ifndef SESSIONMAN_LIBUDEV_H
#define SESSIONMAN_LIBUDEV_H

#include <sys/types.h>
#include <string>

struct udev;
struct udev_device;
struct udev_enumerate;
struct udev_list_entry;
struct udev_monitor;

namespace sessionman
{

struct LibUdev {
	struct udev *(*create)();
	struct udev *(*unref)(struct udev *);

	struct udev_device *(*device_from_syspath)(struct udev *, const char *);
	struct udev_device *(*device_from_number)(struct udev *, char, dev_t);
	struct udev_device *(*device_unref)(struct udev_device *);
	/* Owned by the child. */
	struct udev_device *(*device_parent)(struct udev_device *);
	const char *(*device_syspath)(struct udev_device *);
	const char *(*device_subsystem)(struct udev_device *);
	const char *(*device_sysname)(struct udev_device *);
	const char *(*device_node)(struct udev_device *);
	dev_t (*device_number)(struct udev_device *);
	const char *(*device_property)(struct udev_device *, const char *);
	int (*device_initialized)(struct udev_device *);
	/* Tags as they are now; before 247 udev knew no others than those it ever gave. */
	int (*device_tag)(struct udev_device *, const char *);

	struct udev_enumerate *(*enumerate_new)(struct udev *);
	struct udev_enumerate *(*enumerate_unref)(struct udev_enumerate *);
	int (*enumerate_tag)(struct udev_enumerate *, const char *);
	int (*enumerate_subsystem)(struct udev_enumerate *, const char *);
	int (*enumerate_scan)(struct udev_enumerate *);
	struct udev_list_entry *(*enumerate_first)(struct udev_enumerate *);
	struct udev_list_entry *(*entry_next)(struct udev_list_entry *);
	const char *(*entry_name)(struct udev_list_entry *);

	struct udev_monitor *(*monitor_new)(struct udev *, const char *);
	struct udev_monitor *(*monitor_unref)(struct udev_monitor *);
	int (*monitor_buffer)(struct udev_monitor *, int);
	int (*monitor_enable)(struct udev_monitor *);
	int (*monitor_fd)(struct udev_monitor *);
	struct udev_device *(*monitor_receive)(struct udev_monitor *);
	/* Only of a device that came as news. */
	const char *(*device_action)(struct udev_device *);
};

/* The library, loaded once; null without one, and then missing says what is not there. */
const LibUdev *load_libudev(std::string *missing);

} // namespace sessionman

#endif
