"""Devices of the seat over the real libseat and byte by byte: who has them, and who has them no more."""

import os
import signal
import time

from basics import check, equal, poll
from compositor import LEAVES, on
from control_socket import call
from hardware import CARD, FULL, hardware, KEYBOARD, muted, NULL, RENDER, ZERO
from libseat import BOTH, end_all, seated
from screen import FIRST, screen, SECOND, switch
from wire import CLOSE_DEVICE, DEVICE, DEVICE_CLOSED, DISABLE, DISABLE_SEAT, DISABLED, EBADF, ENABLE, ERROR, number, OPEN_DEVICE, OPENED, OPEN_SEAT, path, wire

CARD_MUTED, CARD_LIVE, KEYBOARD_MUTED = "drop 1:7", "set 1:7", "revoke 1:5"


def words():
    return sorted(set(muted()))


def states():
    devices = call("GetSeat", id="seat0")["devices"]
    return sorted((each["node"], each["session"], each["state"]) for device in devices for each in device["taken"])


def device(fd):
    """The numbers of the device that was received."""
    status = os.fstat(fd)
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def opened(client, node):
    said = client.order("device", node)
    check(len(said) == 2 and said[1] == "descriptor: open", f"{node}: {said}")
    return int(said[0].removeprefix("device: "))


def test_a_compositor_has_devices_and_loses_them(daemon):
    with screen(), hardware(daemon, muting=True):
        for release in BOTH:
            switch(FIRST)
            alice = on("alice", FIRST)
            client = seated(alice, release)
            ids = [opened(client, node) for node in (CARD, KEYBOARD, RENDER)]
            equal(len(set(ids)), 3, "numbers of devices")
            equal([state for _, _, state in states()], ["active"] * 3, "what sessionctl says")
            muted()
            switch(SECOND)
            equal(words(), sorted([CARD_MUTED, KEYBOARD_MUTED]), "what was taken away before the switch")
            client.hears("DISABLE", "acknowledge: 0")
            equal(words(), [], "and nothing more")
            switch(FIRST)
            client.hears("ENABLE")
            equal(words(), [CARD_LIVE], "what came back before it was told")
            equal(client.order("close-device", ids[1]), ["close-device: 0"], "the dead one is closed")
            check(opened(client, KEYBOARD) not in ids, "a keyboard as new")
            equal([state for _, _, state in states()], ["active"] * 3, "what sessionctl says")
            equal(client.order("close"), ["close: 0"], "its end")
            poll("nothing is taken", lambda: states() == [])
            end_all()
            alice.close()


def test_a_device_comes_with_its_descriptor(daemon):
    with screen(), hardware(daemon, muting=True):
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000).open_seat()
        for node, expected in ((CARD, FULL), (KEYBOARD, ZERO), (RENDER, NULL)):
            op, rest, fd = client.ask_fd(OPEN_DEVICE, path(node.encode()))
            equal((op, device(fd)), (DEVICE, expected), node)
            os.close(fd)
        os.symlink(KEYBOARD, "/dev/input/by-name")
        try:
            again = client.ask_fd(OPEN_DEVICE, path(b"/dev/input/by-name"))
            equal((again[0], device(again[2])), (DEVICE, ZERO), "by another name")
            os.close(again[2])
        finally:
            os.unlink("/dev/input/by-name")
        equal(client.ask(CLOSE_DEVICE, again[1]), (DEVICE_CLOSED, b""), "closed")
        equal(client.ask(CLOSE_DEVICE, number(4711)), (ERROR, number(EBADF)), "what it does not have")


def test_two_compositors_share_the_devices(daemon):
    with screen(), hardware(daemon, muting=True):
        switch(FIRST)
        alice = on("alice", FIRST)
        first = wire(alice, 1000).open_seat()
        bob = on("bob", SECOND)
        second = wire(bob, 1001)
        equal(second.ask(OPEN_SEAT)[0], OPENED, "the other seat")
        os.close(first.ask_fd(OPEN_DEVICE, path(KEYBOARD.encode()))[2])
        muted()
        switch(SECOND)
        equal(second.next(), (ENABLE, b""), "the other one in front")
        equal(words(), [KEYBOARD_MUTED], "taken away before, though nobody has acknowledged")
        os.close(second.ask_fd(OPEN_DEVICE, path(KEYBOARD.encode()))[2])
        equal(states(), [(KEYBOARD, alice.id, "paused"), (KEYBOARD, bob.id, "active")], "who has it")
        equal(first.next(), (DISABLE, b""), "the first hears of it")
        equal(first.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")


def test_devices_outlive_the_daemon(daemon):
    with screen(), hardware(daemon, muting=True):
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000).open_seat()
        answers = [client.ask_fd(OPEN_DEVICE, path(node.encode())) for node in (CARD, KEYBOARD)]
        muted()
        daemon.kill()
        equal(words(), [], "nothing is taken away by a restart")
        equal([state for _, _, state in states()], ["active"] * 2, "what sessionctl says")
        os.kill(daemon.pid, signal.SIGSTOP)
        begin = time.monotonic()
        switch(SECOND)
        check(time.monotonic() - begin < LEAVES, "a stopped daemon holds the screen")
        equal(words(), sorted([CARD_MUTED, KEYBOARD_MUTED]), "taken away without a daemon")
        daemon.kill()
        equal(client.next(20), (DISABLE, b""), "the next daemon tells of it")
        equal([state for _, _, state in states()], ["paused"] * 2, "what sessionctl says")
        equal(client.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
        switch(FIRST)
        equal(client.next(), (ENABLE, b""), "in front again")
        equal(words(), [CARD_LIVE], "its card is live again")
        equal(client.ask(CLOSE_DEVICE, answers[1][1]), (DEVICE_CLOSED, b""), "by the number of the daemon before the last")
        for _, _, fd in answers:
            os.close(fd)


def test_an_open_device_that_was_asked_for_twice(daemon):
    """A daemon that was killed may have opened it and not said so."""
    with screen(), hardware(daemon, muting=True):
        switch(FIRST)
        client = wire(on("alice", FIRST), 1000).open_seat()
        found = [client.ask_fd(OPEN_DEVICE, path(CARD.encode())) for _ in range(2)]
        equal((found[0][1], len(states())), (found[1][1], 1), "the same device")
        for _, _, fd in found:
            os.close(fd)
