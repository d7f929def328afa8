"""A daemon that misbehaves on command.

    fake_daemon.py [--backlog N] [--record FILE] SOCKET BEHAVIOUR...

Each new NONCE is answered by the next behaviour, a retry by the same one, logins beyond the list by the
last. `retry:A,B` is A for the first connection of a login and B for the next ones. close is answered
politely unless a behaviour named close-silent or close-refused came before it. "ready" on standard
output says that the socket is there. --record appends the fields of every request, as JSON lines, and
{"lifetime": ID, "seconds": S} when the lifetime fd of a session is given back.
"""

import array
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

VERSION = b"sessionman 1\n"
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
scratch = tempfile.mkdtemp(prefix="fake-daemon-")
lock = threading.Lock()
next_id = 0


def packet(*fields):
    return VERSION + b"".join(f.encode() + b"\0" for f in fields)


def send(conn, data, fds=()):
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    conn.sendmsg([data], ancillary)


def vector(name):
    with open(os.path.join(VECTORS, name + ".hex"), encoding="utf-8") as file:
        body = file.read().split("\n\n", 1)[1]
    data = b""
    for line in body.splitlines():
        for word in line.split("#")[0].split():
            while word:
                pair, word = word[:2], word[2:]
                times = 1
                if word.startswith("*"):
                    digits = word[1:]
                    times, word = int(digits), ""
                data += bytes([int(pair, 16)]) * times
    return data


def lifetime(session, record):
    path = os.path.join(scratch, session + ".fifo")
    os.mkfifo(path, 0o600)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    writer = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    os.unlink(path)
    begin = time.monotonic()

    def watch():
        poller = select.poll()
        poller.register(reader, select.POLLIN)
        poller.poll()
        record({"lifetime": session, "seconds": time.monotonic() - begin})
        os.close(reader)

    threading.Thread(target=watch, daemon=True).start()
    return writer


class Fake:
    def __init__(self, record_path):
        self.record_path = record_path
        self.close_behaviour = "closed"

    def record(self, entry):
        if self.record_path:
            with lock, open(self.record_path, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def opened(self, conn, environment=(), more_fds=0, before=()):
        global next_id
        with lock:
            next_id += 1
            session = str(next_id)
        writer = lifetime(session, self.record)
        extra = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(more_fds)]
        send(conn, packet("STATUS=opened", "XDG_SESSION_ID=" + session, *environment), [writer, *extra])
        for fd in [writer, *extra]:
            os.close(fd)

    def wrong_fd(self, conn, fd):
        send(conn, packet("STATUS=opened", "XDG_SESSION_ID=1"), [fd])
        os.close(fd)

    def accepted(self, conn, fds=()):
        send(conn, packet("STATUS=accepted"), fds)

    def act(self, conn, behaviour):
        name, _, detail = behaviour.partition("=")
        handler = getattr(self, "do_" + name.replace("-", "_"))
        return handler(conn, detail) if detail else handler(conn)

    def do_open(self, conn, environment=""):
        self.opened(conn, environment.split(";") if environment else ())

    def do_silent(self, conn):
        time.sleep(100)

    def do_accepted_silent(self, conn):
        self.accepted(conn)
        time.sleep(100)

    def do_heartbeat(self, conn):
        while True:
            self.accepted(conn)
            time.sleep(0.2)

    def do_flood(self, conn):
        for _ in range(2):
            os.fork()  # More than one reader can drain.
        while True:
            self.accepted(conn)

    def do_slow(self, conn, seconds="1.5"):
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            self.accepted(conn)
            time.sleep(0.3)
        self.opened(conn)

    def do_late(self, conn, seconds):
        time.sleep(float(seconds))
        self.opened(conn)

    def do_drip(self, conn):
        for byte in packet("STATUS=opened", "XDG_SESSION_ID=1"):
            conn.send(bytes([byte]))
            time.sleep(0.05)

    def do_vector(self, conn, name):
        send(conn, vector(name))
        time.sleep(0.05)

    def do_vector_with_fd(self, conn, name):
        fd = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        send(conn, vector(name), [fd] * 8)
        os.close(fd)

    def do_huge(self, conn, size):
        conn.send(packet("STATUS=opened", "XDG_SESSION_ID=1") + b"F=" + b"x" * int(size) + b"\0")

    def do_close(self, conn):
        pass

    def do_accept_close(self, conn, seconds="0"):
        self.accepted(conn)
        time.sleep(float(seconds))

    def do_fds(self, conn, count):
        self.opened(conn, more_fds=int(count))

    def do_fds_on_accepted(self, conn):
        fds = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(3)]
        self.accepted(conn, fds)
        self.opened(conn)
        for fd in fds:
            os.close(fd)

    def do_no_fd(self, conn):
        send(conn, packet("STATUS=opened", "XDG_SESSION_ID=1"))

    def do_fd_file(self, conn):
        self.wrong_fd(conn, os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC))

    def do_fd_socket(self, conn):
        self.wrong_fd(conn, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).detach())

    def do_fd_read_end(self, conn):
        reader, writer = os.pipe()
        os.close(writer)
        self.wrong_fd(conn, reader)

    def do_fd_path(self, conn):
        path = os.path.join(scratch, "o-path.fifo")
        if not os.path.exists(path):
            os.mkfifo(path)
        self.wrong_fd(conn, os.open(path, os.O_PATH | os.O_CLOEXEC))

    def do_existing(self, conn, environment=""):
        send(conn, packet("STATUS=existing", *(environment.split(";") if environment else ())))

    def do_existing_with_fd(self, conn):
        _, writer = os.pipe()
        send(conn, packet("STATUS=existing"), [writer])
        os.close(writer)

    def do_none(self, conn):
        send(conn, packet("STATUS=none"))

    def do_closed(self, conn):
        send(conn, packet("STATUS=closed"))

    def do_refused(self, conn, error):
        send(conn, packet("STATUS=refused", "ERROR=" + error, "MESSAGE=the reason is " + error))

    def do_close_silent(self, conn):
        self.close_behaviour = "silent"
        self.opened(conn)

    def do_close_refused(self, conn):
        self.close_behaviour = "refused=failed"
        self.opened(conn)

    def do_close_hang_up(self, conn):
        self.close_behaviour = "close"
        self.opened(conn)


def fields_of(data):
    return dict(f.split("=", 1) for f in data[len(VERSION) :].decode().rstrip("\0").split("\0"))


class Server:
    def __init__(self, fake, behaviours):
        self.fake = fake
        self.behaviours = behaviours
        self.turn = {}
        self.connections = {}

    def choose(self, fields):
        if fields["OP"] == "close":
            return self.fake.close_behaviour
        nonce = fields["NONCE"]
        with lock:
            number = self.turn.setdefault(nonce, len(self.turn))
            attempt = self.connections[nonce] = self.connections.get(nonce, -1) + 1
        behaviour = self.behaviours[min(number, len(self.behaviours) - 1)]
        if behaviour.startswith("retry:"):
            choices = behaviour[6:].split(",")
            behaviour = choices[min(attempt, len(choices) - 1)]
        return behaviour

    def serve(self, conn):
        with conn:
            try:
                data = conn.recv(65536)
                if not data:
                    return
                fields = fields_of(data)
                self.fake.record(fields)
                self.fake.act(conn, self.choose(fields))
            except (BrokenPipeError, ConnectionResetError):
                pass


def main():
    arguments, backlog, record, ready = sys.argv[1:], 128, None, True
    while arguments[0].startswith("--"):
        name, value = arguments[0], arguments[1]
        if name == "--backlog":
            backlog = int(value)
        elif name == "--record":
            record = value
        arguments = arguments[2:]
    path, behaviours = arguments[0], arguments[1:]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    if behaviours[0] == "later":
        # A keeper that is being restarted: the socket file is there, nobody listens yet.
        print("ready", flush=True)
        time.sleep(1)
        behaviours = behaviours[1:]
        ready = False
    if behaviours[0] == "deaf":
        print("ready", flush=True)
        time.sleep(100)
    listener.listen(backlog)
    if ready:
        print("ready", flush=True)
    if behaviours[0] == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    if behaviours[0] == "hang-up-unread":
        # Closing with the request unread resets the connection.
        while True:
            conn, _ = listener.accept()
            time.sleep(0.02)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            conn.close()
    server = Server(Fake(record), behaviours)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=server.serve, args=(conn,), daemon=True).start()


main()
