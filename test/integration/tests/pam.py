"""The module in its host: a login program never hangs, never dies and keeps what was its own."""

import contextlib
import json
import os
import signal
import socket
import time

from basics import check, equal, poll, read, setting
from control_socket import gone, nobody, session, sessions
from login import Login, Pam
from machine import daemon


@contextlib.contextmanager
def syslog():
    """What is written to /dev/log meanwhile."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind("/dev/log")
        listener.setblocking(False)

        def lines():
            with contextlib.suppress(BlockingIOError):
                while True:
                    listened.append(listener.recv(8192).decode(errors="replace"))
            return [line for line in listened if "pam_sessionman" in line]

        listened = []
        try:
            yield lines
        finally:
            os.unlink("/dev/log")


@setting(start=False)
def test_no_daemon():
    with syslog() as lines:
        login = Login("alice")
        equal((login.rc, login.id, login.env), (0, None, {}), "a login without a daemon")
        check(login.seconds < 11, f"it took {login.seconds:.2f} s")
        equal(len(lines()), 1, f"lines to syslog: {lines()}")
        check("sessionmand" in lines()[0] or "/run/sessionman" in lines()[0], f"it names who is missing: {lines()}")
        equal(login.close(), 0, "pam_close_session")
        strict = Login("alice", service="pamtester-strict")
        check(strict.rc != 0, "onfail=error")
        check(strict.seconds < 5, f"timeout=2 took {strict.seconds:.2f} s")
        strict.leave()


def test_stopped_daemon():
    pid = daemon.pid
    os.kill(pid, signal.SIGSTOP)
    with syslog() as lines:
        lenient = Login("alice", service="pamtester-lenient")
        equal((lenient.rc, lenient.id), (0, None), "onfail=success")
        check(1.5 < lenient.seconds < 5, f"timeout=2 took {lenient.seconds:.2f} s")
        equal(len(lines()), 1, f"lines to syslog: {lines()}")
        strict = Login("bob", service="pamtester-strict")
        check(strict.rc != 0 and strict.seconds < 5, f"onfail=error: {strict.rc} after {strict.seconds:.2f} s")
    late = Login("carol", wait=False)
    time.sleep(0.3)
    os.kill(pid, signal.SIGCONT)
    late.wait_open()
    check(late.id, "a daemon that wakes up in time")
    lenient.leave()
    strict.leave()
    poll("what nobody waits for any more is undone", lambda: set(sessions()) == {late.id})


def test_stopped_daemon_at_logout():
    login = Login("alice")
    pid = daemon.pid
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    equal(login.close(), 0, "pam_close_session")
    check(time.monotonic() - begin < 6, f"it took {time.monotonic() - begin:.2f} s")
    os.kill(pid, signal.SIGCONT)
    gone(login.id)


def test_daemon_stopped_for_ever_does_not_stop_logins():
    pid = daemon.pid
    os.kill(pid, signal.SIGSTOP)
    login = Login("alice", wait=False)
    login.wait_open()
    equal((login.rc, login.id), (0, None), "a login after the whole deadline")
    check(9 < login.seconds < 13, f"the deadline of 10 s took {login.seconds:.2f} s")
    os.kill(pid, signal.SIGCONT)


def in_child(function):
    """Runs function() in a fresh process; its JSON result."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            writer = os.dup2(writer, 250)
            os.closerange(3, 250)
            value = function()
        except BaseException as error:
            value = f"{type(error).__name__}: {error}"
        os.write(writer, json.dumps(value).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        value = json.load(stream)
    os.waitpid(pid, 0)
    return value


def traits():
    """What belongs to the host program: masks, dispositions, directory, limits, environment, descriptors."""
    status = read("/proc/self/status")
    kept = [line for line in status.splitlines() if line.startswith(("Sig", "Shd", "Umask", "Cap", "Groups", "Threads"))]
    kept = [line for line in kept if not line.startswith("SigQ")]
    descriptors = {}
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            descriptors[fd] = os.readlink(f"/proc/self/fd/{fd}")
    descriptors = {fd: target for fd, target in descriptors.items() if not target.endswith("/fd")}
    return {"status": kept, "cwd": os.getcwd(), "environ": read("/proc/self/environ"), "fds": descriptors}


def test_host_is_as_before():
    def cycle():
        os.environ.pop("LISTEN_FDS", None)
        pam = Pam("pamtester", "alice", {}, {})
        before = traits()
        codes = [pam.open_session()]
        inside = traits()
        codes.append(pam.close_session())
        pam.end()
        return {"before": before, "inside": inside, "after": traits(), "codes": codes}

    found = in_child(cycle)
    check(isinstance(found, dict), f"{found}")
    equal(found["codes"], [0, 0], "return codes")
    for name in ("status", "cwd", "environ"):
        equal(found["inside"][name], found["before"][name], f"{name} inside the session")
        equal(found["after"][name], found["before"][name], f"{name} after it")
    extra = set(found["inside"]["fds"].items()) - set(found["before"]["fds"].items())
    equal([target.rsplit("/", 2)[1] for _, target in extra], ["lifetime"], "descriptors that came")
    equal(found["after"]["fds"], found["before"]["fds"], "descriptors after the session")
    nobody()


def test_program_with_closed_standard_descriptors():
    def login():
        for fd in (0, 1, 2):
            os.close(fd)
        pam = Pam("pamtester", "alice", {}, {})
        rc = pam.open_session()
        held = [int(fd) for fd, target in traits()["fds"].items() if "/lifetime/" in target]
        return [rc, held]

    rc, held = in_child(login)
    equal(rc, 0, "pam_open_session")
    check(len(held) == 1 and held[0] >= 3, f"the lifetime descriptor is {held}")
    nobody()


def test_many_sessions_in_one_process():
    """A long-lived program that opens and closes for ever must not collect descriptors."""

    def program():
        pam = Pam("pamtester", "alice", {}, {})
        pam.open_session()
        pam.close_session()
        pam.end()
        before = len(traits()["fds"])
        for _ in range(50):
            pam = Pam("pamtester", "alice", {}, {})
            if pam.open_session() or pam.close_session():
                return "an error"
            pam.end()
        return len(traits()["fds"]) - before

    equal(in_child(program), 0, "descriptors more than before")
    nobody()


def test_caller_without_root():
    def login():
        os.setgid(1000)
        os.setuid(1000)
        pam = Pam("pamtester-strict", "alice", {}, {})
        return [pam.open_session(), pam.environment(), pam.close_session()]

    # pam_unix and the strict module both let it pass: there is nothing that such a program could open.
    equal(in_child(login), [0, {}, 0], "return codes and environment")
    equal(sessions(), {}, "sessions")


def test_user_who_does_not_exist():
    login = Login("nobody-knows-me", service="pamtester-lenient")
    check(login.id is None, f"no session: {login.env}")
    equal(sessions(), {}, "sessions")


def test_child_that_ends_the_handle_does_not_end_the_session():
    """A program that forks, and whose child calls pam_end: the session stays with the parent."""

    def program():
        pam = Pam("pamtester", "alice", {}, {})
        pam.open_session()
        identifier = pam.environment()["XDG_SESSION_ID"]
        child = os.fork()
        if child == 0:
            Pam.library.pam_end(pam.handle, 0x40000000)
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(0.2)
        return session(identifier)["state"]

    equal(in_child(program), "active", "the session after the child's pam_end")
    nobody()
