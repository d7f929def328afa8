"""Real virtual terminals of this machine, for the suites in Python: one test at a time, and everything put back."""

import contextlib
import errno
import fcntl
import functools
import os
import struct
import time

FOREGROUND = "/sys/class/tty/tty0/active"
TEXT, GRAPHICS = 0, 1
AUTO, PROCESS = 0, 1
OFF, UNICODE, MEDIUMRAW = 4, 3, 2
KDGETMODE, KDSETMODE, KDGKBMODE, KDSKBMODE = 0x4B3B, 0x4B3A, 0x4B44, 0x4B45
VT_GETMODE, VT_SETMODE, VT_RELDISP, VT_ACTIVATE, VT_DISALLOCATE = 0x5601, 0x5602, 0x5605, 0x5606, 0x5608
TIOCVHANGUP = 0x5437


def lacking():
    """Why a test of VTs cannot run here; "" if it can. Another suite may be switching: nothing is switched to find out."""
    if not os.path.exists("/dev/tty0") or not os.path.exists(FOREGROUND):
        return "no virtual terminals here"
    try:
        with open("/dev/tty40", "rb+", buffering=0) as terminal:
            fcntl.ioctl(terminal, VT_ACTIVATE, 0)
    except OSError as error:
        # who may switch is told that there is no such terminal
        return "" if error.errno == errno.ENXIO else f"virtual terminals cannot be used here: {error}"
    return "virtual terminals cannot be used here: there is one with the number 0"


def foreground():
    with open(FOREGROUND) as file:
        return int(file.read().strip()[3:])


class Terminal:
    """One VT, from outside."""

    def __init__(self, number):
        self.number = number
        self.path = f"/dev/tty{number}"
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._status = os.fstat(self.fd)

    def _get(self, request):
        return struct.unpack("i", fcntl.ioctl(self.fd, request, bytes(4)))[0]

    def modes(self):
        """Text or graphics, keyboard, who is asked before a switch."""
        return self._get(KDGETMODE), self._get(KDGKBMODE), fcntl.ioctl(self.fd, VT_GETMODE, bytes(8))[0]

    def signals(self):
        """Those by which its owner is asked and told."""
        return struct.unpack("bbhhh", fcntl.ioctl(self.fd, VT_GETMODE, bytes(8)))[2:4]

    def owner(self):
        status = os.stat(self.path)
        return status.st_uid, status.st_gid, status.st_mode & 0o777

    def set_keyboard(self, mode):
        fcntl.ioctl(self.fd, KDSKBMODE, mode)

    def activate(self):
        fcntl.ioctl(self.fd, VT_ACTIVATE, self.number)

    def hang_up(self):
        """As when its session leader ends: every descriptor of it is dead."""
        fcntl.ioctl(self.fd, TIOCVHANGUP)
        self.reopen()

    def reopen(self):
        os.close(self.fd)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)

    def put_back(self):
        with contextlib.suppress(OSError):
            self.reopen()
        for request, argument in ((KDSETMODE, TEXT), (KDSKBMODE, UNICODE), (VT_SETMODE, bytes(8))):
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.fd, request, argument)
        os.fchown(self.fd, self._status.st_uid, self._status.st_gid)
        os.fchmod(self.fd, self._status.st_mode & 0o7777)
        os.close(self.fd)


@contextlib.contextmanager
def nobody_switches():
    """No other suite does, where there are VTs."""
    if not os.path.exists(FOREGROUND):
        yield
        return
    with open(FOREGROUND) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def terminals(*numbers):
    """Those VTs; afterwards the VT that was in the foreground is there again."""
    with nobody_switches():
        before = foreground()
        found = [Terminal(number) for number in numbers]
        try:
            yield found
        finally:
            for each in found:
                each.put_back()
            with open("/dev/tty0", "rb+", buffering=0) as console:
                fcntl.ioctl(console, VT_ACTIVATE, before)
                end = time.monotonic() + 2
                while foreground() != before and time.monotonic() < end:
                    time.sleep(0.005)
                for number in numbers:
                    with contextlib.suppress(OSError):
                        fcntl.ioctl(console, VT_DISALLOCATE, number)


def with_terminals(*numbers):
    """For tests that are given them, and are skipped where there are none."""

    def wrap(test):
        @functools.wraps(test)
        def run():
            missing = lacking()
            if missing:
                return f"SKIP: {missing}"
            with terminals(*numbers) as found:
                return test(*found)

        return run

    return wrap
