"""Starts keepers and asks about them. Everything they touch lies below TOP."""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import alive, equal, true, wait_for

SESSIONMAND = ""
TOP = ""
HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.path.join(HERE, "stand-in-node")
SERVE = "ready()\nanswer_clients()\n"
# 0-2, three sockets, lock, signals, channel, and the foreground where there are VTs.
DESCRIPTORS = 11 if os.path.exists("/sys/class/tty/tty0/active") else 10
started = threading.local()

# How a stand-in begins that says how it was started: fds is what it has, tell() writes to the file of its first argument.
TELLER = r"""#!/usr/bin/python3 -IB
import json, os, sys
fds = {}
for fd in range(64):
    try:
        fds[fd] = os.readlink(f"/proc/self/fd/{fd}")
    except FileNotFoundError:
        pass
def tell(told):
    with open(sys.argv[1] + ".new", "w") as file:
        json.dump(told, file)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
"""


def waits(test):
    """Marks a test that mostly waits: it runs beside the others."""
    test.waits = True
    return test


def read(path):
    with open(path) as file:
        return file.read()


def children(pid):
    return [int(word) for word in read(f"/proc/{pid}/task/{pid}/children").split()]


def error_text(number):
    """What the keeper's C library calls it: musl is linked into the program that is tested with it."""
    musl = {errno.ENOTTY: "Not a tty", errno.ENAMETOOLONG: "Filename too long"}[number]
    with open(SESSIONMAND, "rb") as program:
        return musl if musl.encode() in program.read() else os.strerror(number)


def command_line(pid):
    try:
        return read(f"/proc/{pid}/cmdline").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return [""]


class Keeper:
    """A keeper that runs `code` as its daemon. Its lines and the daemon's words can be read back."""

    def __init__(self, code=SERVE, ready=True, home=None, node=NODE, arguments=(), **popen):
        self.home = home or tempfile.mkdtemp(dir=TOP)
        os.chmod(self.home, 0o755)
        self.run_dir = f"{self.home}/run"
        self.bundle = f"{self.home}/bundle"
        if code is not None:
            with open(self.bundle, "w") as bundle:
                bundle.write(code)
        self.stdout = tempfile.TemporaryFile(dir=self.home)
        self.stderr = tempfile.TemporaryFile(dir=self.home)
        self.ready_end, write_end = os.pipe()
        os.set_blocking(self.ready_end, False)
        command = [SESSIONMAND, "--run-dir", self.run_dir, "--node", node, "--daemon", self.bundle]
        self.seatd_socket = f"{self.home}/seatd.sock"
        if "--seatd-socket" not in arguments:
            command += ["--seatd-socket", self.seatd_socket]
        self.login_socket = f"{self.home}/systemd/io.systemd.Login"
        if "--login-socket" not in arguments:
            command += ["--login-socket", self.login_socket]
        command += ["--ready-fd", str(write_end), *arguments]
        options = {"stdout": self.stdout, "stderr": self.stderr, "stdin": subprocess.DEVNULL, **popen}
        options["pass_fds"] = (write_end, *popen.get("pass_fds", ()))
        self.process = subprocess.Popen(command, **options)
        self.pid = self.process.pid
        started.keepers.append(self)
        os.close(write_end)
        if ready:
            wait_for(f"readiness\n{self.lines()}", self.ready_bytes)
            # Closed after it was written: who counts descriptors next must not find it.
            wait_for("the end of the readiness descriptor", lambda: self.ready_bytes() == b"")

    def ready_bytes(self):
        try:
            return os.read(self.ready_end, 64)
        except BlockingIOError:
            return None

    def _text(self, file):
        return os.pread(file.fileno(), 1 << 20, 0).decode()

    def lines(self):
        return self._text(self.stderr)

    def words(self):
        return [json.loads(line) for line in self._text(self.stdout).splitlines()]

    def word(self, key, timeout=5.0):
        """What the daemon has said under this key, first."""
        found = wait_for(
            f"the daemon says {key}", lambda: [w for w in self.words() if key in w], timeout
        )
        return found[0][key]

    def guards(self):
        return [pid for pid in children(self.pid) if command_line(pid)[0] == "sessionmand-guard"]

    def guard(self):
        return wait_for("a guard", self.guards)[0]

    def children(self):
        """All but the guard."""
        guards = self.guards()
        return [pid for pid in children(self.pid) if pid not in guards]

    def daemons(self):
        """Its children that run the bundle: beside them there may be others, and what of theirs is left."""
        # The keeper's own command line names it, too, and is that of a child that has just been born.
        words = {pid: command_line(pid) for pid in children(self.pid)}
        return [pid for pid, of in words.items() if of[0] != SESSIONMAND and self.bundle in of]

    def daemon(self):
        return wait_for("a daemon", self.daemons)[0]

    def descriptors(self):
        return sorted(int(fd) for fd in os.listdir(f"/proc/{self.pid}/fd"))

    def keeps(self, count, what):
        """So many descriptors: what came with an order is closed after its answer."""
        wait_for(f"{count} descriptors, {what}", lambda: len(self.descriptors()) == count)

    def client(self, name="pam.sock", timeout=5.0):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET if name == "pam.sock" else socket.SOCK_STREAM)
        client.settimeout(timeout)
        client.connect(f"{self.run_dir}/{name}")
        return client

    def greeting(self, name="pam.sock"):
        with Keeper.client(self, name) as client:
            return client.recv(100)

    def stop(self):
        """Does nothing from here on, until it is continued."""
        self.process.send_signal(signal.SIGSTOP)
        wait_for("it has stopped", lambda: read(f"/proc/{self.pid}/stat").rsplit(")", 1)[1].split()[0] == "T")

    def end(self, number=signal.SIGTERM, timeout=8.0):
        self.process.send_signal(number)
        return self.process.wait(timeout)


def end_all():
    for keeper in started.keepers:
        if keeper.process.poll() is None:
            keeper.process.kill()
            keeper.process.wait()
        os.close(keeper.ready_end)


def run(*arguments, **options):
    """A keeper that is expected to end by itself: (exit code, stdout, stderr)."""
    command = [SESSIONMAND, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, **options)
    return done.returncode, done.stdout, done.stderr


__all__ = [name for name in globals() if not name.startswith("_")]
