"""The bus and the state files of sd-login tell the same."""

import os
import signal

from basics import check, equal, poll, read, Skip
from client import Client, fields, SEAT_PATH, session_path, user_path
from control_socket import session
from login import Login
from tests.requests import shown_vt
from terminals import nobody_switches

STATE = "/run/systemd"


def agree(client, identifier):
    """What both know of the session, its user and the seat."""
    if not os.path.isdir(f"{STATE}/sessions"):
        raise Skip("the state files are not exported")
    bus, file = client.all_of(session_path(identifier)), fields(read(f"{STATE}/sessions/{identifier}"))
    told = {
        "USER": bus["Name"],
        "UID": str(bus["User"][0]),
        "ACTIVE": "1" if bus["Active"] else "0",
        "STATE": bus["State"],
        "REMOTE": "1" if bus["Remote"] else "0",
        "TYPE": bus["Type"],
        "CLASS": bus["Class"],
        "SEAT": bus["Seat"][0] or None,
        "VTNR": str(bus["VTNr"]) if bus["VTNr"] else None,
        "TTY": bus["TTY"] or None,
        "LEADER": str(bus["Leader"]),
        "SERVICE": bus["Service"],
        "REMOTE_HOST": bus["RemoteHost"] or None,
        "REALTIME": str(bus["Timestamp"]),
    }
    equal(told, {name: file.get(name) for name in told}, f"session {identifier}")
    uid = bus["User"][0]
    user, file = client.all_of(user_path(uid)), fields(read(f"{STATE}/users/{uid}"))
    told = {"NAME": user["Name"], "STATE": user["State"], "DISPLAY": user["Display"][0] or None, "SESSIONS": " ".join(row[0] for row in user["Sessions"])}
    equal(told, {name: file.get(name) for name in told}, f"user {uid}")
    seat, file = client.all_of(SEAT_PATH), fields(read(f"{STATE}/seats/seat0"))
    told = {"ACTIVE": seat["ActiveSession"][0] or None, "SESSIONS": " ".join(row[0] for row in seat["Sessions"]) or None}
    told |= {"CAN_TTY": "1" if seat["CanTTY"] else "0", "CAN_GRAPHICAL": "1" if seat["CanGraphical"] else "0"}
    equal(told, {name: file.get(name) for name in told}, "seat0")


@nobody_switches()
def test_both_tell_the_same(place):
    client = Client()
    background = Login("alice", tty="/dev/tty9")
    remote = Login("bob", service="sshd-test", tty="ssh", rhost="192.0.2.7")
    for login in (background, remote):
        agree(client, login.id)
    active = Login("alice", tty=f"/dev/tty{shown_vt()}")
    for login in (background, remote, active):
        agree(client, login.id)
    child = active.spawn(["sleep", "1000"], 1000)
    active.close()
    poll("it closes", lambda: session(active.id)["state"] == "closing")
    poll("its file says so", lambda: fields(read(f"{STATE}/sessions/{active.id}")).get("STATE") == "closing")
    for login in (background, remote, active):
        agree(client, login.id)
    os.kill(child, signal.SIGKILL)
    poll("its file is gone", lambda: not os.path.exists(f"{STATE}/sessions/{active.id}"))
    check(client.call("ListSessions")[0][0] == background.id, "the others stay")


def test_a_file_is_there_with_its_signal_and_its_answer(place):
    if not os.path.isdir(f"{STATE}/sessions"):
        raise Skip("the state files are not exported")
    from tests.create import create, end, leader

    root, process = Client(), leader()
    identifier = create(root, process.pid)[0]
    check(os.path.exists(f"{STATE}/sessions/{identifier}"), "the file at the answer")
    root.call("TakeControl", "b", False, path=session_path(identifier))
    root.call("SetType", "s", "wayland", path=session_path(identifier))
    equal(fields(read(f"{STATE}/sessions/{identifier}"))["TYPE"], "wayland", "the file at the answer of SetType")
    end(process)
