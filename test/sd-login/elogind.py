"""cgroup.layout: elogind: programs with libelogind find the session of a process."""

import os

from answers import about_itself, everything_agrees, sessions_of_all_kinds
from basics import Skip, check, equal, poll, setting
from clients import ELOGIND, NO_DATA, ask, differences
from control_socket import gone, session
from login import Login
from machine import daemon

LAYOUT = "cgroup: {layout: elogind}\n"
HYBRID = os.path.isdir("/sys/fs/cgroup/unified")
TOP = "/sys/fs/cgroup/elogind" if HYBRID else "/sys/fs/cgroup"


def of_process(login, uid):
    return {"session": login.id, "cgroup": f"/{login.id}", "owner_uid": str(uid)}


def expect_found(login, uid, *pids):
    for pid in pids:
        name = f"pid {pid}"
        found = differences(ELOGIND, name, of_process(login, uid), ask(ELOGIND, "pid", pid)[name])
        check(not found, "\n".join(found))


@setting(config=LAYOUT)
def test_processes_of_sessions():
    first, second = Login("alice"), Login("bob")
    child = first.spawn(["sleep", "1000"], 1000)
    expect_found(first, 1000, first.pid, child)
    expect_found(second, 1001, second.pid)
    outside = ask(ELOGIND, "pid", os.getpid())[f"pid {os.getpid()}"]
    # where cgroup v2 is all there is this library takes the name of any group for a session
    equal(outside["session"], NO_DATA if HYBRID else "init.scope", "a process of no session")
    check(outside["owner_uid"].startswith("-"), f"the owner of a process of no session: {outside['owner_uid']}")


@setting(config=LAYOUT)
def test_the_end_of_sessions():
    login = Login("alice")
    group = f"{TOP}/{login.id}"
    child = login.spawn(["sleep", "1000"], 1000)
    check(os.path.isdir(group), f"{group} is there")
    login.close()
    poll("the session closes", lambda: session(login.id)["state"] == "closing")
    expect_found(login, 1000, child)
    os.kill(child, 9)
    gone(login.id)
    poll("the group is gone", lambda: not os.path.exists(group))


@setting(config=LAYOUT)
def test_a_restart():
    login, other = Login("alice"), Login("bob")
    daemon.kill()
    expect_found(login, 1000, login.pid)
    os.kill(daemon.pid, 9)
    other.kill()
    daemon.wait_ready()
    gone(other.id)
    check(not os.path.exists(f"{TOP}/{other.id}"), "the group of a session that ended meanwhile is gone")
    check(session(login.id)["state"] == "active", "the other session goes on")
    expect_found(login, 1000, login.pid)


@setting(config=LAYOUT)
def test_a_record_that_is_lost():
    if HYBRID:
        raise Skip("there the scope is where it always is")
    login = Login("alice")
    daemon.stop()
    os.unlink(f"/run/sessionman/sessions/{login.id}")
    daemon.start(config=LAYOUT)
    found = session(login.id)
    equal((found["uid"], found["state"]), (1000, "closing"), "what is known of a session without a record")
    login.kill()
    gone(login.id)
    check(not os.path.exists(f"{TOP}/{login.id}"), "its group is gone")


@setting(config=LAYOUT)
def test_the_layout_stays_while_there_are_sessions():
    login = Login("alice")
    daemon.stop()
    daemon.start()
    poll("that is said", lambda: "cgroup.layout stay" in daemon.log())
    expect_found(login, 1000, login.pid)
    later = Login("bob")
    expect_found(later, 1001, later.pid)


@setting(config=LAYOUT)
def test_a_process_about_itself_and_its_peers():
    about_itself((ELOGIND,), of_process)


@setting(config=LAYOUT + "trusted_services: [pamtester-desktop, pamtester-greeter]\n")
def test_sessions_of_all_kinds():
    sessions_of_all_kinds()


@setting(config=LAYOUT)
def test_nobody():
    everything_agrees({})
