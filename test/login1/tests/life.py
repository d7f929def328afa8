"""The daemon and the bus come and go."""

from basics import check, equal, poll, setting
from client import Client, error_of, session_path
from control_socket import sessions
from login import Login


def test_a_killed_daemon_finds_the_same_sessions(place):
    login = Login("alice", tty="/dev/tty2")
    client = Client()
    before = client.all_of(session_path(login.id))
    place.daemon.kill()
    place.bus.wait_for("org.freedesktop.login1")
    equal(client.all_of(session_path(login.id)), before, "the session after a crash")
    equal(client.call("ListSessions")[0][0], login.id, "ListSessions")


@setting(buses=("daemon",))
def test_calls_wait_for_a_daemon_that_is_being_restarted(place):
    login = Login("alice")
    client = Client()
    import os
    import signal

    keeper = place.daemon.keeper.pid
    for _ in range(3):
        place.bus.wait_for("org.freedesktop.login1")
        old = place.daemon.pid
        # there is no next one before the name is seen to be free
        os.kill(keeper, signal.SIGSTOP)
        try:
            os.kill(old, signal.SIGKILL)
            poll("the name is free", lambda: not place.bus.has("org.freedesktop.login1"))
        finally:
            os.kill(keeper, signal.SIGCONT)
        equal(client.call("GetSession", "s", login.id), session_path(login.id), "a call into the gap")
    place.daemon.wait_ready()


def test_a_bus_that_goes_and_comes_back(place):
    login = Login("alice")
    place.bus.stop()
    other = Login("bob")
    equal(other.rc, 0, "a login without a bus")
    equal(set(sessions()), {login.id, other.id}, "sessions without a bus")
    place.bus.start()
    place.bus.wait_for("org.freedesktop.login1")
    client = Client()
    equal([row[0] for row in client.call("ListSessions")], sorted([login.id, other.id], key=int), "sessions after it")
    place.polkit.stop()
    place.polkit.start()
    place.bus.wait_for("org.freedesktop.PolicyKit1")


def test_without_polkit_root_and_owners_go_on(place):
    login = Login("alice")
    root, alice, bob = Client(), Client(1000), Client(1001)
    place.polkit.stop()
    try:
        equal(error_of(lambda: bob.call("TerminateSession", "s", login.id)), "AccessDenied", "another user")
        equal(error_of(lambda: alice.call("Inhibit", "ssss", "sleep", "a", "b", "block")), "AccessDenied", "what takes a question")
        equal(root.call("KillSession", "ssi", login.id, "leader", 18), [], "root")
        equal(alice.call("KillSession", "ssi", login.id, "leader", 18), [], "the owner")
        check(alice.call("ListSessions"), "anybody may ask")
    finally:
        place.polkit.start()
        place.bus.wait_for("org.freedesktop.PolicyKit1")
