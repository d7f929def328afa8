"""The same libseat over the bus: one model stands behind both, and who is here is there, too."""

import contextlib
import shutil

from basics import check, equal, poll, Skip
from bus import Bus, Polkit
from compositor import on
from control_socket import call, nobody, session
from hardware import CARD, hardware, KEYBOARD, muted
from libseat import BOTH, end_all, Libseat, NEW, seated
from login import Login
from screen import facts, FIRST, screen, SECOND, switch
from terminals import GRAPHICS


def states():
    devices = call("GetSeat", id="seat0")["devices"]
    return [each["state"] for device in devices for each in device["taken"]]


@contextlib.contextmanager
def system_bus():
    for program in ("dbus-daemon", "busctl"):
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed")
    bus, polkit = Bus("daemon", "shipped"), Polkit()
    bus.start()
    try:
        # libseat 0.7 activates its session first, which is polkit's to allow
        polkit.start()
        for name in ("org.freedesktop.PolicyKit1", "org.freedesktop.login1"):
            bus.wait_for(name)
        yield
    finally:
        polkit.stop()
        bus.stop()


def test_a_compositor_over_the_bus_goes_and_comes_back(daemon):
    with screen(), hardware(daemon, muting=True), system_bus():
        for release in BOTH:
            switch(FIRST)
            alice = on("alice", FIRST)
            client = seated(alice, release, backend="logind")
            check(client.order("device", CARD)[0].startswith("device: "), "a card")
            check(client.order("device", KEYBOARD)[1] == "descriptor: open", "a keyboard")
            equal((session(alice.id)["controller"], facts(FIRST)["screen"]), (client.pid, GRAPHICS), "the session")
            muted()
            # the old one goes by the card's pause, and knows a card by the number that real ones have
            for _ in range(2 if release == NEW else 0):
                switch(SECOND)
                client.hears("DISABLE", "acknowledge: 0")
                equal(sorted(set(muted())), ["drop 1:7", "revoke 1:5"], "what was taken away")
                switch(FIRST)
                client.hears("ENABLE")
                poll("what it has is live", lambda: states() == ["active", "active"])
                check("set 1:7" in muted(), "the card has a master")
            equal(client.order("close"), ["close: 0"], "its end")
            poll("nobody controls the session", lambda: session(alice.id)["controller"] is None)
            end_all()
            Login.end_all()
            nobody()


def test_one_of_them_excludes_the_other(daemon):
    with screen(), system_bus():
        switch(FIRST)
        alice = on("alice", FIRST)
        ways = ("seatd", "logind")
        for first, second in (ways, ways[::-1]):
            one, other = (Libseat(alice, 1000, NEW, backend=backend) for backend in (first, second))
            equal(one.order("open")[:1], ["open: seat0"], f"the seat over {first}")
            check(other.order("open")[0].startswith("open: error"), f"another one over {second}")
            equal(session(alice.id)["controller"], one.pid, "controller")
            equal(one.order("close"), ["close: 0"], "its end")
            poll("the seat is free", lambda: session(alice.id)["controller"] is None)
            equal(other.order("open")[:1], ["open: seat0"], f"then over {second}")
            end_all()
            poll("the seat is free", lambda: session(alice.id)["controller"] is None)
