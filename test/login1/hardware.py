"""
Devices that this machine does not have, as /sys would show them: their nodes are those of harmless ones. What a card and a
keyboard are asked, such a node does not understand: it can be used, and nobody can mute it, unless the keeper is given
muting.so, with which it can.
"""

import contextlib
import os
import shutil
import stat
import struct
import subprocess

from basics import read, TREE

NULL, ZERO, FULL, RANDOM = (1, 3), (1, 5), (1, 7), (1, 8)
KEYBOARD, CARD, RENDER, SCREEN = "/dev/input/event3", "/dev/dri/card0", "/dev/dri/renderD128", "/dev/fb0"
LAMP = "/sys/class/leds/test"
MUTING, MUTED = f"{TREE}/build/login1/muting.so", "/run/muting.log"
SYSTEM = "/run/real-sys"
# How many lines of MUTED were told already.
told = [0]


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def cover(directory, keep, without=()):
    """An empty file system over that one of /sys; keep(real, shown) puts back what was there but for these."""
    real = f"{SYSTEM}{directory.removeprefix('/sys')}"
    os.makedirs(real)
    mount("--bind", directory, real)
    mount("-t", "tmpfs", "hardware", directory)
    for name in set(os.listdir(real)) - set(without):
        keep(f"{real}/{name}", f"{directory}/{name}")


def keep_directory(real, shown):
    if os.path.isdir(real):
        os.mkdir(shown)
        mount("--bind", real, shown)


def keep_link(real, shown):
    os.symlink(os.path.realpath(real), shown)


def plug(subsystem, name, node="", number=None):
    """The device, and its node if it has one."""
    path = f"/sys/class/{subsystem}/{name}"
    os.makedirs(path)
    os.symlink(f"/sys/class/{subsystem}", f"{path}/subsystem")
    facts = ""
    if number is not None:
        major, minor = number
        facts = f"MAJOR={major}\nMINOR={minor}\nDEVNAME={node.removeprefix('/dev/')}\n"
        link = f"/sys/dev/char/{major}:{minor}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(link)
        os.symlink(path, link)
        os.makedirs(os.path.dirname(node), exist_ok=True)
        os.mknod(node, 0o660 | stat.S_IFCHR, os.makedev(major, minor))
    with open(f"{path}/uevent", "w", encoding="utf-8") as file:
        file.write(facts)
    return path


def muted():
    """What the keeper has asked of the nodes since this was asked last: revoke, set or drop, and the device."""
    lines = read(MUTED).splitlines()
    begin, told[0] = told[0], len(lines)
    return lines[begin:]


def allow(node, uid):
    """An entry of the administrator's in its access list: owner, user, group, mask, others."""
    nobody = 0xFFFFFFFF
    entries = ((1, 6, nobody), (2, 6, uid), (4, 6, nobody), (0x10, 6, nobody), (0x20, 0, nobody))
    os.setxattr(node, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries))


@contextlib.contextmanager
def hardware(daemon, muting=False, without=()):
    """A screen, a render node, a keyboard and a lamp, which the daemon finds when it starts; with muting a card, too."""
    daemon.stop()
    prefix = ("env", f"LD_PRELOAD={MUTING}") if muting else ()
    try:
        cover("/sys/class", keep_directory, ("drm", "input", "graphics", "leds", "hidraw", "sound", *without))
        cover("/sys/dev/char", keep_link)
        plug("graphics", "fb0", SCREEN, RANDOM)
        if muting:
            plug("drm", "card0", CARD, FULL)
        plug("drm", "renderD128", RENDER, NULL)
        plug("input", "event3", KEYBOARD, ZERO)
        with open(f"{plug('leds', 'test')}/brightness", "w", encoding="utf-8") as file:
            file.write("0")
        daemon.start(prefix=prefix)
        yield
    finally:
        if daemon.keeper.poll() is None:
            daemon.stop()
        for directory in ("/sys/dev/char", "/sys/class"):
            subprocess.run(["umount", "-R", "-l", directory], check=False)
        subprocess.run(f"umount -R -l {SYSTEM}/class {SYSTEM}/dev/char", shell=True, check=False)
        shutil.rmtree(SYSTEM, ignore_errors=True)
        told[0] = 0
        for node in (KEYBOARD, CARD, RENDER, SCREEN, MUTED):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(node)
        daemon.start()


@contextlib.contextmanager
def second_seat(daemon):
    """What udev would know of a device that makes a seat1 exist; its node is /dev/full."""
    tags = ("seat", "master-of-seat", "uaccess")
    daemon.stop()
    mode = os.stat("/dev/full").st_mode & 0o777
    try:
        os.makedirs("/run/udev/data")
        facts = ["I:1", "E:ID_SEAT=seat1", "E:ID_FOR_SEAT=mem-full", *(f"{kind}:{tag}" for tag in tags for kind in "GQ"), "V:1"]
        with open("/run/udev/data/c1:7", "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in facts))
        for tag in tags:
            os.makedirs(f"/run/udev/tags/{tag}")
            with open(f"/run/udev/tags/{tag}/c1:7", "w", encoding="utf-8"):
                pass
        os.chmod("/dev/full", 0o660)
        daemon.start()
        yield
    finally:
        shutil.rmtree("/run/udev", ignore_errors=True)
        if daemon.keeper.poll() is None:
            daemon.stop()
        daemon.start()
        os.chmod("/dev/full", mode)
