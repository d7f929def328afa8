"""Junk and floods on the control socket, which every user can reach."""

import contextlib
import json
import os
import signal
import socket
import time

from basics import CONTROL_SOCKET, as_user, check, equal, poll
from control_socket import call
from login import Login
from tests.hostile import fds_of_daemon, unharmed


def control_connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(3)
    connection.connect(CONTROL_SOCKET)
    return connection


def rude_bytes():
    method = b'"method":"org.sessionman.Login.ListSessions"'
    return [
        b"\0",
        b"\0" * 5000,
        b"{}\0",
        b"[]\0",
        b"null\0",
        b"{" + method + b"\0",
        b"{" + method + b',"parameters":[]}\0',
        b"{" + method + b',"parameters":{"__proto__":{"uid":0}}}\0',
        b'{"method":"__proto__"}\0',
        b'{"method":"org.sessionman.Login.constructor"}\0',
        b'{"method":"org.sessionman.Login.GetUser","parameters":{"uid":1e999}}\0',
        b'{"method":"org.sessionman.Login.GetUser","parameters":{"uid":"0"}}\0',
        b'{"method":"org.sessionman.Login.GetSession","parameters":{"id":"../1"}}\0',
        b'{"method":' + b"[" * 60000 + b"\0",
        b'{"method":"' + b"x" * 3000000,
        b"\xff\xfe\xfd\0",
        json.dumps({"method": "org.sessionman.Login.KillSession"}).encode() + b"\0",
    ]


def throw_rude_bytes():
    for data in rude_bytes() * 3:
        with contextlib.closing(control_connect()) as connection, contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)
    return True


def test_nonsense_on_the_control_socket():
    with unharmed():
        before = fds_of_daemon()
        throw_rude_bytes()
        as_user(1001, throw_rude_bytes)
        poll("descriptors as before", lambda: fds_of_daemon() <= before)


def hold_connections(count, data):
    """As an unprivileged user: as many connections as it gets, each with an unfinished message."""
    held = []
    for _ in range(count):
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connection.connect(CONTROL_SOCKET)
            connection.send(data)
            held.append(connection)
        except OSError:
            connection.close()
    return held


def test_a_user_who_holds_a_thousand_control_connections():
    with unharmed():
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            import resource

            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
            os.setgid(1000)
            os.setuid(1000)
            held = hold_connections(1000, b'{"method":')
            os.write(writer, b"x")
            time.sleep(60)
            os._exit(len(held) and 0)
        os.read(reader, 1)
        begin = time.monotonic()
        equal(as_user(1001, lambda: len(call("ListSessions")["sessions"])), 1, "another user's question")
        check(time.monotonic() - begin < 1, f"it took {time.monotonic() - begin:.2f} s")
        equal(len(call("ListSessions")["sessions"]), 1, "root's question")
        login = Login("bob")
        check(login.id and login.seconds < 1, f"a login meanwhile took {login.seconds:.2f} s")
        login.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_user_who_floods_the_control_socket():
    with unharmed():
        pids = []
        for _ in range(2):
            pid = os.fork()
            if pid == 0:
                os.setgid(1000)
                os.setuid(1000)
                question = b'{"method":"org.sessionman.Login.ListSessions"}\0' * 200
                while True:
                    with contextlib.suppress(OSError):
                        connection = control_connect()
                        connection.settimeout(0.2)
                        while True:
                            connection.sendall(question)
            pids.append(pid)
        time.sleep(0.3)
        slowest = 0
        for _ in range(5):
            login = Login("bob")
            check(login.id, f"a login during the flood: {login.rc} {login.env}")
            slowest = max(slowest, login.seconds)
            login.close()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        print(f"     slowest login during the flood: {slowest:.2f} s", flush=True)
        check(slowest < 1, f"a login during the flood took {slowest:.2f} s")
        poll("an answer", lambda: call("GetStatus"))
