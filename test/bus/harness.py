"""A bus, the service on it, and clients that say what they like."""

import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time

import wire

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import equal, Skipped, true, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
BUS = "/run/dbus/system_bus_socket"
BUS_CONFIG = "/run/dbus/test.conf"
NAME = "org.sessionman.Test"
ROOT = "/org/sessionman/Test"
ERRORS = "org.freedesktop.DBus.Error."
ALICE = 1000
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy><limit name="max_connections_per_user">400</limit></busconfig>
"""


class Refused(Exception):
    """The error that answered a call."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


class Bus:
    """dbus-daemon as the system runs it, but that everybody may do everything."""

    def __init__(self):
        self.process = None
        os.makedirs(os.path.dirname(BUS), exist_ok=True)
        with open(BUS_CONFIG, "w") as file:
            file.write(CONFIG % BUS)

    def start(self):
        command = ["dbus-daemon", f"--config-file={BUS_CONFIG}", "--nofork", "--print-address"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        os.unlink(BUS)


class Broker(Bus):
    """dbus-broker, which looks at heads only: what is wrong with a body reaches us."""

    def start(self):
        if shutil.which("dbus-broker-launch") is None:
            raise Skipped("no dbus-broker here")
        # the launcher logs to the journal, and is given its socket as a supervisor would
        os.makedirs("/run/systemd/journal", exist_ok=True)
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        journal.bind("/run/systemd/journal/socket")
        # it waits for whoever reads there
        threading.Thread(target=lambda: [None for _ in iter(lambda: journal.recv(1 << 16), None)], daemon=True).start()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(BUS)
        os.chmod(BUS, 0o666)
        listener.listen(128)
        launch = f"exec dbus-broker-launch --scope system --config-file {BUS_CONFIG}"
        script = f"exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ {launch}"
        fds = [listener.fileno()]
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(["bash", "-c", script], pass_fds=fds, **quiet)
        listener.close()


class Service:
    def __init__(self, program):
        self.program, self.process, self.log = program, None, "/tmp/service.log"

    def start(self, wait=True):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*self.program, BUS], stdout=log, stderr=log)
        if wait:
            self.wait_owned()

    def wait_owned(self, times=1):
        wait_for("the service owns its name", lambda: self.lines().count(f"owns {NAME}") >= times, 10)

    def lines(self):
        with open(self.log) as file:
            return file.read().splitlines()

    def fds(self):
        return sorted(os.listdir(f"/proc/{self.process.pid}/fd"), key=int)

    def memory(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Client:
    """A connection to the bus, as that user."""

    def __init__(self, uid=0, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        mine = os.geteuid()
        os.seteuid(uid)
        try:
            self.socket.connect(BUS)
        finally:
            os.seteuid(mine)
        self.data, self.fds, self.serial, self.kept = b"", [], 0, []
        identity = str(uid).encode().hex().encode()
        self.socket.sendall(b"\0AUTH EXTERNAL " + identity + b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n")
        while self.data.count(b"\r\n") < 2:
            self.data += self.socket.recv(4096)
        self.data = b""
        (self.name,) = self.driver("Hello")
        self.signal("NameAcquired")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def send_bytes(self, data, fds=()):
        sent = socket.send_fds(self.socket, [data], fds) if fds else self.socket.send(data)
        self.socket.sendall(data[sent:])

    def send(self, member, signature="", values=(), fds=(), **given):
        """Returns the serial. Everything can be given otherwise, the body's bytes as content."""
        self.serial += 1
        fields = {"destination": NAME, "path": ROOT, "interface": NAME, "signature": signature or None}
        fields |= {"member": member, "fds": len(fds) or None, "serial": self.serial}
        if "content" not in given:
            given["content"] = wire.body(signature, values, given.get("order", "<"))
        self.send_bytes(wire.message(**(fields | given)), fds)
        return self.serial

    def read(self):
        """The next message; its fds are ours."""
        while (found := wire.read(self.data)) is None:
            data, fds, _, _ = socket.recv_fds(self.socket, 1 << 18, 64)
            if not data:
                raise ConnectionError("the bus has closed the connection")
            self.data += data
            self.fds += fds
        message, length = found
        self.data = self.data[length:]
        count = message.get("fds", 0)
        message["fds"], self.fds = self.fds[:count], self.fds[count:]
        return message

    def answer(self, serial):
        """The answer's body; signals that come before it are kept."""
        message = self.message(lambda each: each.get("reply_to") == serial)
        if message["kind"] == ERROR:
            raise Refused(message["error"], (message["body"] or [""])[0])
        self.given = message["fds"]
        return message["body"]

    def message(self, wanted):
        for at, each in enumerate(self.kept):
            if wanted(each):
                return self.kept.pop(at)
        while True:
            each = self.read()
            if wanted(each):
                return each
            self.kept.append(each)

    def signal(self, member):
        return self.message(lambda each: each["kind"] == SIGNAL and each.get("member") == member)

    def quiet(self):
        """Whether nothing has come."""
        return not self.kept and not self.data and not select.select([self.socket], [], [], 0.05)[0]

    def call(self, member, signature="", *values, **given):
        return self.answer(self.send(member, signature, values, **given))

    def driver(self, member, signature="", *values):
        name = "org.freedesktop.DBus"
        return self.call(member, signature, *values, destination=name, interface=name, path="/org/freedesktop/DBus")

    def properties(self, member, signature, *values, **given):
        return self.call(member, signature, *values, interface="org.freedesktop.DBus.Properties", **given)


def refused(name, call, *given, **named):
    """Calls, and demands this error."""
    try:
        call(*given, **named)
    except Refused as error:
        equal(error.name, name if "." in name else ERRORS + name, str(error))
        return error.text
    raise AssertionError(f"answered instead of refused with {name}")


class Probe:
    """The service is the same process with the same descriptors, and others are served."""

    def __init__(self, service):
        self.service, self.pid, self.fds = service, service.process.pid, len(service.fds())
        self.other = Client()
        self.other.call("Nop")

    def __enter__(self):
        return self

    def served(self):
        """Not while the bus has too much for the service."""
        try:
            return self.latency() < 1.0
        except Refused:
            return False

    def latency(self):
        begin = time.monotonic()
        self.other.call("Nop")
        return time.monotonic() - begin

    def __exit__(self, kind, *_):
        if kind is None:
            wait_for("the others are served", lambda: self.latency() < 1.0)
            wait_for("the descriptors are closed", lambda: len(self.service.fds()) <= self.fds, 2)
            equal(self.service.process.poll(), None, "the service has ended")
            equal([line for line in self.service.lines() if "uncaught" in line], [], "uncaught errors")
        self.other.close()
