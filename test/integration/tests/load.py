"""Many logins and many sessions: nothing grows, nothing gets slow."""

import os
import re
import time

from basics import check, equal, poll, read
from control_socket import call, nobody, sessions, users
from login import Login
from machine import daemon


def anonymous_kib(pid):
    return int(re.search(r"^RssAnon:\s+(\d+)", read(f"/proc/{pid}/status"), re.M).group(1))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cycle(count):
    """Logins in pairs, so that users come and go as well as sessions."""
    for number in range(count // 2):
        pair = [Login(f"u{number % 50 + 1:02d}", wait=False) for _ in range(2)]
        for login in pair:
            login.wait_open()
            check(login.id, f"login {number}: {login.rc} {login.env}")
        for login in pair:
            login.close()


def test_a_thousand_logins_leave_nothing():
    cycle(300)
    nobody()
    before = (descriptors(daemon.pid), descriptors(daemon.keeper.pid), anonymous_kib(daemon.pid))
    begin = time.monotonic()
    cycle(1000)
    seconds = time.monotonic() - begin
    nobody()
    after = anonymous_kib(daemon.pid)
    print(f"     {1000 / seconds:.0f} logins/s; anonymous memory {before[2]} -> {after} KiB", flush=True)
    poll("the daemon's descriptors are as before", lambda: descriptors(daemon.pid) <= before[0] + 2)
    poll("the keeper's descriptors are as before", lambda: descriptors(daemon.keeper.pid) == before[1])
    check(after < before[2] + 8192, f"anonymous memory of the daemon: {before[2]} -> {after} KiB")


def test_two_hundred_sessions_at_once():
    logins = []
    for number in range(25):
        batch = [Login(f"u{(number * 8 + i) % 50 + 1:02d}", wait=False) for i in range(8)]
        logins += [login.wait_open() for login in batch]
    check(all(login.id for login in logins), "every login has a session")
    equal((len(sessions()), len(users())), (200, 50), "sessions and users")
    daemon.kill()
    equal(len(sessions()), 200, "sessions after the restart")
    begin = time.monotonic()
    call("ListSessions")
    check(time.monotonic() - begin < 0.5, "a list takes a moment")
    login = Login("alice")
    check(login.seconds < 0.5, f"one more login took {login.seconds:.2f} s")
    for each in [*logins, login]:
        os.kill(each.pid, 9)
    for each in [*logins, login]:
        each.reap()
    poll("all are gone", lambda: not sessions() and not users(), 10)
