"""A seat without virtual terminals: sessions take turns by their places."""

import os
import signal
import time

from basics import check, equal, poll, Skip
from control_socket import call, session
from hardware import second_seat
from libseat import BOTH, Libseat
from login import Login
from wire import DISABLE, DISABLE_SEAT, DISABLED, EINVAL, ENABLE, ERROR, number, OPEN_SEAT, OPENED, path, PING, PONG, SWITCH_SESSION, SWITCHED, wire


def on_seat1(user):
    seats = [seat["id"] for seat in call("ListSeats")["seats"]]
    if "seat1" not in seats:
        raise Skip("there is no libudev here")
    login = Login(user, service="lightdm", tty=":1", env={"XDG_SEAT": "seat1"})
    equal(session(login.id)["seat"], "seat1", "its seat")
    return login


def in_front():
    (seat,) = [each for each in call("ListSeats")["seats"] if each["id"] == "seat1"]
    return seat["activeSession"]


def test_clients_take_turns(daemon):
    with second_seat(daemon):
        alice = on_seat1("alice")
        first = wire(alice, 1000)
        equal([first.ask(OPEN_SEAT), first.next()], [(OPENED, path(b"seat1")), (ENABLE, b"")], "her seat")
        bob = on_seat1("bob")
        equal(first.next(), (DISABLE, b""), "who comes last is to be in front")
        equal(first.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
        poll("he is in front", lambda: in_front() == bob.id)
        second = wire(bob, 1001)
        equal([second.ask(OPEN_SEAT), second.next()], [(OPENED, path(b"seat1")), (ENABLE, b"")], "his seat")
        equal(second.ask(SWITCH_SESSION, number(3)), (ERROR, number(EINVAL)), "a place that nobody has")
        equal(second.ask(SWITCH_SESSION, number(2)), (SWITCHED, b""), "his own")
        for one, other, place, id in ((second, first, 1, alice.id), (first, second, 2, bob.id)):
            equal(one.ask(SWITCH_SESSION, number(place)), (SWITCHED, b""), "a switch")
            equal(one.next(), (DISABLE, b""), "the event")
            equal(one.ask(DISABLE_SEAT), (DISABLED, b""), "acknowledged")
            equal(other.next(), (ENABLE, b""), "the other one is in front")
            equal(in_front(), id, "in front")


def test_who_says_nothing_does_not_hold_the_seat(daemon):
    with second_seat(daemon):
        first = wire(on_seat1("alice"), 1000)
        equal([first.ask(OPEN_SEAT)[0], first.next()[0]], [OPENED, ENABLE], "her seat")
        begin = time.monotonic()
        bob = on_seat1("bob")
        poll("he is in front", lambda: in_front() == bob.id)
        check(time.monotonic() - begin < 2, "the switch takes long")
        equal(first.next(), (DISABLE, b""), "the event")
        equal(first.ask(PING), (PONG, b""), "she lives")


def test_libseat_without_terminals(daemon):
    with second_seat(daemon):
        alice, bob = on_seat1("alice"), on_seat1("bob")
        clients = []
        for login, uid, release in ((bob, 1001, BOTH[1]), (alice, 1000, BOTH[0])):
            client = Libseat(login, uid, release)
            equal(client.order("open")[:1], ["open: seat1"], "the seat")
            clients.append(client)
        second, first = clients
        second.hears("ENABLE")
        second.order("switch", 1)
        second.hears("DISABLE", "acknowledge: 0")
        first.hears("ENABLE")
        daemon.kill()
        first.order("switch", 2)
        first.hears("DISABLE", "acknowledge: 0")
        second.hears("ENABLE")
        os.kill(second.pid, signal.SIGKILL)
        poll("nobody controls the session", lambda: session(bob.id)["controller"] is None)
