"""A second seat, which has no virtual terminals: who comes last is in front, until somebody is brought there."""

import os

from basics import check, equal, poll, read, setting, Skip
from client import Client, error_of, MANAGER_PATH, Monitor, session_path
from control_socket import session, sessionctl
from hardware import second_seat
from login import Login
from tests.devices import may_open
from tests.loginctl import loginctl

SEAT1 = f"{MANAGER_PATH}/seat/seat1"
RULE = "/etc/udev/rules.d/72-seat-mem-full.rules"


def there(place):
    place.bus.wait_for("org.freedesktop.login1")
    root = Client()
    if "seat1" not in [name for name, _ in root.call("ListSeats")]:
        raise Skip("there is no libudev here")
    return root


def on_seat1(user):
    return Login(user, service="lightdm", tty=":1", env={"XDG_SEAT": "seat1"})


@setting(policies=("shipped",), buses=("daemon",))
def test_sessions_without_terminals(place):
    with second_seat(place.daemon):
        root = there(place)
        equal([root.get(SEAT1, name) for name in ("CanTTY", "CanGraphical", "ActiveSession")], [False, True, ["", "/"]], "seat1")
        alice = on_seat1("alice")
        equal(root.get(session_path(alice.id), "Seat"), ["seat1", SEAT1], "her seat")
        poll("who comes is in front", lambda: root.get(SEAT1, "ActiveSession")[0] == alice.id)
        poll("and may open the device", lambda: may_open(1000, "/dev/full"))
        monitor = Monitor()
        try:
            bob = on_seat1("bob")
            poll("who comes last is in front", lambda: root.get(SEAT1, "ActiveSession")[0] == bob.id)
            poll("and has the device", lambda: may_open(1001, "/dev/full") and not may_open(1000, "/dev/full"))
            monitor.wait("it is told", lambda signals: [each for each in signals if each[1] == session_path(alice.id) and each[2][1].get("Active", {}).get("data") is False])
        finally:
            monitor.stop()
        ways = (
            (alice, lambda: root.call("ActivateSession", "s", alice.id)),
            (bob, lambda: root.call("SwitchTo", "u", 2, path=SEAT1)),
            (alice, lambda: root.call("SwitchToNext", path=SEAT1)),
            (bob, lambda: root.call("SwitchToPrevious", path=SEAT1)),
            (alice, lambda: loginctl("activate", alice.id)),
            (bob, lambda: sessionctl("switch", "--seat=seat1", "next")),
        )
        for login, way in ways:
            way()
            poll("it is in front", lambda login=login: root.get(SEAT1, "ActiveSession")[0] == login.id)
        equal(error_of(lambda: root.call("SwitchTo", "u", 3, path=SEAT1)), "InvalidArgs", "a place that nobody has")
        equal(error_of(lambda: root.call("ActivateSessionOnSeat", "ss", alice.id, "seat0")), "SessionNotOnSeat", "another seat")
        place.daemon.kill()
        place.bus.wait_for("org.freedesktop.login1")
        equal(root.get(SEAT1, "ActiveSession")[0], bob.id, "who is in front after a crash")
        bob.close()
        poll("the one before is in front", lambda: root.get(SEAT1, "ActiveSession")[0] == alice.id)
        poll("and has the device", lambda: may_open(1000, "/dev/full"))
        root.call("TerminateSeat", "s", "seat1")
        alice.reap()


@setting(policies=("shipped",), buses=("daemon",))
def test_control_without_a_terminal(place):
    with second_seat(place.daemon):
        root = there(place)
        login = on_seat1("alice")
        path = session_path(login.id)
        client = Client(1000, login)
        equal(client.call("TakeControl", "b", False, path=path), [], "TakeControl")
        equal(session(login.id)["controller"], client.pid, "its controller")
        equal(error_of(lambda: client.call("TakeDevice", "uu", 1, 7, path=path)), "System.Error.ENODEV", "what no compositor takes")
        equal(client.call("ReleaseControl", path=path), [], "ReleaseControl")
        equal(root.get(path, "VTNr"), 0, "VTNr")


@setting(policies=("shipped",), buses=("daemon",))
def test_a_device_is_attached(place):
    with second_seat(place.daemon):
        root = there(place)
        try:
            equal(root.call("AttachDevice", "ssb", "seat2", "/sys/devices/virtual/mem/full", False), [], "AttachDevice")
            equal(read(RULE), 'TAG=="seat", ENV{ID_FOR_SEAT}=="mem-full", ENV{ID_SEAT}="seat2"\n', "the rule")
            shown = sessionctl("attach", "seat1", "/dev/full")
            equal((shown.returncode, shown.stdout), (0, "/sys/devices/virtual/mem/full\n"), f"sessionctl attach: {shown.stderr}")
            check('ENV{ID_SEAT}="seat1"' in read(RULE), "the rule of sessionctl")
            equal(root.call("FlushDevices", "b", False), [], "FlushDevices")
            check(not os.path.exists(RULE), "the rule is gone")
            loginctl("attach", "seat3", "/sys/class/mem/full")
            check('ENV{ID_SEAT}="seat3"' in read(RULE), "the rule of loginctl")
            equal(sessionctl("flush-devices").returncode, 0, "sessionctl flush-devices")
            check(not os.path.exists(RULE), "the rule is gone")
        finally:
            if os.path.exists(RULE):
                os.unlink(RULE)
