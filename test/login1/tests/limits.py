"""Limits of sessions that are created over the bus."""

import os
import time

from basics import check, equal, poll, Skip
from client import Client, error_of
from control_socket import is_over, sessions
from login import Login
from pam_data import foreign_stack, hold, limits_of
from tests.create import create, end, leader
from tests.others import BUILT

FOREVER = 2**64 - 1


def t(value):
    return {"variant": "t", "of": value}


def u(value):
    return {"variant": "u", "of": value}


def wait_log(place, words):
    return poll(f"the log says: {words}", lambda: [line for line in place.daemon.log().splitlines() if words in line])


def test_the_scope_is_limited(place):
    root, process = Client(), leader()
    given = [["MemoryMax", t(2**30)], ["MemoryHigh", t(2**29)], ["TasksMax", t(50)], ["CPUWeight", t(200)], ["IOWeight", t(7)]]
    identifier = create(root, process.pid, properties=given)[0]
    expected = {"memory.max": str(2**30), "memory.high": str(2**29), "pids.max": "50", "cpu.weight": "200", "io.weight": "7"}
    hold(identifier, 1000, place.daemon.log, expected)
    equal(limits_of(identifier)[1], None, "for how long")
    end(process)


def test_no_limit_at_all(place):
    root, process = Client(), leader()
    given = [[name, t(FOREVER)] for name in ("MemoryMax", "TasksMax", "CPUWeight", "IOWeight", "RuntimeMaxUSec")]
    identifier = create(root, process.pid, properties=given)[0]
    equal(limits_of(identifier), ({"memory.max": "max", "pids.max": "max"}, None), "limits")
    end(process)


def test_what_is_refused(place):
    root, process = Client(), leader()
    for name, value in (
        ("MemoryMax", t(0)), ("TasksMax", t(0)), ("CPUWeight", t(10001)), ("IOWeight", t(0)), ("RuntimeMaxUSec", t(0)),
        ("MemoryMaxScale", u(0)), ("MemoryMax", u(4096)), ("TasksMax", "20"), ("RuntimeMaxUSec", "1h"),
    ):
        equal(error_of(lambda row=[name, value]: create(root, process.pid, properties=[row])), "InvalidArgs", f"{name} {value}")
    equal(sessions(), {}, "sessions")
    end(process)


def test_what_nobody_knows_is_passed_over(place):
    root, process = Client(), leader()
    given = [["Slice", "user.slice"], ["TasksMax", t(9)], ["CPUQuotaPerSecUSec", t(5)]]
    identifier = create(root, process.pid, properties=given)[0]
    equal(limits_of(identifier), ({"pids.max": "9"}, None), "limits")
    lines = wait_log(place, f"session {identifier} of alice is not limited by")
    check(len(lines) == 1 and "Slice, which is not known; CPUQuotaPerSecUSec" in lines[0], f"lines of the log: {lines}")
    end(process)


def test_a_session_that_may_last_a_second(place):
    root, process = Client(), leader()
    begin = time.monotonic()
    identifier = create(root, process.pid, properties=[["RuntimeMaxUSec", t(1_500_000)]])[0]
    place.daemon.kill()
    poll("it is over", lambda: is_over(identifier))
    check(1.4 < time.monotonic() - begin < 8, f"after {time.monotonic() - begin:.1f} s")
    equal(process.wait(5), -15, "the signal that the leader ended with")
    place.bus.wait_for("org.freedesktop.login1")
    poll("its file is gone", lambda: not os.path.exists(f"/run/systemd/sessions/{identifier}"))
    wait_log(place, "it has lasted 1.5 s")


def by_pam_systemd(**values):
    """A login with systemd's module, which says in properties what another one left."""
    module = f"{BUILT}/pam_systemd.so"
    if not os.path.exists(module):
        raise Skip("Debian's pam_systemd could not be unpacked")
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = Login("alice", service=foreign_stack("systemd-limited", module, **values), tty="pts/7")
    equal(login.rc, 0, "pam_open_session")
    return limits_of(login.env["XDG_SESSION_ID"])


def test_what_pam_systemd_says(place):
    limits = by_pam_systemd(memory_max="1G", tasks_max="50", cpu_weight="200", io_weight="7", runtime_max_sec="1h")
    expected = {"memory.max": str(2**30), "pids.max": "50", "cpu.weight": "200", "io.weight": "7"}
    equal(limits, (expected, 3_600_000_000), "limits")


def test_a_share_of_the_memory(place):
    limit = by_pam_systemd(memory_max="25%")[0]["memory.max"]
    check(limit.endswith("%") and abs(float(limit[:-1]) - 25) < 0.001, f"memory.max is {limit}")
