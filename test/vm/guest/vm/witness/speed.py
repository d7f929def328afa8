"""How long a switch takes: from the request to the last ACL and the last descriptor in their final state.

Alice's session has a controller, this process, which has taken the display and every input device; the
devices are made for it. Away is over when every device is open to bob alone and every descriptor is mute,
back when they are open to alice alone and every device was given back.
"""

import fcntl
import os
import struct
import subprocess
import time

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

import system
from login1 import NAME

UI_DEV_CREATE, UI_DEV_SETUP = 0x5501, 0x405C5503
UI_SET_EVBIT, UI_SET_KEYBIT = 0x40045564, 0x40045565
EV_KEY, KEY_A = 1, 30
PATIENCE = 60
# The devices of the measurement, and no others, are what users have access to.
RULES = """SUBSYSTEM=="sound|drm", TAG-="uaccess"
SUBSYSTEM=="input", KERNEL=="event*", ATTRS{name}=="speed", TAG+="uaccess"
"""


def _trigger():
    with open("/run/udev/rules.d/72-speed.rules", "w") as file:
        file.write(RULES)
    static = "/run/udev/static_node-tags/uaccess"
    subprocess.run(["udevadm", "control", "--reload"], check=True)
    subprocess.run(["udevadm", "trigger", "--settle", "--subsystem-match=sound", "--subsystem-match=drm"], check=True)
    for name in os.listdir(static) if os.path.isdir(static) else []:
        os.unlink(os.path.join(static, name))


def _plug(count):
    """Keyboards of one key. With the descriptors that keep them plugged in."""
    keep = []
    for _ in range(count):
        fd = os.open("/dev/uinput", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(fd, UI_SET_EVBIT, EV_KEY)
        fcntl.ioctl(fd, UI_SET_KEYBIT, KEY_A)
        fcntl.ioctl(fd, UI_DEV_SETUP, struct.pack("HHHH80sI", 3, 1, 1, 1, b"speed", 0))
        fcntl.ioctl(fd, UI_DEV_CREATE)
        keep.append(fd)
    subprocess.run(["udevadm", "settle"], check=True)
    return keep


def _until(what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("%s: not within %d s" % (what, PATIENCE))
        time.sleep(0.0005)


class Controller:
    """Controls a session and holds what it has taken."""

    def __init__(self, path):
        loop = dbus.mainloop.glib.DBusGMainLoop()
        self._bus = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM, mainloop=loop)
        self._bus.set_exit_on_disconnect(False)
        self._session = dbus.Interface(self._bus.get_object(NAME, path, introspect=False), NAME + ".Session")
        self._bus.add_signal_receiver(self._resumed, "ResumeDevice", NAME + ".Session", path=path)
        self.fds, self._back = {}, set()
        self._session.TakeControl(False)

    def take(self, node):
        number = os.stat(node).st_rdev
        key = os.major(number), os.minor(number)
        fd, inactive = self._session.TakeDevice(dbus.UInt32(key[0]), dbus.UInt32(key[1]))
        if inactive:
            raise RuntimeError("%s was given to the active session inactive" % node)
        self.fds[key] = fd.take()

    def _resumed(self, major, minor, fd):
        key = int(major), int(minor)
        os.close(self.fds[key])
        self.fds[key] = fd.take()
        self._back.add(key)

    def mute(self):
        return all(system.state(fd, key[0] == 226) == "muted" for key, fd in self.fds.items())

    def handle(self):
        while GLib.MainContext.default().iteration(False):
            pass

    def forget(self):
        self.handle()
        self._back.clear()

    def complete(self):
        self.handle()
        return len(self._back) == len(self.fds)

    def release(self):
        self._session.ReleaseControl()
        for fd in self.fds.values():
            os.close(fd)
        self._bus.close()


def _switch(controller, nodes, vt, uid, finished):
    """Milliseconds until everything is as it is to be, by then also looked at."""
    controller.forget()
    start = time.monotonic()
    system.switch(vt)
    pending = list(nodes)

    def accessible():
        while pending and system.granted(pending[-1]) == {uid: 6}:
            pending.pop()
        return not pending
    _until("access of user %d" % uid, accessible)
    _until("the descriptors", finished)
    return (time.monotonic() - start) * 1000


class Speed:
    """In front is alice's terminal 1; bob is on 2."""

    def __init__(self, login1, count):
        if not os.path.exists("/run/udev/rules.d/72-speed.rules"):
            os.makedirs("/run/udev/rules.d", exist_ok=True)
            subprocess.run(["modprobe", "uinput"], check=True)
            _trigger()
        self._plugged = _plug(count)
        sessions = {of["VTNr"]: of for of in login1.sessions().values()}
        self._alice, self._bob = (sessions[vt]["User"][0] for vt in (1, 2))
        self._nodes = [device.node for device in system.user_devices()]
        self._controller = Controller(sessions[1]["path"])
        for node in ["/dev/dri/card0", *self._nodes]:
            self._controller.take(node)

    def rounds(self, count):
        times = {"devices": len(self._nodes), "away": [], "back": []}
        for _ in range(count):
            times["away"].append(_switch(self._controller, self._nodes, 2, self._bob, self._controller.mute))
            times["back"].append(_switch(self._controller, self._nodes, 1, self._alice, self._controller.complete))
        return times

    def end(self):
        self._controller.release()
        for fd in self._plugged:
            os.close(fd)
        subprocess.run(["udevadm", "settle"], check=True)
