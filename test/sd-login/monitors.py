"""sd_login_monitor: who listens hears of each change, by the category it is of."""

import os
import select
import subprocess
import time

from basics import Skip, check, equal, poll
from clients import ALL, OUT, foreground
from control_socket import gone
from login import Login
from machine import daemon

QUIET = 0.25


class Watch:
    """A client with a monitor of each category."""

    def __init__(self, library):
        self.library = library
        self.heard = set()
        self.client = subprocess.Popen([f"{OUT}/{library}", "watch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.client.stdout.readline()
        check(line == b"watching\n", f"{library}: {line}")

    def fileno(self):
        return self.client.stdout.fileno()

    def listen(self):
        self.heard |= set(os.read(self.fileno(), 4096).decode().split())


def expect(watches, what, *categories):
    """These categories, and no others, were told of since the last time."""
    end = time.monotonic() + QUIET
    while (left := end - time.monotonic()) > 0:
        for watch in select.select(watches, [], [], left)[0]:
            watch.listen()
    for watch in watches:
        equal(watch.heard, set(categories) | ({"all"} if categories else set()), f"{watch.library}: {what}")
        watch.heard = set()


def test_each_change_is_heard_of():
    watches = [Watch(library) for library in ALL]
    first = Login("alice")
    expect(watches, "a user logs in", "session", "uid")
    second = Login("alice")
    expect(watches, "the same user logs in again", "session", "uid")
    child = second.spawn(["sleep", "1000"], 1000)
    second.close()
    expect(watches, "a session closes", "session", "uid")
    os.kill(child, 9)
    gone(second.id)
    expect(watches, "a session is gone", "session", "uid")
    expect(watches, "nothing happens")
    first.kill()
    gone(first.id)
    expect(watches, "a user is gone", "session", "uid")


def test_seats_are_heard_of():
    vt = foreground()
    if not vt:
        raise Skip("no virtual terminals here")
    watches = [Watch(library) for library in ALL]
    login = Login("alice", service="login", tty=f"tty{vt}")
    expect(watches, "a login at the screen", "session", "seat", "uid")
    login.kill()
    gone(login.id)
    expect(watches, "its end", "session", "seat", "uid")


def test_a_restart_is_no_end():
    login, other = Login("alice"), Login("bob")
    watches = [Watch(library) for library in ALL]
    keep = daemon.pid
    os.kill(keep, 9)
    other.kill()
    daemon.wait_ready()
    gone(other.id)
    expect(watches, "a new daemon", "session", "seat", "uid")
    check(os.path.exists(f"/run/systemd/sessions/{login.id}"), "the session that lived on is still there")
    poll("the user who left is gone", lambda: os.listdir("/run/systemd/users") == ["1000"])
