"""Daemon and keeper are killed at bad moments, and compositors live on or end cleanly."""

import os
import random
import signal
import time

from basics import alive, check, equal, poll
from compositor import LEAVES, on
from control_socket import session
from libseat import BOTH, Libseat, seated
from screen import facts, FIRST, screen, SECOND, switch
from terminals import foreground, GRAPHICS, TEXT, UNICODE
from wire import CLOSE_DEVICE, DISABLE, DISABLE_SEAT, DISABLED, EBADF, ENABLE, ERROR, message, number, OPEN_SEAT, OPENED, path, PING, PONG, SWITCH_SESSION, SWITCHED, wire


def kill_now(daemon):
    """The daemon, without waiting for the next one."""
    old = daemon.pid
    os.kill(old, signal.SIGKILL)
    poll("it is gone", lambda: daemon.pid != old)


def test_compositors_notice_nothing(daemon):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        first, second = Libseat(alice, 1000, BOTH[0]), Libseat(bob, 1001, BOTH[1])
        equal([client.order("open")[0] for client in (first, second)], ["open: seat0"] * 2, "the seats")
        first.hears("ENABLE")
        for _ in range(2):
            daemon.kill()
            equal(session(alice.id)["controller"], first.pid, "controller")
            equal(facts(FIRST)["screen"], GRAPHICS, "its terminal")
            equal(first.order("switch", SECOND)[0], "switch: 0", "a switch")
            first.hears("DISABLE", "acknowledge: 0")
            second.hears("ENABLE")
            daemon.kill()
            second.order("switch", FIRST)
            second.hears("DISABLE", "acknowledge: 0")
            first.hears("ENABLE")
        equal(first.order("close"), ["close: 0"], "its end")
        poll("its terminal is free", lambda: not facts(FIRST)["held"])


def test_what_was_not_answered_the_next_daemon_answers(daemon):
    with screen():
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000)
        equal(client.ask(PING), (PONG, b""), "it is known")
        requests = (
            (OPEN_SEAT, b"", (OPENED, path(b"seat0"))),
            (PING, b"", (PONG, b"")),
            (CLOSE_DEVICE, number(77), (ERROR, number(EBADF))),
            (SWITCH_SESSION, number(FIRST), (SWITCHED, b"")),
        )
        for op, rest, answer in requests:
            os.kill(daemon.pid, signal.SIGSTOP)
            client.send(message(op, rest))
            kill_now(daemon)
            equal(client.next(20), answer, f"the answer to request {op}")
            if op == OPEN_SEAT:
                equal(client.next(), (ENABLE, b""), "the seat")
            check(client.fill(0.2) is None, "nothing more is said")


def test_each_request_is_answered_once(daemon):
    chance = random.Random(3)
    with screen():
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000).open_seat()
        answered = 0
        for _ in range(4):
            end = time.monotonic() + chance.random() * 0.3
            while time.monotonic() < end:
                equal(client.ask(PING), (PONG, b""), "an answer")
                answered += 1
            client.send(message(CLOSE_DEVICE, number(99)))
            os.kill(daemon.pid, signal.SIGKILL)
            equal(client.next(20), (ERROR, number(EBADF)), "the answer of either daemon")
            equal(client.ask(PING, seconds=20), (PONG, b""), "and nothing else")
        check(answered > 20, f"{answered} answers")


def test_a_switch_while_there_is_no_daemon(daemon):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        client, other = wire(alice, 1000).open_seat(), wire(bob, 1001)
        equal(other.ask(OPEN_SEAT), (OPENED, path(b"seat0")), "the other seat")
        for how in (signal.SIGSTOP, signal.SIGKILL):
            os.kill(daemon.pid, how)
            began = time.monotonic()
            switch(SECOND)
            check(time.monotonic() - began < LEAVES, "the switch waits for a daemon")
            equal(foreground(), SECOND, "the terminal that is shown")
            if how == signal.SIGSTOP:
                os.kill(daemon.pid, signal.SIGCONT)
            equal(client.next(20), (DISABLE, b""), "the event")
            equal(client.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
            came = other.next(20)
            if how == signal.SIGKILL:
                # whether it had been given its seat meanwhile, the next daemon does not know
                equal(came, (DISABLE, b""), "it is told again")
                other.send(message(DISABLE_SEAT))
                equal(sorted(other.next()[0] for _ in range(2)), sorted([DISABLED, ENABLE]), "acknowledged, and in front")
            else:
                equal(came, (ENABLE, b""), "the other one is in front")
            switch(FIRST)
            equal(other.next(), (DISABLE, b""), "the other one's event")
            equal(other.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
            equal(client.next(), (ENABLE, b""), "in front again")


def test_a_switch_there_and_back_while_there_is_no_daemon(daemon):
    with screen():
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000).open_seat()
        os.kill(daemon.pid, signal.SIGKILL)
        switch(SECOND)
        switch(FIRST)
        daemon.wait_ready()
        time.sleep(0.5)
        told = []
        while client.fill(0.2) is not None or len(client.buffer) >= 4:
            told.append(client.next()[0])
        # told first and written down then: a daemon that is killed in between leaves it to the next to tell it again
        if told not in ([], [ENABLE]):
            equal(told, [DISABLE], "what it is told")
            client.send(message(DISABLE_SEAT))
            equal(sorted(client.next()[0] for _ in range(2)), sorted([DISABLED, ENABLE]), "acknowledged, and in front again")
        equal(client.ask(SWITCH_SESSION, number(FIRST)), (SWITCHED, b""), "it has its seat")


def test_a_compositor_comes_and_goes_while_there_is_no_daemon(daemon):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        client = wire(alice, 1000).open_seat()
        kill_now(daemon)
        client.close()
        other = Libseat(bob, 1001, BOTH[1])
        equal(other.order("open", seconds=20), ["open: seat0"], "the seat of who came meanwhile")
        poll("who left meanwhile controls nothing", lambda: session(alice.id)["controller"] is None)
        equal(facts(FIRST)["screen"], TEXT, "its terminal")


def test_the_keeper_is_killed(daemon):
    with screen():
        switch(FIRST)
        alice = on("alice", FIRST)
        client = seated(alice, BOTH[1])
        daemon.kill_keeper()
        client.hears("lost")
        poll("it has ended", lambda: not alive(client.pid))
        daemon.start()
        poll("its terminal is as before", lambda: (facts(FIRST)["screen"], facts(FIRST)["keyboard"]) == (TEXT, UNICODE))
        equal(session(alice.id)["controller"], None, "controller")
        seated(alice, BOTH[0])


def test_the_keeper_is_stopped(daemon):
    with screen():
        switch(FIRST)
        alice = on("alice", FIRST)
        client = seated(alice, BOTH[1])
        daemon.stop()
        equal((facts(FIRST)["screen"], facts(FIRST)["keyboard"], facts(FIRST)["held"]), (TEXT, UNICODE, False), "its terminal")
        client.hears("lost")
        check(not os.path.lexists("/run/seatd.sock"), "the socket is gone")
        daemon.start()
        equal(session(alice.id)["controller"], None, "controller")
