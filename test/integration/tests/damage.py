"""Full file systems, no descriptors, damaged and foreign records: the daemon says no to one login and goes on."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

from basics import RUN, alive, cgroup_root, check, equal, poll, read, setting
from control_socket import gone, nobody, session, sessions, users
from login import Login
from machine import daemon


def answered(identifier):
    """[the session] once the daemon answers, None while it does not."""
    try:
        return [session(identifier)]
    except OSError:
        return None


@setting(start=False)
def test_full_run_file_system():
    os.makedirs(RUN, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=64,mode=0755", "full", RUN], check=True)
    daemon.start()
    first = Login("alice")
    check(first.id, "a login while there is room")
    with open(f"{RUN}/filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)
    for _ in range(5):
        refused = Login("bob")
        equal(refused.rc, 0, "a login goes on")
        equal(refused.id, None, "without a session that could not be written down")
        refused.leave()
    poll("what was made for them is gone", lambda: set(sessions()) == {first.id})
    poll("no directory for a user without a session", lambda: not os.path.exists("/run/user/1001"))
    os.unlink(f"{RUN}/filler")
    again = Login("bob")
    check(again.id, "a login when there is room again")
    daemon.kill()
    equal(set(sessions()), {first.id, again.id}, "sessions after a restart")
    daemon.stop()
    Login.end_all()
    daemon.start()
    nobody()
    daemon.stop()


def test_out_of_descriptors():
    login = Login("alice")
    pid = daemon.pid
    before = len(os.listdir(f"/proc/{pid}/fd"))
    allowed = re.search(r"^Max open files\s+(\d+)", read(f"/proc/{pid}/limits"), re.M).group(1)
    subprocess.run(["prlimit", f"--nofile={before + 1}:", "--pid", str(pid)], check=True)
    crowd = [Login(f"u{number:02d}", service="pamtester-lenient", wait=False) for number in range(1, 13)]
    for other in crowd:
        other.wait_open()
        equal(other.rc, 0, "a login goes on, with or without a session")
    busy = read(f"/proc/{pid}/stat").split()[13:15]
    time.sleep(0.5)
    spent = sum(map(int, read(f"/proc/{pid}/stat").split()[13:15])) - sum(map(int, busy))
    check(spent < 25, f"the daemon does not spin: {spent} ticks in half a second")
    subprocess.run(["prlimit", f"--nofile={allowed}:", "--pid", str(pid)], check=True)
    for other in crowd:
        other.kill()
    poll("an answer", lambda: answered(login.id), 10)
    equal(daemon.pid, pid, "the daemon is the same process")
    equal(session(login.id)["state"], "active", "the session from before")
    check(Login("bob").id, "a login when there are descriptors again")


def damaged_records(good):
    record = json.loads(good)
    foreign = {**record, "boot": "00000000-0000-0000-0000-000000000000"}
    hostile = json.loads(good)
    hostile["record"].update(uid=0, user="root", leader={"pid": 1, "start": "0", "inode": "", "executable": ""})
    return {
        "empty": "",
        "truncated": good[: len(good) // 2],
        "zeros": "\0" * 200,
        "not an object": "[1, 2, 3]\n",
        "other types": '{"format": {}, "boot": [], "checksum": "x", "record": 5}',
        "prototype": '{"__proto__": {"format": 1}, "constructor": 1}',
        "changed without its checksum": json.dumps(hostile),
        "another boot": json.dumps(foreign),
        "huge": good + " " * (2 << 20),
        "deep": "[" * 50000,
    }


def test_damaged_records():
    """The record of a living session is replaced by junk: the daemon starts, the scope is still cleaned up."""
    for what in damaged_records('{"record": {"x": 1}}'):
        login, other = Login("alice"), Login("bob")
        scope = f"{cgroup_root()}/user.slice/user-1000.slice/session-{login.id}.scope"
        daemon.stop()
        path = f"{RUN}/sessions/{login.id}"
        text = damaged_records(read(path))[what]
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        daemon.start()
        equal(session(other.id)["state"], "active", f"{what}: the other session")
        found = session(login.id)
        check(found is None or found["state"] == "closing", f"{what}: {found}")
        check(alive(login.pid), f"{what}: the login program was not ended")
        new = Login("carol")
        check(int(new.id) > int(other.id), f"{what}: no id is used again")
        for each in (login, other, new):
            each.kill()
        poll(f"{what}: everything ends", lambda: not sessions() and not users())
        check(not os.path.exists(scope), f"{what}: the scope is gone")


def test_hostile_things_among_the_records():
    login = Login("alice")
    daemon.stop()
    os.mkfifo(f"{RUN}/sessions/4711")
    os.mkdir(f"{RUN}/sessions/4712")
    os.symlink("/etc/shadow", f"{RUN}/sessions/4713")
    os.symlink("/dev/zero", f"{RUN}/sessions/4714")
    for name in ("0", "-1", "1e3", "..x", "a b", "99999999999999999999", ".hidden", "5.tmp"):
        with open(f"{RUN}/sessions/{name}", "w", encoding="utf-8") as file:
            file.write("{}")
    for name in ("4294967295", "root", "01000"):
        with open(f"{RUN}/users/{name}", "w", encoding="utf-8") as file:
            file.write("{}")
    with open(f"{RUN}/next-id", "w", encoding="utf-8") as file:
        file.write("x" * 100000)
    daemon.start()
    equal(set(sessions()), {login.id}, "sessions")
    check(read("/etc/shadow").startswith("root:"), "what a link points to is untouched")
    new = Login("bob")
    check(int(new.id) > int(login.id), f"a new id, {new.id}, after a damaged counter")
    for folder in ("sessions", "users"):
        for name in os.listdir(f"{RUN}/{folder}"):
            if name not in sessions() and name not in ("1000", "1001"):
                subprocess.run(["rm", "-rf", f"{RUN}/{folder}/{name}"], check=True)


def test_scope_without_a_record_is_cleaned_up():
    login = Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    daemon.stop()
    os.unlink(f"{RUN}/sessions/{login.id}")
    daemon.start()
    equal(session(login.id)["state"], "closing", "what is known of the session")
    login.kill()
    check(alive(child), "its process is left alone")
    os.kill(child, signal.SIGKILL)
    gone(login.id)
    nobody()
