"""A keeper whose daemon does what the test says: the test itself speaks on its channel."""

import errno
import itertools
import select
import stat
import time

import records
from harness import *
from records import *

NUMBERS = {"null": (1, 3), "zero": (1, 5)}


class Puppet:
    """The daemon that runs now; `held` is what the keeper told it first."""

    def __init__(self, keeper):
        self.pid = keeper.daemon()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(f"{keeper.run_dir}/control.sock")
            text, fds, _, _ = socket.recv_fds(client, 65536, 200)
        self.held = json.loads(text)
        self.channel = socket.socket(fileno=fds[0])
        self.channel.settimeout(5)
        self.connections = dict(zip(self.held["connections"], fds[1:]))
        self.serials = itertools.count(1)
        self.left = []
        self.fds = []

    def send(self, op, **fields):
        records.send(self.channel, op, **fields)

    def receive(self):
        record, fds = records.receive(self.channel)
        self.fds += fds
        return record, fds

    def order(self, op, **fields):
        """An order that is answered: the name of its error or "", whether the device is live, its descriptor or None."""
        serial = next(self.serials)
        self.send(op, serial=serial, **fields)
        while True:
            (kind, answered, value, live, _, _), fds = self.receive()
            if kind == LEFT:
                self.left.append(value)
                continue
            equal((kind, answered), (DONE, serial))
            return errno.errorcode.get(value, ""), live, fds[0] if fds else None

    def open(self, key, path, kind="render", vt=0, live=True, number=None, pid=None):
        numbers = number or (os.major(os.stat(path).st_rdev), os.minor(os.stat(path).st_rdev))
        text = b"\0".join(str(word).encode() for word in (kind, vt, int(live), path))
        pidfd = os.pidfd_open(pid or os.getpid())
        try:
            return self.order(OPEN, value=key, uid=numbers[0], gid=numbers[1], text=text, fds=[pidfd])
        finally:
            os.close(pidfd)

    def next_left(self):
        """The VT of the next word that one was left."""
        if not self.left:
            (kind, _, value, _, _, _), _ = self.receive()
            equal(kind, LEFT)
            self.left.append(value)
        return self.left.pop(0)

    def is_silent(self):
        return not select.select([self.channel], [], [], 0.1)[0]


class Puppets(Keeper):
    """Starts daemons that the test speaks for."""

    def __init__(self, **options):
        super().__init__("ready()\nhand_over()\n", **options)
        self.puppet = Puppet(self)

    def next(self, number=signal.SIGKILL):
        """Ends the daemon, if it is not dead; the next one."""
        if number:
            os.kill(self.puppet.pid, number)
        self.puppet.channel.close()
        for fd in (*self.puppet.fds, *self.puppet.connections.values()):
            os.close(fd)
        before = self.puppet.pid
        wait_for("another daemon", lambda: self.daemons() not in ([], [before]))
        self.puppet = Puppet(self)
        return self.puppet

    def node(self, name, which="null", mode=stat.S_IFCHR):
        path = f"{self.home}/{name}"
        os.mknod(path, mode | 0o600, os.makedev(*NUMBERS[which]))
        return path


def sleeper():
    """A process that can be killed."""
    return subprocess.Popen(["sleep", "60"])


def ended(process, timeout=1.0):
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return None


__all__ = [name for name in globals() if not name.startswith("_")]
