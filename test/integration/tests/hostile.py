"""Junk on the PAM socket: it costs its senders, not the people who log in."""

import array
import contextlib
import os
import signal
import socket
import time

from basics import as_user, check, CONTROL_SOCKET, equal, PAM_SOCKET, poll
from control_socket import gone, session, sessions
from login import Login
from machine import daemon

VERSION = b"sessionman 1\n"
NONCE = "0123456789abcdef0123456789abcdef"


def packet(**fields):
    return VERSION + b"".join(f"{key}={value}".encode() + b"\0" for key, value in fields.items())


GOOD = {"OP": "open", "NONCE": NONCE, "USER": "alice", "UID": "1000", "GID": "1000", "GROUPS": "1000", "SERVICE": "x"}


def pam_connect(timeout=5.0):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(timeout)
    connection.connect(PAM_SOCKET)
    return connection


def reply(data, fds=()):
    """The daemon's answer to a raw packet as a dictionary; {} when it only closes the connection."""
    with contextlib.closing(pam_connect()) as connection:
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            connection.sendmsg([data], rights)
            while True:
                answer, passed, _, _ = socket.recv_fds(connection, 20000, 4)
                for fd in passed:
                    os.close(fd)
                fields = answer.split(b"\n", 1)[-1].decode().split("\0")
                found = dict(field.split("=", 1) for field in fields if "=" in field)
                if found.get("STATUS") != "accepted":
                    return found
        except (ConnectionError, BrokenPipeError):
            return {}


def fds_of_daemon():
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


@contextlib.contextmanager
def unharmed():
    """The daemon is the same process afterwards, keeps its sessions and answers a login within a second."""
    pid = daemon.pid
    login = Login("erin")
    yield
    equal(daemon.pid, pid, "the daemon's process")
    equal(session(login.id)["state"], "active", "the session from before")
    new = Login("dave")
    check(new.id and new.seconds < 1, f"a login afterwards: {new.env} in {new.seconds:.2f} s")
    new.close()
    login.close()
    gone(login.id, new.id)


def test_nonsense_on_the_pam_socket():
    rows = {
        "empty": b"",
        "no version": b"OP=open\0",
        "old protocol": b"sessionman 0\n" + packet(**GOOD)[len(VERSION) :],
        "newer protocol": b"sessionman 2\n" + packet(**GOOD)[len(VERSION) :],
        "version only": VERSION,
        "no operation": packet(NONCE=NONCE),
        "unknown operation": packet(**{**GOOD, "OP": "destroy"}),
        "no final NUL": packet(**GOOD)[:-1],
        "cut": packet(**GOOD)[:40],
        "key twice": packet(**GOOD) + b"USER=root\0",
        "no key": VERSION + b"=x\0",
        "lower case key": VERSION + b"op=open\0",
        "no equals sign": VERSION + b"OP\0",
        "too many fields": VERSION + b"".join(b"X%c=1\0" % (65 + i % 26) * 1 for i in range(60)),
        "long value": packet(**{**GOOD, "RHOST": "x" * 1025}),
        "too large": packet(**GOOD) + b"X=" + b"x" * 17000 + b"\0",
        "newline": packet(**{**GOOD, "TTY": "pts/1\nUID=0"}),
        "escape": packet(**{**GOOD, "RHOST": "\x1b[2J"}),
        "bad UTF-8": packet(**GOOD) + b"RHOST=\xff\xfe\0",
        "uid empty": packet(**{**GOOD, "UID": ""}),
        "uid hexadecimal": packet(**{**GOOD, "UID": "0x3e8"}),
        "uid exponent": packet(**{**GOOD, "UID": "1e3"}),
        "uid with a space": packet(**{**GOOD, "UID": " 1000"}),
        "uid negative": packet(**{**GOOD, "UID": "-1"}),
        "uid nobody": packet(**{**GOOD, "UID": "4294967295"}),
        "uid overflow": packet(**{**GOOD, "UID": "4294968296"}),
        "uid 65535": packet(**{**GOOD, "UID": "65535"}),
        "uid with a leading zero": packet(**{**GOOD, "UID": "01000"}),
        "nonce too short": packet(**{**GOOD, "NONCE": "12"}),
        "user with a slash": packet(**{**GOOD, "USER": "../alice"}),
        "user with a colon": packet(**{**GOOD, "USER": "a:b"}),
        "user with a dash": packet(**{**GOOD, "USER": "-alice"}),
        "class unknown": packet(**{**GOOD, "ARG_CLASS": "emperor"}),
        "type unknown": packet(**{**GOOD, "ARG_TYPE": "paper"}),
        "close of nothing": packet(OP="close", ID="4711"),
        "close without an id": packet(OP="close"),
        "close of a path": packet(OP="close", ID="../../etc/passwd"),
    }
    with unharmed():
        before = fds_of_daemon()
        for what, data in rows.items():
            answer = reply(data) if data else {}
            check(answer.get("STATUS") in (None, "refused"), f"{what}: {answer}")
            equal([s["user"] for s in sessions().values()], ["erin"], f"{what}: sessions")
        newer = reply(rows["newer protocol"])
        equal((newer.get("STATUS"), newer.get("ERROR")), ("refused", "version"), "the answer to a newer protocol")
        poll("descriptors as before", lambda: fds_of_daemon() <= before)


def test_descriptors_that_nobody_asked_for():
    with unharmed():
        before = fds_of_daemon()
        for _ in range(40):
            with contextlib.closing(pam_connect()) as connection:
                rights = array.array("i", [0] * 16)
                with contextlib.suppress(ConnectionError):
                    connection.sendmsg([packet(OP="wave")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                    connection.recv(20000)
        for _ in range(20):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.connect(CONTROL_SOCKET)
                rights = array.array("i", [0] * 16)
                with contextlib.suppress(ConnectionError):
                    connection.sendmsg([b"{"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        poll("descriptors as before", lambda: fds_of_daemon() <= before)


def test_close_by_somebody_who_is_not_the_leader():
    login = Login("alice")
    answer = reply(packet(OP="close", ID=login.id))
    check(answer.get("STATUS") != "closed", f"the answer: {answer}")
    equal(session(login.id)["state"], "active", "the session")


def silent_connections(count):
    held = []
    for _ in range(count):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(PAM_SOCKET)
        except BlockingIOError:
            connection.close()
            break
        held.append(connection)
    return held


def closed_by_peer(connection):
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_half_open_connections_on_the_pam_socket():
    with unharmed():
        held = silent_connections(480)
        login = Login("bob")
        check(login.id and login.seconds < 1, f"a login among {len(held)} silent connections: {login.seconds:.2f} s")
        login.close()
        held += silent_connections(200)
        crowded = Login("bob")
        equal(crowded.rc, 0, "a login beyond the limit of connections goes on")
        check(crowded.seconds < 4, f"it took {crowded.seconds:.2f} s")
        crowded.close()
        poll("all of them are closed", lambda: all(closed_by_peer(connection) for connection in held), 6)
        for connection in held:
            connection.close()


def test_junk_waiting_before_a_login():
    """5,000 connections, as many as the kernel queues, wait with junk in them; then somebody logs in."""
    with unharmed():
        pid = daemon.pid
        os.kill(pid, signal.SIGSTOP)
        queued = 0
        for _ in range(5000):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            connection.setblocking(False)
            try:
                connection.connect(PAM_SOCKET)
                connection.send(b"sessionman 1\njunk")
                queued += 1
            except BlockingIOError:
                pass
            connection.close()
        login = Login("bob", wait=False)
        time.sleep(0.2)
        os.kill(pid, signal.SIGCONT)
        begin = time.monotonic()
        login.wait_open()
        waited = time.monotonic() - begin
        print(f"     {queued} junk connections were queued, the login took {waited:.2f} s", flush=True)
        check(login.id and waited < 1, f"a login behind {queued} junk connections: {waited:.2f} s, {login.env}")
        login.close()


def test_users_cannot_reach_the_pam_socket():
    def attempt():
        try:
            pam_connect()
        except OSError as error:
            return error.errno
        return 0

    equal(as_user(1000, attempt), 13, "errno of a user's connect (EACCES)")


def test_unusual_items_of_a_login_program():
    """Whatever an application puts into its PAM items, it gets its answer and the daemon lives."""
    rows = [
        {"tty": "/dev/../etc/passwd"},
        {"tty": "x" * 5000},
        {"tty": "pts/1\n"},
        {"tty": ":0"},
        {"tty": ""},
        {"tty": "/dev/tty999"},
        {"tty": "/dev/null"},
        {"rhost": "\x1b]0;title\x07"},
        {"rhost": "x" * 5000},
        {"rhost": b"\xff\xfe".decode("utf-8", "surrogateescape")},
        {"ruser": "root\nuid=0"},
        {"xdisplay": ":0.0"},
        {"xdisplay": "/tmp/evil"},
    ]
    with unharmed():
        for items in rows:
            login = Login("alice", **items)
            equal(login.rc, 0, f"pam_open_session with {items}")
            if login.id:
                found = session(login.id)
                equal((found["seat"], found["vtnr"]), (None, 0), f"seat with {items}")
            login.close()
        poll("all of them end", lambda: len(sessions()) == 1)
