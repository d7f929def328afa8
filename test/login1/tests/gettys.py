"""Gettys that come where somebody looks, on real virtual terminals: Debian's agetty, and logins on it."""

import contextlib
import fcntl
import os
import signal
import time

from basics import alive, cgroup_of, check, CONFIG, equal, poll, read
from client import Client, MANAGER_PATH
from control_socket import session, sessions
from screen import FIRST, screen, SECOND, switch
from terminals import VT_DISALLOCATE

OURS, OTHER = 47, 48
# Other terminals of this machine are not this test's business, whatever the configuration says.
AGETTY = 'case $1 in tty4[78]) exec agetty --noclear --nohints {} "$1" linux;; esac; exec sleep 1000'
PLAIN = "log: {level: debug, format: json}\nuser_services: {backend: none}\n"


def text_of(automatic=0, reserved=0, options=""):
    words = ["/bin/sh", "-c", AGETTY.format(options), "getty", "%t"]
    return PLAIN + f"vts: {{automatic: {automatic}, reserved: {reserved}, getty: {words!r}}}\n"


def configure(place, text, automatic):
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text)
    os.kill(place.daemon.keeper.pid, signal.SIGHUP)
    root = Client()
    poll("NAutoVTs", lambda: root.get(MANAGER_PATH, "NAutoVTs") == automatic)


def gettys(vt):
    """Processes that are about that terminal and nobody's session yet."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        words = read(f"/proc/{name}/cmdline").split("\0")
        if words[0] == "agetty" and f"tty{vt}" in words:
            found.append(int(name))
    return found


def has(pid, vt):
    try:
        return os.readlink(f"/proc/{pid}/fd/0") == f"/dev/tty{vt}"
    except OSError:
        return False


def getty(vt):
    """The one that waits there."""
    pid = poll(f"a getty of terminal {vt}", lambda: gettys(vt))[0]
    poll("it has the terminal", lambda: has(pid, vt))
    equal(gettys(vt), [pid], "gettys there")
    return pid


@contextlib.contextmanager
def configured(place, automatic=OTHER, **options):
    """With gettys in here, and without any afterwards."""
    with screen():
        switch(FIRST)
        try:
            configure(place, text_of(automatic, **options), automatic)
            yield
        finally:
            switch(FIRST)
            configure(place, PLAIN, 0)
            for pid in [*gettys(OURS), *gettys(OTHER)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            poll("no getty is left", lambda: not gettys(OURS) and not gettys(OTHER))
            with open("/dev/tty0", "rb+", buffering=0) as console:
                for vt in (OURS, OTHER):
                    with contextlib.suppress(OSError):
                        fcntl.ioctl(console, VT_DISALLOCATE, vt)


def test_a_getty_where_somebody_looks(place):
    with configured(place):
        equal((gettys(OURS), gettys(OTHER)), ([], []), "before")
        switch(OURS)
        pid = getty(OURS)
        environment = read(f"/proc/{pid}/environ").split("\0")
        check("TERM=linux" in environment and not any("SESSIONMAN" in each for each in environment), f"{environment}")
        check(cgroup_of(pid) in ("", "/"), f"its group is {cgroup_of(pid)}")
        equal(gettys(OTHER), [], "where nobody looks")
        switch(SECOND)
        switch(OURS)
        os.kill(pid, signal.SIGKILL)
        poll("the next one", lambda: gettys(OURS) not in ([], [pid]))
        getty(OURS)


def test_a_terminal_in_use_gets_none(place):
    with configured(place):
        fd = os.open(f"/dev/tty{OURS}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        switch(OURS)
        switch(OTHER)
        getty(OTHER)
        equal(gettys(OURS), [], "where somebody is")
        os.close(fd)
        switch(OURS)
        getty(OURS)


def test_the_reserved_terminal_has_one_from_the_start(place):
    with configured(place, automatic=0, reserved=OTHER):
        pid = getty(OTHER)
        os.kill(pid, signal.SIGKILL)
        poll("the next one", lambda: gettys(OTHER) not in ([], [pid]))
        switch(OURS)
        equal(gettys(OURS), [], "elsewhere")


def test_gettys_outlive_daemon_and_keeper_and_get_no_company(place):
    with configured(place, reserved=OTHER):
        switch(OURS)
        pids = getty(OURS), getty(OTHER)
        for _ in range(2):
            place.daemon.kill()
            switch(FIRST)
            switch(OURS)
            place.daemon.wait_ready()
            equal((getty(OURS), getty(OTHER)), pids, "after kill -9 of the daemon")
        os.kill(pids[1], signal.SIGKILL)
        poll("it knows of those of an earlier daemon", lambda: gettys(OTHER) not in ([], [pids[1]]))
        pids = getty(OURS), getty(OTHER)
        place.daemon.kill_keeper()
        place.daemon.start(config=text_of(OTHER, OTHER))
        place.bus.wait_for("org.freedesktop.login1")
        switch(FIRST)
        switch(OTHER)
        switch(OURS)
        # time for what must not come
        time.sleep(0.5)
        equal((getty(OURS), getty(OTHER)), pids, "after kill -9 of the keeper")


def test_a_login_there_and_the_next_one(place):
    with configured(place, options="--autologin alice"):
        switch(OURS)
        found = poll("a session", sessions)
        (number,) = found
        equal((found[number]["vtnr"], found[number]["seat"], found[number]["class"]), (OURS, "seat0", "user"), "where it is")
        poll("it is in front", lambda: session(number)["state"] == "active")
        leader = session(number)["leader"]
        os.kill(leader, signal.SIGKILL)
        again = poll("the next session", lambda: set(sessions()) - {number})
        equal([session(each)["vtnr"] for each in again], [OURS], "where it is")
        check(not alive(leader), "the first one")
        configure(place, text_of(0), 0)
        for each in again:
            os.kill(session(each)["leader"], signal.SIGKILL)
        poll("they are gone", lambda: not [each for each in sessions().values() if each["state"] != "closing"])
        equal(gettys(OURS), [], "when none is wanted any more")
