"""Starts sessionman-run as the keeper would, speaks to it as the daemon would, and asks about it."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import alive, equal, true, wait_for

RUNNER = "/mnt/share/sessionman-run"
BACKEND = "/mnt/share/backend"
MANAGERS = "/run/sessionman/managers"
CGROUP = "/sys/fs/cgroup" if os.path.exists("/sys/fs/cgroup/cgroup.procs") else None
READY = 'printf "%s" "{}" >"$2"\n'
STOP = 'kill -TERM "$2"\n'
# Runs what sessionman-run is executed by, for tests of its speed and memory.
WRAPPER = []
started = threading.local()
PAM_SERVICE = "/etc/pam.d/sessionman-user"


def manager(says=READY.format("hello")):
    """A service manager that ends when it is told to: it can hear that before it says that it is ready."""
    return f"trap 'exit 0' TERM\n{says}\nwhile :; do sleep 1000 & wait; done\n"


MANAGER = manager()


def waits(test):
    """
    Marks a test that mostly waits: it runs beside the others, with users of its own. It calls has_begun() when the
    others may change the PAM service.
    """
    test.waits = True
    return test


def without_cgroup(test):
    """Marks a test that is run on the machine without control groups, too."""
    test.without_cgroup = True
    return test


def read(path):
    with open(path, errors="surrogateescape") as file:
        return file.read()


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def processes_of(uid):
    """Living processes of a user, by pid."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid and alive(int(name)):
                found.append(int(name))
    return found


def children_of(run):
    return [int(word) for word in read(f"/proc/{run.pid}/task/{run.pid}/children").split()]


def listen(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    old = os.umask(0o177)
    listener.bind(path)
    os.umask(old)
    listener.listen(16)
    return listener


class Daemon:
    """A daemon's connection to sessionman-run."""

    def __init__(self, uid):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(f"{MANAGERS}/{uid}.sock")

    def send(self, *words):
        self.socket.send(b"".join(os.fsencode(word) + b"\0" for word in words))

    def hear(self, timeout=10.0):
        """The next packet, as a list of words; [] at the end."""
        self.socket.settimeout(timeout)
        try:
            packet = self.socket.recv(70000)
        except ConnectionResetError:
            return []
        if packet and packet[-1:] != b"\0":
            raise AssertionError(f"not ended: {packet!r}")
        return packet[:-1].decode().split("\0") if packet else []

    def hear_until(self, word, timeout=10.0):
        """Passes over other packets; the one with that word."""
        end = time.monotonic() + timeout
        while True:
            packet = self.hear(max(0.01, end - time.monotonic()))
            if not packet or packet[0] == word:
                return packet

    def close(self):
        self.socket.close()


class User:
    """A user of the machine: home, runtime directory, control group, all fresh."""

    def __init__(self, name="alice"):
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid, self.home = name, entry.pw_uid, entry.pw_gid, entry.pw_dir
        self.runtime = f"/run/user/{self.uid}"
        self.log = f"{MANAGERS}/{self.uid}.log"
        self.fifo = f"{MANAGERS}/{self.uid}.ready"
        self.slice = f"{CGROUP}/user.slice/user-{self.uid}.slice"
        self.group = f"{self.slice}/user@{self.uid}.service" if CGROUP else "-"
        self.furnish()

    def furnish(self):
        os.makedirs(MANAGERS, exist_ok=True)
        for path in (self.home, self.runtime):
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path, mode=0o700)
            os.chown(path, self.uid, self.gid)
        for name in os.listdir(MANAGERS):
            if name.split(".")[0] == str(self.uid):
                os.unlink(f"{MANAGERS}/{name}")
        if CGROUP:
            self.clear_group()
            os.makedirs(f"{self.group}/init.scope")
            os.makedirs(f"{self.slice}/sessionman-run@{self.uid}.service", exist_ok=True)
            for path in (self.group, f"{self.group}/init.scope"):
                for name in ("", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"):
                    os.chown(path + name, self.uid, self.gid)

    def clear_group(self):
        """What the daemon does when a manager has ended."""
        if not CGROUP or not os.path.exists(self.group):
            return
        write_to(f"{self.group}/cgroup.kill", "1")
        wait_for("the end of all", lambda: "populated 0" in read(f"{self.group}/cgroup.events"))
        for directory, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(directory)

    def script(self, action, text):
        write(f"{self.home}/{action}", text)

    def dump(self, action, name):
        path = f"{self.home}/dump-{action}/{name}"
        wait_for(path, lambda: os.path.exists(path))
        return read(path)


def has_begun():
    started.begun.set()


def pam(text):
    """Replaces the PAM service, until the end of the test."""
    write(PAM_SERVICE, text)


def write_to(path, text):
    with open(path, "w") as file:
        file.write(text)


class Run:
    """A sessionman-run for a user, as the keeper starts it."""

    def __init__(self, user, run=MANAGER, stop=STOP, backend=BACKEND, ready=None, dirty=None, words=None):
        self.user = user
        for action, text in (("run", run), ("stop", stop), ("ready", ready)):
            if text is not None:
                user.script(action, text)
        self.listener = listen(f"{MANAGERS}/{user.uid}.sock")
        self.daemon = Daemon(user.uid)
        arguments = {
            "uid": user.uid, "gid": user.gid, "user": user.name, "backend": backend, "config": "/etc/sessionman/backend",
            "runtime": user.runtime, "group": user.group, "ready": user.fifo, "log": user.log, **(words or {}),
        }
        self.pid = spawn(self.listener, [*WRAPPER, RUNNER, *(f"{key}={value}" for key, value in arguments.items())], dirty)
        self.listener.close()
        self.status = None
        started.runs.append(self)

    def running(self):
        """Waits until the backend's ready has ended; the manager's pid."""
        packet = self.daemon.hear_until("running")
        equal(packet[0:1], ["running"])
        self.manager = int(packet[1])
        return self.manager

    def wait(self, timeout=10.0):
        """The exit status, as a shell says it."""
        if self.status is None:
            end = time.monotonic() + timeout
            while (done := os.waitpid(self.pid, os.WNOHANG))[0] == 0:
                true(time.monotonic() < end, "sessionman-run has ended")
                time.sleep(0.002)
            self.status = os.waitstatus_to_exitcode(done[1])
        return self.status

    def ended(self, timeout=10.0):
        """Waits for the end; what it told of it."""
        packet = self.daemon.hear_until("ended", timeout)
        self.wait(timeout)
        return packet[1] if packet else None

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return read(self.user.log)
        return ""

    def finish(self):
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()
        self.daemon.close()


def spawn(listener, command, dirty=None):
    """
    Executes with descriptors as the keeper gives them: 0 to 2, and the listening socket as 3. dirty, a function,
    is called in the process before.
    """
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        os.setsid()
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.closerange(4, 1024)
        for number in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LANG="C.UTF-8")
        if dirty:
            dirty()
        os.execve(command[0], command, os.environ)
    finally:
        os._exit(127)


def end_all():
    for run in started.runs:
        run.finish()
        run.user.clear_group()
        for pid in processes_of(run.user.uid) if run.user.uid else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


__all__ = [name for name in globals() if not name.startswith("_")]
