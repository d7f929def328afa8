"""loginctl's verbs about seats, of three versions, on real terminals."""

import os

from basics import check, equal, poll, setting, Skip
from client import as_systemd, Client, error_of, Monitor, SEAT_PATH, session_path
from login import Login
from screen import FIRST, screen, SECOND, switch
from terminals import foreground
from tests.loginctl import loginctl as loginctl_of_systemd
from tests.others import BUILT, elogind_loginctl

QUIET = ("--no-pager", "--no-ask-password")


def newest(*arguments, **options):
    program = f"{BUILT}/loginctl-257"
    if not os.path.exists(program):
        raise Skip("Debian 13's systemd could not be unpacked")
    return as_systemd(program, *QUIET, *arguments, **options)


def verbs_about_seats(place, loginctl):
    with screen():
        alice, bob, root = Login("alice", tty=f"/dev/tty{FIRST}"), Login("bob", tty=f"/dev/tty{SECOND}"), Client()
        switch(FIRST)
        poll("alice is in front", lambda: root.get(SEAT_PATH, "ActiveSession")[0] == alice.id)
        text = loginctl("seat-status", "seat0")
        check("seat0" in text and f"*{alice.id}" in text and bob.id in text, f"seat-status:\n{text}")
        check(f"ActiveSession={alice.id}" in loginctl("show-seat", "seat0"), "show-seat")
        loginctl("activate", bob.id)
        poll("bob is in front", lambda: foreground() == SECOND and root.get(session_path(bob.id), "Active"))
        monitor = Monitor()
        try:
            loginctl("lock-session", bob.id)
            loginctl("unlock-session", bob.id)
            loginctl("lock-sessions")
            path, others = session_path(bob.id), session_path(alice.id)
            locks = lambda signals: [(member, where) for member, where, _ in signals if member in ("Lock", "Unlock")]
            monitor.wait("the locks", lambda signals: len(locks(signals)) >= 4)
            equal(sorted(locks(monitor.signals())), sorted([("Lock", path), ("Unlock", path), ("Lock", others), ("Lock", path)]), "locks")
        finally:
            monitor.stop()
        # elogind's says nothing of the reason
        text = loginctl("attach", "seat1", "/sys/class/mem/null", failing=True)
        check(text == "" or "No such device" in text or "cannot be" in text or "ENODEV" in text, f"attach:\n{text}")
        equal(loginctl("flush-devices"), "", "flush-devices")
        loginctl("terminate-seat", "seat0")
        for login in (alice, bob):
            login.reap()
        poll("nobody is there", lambda: root.call("ListSessions") == [])


@setting(policies=("shipped",), buses=("daemon",))
def test_loginctl_of_systemd(place):
    verbs_about_seats(place, loginctl_of_systemd)


@setting(policies=("shipped",), buses=("daemon",))
def test_loginctl_257(place):
    verbs_about_seats(place, newest)


@setting(policies=("shipped",), buses=("daemon",))
def test_loginctl_of_elogind(place):
    verbs_about_seats(place, elogind_loginctl)


@setting(policies=("shipped",), buses=("daemon",))
def test_as_a_user(place):
    """polkit's rules as they come: who sits there may switch, and nobody but root changes seats."""
    with screen():
        alice = Login("alice", tty=f"/dev/tty{FIRST}")
        Login("bob", tty=f"/dev/tty{SECOND}")
        root, own = Client(), Client(1000, alice)
        switch(SECOND)
        identity = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")
        text = as_systemd(*identity, "loginctl", *QUIET, "activate", alice.id, failing=True)
        check("authentication" in text, f"from outside of any session:\n{text}")
        equal(foreground(), SECOND, "the terminal")
        equal(own.call("ActivateSession", "s", alice.id), [], "from within her session, which is behind")
        poll("alice is in front", lambda: foreground() == FIRST and root.get(session_path(alice.id), "Active"))
        for member, signature, given in (("AttachDevice", "ssb", ("seat1", "/sys/x", False)), ("FlushDevices", "b", (False,))):
            equal(error_of(lambda m=member, s=signature, g=given: own.call(m, s, *g)), "InteractiveAuthorizationRequired", member)
