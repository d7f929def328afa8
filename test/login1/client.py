"""Clients of the bus in the shoes of users, and what the bus carried."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time

from basics import check, Failed, poll

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT, CONTROLLER = "agent.py", "controller.py"
SOCKET = "/run/login1-agents.sock"
MANAGER_PATH = "/org/freedesktop/login1"
PREFIX = "org.freedesktop.login1"
LOG_PATH = "/org/freedesktop/LogControl1"
PROPERTIES = "org.freedesktop.DBus.Properties"


class BusError(Exception):
    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Client:
    """An agent, somewhere: in a login's session, or in none."""

    all = []
    listener = None

    def __init__(self, uid=0, login=None, cgroup=None, program=AGENT):
        if Client.listener is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(SOCKET)
            Client.listener = socket.socket(socket.AF_UNIX)
            Client.listener.bind(SOCKET)
            os.chmod(SOCKET, 0o666)
            Client.listener.listen()
            Client.listener.settimeout(20)
        command = ["/usr/bin/python3", "-B", f"{HERE}/{program}", SOCKET]
        self.process = None
        if login is not None:
            login.spawn(command, uid)
        else:
            # the shell enters the group while it still may
            shell = 'test -z "$0" || echo 0 >"$0/cgroup.procs"; exec "$@"'
            identity = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"] if uid else []
            self.process = subprocess.Popen(
                ["sh", "-c", shell, cgroup or "", *identity, *command], start_new_session=True, stdin=subprocess.DEVNULL
            )
        self.connection, _ = Client.listener.accept()
        self.connection.settimeout(20)
        self.stream = self.connection.makefile("rw")
        hello = json.loads(self.stream.readline())
        self.name, self.pid, self.uid = hello["name"], hello["pid"], uid
        Client.all.append(self)

    def order(self, **order):
        self.stream.write(json.dumps(order) + "\n")
        self.stream.flush()
        line = self.stream.readline()
        check(line, f"the client of uid {self.uid} is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise BusError(answer["error"], answer["message"])
        return answer["value"]

    def call(self, member, signature="", *args, path=MANAGER_PATH, interface=None):
        return self.order(
            path=path, interface=interface or interface_of(path), member=member, signature=signature, args=args
        )

    def get(self, path, name):
        return self.call("Get", "ss", interface_of(path), name, path=path, interface=PROPERTIES)

    def all_of(self, path, interface=None):
        wanted = interface_of(path) if interface is None else interface
        return self.call("GetAll", "s", wanted, path=path, interface=PROPERTIES)

    def close_fd(self, fd):
        self.order(close=fd)

    def leave(self):
        if self not in Client.all:
            return
        Client.all.remove(self)
        self.stream.close()
        self.connection.close()
        if self.process is not None:
            self.process.wait(10)

    @classmethod
    def leave_all(cls):
        for client in list(cls.all):
            with contextlib.suppress(OSError):
                client.leave()


def interface_of(path):
    if path == LOG_PATH:
        return "org.freedesktop.LogControl1"
    for kind in ("session", "seat", "user"):
        if path.startswith(f"{MANAGER_PATH}/{kind}/"):
            return f"{PREFIX}.{kind.capitalize()}"
    return f"{PREFIX}.Manager"


def session_path(identifier):
    return f"{MANAGER_PATH}/session/_3{identifier}"


def user_path(uid):
    return f"{MANAGER_PATH}/user/_{uid}"


SEAT_PATH = f"{MANAGER_PATH}/seat/seat0"


def error_of(action):
    """Name of the error that the call ends with, after the common prefixes; "" for success."""
    try:
        action()
        return ""
    except BusError as error:
        for prefix in (f"{PREFIX}.", "org.freedesktop.DBus.Error."):
            error.name = error.name.removeprefix(prefix)
        return error.name


class Monitor:
    """Signals of the session manager, in the order in which the bus had them."""

    def __init__(self):
        self.lines = []
        self.file = f"/tmp/monitor-{time.monotonic_ns()}"
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(
                ["busctl", "--system", "--json=short", "monitor", "org.freedesktop.login1"], stdout=out, stderr=subprocess.PIPE
            )
        # its first line says that it listens
        check(b"Monitoring" in self.process.stderr.readline(), "busctl monitors")

    def messages(self):
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def signals(self):
        """(member, path, arguments) of each."""
        found = []
        for message in self.messages():
            if message["type"] == "signal" and message.get("path", "").startswith(MANAGER_PATH):
                found.append((message["member"], message["path"], message["payload"]["data"]))
        return found

    def wait(self, what, condition):
        return poll(what, lambda: condition(self.signals()))

    def stop(self):
        self.process.terminate()
        self.process.wait(5)
        self.process.stderr.close()


def run(*command, uid=None, env=None, failing=False, cwd="/", home=None):
    """Output of a program; its failure is one of the test unless that is wanted."""
    environment = {**os.environ, "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})}
    identity = {"user": uid, "group": uid, "extra_groups": []} if uid is not None else {}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, check=False, **identity
    )
    if (result.returncode != 0) != failing:
        raise Failed(f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout if not failing else result.stdout + result.stderr


def as_systemd(*command, **options):
    """The same for a program that works only where it believes systemd runs, which it does in mounts of its own."""
    shell = 'mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && exec "$@"'
    os.makedirs("/run/systemd", exist_ok=True)
    return run("unshare", "-m", "--propagation", "private", "sh", "-c", shell, "-", *command, **options)


def fields(text):
    """Lines of NAME=VALUE."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def note(text):
    print(f"     {text}", file=sys.stderr, flush=True)
