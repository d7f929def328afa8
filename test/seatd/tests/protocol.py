"""The protocol byte by byte: what is answered, who is refused, and that nobody but the one who breaks it notices."""

import os
import random
import socket
import subprocess
import time

from basics import check, equal, poll
from compositor import on
from control_socket import call, session
from login import Login
from screen import FIRST, screen, SECOND, switch
from wire import (
    CLOSE_DEVICE, CLOSE_SEAT, CLOSED, DEVICE_CLOSED, DISABLE, DISABLE_SEAT, DISABLED, EBADF, EBUSY, EINVAL, ENABLE, ENOENT, EPERM, ERROR,
    message, number, OPEN_DEVICE, OPEN_SEAT, OPENED, path, PING, PONG, SEATD, SWITCH_SESSION, SWITCHED, wire, wires,
)


def descriptors(daemon):
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (daemon.pid, daemon.keeper.pid)]


def nothing_left(daemon, before):
    """Fewer may be: what others had open at the beginning."""
    poll("nothing is left of them", lambda: all(now <= then for now, then in zip(descriptors(daemon), before)))


def warnings(daemon):
    return [line for line in daemon.log().splitlines() if '"warn"' in line and "seatd socket" in line]


def test_every_request_and_its_answer(daemon):
    with screen():
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000)
        equal(client.ask(PING), (PONG, b""), "ping before the seat")
        client.open_seat()
        equal(client.ask(OPEN_DEVICE, path(b"/dev/dri/card0")), (ERROR, number(ENOENT)), "a card that there is not")
        equal(client.ask(OPEN_DEVICE, path(b"/dev/null")), (ERROR, number(ENOENT)), "no device of a seat")
        equal(client.ask(OPEN_DEVICE, path(b"/etc/shadow")), (ERROR, number(ENOENT)), "what is elsewhere")
        equal(client.ask(OPEN_DEVICE, path(b"/dev/../etc/shadow")), (ERROR, number(ENOENT)), "what leads elsewhere")
        equal(client.ask(OPEN_DEVICE, path(b"/" + b"x" * 254)), (ERROR, number(ENOENT)), "the longest name")
        equal(client.ask(OPEN_DEVICE, path(b"\xff\xfe")), (ERROR, number(ENOENT)), "no text")
        equal(client.ask(CLOSE_DEVICE, number(4711)), (ERROR, number(EBADF)), "a device that it does not have")
        equal(client.ask(DISABLE_SEAT), (ERROR, number(EBUSY)), "an acknowledgement of nothing")
        equal(client.ask(SWITCH_SESSION, number(FIRST)), (SWITCHED, b""), "to itself")
        for place in (0, -1, 64, 2**31 - 1):
            equal(client.ask(SWITCH_SESSION, number(place)), (ERROR, number(EINVAL)), f"to {place}")
        equal(client.ask(SWITCH_SESSION, number(SECOND)), (SWITCHED, b""), "to another")
        equal(client.next(), (DISABLE, b""), "the event")
        equal(client.ask(PING), (PONG, b""), "ping meanwhile")
        equal(client.ask(OPEN_DEVICE, path(b"/dev/null")), (ERROR, number(EPERM)), "a device meanwhile")
        equal(client.ask(SWITCH_SESSION, number(FIRST)), (ERROR, number(EPERM)), "a switch meanwhile")
        equal(client.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
        switch(FIRST)
        equal(client.next(), (ENABLE, b""), "the event")
        equal(client.ask(CLOSE_SEAT), (CLOSED, b""), "its end")
        equal(client.ask(PING), (PONG, b""), "ping after the seat")
        client.send(message(OPEN_SEAT))
        client.expect_end()


def test_requests_in_pieces_and_in_one(daemon):
    with screen():
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000)
        for byte in message(OPEN_SEAT):
            client.send(bytes([byte]))
            time.sleep(0.06)
        equal([client.next()[0], client.next()[0]], [OPENED, ENABLE], "the seat")
        client.send(message(PING), message(CLOSE_DEVICE, number(9)), message(PING), message(OPEN_DEVICE, path(b"/dev/null"))[:-3])
        equal([client.next() for _ in range(3)], [(PONG, b""), (ERROR, number(EBADF)), (PONG, b"")], "the answers in their order")
        client.send(message(OPEN_DEVICE, path(b"/dev/null"))[-3:])
        equal(client.next(), (ERROR, number(ENOENT)), "the last answer")


def test_who_is_refused(daemon):
    with screen():
        switch(FIRST)
        alice = on("alice", FIRST)
        away = Login("carol", service="sshd-test", tty="ssh", rhost="192.0.2.7")
        background = Login("dave", service="cron", tty="cron")
        before = descriptors(daemon)
        rows = (
            ("in no session", lambda command: subprocess.Popen(command, start_new_session=True)),
            ("in no session", lambda command: subprocess.Popen(command, user=1000, group=1000, extra_groups=[], start_new_session=True)),
            ("no seat", lambda command: away.spawn(command, 1002)),
            ("", lambda command: background.spawn(command, 1003)),
            (f"session {alice.id}, which is alice's", lambda command: alice.spawn(command, 1001)),
        )
        for why, start in rows:
            (client,) = wires(start)
            client.expect_end()
            client.close()
            poll(f"the log says {why}", lambda why=why: why in (warnings(daemon) or [""])[-1])
        equal(len(warnings(daemon)), len(rows), "lines of the log")
        nothing_left(daemon, before)
        root = wire(alice, 0)
        root.open_seat()


def test_a_second_client_is_refused_and_the_first_goes_on(daemon):
    with screen():
        switch(FIRST)
        alice = on("alice", FIRST)
        first, second = wire(alice, 1000).open_seat(), wire(alice, 1000)
        second.send(message(OPEN_SEAT))
        second.expect_end()
        equal(first.ask(PING), (PONG, b""), "the first")
        first.close()
        poll("the seat is free", lambda: session(alice.id)["controller"] is None)
        wire(alice, 1000).open_seat()


def test_who_breaks_the_protocol_ends_alone(daemon):
    breaches = (
        message(0), message(8), message(0x8001), message(ERROR, number(1)), b"\0" * 600, b"\xff" * 600,
        message(OPEN_SEAT, b"x"), message(PING, number(1)), message(CLOSE_DEVICE), message(CLOSE_DEVICE, b"\0" * 8),
        message(OPEN_DEVICE, b"\5\0/dev\0\0\0"), message(OPEN_DEVICE, b"\6\0/d\0v\0"), message(OPEN_DEVICE, path(b"x" * 256)),
        message(OPEN_SEAT), b"\7\0\xff\xff",
    )
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        other = wire(bob, 1001)
        equal(other.ask(OPEN_SEAT)[0], OPENED, "another client")
        before = descriptors(daemon)
        pid = daemon.pid
        for breach in breaches:
            client = wire(alice, 1000).open_seat()
            client.send(breach)
            client.expect_end()
            client.close()
            poll("the seat is free again", lambda: session(alice.id)["controller"] is None)
            equal(other.ask(PING), (PONG, b""), f"the other client after {breach[:20]}")
        equal(daemon.pid, pid, "the daemon")
        nothing_left(daemon, before)


def test_noise(daemon):
    chance = random.Random(7)
    requests = [message(op, rest) for op, rest in ((PING, b""), (CLOSE_DEVICE, number(3)), (OPEN_DEVICE, path(b"/dev/null")), (DISABLE_SEAT, b""), (SWITCH_SESSION, number(FIRST)))]
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        other = wire(bob, 1001)
        equal(other.ask(OPEN_SEAT)[0], OPENED, "another client")
        before = descriptors(daemon)
        longest = 0.0
        for _ in range(60):
            client = wire(alice, 1000)
            data = message(OPEN_SEAT) + b"".join(chance.choices(requests, k=chance.randrange(8)))
            data = bytearray(data + chance.randbytes(chance.randrange(40)))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                while data:
                    size = chance.randrange(1, 200)
                    client.send(bytes(data[:size]))
                    data = data[size:]
            except (BrokenPipeError, ConnectionResetError):
                pass
            client.socket.shutdown(socket.SHUT_WR)
            client.close()
            began = time.monotonic()
            equal(other.ask(PING), (PONG, b""), "the other client")
            longest = max(longest, time.monotonic() - began)
        poll("the seat is free again", lambda: session(alice.id)["controller"] is None)
        nothing_left(daemon, before)
        check(longest < 0.5, f"the other client waited {longest:.2f} s")


def test_who_does_not_read_is_not_listened_to(daemon):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        client = wire(alice, 1000).open_seat()
        client.socket.setblocking(False)
        sent = 0
        quiet = time.monotonic()
        while time.monotonic() - quiet < 1:
            try:
                sent += client.socket.send(message(PING) * 1000)
                quiet = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        memory = resident(daemon.pid)
        check(sent < 4 << 20, f"{sent} bytes were taken")
        other = wire(bob, 1001)
        equal(other.ask(OPEN_SEAT)[0], OPENED, "another client")
        switch(SECOND)
        equal(other.next(), (ENABLE, b""), "the other client in front")
        client.socket.settimeout(5)
        got = 0
        while got < sent // 4:
            op, _ = client.next()
            if op == DISABLE:
                continue
            equal(op, PONG, "an answer")
            got += 1
        check(resident(daemon.pid) - memory < 20_000, "what was not read did not pile up")


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def test_sixteen_connections_of_a_user(daemon):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        found = wires(lambda command: alice.spawn(command, 1000), 20)
        answers = []
        for client in found:
            try:
                client.send(message(PING))
                answers.append(client.next()[0])
            except Exception:
                answers.append(None)
        equal((answers.count(PONG), answers.count(None)), (16, 4), "who was let in")
        equal(wire(bob, 1001).ask(PING), (PONG, b""), "another user")
        for client in found:
            client.socket.close()
        poll("there is room again", lambda: can_ping(alice))


def can_ping(login):
    client = wire(login, 1000)
    try:
        return client.ask(PING) == (PONG, b"")
    except Exception:
        return False
    finally:
        client.close()


def test_refusals_do_not_fill_the_log(daemon):
    for _ in range(60):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(SEATD)
            client.settimeout(5)
            equal(client.recv(1), b"", "refused")
    check(len(warnings(daemon)) <= 21, f"{len(warnings(daemon))} lines")


def test_login1_and_seatd_are_one(daemon):
    """Who has a session over one of them is there for the other."""
    with screen():
        switch(FIRST)
        alice = on("alice", FIRST)
        client = wire(alice, 1000).open_seat()
        told = session(alice.id)
        equal((told["type"], told["state"]), ("wayland", "active"), "the session")
        (seat,) = call("ListSeats")["seats"]
        equal(seat["activeSession"], alice.id, "in front")
        equal(alice.close(), 0, "its end")
        client.expect_end()
