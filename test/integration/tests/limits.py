"""Limits that other modules of a PAM stack leave for the session."""

import time

from basics import alive, check, equal, poll
from control_socket import gone, is_over, sessions
from login import Login
from machine import daemon
from pam_data import hold, limits_of, stack


def logged(words):
    return [line for line in daemon.log().splitlines() if words in line]


def ended(login):
    return login.id not in sessions()


def test_limits_of_the_stack():
    service = stack("limited", memory_max="1G", tasks_max="50", cpu_weight="200", io_weight="7")
    login, other = Login("alice", service=service), Login("bob")
    expected = {"memory.max": "1073741824", "pids.max": "50", "cpu.weight": "200", "io.weight": "7"}
    hold(login.id, 1000, daemon.log, expected)
    equal(limits_of(other.id), ({}, None), "a login without limits")
    check(login.scope.endswith(f"/session-{login.id}.scope"), f"the leader is in its scope: {login.scope}")
    daemon.kill()
    equal(limits_of(login.id), (expected, None), "after a restart")


def test_what_cannot_be_read():
    service = stack("limited", memory_max="lots", tasks_max="1;cpu_weight=3", cpu_weight="300", runtime_max_sec="soon")
    login = Login("alice", service=service)
    equal((login.rc, limits_of(login.id)), (0, ({"cpu.weight": "300"}, None)), "the login")
    lines = poll("a line of the log", lambda: logged("is not limited by"))
    equal(len(lines), 1, f"lines of the log: {lines}")
    for words in ("systemd.memory_max=lots", "systemd.tasks_max=?", "systemd.runtime_max_sec=soon", "alice"):
        check(words in lines[0], f"{words} in {lines[0]}")


def test_a_session_that_may_last_two_seconds():
    begin = time.monotonic()
    login, other = Login("alice", service=stack("limited", runtime_max_sec="2")), Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    poll("it is over", lambda: is_over(login.id))
    check(1.9 < time.monotonic() - begin < 7, f"after {time.monotonic() - begin:.1f} s")
    poll("its processes have ended", lambda: not alive(child))
    login.reap()
    gone(login.id)
    check(alive(other.pid) and other.id in sessions(), "the user's other session goes on")
    equal(len(poll("a line of the log", lambda: logged("it has lasted 2 s"))), 1, "lines of the log")


def test_the_time_goes_on_while_there_is_no_daemon():
    begin = time.monotonic()
    service = stack("limited", runtime_max_sec="3s")
    killed, away, long = Login("alice", service=service), Login("bob", service=service), Login("carol", service=stack("longer", runtime_max_sec="1h"))
    daemon.kill()
    daemon.kill()
    ended = {killed.id, away.id, long.id} - set(sessions())
    check(not ended or time.monotonic() - begin >= 3, f"{ended} have ended before their time")
    poll("it is over", lambda: is_over(killed.id))
    took = time.monotonic() - begin
    check(2.9 < took < 9, f"after {took:.1f} s")
    killed.reap()
    away.reap()
    gone(killed.id, away.id)
    begin = time.monotonic()
    late = Login("bob", service=stack("limited", runtime_max_sec="2"))
    daemon.stop()
    check(time.monotonic() - begin < 2, "the daemon has not stopped in time")
    time.sleep(max(0, begin + 2.5 - time.monotonic()))
    check(alive(late.pid), "nobody ends it meanwhile")
    daemon.start()
    late.reap()
    gone(late.id)
    equal(set(sessions()), {long.id}, "who is left")
