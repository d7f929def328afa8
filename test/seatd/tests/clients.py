"""Sessions on real virtual terminals whose compositors use the real libseat."""

import os
import signal
import time

from basics import alive, check, equal, Failed, poll, setting
from compositor import LEAVES, on
from control_socket import call, nobody, session
from libseat import BOTH, end_all, Libseat, NEW, OLD, seated
from login import Login
from screen import facts, FIRST, screen, SECOND, switch, THIRD
from terminals import foreground, GRAPHICS, OFF, TEXT, UNICODE

def each_release(test):
    """With libseat 0.7 and 0.9, one after the other."""

    def run(daemon):
        for release in BOTH:
            with screen():
                switch(FIRST)
                test(daemon, release, on("alice", FIRST))
                end_all()
                Login.end_all()
                nobody()

    run.__name__ = test.__name__
    run.__module__ = test.__module__
    return run


def refused(client, *words):
    """Why, libseat does not tell reliably."""
    (said,) = client.order(*words)
    check(said.startswith(f"{words[0]}: error"), f"{words}: {said}")


def in_front():
    (seat,) = [each for each in call("ListSeats")["seats"] if each["id"] == "seat0"]
    return seat["activeSession"]


@each_release
def test_a_compositor_has_its_seat(daemon, release, login):
    before, terminal = session(login.id), facts(FIRST)
    client = seated(login, release)
    has = {"screen": GRAPHICS, "keyboard": OFF, "held": True, "owner": 1000}
    equal({key: facts(FIRST)[key] for key in has}, has, "its terminal")
    told = session(login.id)
    equal((told["controller"], told["type"]), (client.pid, "wayland"), "controller and type")
    for path in ("/dev/dri/card0", "/dev/null", "/root/.ssh"):
        refused(client, "device", path)
    refused(client, "close-device", 4711)
    refused(client, "switch", -1)
    equal(client.order("switch", FIRST), ["switch: 0"], "to itself")
    equal(client.order("close"), ["close: 0"], "its end")
    poll("its terminal is free", lambda: not facts(FIRST)["held"])
    equal(facts(FIRST), {**terminal, "screen": TEXT, "keyboard": UNICODE}, "its terminal")
    told = session(login.id)
    equal((told["controller"], told["type"]), (None, before["type"]), "controller and type")
    equal(client.order("open")[:1], ["open: seat0"], "another seat of the same program")


@each_release
def test_a_compositor_goes_and_comes_back(daemon, release, login):
    bob = on("bob", SECOND)
    client = seated(login, release)
    for turn in range(3):
        equal(client.order("switch", SECOND)[:1], ["switch: 0"], "its own wish")
        client.hears("DISABLE", "acknowledge: 0")
        poll("bob is in front", lambda: in_front() == bob.id)
        equal(foreground(), SECOND, "the terminal that is shown")
        refused(client, "device", "/dev/dri/card0")
        switch(FIRST)
        client.hears("ENABLE")
        poll("alice is in front", lambda: in_front() == login.id)
        switch(THIRD)
        client.hears("DISABLE", "acknowledge: 0")
        switch(FIRST)
        client.hears("ENABLE")
    check(alive(client.pid), "it has lived through it")


@each_release
def test_a_switch_does_not_wait_for_a_compositor(daemon, release, login):
    client = seated(login, release, "manual")
    for how in ("that says nothing", "that is stopped"):
        if how == "that is stopped":
            os.kill(client.pid, signal.SIGSTOP)
        begin = time.monotonic()
        switch(SECOND)
        check(time.monotonic() - begin < LEAVES, f"a compositor {how} holds the screen")
        os.kill(client.pid, signal.SIGCONT)
        client.hears("DISABLE")
        switch(FIRST)
        time.sleep(0.3)
        check("ENABLE" not in client.lines()[client.heard:], "before it has put down its seat it does not get it again")
        equal(client.order("acknowledge")[:1], ["acknowledge: 0"], "acknowledged")
        client.hears("ENABLE")


@each_release
def test_a_compositor_is_killed(daemon, release, login):
    client = seated(login, release)
    os.kill(client.pid, signal.SIGKILL)
    poll("its terminal is free", lambda: not facts(FIRST)["held"])
    poll("nobody controls the session", lambda: session(login.id)["controller"] is None)
    equal({key: facts(FIRST)[key] for key in ("screen", "keyboard")}, {"screen": TEXT, "keyboard": UNICODE}, "its terminal")
    seated(login, release)


@each_release
def test_a_session_ends_with_its_compositor(daemon, release, login):
    client = seated(login, release)
    login.close()
    poll("its terminal is free", lambda: not facts(FIRST)["held"])
    client.hears("lost")
    poll("it has ended", lambda: not alive(client.pid))


@each_release
def test_a_compositor_starts_behind_the_foreground(daemon, release, login):
    bob = on("bob", SECOND)
    client = Libseat(bob, 1001, release)
    equal(client.order("open"), ["open: seat0"], "the seat, and nothing more")
    equal(foreground(), FIRST, "the terminal that is shown")
    switch(SECOND)
    client.hears("ENABLE")
    first = opened_later(login, release)
    switch(FIRST)
    first.hears("ENABLE")
    client.hears("DISABLE")


def opened_later(login, release):
    client = Libseat(login, 1000, release)
    equal(client.order("open"), ["open: seat0"], "the seat, and nothing more")
    return client


@each_release
def test_two_compositors_take_turns(daemon, release, login):
    other = BOTH[1 - BOTH.index(release)]
    bob = on("bob", SECOND)
    first = seated(login, release)
    second = Libseat(bob, 1001, other)
    equal(second.order("open"), ["open: seat0"], "the seat, and nothing more")
    for _ in range(5):
        first.order("switch", SECOND)
        first.hears("DISABLE", "acknowledge: 0")
        second.hears("ENABLE")
        second.order("switch", FIRST)
        second.hears("DISABLE", "acknowledge: 0")
        first.hears("ENABLE")
    check(alive(first.pid) and alive(second.pid), "both have lived through it")


@each_release
def test_libseat_finds_the_socket_by_itself(daemon, release, login):
    client = Libseat(login, 1000, release, backend=None)
    equal(client.order("open")[:1], ["open: seat0"], "the seat")
    equal(session(login.id)["controller"], client.pid, "controller")


def lives_through_a_switch(login, release, uid=1000):
    """Whether it has its seat again after a switch away and back, and is answered then."""
    here = FIRST if uid == 1000 else SECOND
    switch(here)
    client = seated(login, release, uid=uid)
    switch(THIRD)
    client.hears("DISABLE")
    switch(here)
    try:
        client.hears("ENABLE", seconds=1)
        return client.order("close-device", 4711, seconds=1) != [] and alive(client.pid)
    except Failed:
        return False


@setting(config='log: {level: debug, format: json}\nseatd: {protocol: "0.8"}\n')
def test_told_that_all_have_an_old_libseat(daemon):
    with screen():
        switch(FIRST)
        check(lives_through_a_switch(on("alice", FIRST), OLD), "libseat 0.7 works")
        check(not lives_through_a_switch(on("bob", SECOND), NEW, uid=1001), "libseat 0.9 waits for an answer: so the setting is in force")


@setting(config="log: {level: debug, format: json}\nseatd: {enabled: false}\n")
def test_turned_off(daemon):
    with screen():
        switch(FIRST)
        client = Libseat(on("alice", FIRST), 1000, NEW)
        check(client.order("open")[0].startswith("open: error"), "nobody is served")
