"""What every test and the runner need: where things are, waiting, looking into /proc."""

import json
import os
import re
import shutil
import time

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
RUN = "/run/sessionman"
PAM_SOCKET = f"{RUN}/pam.sock"
CONTROL_SOCKET = f"{RUN}/control.sock"
RUNTIME = "/run/user"
LOG = "/var/log/sessionmand.log"
LIBDIR = os.environ.get("LIBDIR", f"{TREE}/build/bundle")
KEEPER = os.environ.get("SBINDIR", f"{TREE}/build/c/daemon/keeper") + "/sessionmand"
RUNNER = (os.environ.get("LIBDIR") or f"{TREE}/build/c/daemon/run") + "/sessionman-run"
NODE = os.environ.get("NODE") or os.path.realpath(shutil.which("node") or "/usr/bin/node")
CONFIG = "/etc/sessionman/sessionman.yaml"


class Failed(Exception):
    """What a user relies on does not hold."""


class Skip(Exception):
    """The test needs something that this machine does not have."""


def setting(**values):
    """
    What a test asks of the runner: config (text), start (False: no daemon), checked (False: no checker), cgroup (True:
    it is about control groups, and skipped without), everywhere (True: everything is run in the hybrid layout and
    without cgroup v2, too, and not only when it is named), named (True: it takes long, and is run only when named).
    """

    def mark(function):
        function.setting = values
        return function

    return mark


def check(condition, message):
    if not condition:
        raise Failed(message)


def equal(actual, expected, what):
    check(actual == expected, f"{what}: {actual!r}, expected {expected!r}")


def poll(what, condition, seconds=5.0):
    """The first true value of condition(); a failure that says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


def read(path):
    """Content of a small file, "" when it is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def cgroup_of(pid):
    """Path of the process in the cgroup v2 hierarchy, "" when it is gone."""
    match = re.search(r"^0::(.*)$", read(f"/proc/{pid}/cgroup"), re.M)
    return match.group(1) if match else ""


def cgroup_root():
    """Mount point of cgroup v2, None when there is none."""
    match = re.search(r"^\S+ (\S+) cgroup2 ", read("/proc/self/mounts"), re.M)
    return match.group(1) if match else None


def alive(pid):
    return re.search(r"^State:\s+[^ZX]", read(f"/proc/{pid}/status"), re.M) is not None


def children(pid):
    """Of all processes: the kernel's own list of children may leave one out while another one exits."""
    pattern = re.compile(rf"^PPid:\s+{pid}$", re.M)
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and pattern.search(read(f"/proc/{name}/status"))]


def as_user(uid, function):
    """Runs function() in a child with that uid; its result, or the exception's text as a failure."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            value = {"value": function()}
        except BaseException as error:
            value = {"error": f"{type(error).__name__}: {error}"}
        os.write(writer, json.dumps(value).encode())
        os._exit(0)
    os.close(writer)
    data = b""
    while chunk := os.read(reader, 65536):
        data += chunk
    os.close(reader)
    os.waitpid(pid, 0)
    result = json.loads(data)
    if "error" in result:
        raise Failed(f"as uid {uid}: {result['error']}")
    return result["value"]
