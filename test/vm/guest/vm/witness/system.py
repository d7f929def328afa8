"""What the kernel and udev know of terminals, devices and who holds them."""

import array
import ctypes
import errno
import fcntl
import os
import re
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_PIDFD_GETFD = 438

KDGETMODE, KDGKBMODE, VT_GETMODE, VT_ACTIVATE = 0x4B3B, 0x4B44, 0x5601, 0x5606
EVIOCGVERSION = 0x80044501
HIDIOCGRDESCSIZE = 0x80044801
DRM_AUTH_MAGIC = 0x40046411

_KD = {0: "text", 1: "graphics"}
_KEYBOARD = {0: "raw", 1: "xlate", 2: "mediumraw", 3: "unicode", 4: "off"}
_OWNER = {0: "auto", 1: "process"}


def read(path, default=""):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return default


def vt_in_front():
    return int(read("/sys/class/tty/tty0/active").strip()[3:])


def switch(vt):
    """Asks the kernel, as chvt does, and does not wait."""
    fd = os.open("/dev/tty0", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, VT_ACTIVATE, vt)
    finally:
        os.close(fd)


def terminal(vt):
    """Modes and owner of a virtual terminal."""
    fd = os.open("/dev/tty%d" % vt, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        number = array.array("i", [0])
        fcntl.ioctl(fd, KDGETMODE, number)
        mode = _KD.get(number[0], number[0])
        fcntl.ioctl(fd, KDGKBMODE, number)
        keyboard = _KEYBOARD.get(number[0], number[0])
        owner = _OWNER[struct.unpack("bbhhh", fcntl.ioctl(fd, VT_GETMODE, b"\0" * 8))[0]]
        stat = os.fstat(fd)
        return {"mode": mode, "keyboard": keyboard, "switch": owner, "uid": stat.st_uid,
                "access": "%o" % (stat.st_mode & 0o777)}
    finally:
        os.close(fd)


def granted(node):
    """The users named in the node's ACL, with what they may do."""
    try:
        raw = os.getxattr(node, "system.posix_acl_access")
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOENT):
            return {}
        raise
    users = {}
    for at in range(4, len(raw), 8):
        tag, rights, who = struct.unpack_from("<HHI", raw, at)
        if tag == 2:
            users[who] = rights
    return users


class Device:
    """A node that udev gives to the active user of a seat."""

    def __init__(self, node, seat):
        self.node, self.seat = node, seat


def _database(name):
    """What udev has written down of a device: its current tags and its properties."""
    tags, properties = set(), {}
    for line in read("/run/udev/data/" + name).splitlines():
        if line.startswith("Q:"):
            tags.add(line[2:])
        elif line.startswith("E:"):
            key, _, value = line[2:].partition("=")
            properties[key] = value
    return tags, properties


def user_devices():
    """Every device with the tag uaccess."""
    found = {}
    for name in sorted(os.listdir("/run/udev/tags/uaccess")) if os.path.isdir("/run/udev/tags/uaccess") else []:
        kind, numbers = name[:1], name[1:]
        tags, properties = _database(name)
        if kind not in "cb" or "uaccess" not in tags:
            continue
        uevent = read("/sys/dev/%s/%s/uevent" % ({"c": "char", "b": "block"}[kind], numbers))
        node = re.search(r"^DEVNAME=(.*)$", uevent, re.M)
        if node:
            path = "/dev/" + node.group(1)
            found[path] = Device(path, properties.get("ID_SEAT") or "seat0")
    static = "/run/udev/static_node-tags/uaccess"
    for name in os.listdir(static) if os.path.isdir(static) else []:
        path = os.path.realpath(os.path.join(static, name))
        if os.path.exists(path):
            found.setdefault(path, Device(path, "seat0"))
    return list(found.values())


def display_clients():
    """Who has a display open, as debugfs shows it: process, whether master."""
    clients = []
    for card in os.listdir("/sys/kernel/debug/dri") if os.path.isdir("/sys/kernel/debug/dri") else []:
        if int(card) >= 64:
            continue
        for line in read("/sys/kernel/debug/dri/%s/clients" % card).splitlines()[1:]:
            words = line.rsplit(None, 6)
            command, pid = words[0].strip(), words[1]
            clients.append({"card": int(card), "command": command, "pid": int(pid), "minor": int(words[2]),
                            "master": words[3] == "y"})
    return clients


def copy(pid, fd):
    """A descriptor of another process: the same open file."""
    handle = os.pidfd_open(pid)
    try:
        mine = _libc.syscall(_PIDFD_GETFD, handle, fd, 0)
        if mine < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return mine
    finally:
        os.close(handle)


def state(fd, display, request=EVIOCGVERSION):
    """What the holder of this open file can do with it: only the master of a display may authenticate others."""
    if display:
        try:
            fcntl.ioctl(fd, DRM_AUTH_MAGIC, struct.pack("I", 0))
        except OSError as error:
            return "muted" if error.errno == errno.EACCES else "live"
        return "live"
    try:
        fcntl.ioctl(fd, request, b"\0" * 4)
        return "live"
    except OSError as error:
        return "muted" if error.errno == errno.ENODEV else errno.errorcode[error.errno]


def read_error(fd):
    """What a read says: an errno's name, or "data"."""
    try:
        os.set_blocking(fd, False)
        os.read(fd, 24)
        return "data"
    except OSError as error:
        return errno.errorcode[error.errno]


class Holding:
    """An open file of a device that only the active session may use, in a process."""

    def __init__(self, pid, uid, fd, node, state, session):
        self.pid, self.uid, self.fd, self.node, self.state, self.session = pid, uid, fd, node, state, session


_HELD = re.compile(r"/dev/(dri/card\d+|input/event\d+|hidraw\d+)( \(deleted\))?$")
# libelogind's layout and that of systemd.
_SESSION = re.compile(r"/session-([^/.]+)\.scope(?:/|$)|^0::/([0-9]+)$", re.M)


def session_of(pid):
    match = _SESSION.search(read("/proc/%d/cgroup" % pid))
    return (match.group(1) or match.group(2)) if match else None


def _look_at(pid, number):
    """What that descriptor is, None if it is none of these or was closed while we looked."""
    try:
        target = os.readlink("/proc/%d/fd/%s" % (pid, number))
        if not _HELD.match(target):
            return None
        mine = copy(pid, int(number))
    except OSError:
        return None
    try:
        hidraw = target.startswith("/dev/hidraw")
        return target.split()[0], state(mine, "/dri/" in target, HIDIOCGRDESCSIZE if hidraw else EVIOCGVERSION)
    finally:
        os.close(mine)


def holdings():
    """Everything that processes hold of displays, evdev and hidraw devices."""
    found = []
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        try:
            uid = os.stat("/proc/%d" % pid).st_uid
            numbers = os.listdir("/proc/%d/fd" % pid)
        except OSError:
            continue  # it ended while we looked
        for number in numbers:
            seen = _look_at(pid, number)
            if seen:
                found.append(Holding(pid, uid, int(number), *seen, session_of(pid)))
    return found
