"""Connections to the seatd socket that processes in sessions have made and the test speaks on, byte by byte."""

import contextlib
import os
import select
import socket
import struct
import time

from basics import check

SEATD = "/run/seatd.sock"
HAND_OVER = "/tmp/seatd-hand-over"
# Connects as who it is, gives the connection to the test, and stays as long as the test wants it to.
PROGRAM = f"""
import socket, sys
test = socket.socket(socket.AF_UNIX)
test.connect({HAND_OVER!r})
for _ in range(int(sys.argv[1])):
    wire = socket.socket(socket.AF_UNIX)
    wire.connect({SEATD!r})
    socket.send_fds(test, [b"x"], [wire.fileno()])
    wire.close()
test.recv(1)
"""
OPEN_SEAT, CLOSE_SEAT, OPEN_DEVICE, CLOSE_DEVICE, DISABLE_SEAT, SWITCH_SESSION, PING = range(1, 8)
OPENED, CLOSED, DEVICE, DEVICE_CLOSED, DISABLE, ENABLE, PONG, SWITCHED, DISABLED = range(0x8001, 0x800A)
ERROR = 0xFFFF
EPERM, ENOENT, EBADF, EBUSY, EINVAL = 1, 2, 9, 16, 22


def message(op, rest=b""):
    return struct.pack("=HH", op, len(rest)) + rest


def number(value):
    return struct.pack("=i", value)


def path(name):
    return struct.pack("=H", len(name) + 1) + name + b"\0"


class Wire:
    """The client's end of a connection."""

    def __init__(self, fd, keeper):
        self.socket = socket.socket(fileno=fd)
        self.socket.settimeout(5)
        # as long as this is open the process that connected is there
        self.keeper = keeper
        self.buffer = b""
        self.fds = []

    def send(self, *data):
        self.socket.sendall(b"".join(data))

    def fill(self, seconds):
        """False at the end of the connection."""
        ready, _, _ = select.select([self.socket], [], [], max(0, seconds))
        if not ready:
            return None
        try:
            data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            self.fds += fds
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def next(self, seconds=5.0):
        """The next message: what it is, and the rest of it."""
        end = time.monotonic() + seconds
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack_from("=H", self.buffer, 2)[0]:
            more = self.fill(end - time.monotonic())
            check(more is not False, "the connection has ended")
            check(more or time.monotonic() < end, "no answer")
        op, size = struct.unpack_from("=HH", self.buffer)
        rest, self.buffer = self.buffer[4 : 4 + size], self.buffer[4 + size :]
        return op, rest

    def ask(self, op, rest=b"", seconds=5.0):
        """The answer; events that come before it are left out."""
        self.send(message(op, rest))
        while True:
            answer = self.next(seconds)
            if answer[0] not in (ENABLE, DISABLE):
                return answer

    def ask_fd(self, op, rest):
        """The answer and the descriptor that came with it."""
        answer = self.ask(op, rest)
        check(len(self.fds) == 1, f"{len(self.fds)} descriptors with {answer}")
        return *answer, self.fds.pop()

    def expect_end(self, seconds=5.0):
        end = time.monotonic() + seconds
        while (more := self.fill(end - time.monotonic())) is not False:
            check(more or time.monotonic() < end, "the connection does not end")

    def close(self):
        self.socket.close()
        self.keeper.close()

    def open_seat(self):
        check(self.ask(OPEN_SEAT) == (OPENED, path(b"seat0")), "no seat")
        check(self.next() == (ENABLE, b""), "the seat is not enabled")
        return self


def listener():
    with contextlib.suppress(FileNotFoundError):
        os.unlink(HAND_OVER)
    server = socket.socket(socket.AF_UNIX)
    server.bind(HAND_OVER)
    os.chmod(HAND_OVER, 0o666)
    server.listen()
    server.settimeout(5)
    return server


def wires(start, count=1):
    """Connections of a process that start(command) starts somewhere."""
    with listener() as server:
        start(["/usr/bin/python3", "-IBc", PROGRAM, str(count)])
        keeper, _ = server.accept()
    keeper.settimeout(5)
    found = []
    for _ in range(count):
        _, fds, _, _ = socket.recv_fds(keeper, 1, 1)
        found.append(Wire(fds[0], keeper))
    return found


def wire(login, uid):
    (found,) = wires(lambda command: login.spawn(command, uid))
    return found

