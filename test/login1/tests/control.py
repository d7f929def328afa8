"""Control over a session, and what sessions say of themselves: type, class, display, terminal, hints; and locks."""

import os
import pty

from basics import check, equal, poll
from client import Client, error_of, MANAGER_PATH, Monitor, SEAT_PATH, session_path, user_path
from control_socket import session
from login import Login
from tests.signals import changes


def graphical(client, path):
    """The session becomes a graphical one, as compositors make it."""
    client.call("TakeControl", "b", False, path=path)
    client.call("SetType", "s", "wayland", path=path)


def test_control_belongs_to_one_connection(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    one, two, root, bob = Client(1000, login), Client(1000, login), Client(), Client(1001)
    take = lambda client, force=False: error_of(lambda: client.call("TakeControl", "b", force, path=path))
    equal(take(bob), "AccessDenied", "another user")
    equal(take(one, True), "AccessDenied", "force by a user")
    equal(take(one), "", "the owner")
    equal(take(one), "", "once more")
    equal(take(two), "System.Error.EBUSY", "another connection")
    equal(take(root), "System.Error.EBUSY", "root without force")
    equal(error_of(lambda: two.call("ReleaseControl", path=path)), "NotInControl", "release by another")
    equal(take(root, True), "", "root with force")
    equal(error_of(lambda: one.call("ReleaseControl", path=path)), "NotInControl", "the one before")
    equal(root.call("ReleaseControl", path=path), [], "release")
    equal(take(two), "", "and again")


def test_type_and_display_go_with_the_control(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    client, reader = Client(1000, login), Client()
    set_type = lambda name: error_of(lambda: client.call("SetType", "s", name, path=path))
    equal(set_type("wayland"), "NotInControl", "SetType before TakeControl")
    client.call("TakeControl", "b", False, path=path)
    equal(error_of(lambda: client.call("SetDisplay", "s", ":1", path=path)), "NotSupported", "a display of a tty")
    equal(set_type("cinema"), "InvalidArgs", "an unknown type")
    monitor = Monitor()
    try:
        equal(set_type("wayland"), "", "SetType")
        equal(client.call("SetDisplay", "s", ":1", path=path), [], "SetDisplay")
        equal([reader.get(path, name) for name in ("Type", "Display")], ["wayland", ":1"], "Type and Display")
        equal(session(login.id)["type"], "wayland", "the session's type")
        equal(error_of(lambda: client.call("TakeDevice", "uu", 226, 0, path=path)), "System.Error.ENODEV", "TakeDevice")
        equal(error_of(lambda: client.call("ReleaseDevice", "uu", 226, 0, path=path)), "DeviceNotTaken", "ReleaseDevice")
        client.leave()
        poll("the type is what it was", lambda: reader.get(path, "Type") == "tty")
        told = lambda signals: [data[1]["Type"]["data"] for member, where, data in signals if where == path and "Type" in data[1]]
        monitor.wait("both changes", lambda signals: len(told(signals)) >= 2)
        equal(told(monitor.signals()), ["wayland", "tty"], "what was told of it")
    finally:
        monitor.stop()


def test_a_terminal_of_a_session(place):
    login = Login("alice")
    path = session_path(login.id)
    client = Client(1000, login)
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    os.chown(name, 1000, 5)
    given = {"open": name, "flags": os.O_RDWR}
    set_tty = lambda what: error_of(lambda: client.call("SetTTY", "h", what, path=path))
    equal(set_tty(given), "NotInControl", "SetTTY before TakeControl")
    client.call("TakeControl", "b", False, path=path)
    equal(set_tty({"open": name, "flags": os.O_RDONLY}), "AccessDenied", "a terminal only to read")
    equal(set_tty({"open": "/dev/null", "flags": os.O_RDWR}), "System.Error.ENOTTY", "no terminal")
    equal(set_tty(given), "", "SetTTY")
    equal(client.get(path, "TTY"), name.removeprefix("/dev/"), "TTY")
    os.close(slave)
    os.close(master)


def test_a_controller_outlives_the_daemon(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    client, other = Client(1000, login), Client(1000, login)
    graphical(client, path)
    place.daemon.kill()
    place.bus.wait_for("org.freedesktop.login1")
    equal(client.get(path, "Type"), "wayland", "the type after a crash")
    equal(error_of(lambda: other.call("TakeControl", "b", False, path=path)), "System.Error.EBUSY", "control after a crash")
    equal(client.call("SetType", "s", "x11", path=path), [], "its controller has it still")
    client.leave()
    poll("its end is noticed", lambda: other.get(path, "Type") == "tty")


def test_a_controller_that_ends_while_there_is_no_daemon(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    client, reader = Client(1000, login), Client()
    graphical(client, path)
    place.daemon.stop()
    client.leave()
    place.daemon.start()
    place.bus.wait_for("org.freedesktop.login1")
    poll("nobody controls it", lambda: reader.get(path, "Type") == "tty")


def test_control_ends_with_the_bus(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    graphical(Client(1000, login), path)
    place.bus.stop()
    poll("nobody controls it", lambda: session(login.id)["type"] == "tty")
    place.bus.start()
    place.bus.wait_for("org.freedesktop.login1")
    place.polkit.stop()
    place.polkit.start()
    place.bus.wait_for("org.freedesktop.PolicyKit1")


def test_idle_hint(place):
    login = Login("alice", tty="/dev/tty58")
    path = session_path(login.id)
    client, root, bob = Client(1000, login), Client(), Client(1001)
    hint = lambda who, value=True: error_of(lambda: who.call("SetIdleHint", "b", value, path=path))
    equal(hint(client), "NotSupported", "a session of type tty")
    graphical(client, path)
    equal(hint(bob), "AccessDenied", "another user")
    where = (path, user_path(1000), SEAT_PATH, MANAGER_PATH)
    monitor = Monitor()
    try:
        equal(hint(client), "", "the owner")
        for each in where:
            equal(root.get(each, "IdleHint"), True, f"IdleHint of {each}")
            told = monitor.wait("it is told", lambda signals, each=each: changes(signals, each))
            equal(told["IdleHint"], True, f"what was told of {each}")
            equal(told["IdleSinceHintMonotonic"], root.get(each, "IdleSinceHintMonotonic"), f"since when, of {each}")
        equal(root.call("ListSessionsEx")[0][7], True, "ListSessionsEx")
        equal(hint(root, False), "", "root")
        equal([root.get(each, "IdleHint") for each in where], [False] * 4, "IdleHint of all")
    finally:
        monitor.stop()


def test_locked_hint_and_lock(place):
    login, background = Login("alice", tty="/dev/tty58"), Login("bob", service="cron", tty="cron")
    path = session_path(login.id)
    client, root = Client(1000, login), Client()
    monitor = Monitor()
    try:
        equal(client.call("SetLockedHint", "b", True, path=path), [], "SetLockedHint")
        equal(root.get(path, "LockedHint"), True, "LockedHint")
        monitor.wait("it is told", lambda signals: changes(signals, path).get("LockedHint") is True)
        client.call("SetLockedHint", "b", False, path=path)
        client.call("Lock", path=f"{MANAGER_PATH}/session/auto")
        root.call("UnlockSession", "s", login.id)
        root.call("LockSessions")
        locks = lambda signals: [(member, where) for member, where, _ in signals if member in ("Lock", "Unlock")]
        expected = [("Lock", path), ("Unlock", path), ("Lock", path)]
        monitor.wait("the signals", lambda signals: len(locks(signals)) >= 3)
        equal(locks(monitor.signals()), expected, "from the session's own path, and of sessions with a lock only")
        equal(error_of(lambda: root.call("Lock", path=session_path(background.id))), "NotSupported", "a session without a lock")
    finally:
        monitor.stop()


def test_class(place):
    login = Login("alice", service="lightdm", env={"XDG_SESSION_INCOMPLETE": "1", "XDG_SEAT": "seat0", "XDG_VTNR": "7"}, tty="/dev/tty7")
    path = session_path(login.id)
    client, bob = Client(1000, login), Client(1001)
    equal(client.get(path, "Class"), "user-incomplete", "Class")
    equal(client.get(path, "CanLock"), False, "CanLock")
    set_class = lambda who, name: error_of(lambda: who.call("SetClass", "s", name, path=path))
    equal(set_class(bob, "user"), "AccessDenied", "another user")
    equal(set_class(client, "greeter"), "InvalidArgs", "another class")
    equal(set_class(client, "user"), "", "SetClass")
    equal([client.get(path, name) for name in ("Class", "CanLock")], ["user", True], "Class")
    check(set_class(client, "user") in ("", "InvalidArgs"), "once more")


def test_kill_user_and_terminate_seat(place):
    login, other = Login("alice", tty="/dev/tty58"), Login("bob")
    child = other.spawn(["sleep", "1000"], 1001)
    root = Client()
    equal(root.call("TerminateSeat", "s", "seat0"), [], "TerminateSeat")
    login.reap()
    equal(session(other.id)["state"], "active", "who is not on the seat stays")
    equal(root.call("KillUser", "ui", 1001, 9), [], "KillUser")
    other.reap()
    from basics import alive

    poll("all are dead", lambda: not alive(child))
