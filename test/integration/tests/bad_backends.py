"""Backends and managers that misbehave: a login is never lost, another user is never disturbed."""

import os
import signal
import time

from basics import alive, cgroup_root, check, equal, poll, read, setting
from control_socket import nobody, sessionctl
from machine import daemon
from services import backend, becomes, configuration, log_in, manager, one_manager

GOOD = """#!/bin/sh
case $1 in
run) echo up >"$2"; exec sleep 1000 ;;
ready) : ;;
stop) kill "$2" ;;
esac
"""


def start(text, **more):
    daemon.stop()
    daemon.start(config=configuration(backend("hostile", text), **more))


def members(uid=1000):
    top = f"{cgroup_root()}/user.slice/user-{uid}.slice/user@{uid}.service"
    return [int(pid) for folder, _, _ in os.walk(top) for pid in read(f"{folder}/cgroup.procs").split()]


def ends():
    """Everything is gone after the logout."""
    nobody()
    equal(members(), [], "processes of the manager")


def test_never_ready():
    start("#!/bin/sh\n[ $1 != run ] || exec sleep 1000\n", login_timeout="1s", start_timeout="3s", stop_timeout="500ms")
    login = log_in("alice")
    check(login.id and 0.9 < login.seconds < 2.5, f"session {login.id} after {login.seconds:.1f} s: login_timeout")
    later = log_in("alice")
    check(later.seconds < 0.5, f"a later login does not wait again: {later.seconds:.1f} s")
    failed = becomes(1000, "failed")
    check(failed["message"], f"the reason is told: {failed}")
    check("alice" in daemon.log() and failed["message"] in daemon.log(), "and logged")
    login.close()
    later.close()
    ends()


def test_exits_at_once():
    start("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    login = log_in("alice")
    check(login.id and login.seconds < 5, f"session {login.id} after {login.seconds:.1f} s")
    failed = becomes(1000, "failed")
    check("3" in failed["message"], f"the exit code is told: {failed}")
    check("no such luck" in sessionctl("user-log", "alice").stdout, "what it wrote is kept")
    again = log_in("alice")
    check(again.id and again.seconds < 0.5, f"a later login does not wait: {again.seconds:.1f} s")
    login.close()
    again.close()
    ends()


@setting(everywhere=True)
def test_forks_away():
    start('#!/bin/sh\n[ $1 != run ] || { setsid sleep 1000 & echo up >"$2"; }\n')
    login = log_in("alice")
    check(login.id and login.seconds < 5, f"session {login.id} after {login.seconds:.1f} s")
    becomes(1000, "failed")
    poll("what it left is killed", lambda: not members())
    login.close()
    ends()


def test_endless_readiness_data():
    start('#!/bin/sh\n[ $1 != run ] || exec yes >"$2"\n')
    login = log_in("alice")
    check(login.id and login.seconds < 10, f"session {login.id} after {login.seconds:.1f} s")
    becomes(1000, "failed")
    login.close()
    ends()


def test_readiness_data_is_never_a_command():
    data = "$(touch /tmp/owned) `id`; *"
    start(GOOD.replace("echo up", f"printf '%s' '{data}'").replace("ready) :", 'ready) printf "%s" "$2" >/tmp/ready-data'))
    login = log_in("alice")
    equal(read("/tmp/ready-data"), data, "what ready was given")
    check(not os.path.exists("/tmp/owned"), "nothing was executed")
    login.close()
    ends()
    os.unlink("/tmp/ready-data")


def test_ready_fails():
    start(GOOD.replace("ready) :", "ready) exit 3"))
    login = log_in("alice")
    running = manager(1000)
    equal(running["state"], "running", "the manager")
    check("3" in running["message"], f"the exit code is told: {running}")
    login.close()
    ends()


def test_ignores_term():
    start(GOOD.replace("run) echo", "run) trap '' TERM HUP INT; echo").replace("exec sleep 1000", "while :; do sleep 1; done"), stop_timeout="300ms", term_timeout="300ms")
    login = log_in("alice")
    begin = time.monotonic()
    login.close()
    ends()
    check(0.5 < time.monotonic() - begin < 4, f"it took {time.monotonic() - begin:.1f} s")


@setting(cgroup=True, everywhere=True)
def test_double_forked_children_do_not_stay():
    start(GOOD.replace("run) echo", "run) setsid sh -c 'setsid sleep 999 & setsid sleep 998 &'; echo"))
    login = log_in("alice")
    equal(len(members()), 3, "processes of the manager")
    login.close()
    ends()


def test_fork_bomb():
    # The limit is the user's own, and keeps the rest of this machine out of it.
    bomb = "run) prlimit --nproc=200:200 --pid $$ || exit 1; (bomb() { bomb | bomb & }; bomb) 2>/dev/null & echo"
    start(GOOD.replace("run) echo", bomb), stop_timeout="300ms", term_timeout="300ms")
    login = log_in("alice")
    other = log_in("bob")
    check(other.id and other.seconds < 5, f"another user logs in: {other.seconds:.1f} s")
    login.close()
    other.close()
    poll("nothing is left of it", lambda: not members(), 20)
    nobody()


def test_a_manager_that_dies_is_restarted_five_times():
    start(GOOD)
    login = log_in("alice")
    seen = set()
    for _ in range(5):
        pid = becomes(1000, "running")["pid"]
        check(pid not in seen, "another process each time")
        seen.add(pid)
        os.kill(pid, signal.SIGKILL)
        poll("it is noticed", lambda old=pid: (manager(1000) or {}).get("pid") != old)
    failed = becomes(1000, "failed")
    check(failed["message"] and login.pid and alive(login.pid), f"and then no more: {failed}")
    login.close()
    ends()


@setting(everywhere=True)
def test_the_holder_is_killed():
    start(GOOD)
    login = log_in("alice")
    old = becomes(1000, "running")["pid"]
    os.kill(one_manager(1000), signal.SIGKILL)
    poll("its manager goes with it", lambda: not alive(old))
    now = becomes(1000, "running")
    check(now["pid"] != old, "another one was started")
    one_manager(1000)
    login.close()
    ends()


@setting(named=True)
def test_a_holder_that_is_stopped_does_not_stay():
    start(GOOD, stop_timeout="300ms", term_timeout="300ms")
    login = log_in("alice")
    old = becomes(1000, "running")["pid"]
    holder = one_manager(1000)
    os.kill(holder, signal.SIGSTOP)
    login.close()
    # without cgroup v2 it is given 15 s
    poll("it is killed", lambda: not alive(holder), 20)
    poll("its manager goes with it", lambda: not alive(old))
    ends()
    again = log_in("alice")
    becomes(1000, "running")
    one_manager(1000)
    again.close()
    ends()


def stage(name):
    """A backend that stays in the stage until /tmp/go is there."""
    wait = "while [ ! -e /tmp/go ]; do sleep 0.05; done"
    return {
        "starting": GOOD.replace("run) echo", f"run) {wait}; echo"),
        "ready": GOOD.replace("ready) :", f"ready) {wait}"),
        "running": GOOD,
        "stopping": GOOD.replace("stop) kill", f"stop) {wait}; kill"),
    }[name]


def killed_while(name, kill):
    if os.path.exists("/tmp/go"):
        os.unlink("/tmp/go")
    start(stage(name))
    login = log_in("alice", wait=name in ("running", "stopping"))
    if name == "stopping":
        login.close()
    before = becomes(1000, name)
    if name != "stopping":
        before = poll("its process is known", lambda: (manager(1000) or {})["pid"] and manager(1000))
    holder = one_manager(1000)
    kill()
    after = manager(1000)
    check(after is not None, "the manager is known")
    equal(one_manager(1000), holder, "sessionman-run")
    if name != "stopping":
        equal(after["pid"], before["pid"], "process of the manager")
    with open("/tmp/go", "w", encoding="ascii"):
        pass
    if name != "stopping":
        becomes(1000, "running")
        equal(one_manager(1000), holder, "sessionman-run, when it runs")
        if login.rc is None:
            login.wait_open()
        check(login.id, "the login has its session")
        login.close()
    ends()
    os.unlink("/tmp/go")


def keeper_is_killed():
    config = read("/etc/sessionman/sessionman.yaml")
    daemon.kill_keeper()
    daemon.start(config=config)


@setting(cgroup=True)
def test_daemon_killed_while_starting():
    killed_while("starting", daemon.kill)


@setting(cgroup=True)
def test_daemon_killed_while_ready():
    killed_while("ready", daemon.kill)


@setting(everywhere=True)
def test_daemon_killed_while_running():
    killed_while("running", daemon.kill)


def test_daemon_killed_while_stopping():
    killed_while("stopping", daemon.kill)


@setting(cgroup=True)
def test_keeper_killed_while_starting():
    killed_while("starting", keeper_is_killed)


@setting(cgroup=True)
def test_keeper_killed_while_ready():
    killed_while("ready", keeper_is_killed)


def test_keeper_killed_while_running():
    killed_while("running", keeper_is_killed)


@setting(everywhere=True)
def test_keeper_killed_while_stopping():
    killed_while("stopping", keeper_is_killed)
