"""Objects by name, by process and by user; and who the caller is."""

import os
import subprocess

from basics import cgroup_root, equal, poll
from client import Client, error_of, MANAGER_PATH, SEAT_PATH, session_path, user_path
from login import Login

OWN_USER = 4294967295


def test_by_id(place):
    login = Login("alice", tty="/dev/tty2")
    client = Client()
    equal(client.call("GetSession", "s", login.id), session_path(login.id), "GetSession")
    equal(client.call("GetUser", "u", 1000), user_path(1000), "GetUser")
    equal(client.call("GetSeat", "s", "seat0"), SEAT_PATH, "GetSeat")
    equal(error_of(lambda: client.call("GetSession", "s", "999")), "NoSuchSession", "GetSession of none")
    equal(error_of(lambda: client.call("GetUser", "u", 4711)), "NoSuchUser", "GetUser of none")
    equal(error_of(lambda: client.call("GetSeat", "s", "seat9")), "NoSuchSeat", "GetSeat of none")


def test_a_caller_inside_a_session(place):
    login = Login("alice", tty="/dev/tty2")
    inside = Client(1000, login)
    for name in ("", "self", "auto"):
        equal(inside.call("GetSession", "s", name), session_path(login.id), f"GetSession of {name!r}")
        equal(inside.call("GetSeat", "s", name), SEAT_PATH, f"GetSeat of {name!r}")
    equal(inside.call("GetSessionByPID", "u", 0), session_path(login.id), "GetSessionByPID of 0")
    equal(inside.call("GetUserByPID", "u", 0), user_path(1000), "GetUserByPID of 0")
    equal(inside.call("GetUser", "u", OWN_USER), user_path(1000), "GetUser of the caller")
    for name in ("session/self", "session/auto"):
        equal(inside.all_of(f"{MANAGER_PATH}/{name}")["Id"], login.id, name)
    for name in ("seat/self", "seat/auto"):
        equal(inside.all_of(f"{MANAGER_PATH}/{name}")["Id"], "seat0", name)
    equal(inside.all_of(f"{MANAGER_PATH}/user/self")["UID"], 1000, "user/self")


def test_root_inside_a_session_is_in_it_all_the_same(place):
    login = Login("alice")
    inside = Client(0, login)
    equal(inside.call("GetSession", "s", ""), session_path(login.id), "GetSession by root")
    equal(inside.call("GetUserByPID", "u", 0), user_path(1000), "the owner is the session's, not root")


def test_a_caller_outside(place):
    Login("alice")
    outside = Client(1000)
    for name in ("", "self", "auto"):
        equal(error_of(lambda each=name: outside.call("GetSession", "s", each)), "NoSessionForPID", f"GetSession of {name!r}")
    equal(error_of(lambda: outside.call("GetSessionByPID", "u", 0)), "NoSessionForPID", "GetSessionByPID of 0")
    equal(error_of(lambda: outside.call("GetUserByPID", "u", 0)), "NoUserForPID", "GetUserByPID of 0")
    equal(error_of(lambda: outside.call("GetUser", "u", OWN_USER)), "NoUserForPID", "GetUser of the caller")
    equal(error_of(lambda: outside.call("GetSessionByPID", "u", 999999)), "NoSessionForPID", "a process that is none")


def test_a_session_without_a_seat(place):
    login = Login("alice")
    inside = Client(1000, login)
    for name in ("", "self", "auto"):
        equal(error_of(lambda each=name: inside.call("GetSeat", "s", each)), "NoSuchSeat", f"GetSeat of {name!r}")
    equal(error_of(lambda: inside.all_of(f"{MANAGER_PATH}/seat/self")), "UnknownObject", "seat/self")


def test_the_leader_is_found_wherever_it_is(place):
    """The leader's table is asked before the control group."""
    login = Login("alice")
    client = Client()
    equal(client.call("GetSessionByPID", "u", login.pid), session_path(login.id), "by the leader's pid")
    with open(f"{cgroup_root()}/cgroup.procs", "w", encoding="utf-8") as file:
        file.write(str(login.pid))
    equal(client.call("GetSessionByPID", "u", login.pid), session_path(login.id), "moved out of its group")


def service(uid):
    """A client where the services of the user are."""
    group = f"{cgroup_root()}/user.slice/user-{uid}.slice/user@{uid}.service/app.slice"
    os.makedirs(group, exist_ok=True)
    return Client(uid, cgroup=group), group


def leave(client, group):
    client.leave()
    top = os.path.dirname(group)
    poll("the group is empty", lambda: subprocess.run(["rmdir", group], capture_output=True, check=False).returncode == 0)
    os.rmdir(top)


def test_a_user_service_is_the_user_s_and_in_no_session(place):
    login = Login("alice", tty="/dev/tty2")
    client, group = service(1000)
    equal(error_of(lambda: client.call("GetSession", "s", "self")), "NoSessionForPID", "GetSession of self")
    equal(error_of(lambda: client.call("GetSessionByPID", "u", 0)), "NoSessionForPID", "GetSessionByPID of 0")
    equal(client.call("GetSession", "s", "auto"), session_path(login.id), "GetSession of auto")
    equal(client.call("GetUser", "u", OWN_USER), user_path(1000), "GetUser of the caller")
    equal(client.call("GetSeat", "s", "auto"), SEAT_PATH, "GetSeat of auto")
    equal(client.all_of(f"{MANAGER_PATH}/session/auto")["Id"], login.id, "session/auto")
    equal(error_of(lambda: client.all_of(f"{MANAGER_PATH}/session/self")), "UnknownObject", "session/self")
    leave(client, group)
