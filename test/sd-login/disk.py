"""The files themselves: who may read them, what lies beside them, and what becomes of them without room."""

import os
import re
import stat
import subprocess

from basics import check, equal, poll, read
from clients import ask
from control_socket import gone, nobody, sessions
from login import Login
from machine import daemon

STATE = "/run/systemd"
# the keeper's
SOCKET = "io.systemd.Login"


def test_modes_and_names():
    login = Login("alice")
    equal(sorted(os.listdir(STATE)), ["inhibit", SOCKET, "machines", "seats", "sessions", "users"], "what is there")
    check(not os.path.exists(f"{STATE}/system"), "nothing says that systemd runs")
    for folder, _, names in os.walk(STATE):
        equal(stat.S_IMODE(os.stat(folder).st_mode), 0o755, folder)
        for name in set(names) - {SOCKET}:
            status = os.stat(f"{folder}/{name}")
            equal((stat.S_IMODE(status.st_mode), status.st_uid), (0o644, 0), f"{folder}/{name}")
            equal(read(f"{folder}/{name}").splitlines()[0], "# This is private data. Do not parse.", "the first line")
    login.kill()
    nobody()
    equal(os.listdir(f"{STATE}/sessions") + os.listdir(f"{STATE}/users"), [], "files when nobody is left")


def test_a_daemon_that_was_away_leaves_nothing_false():
    login, other = Login("alice"), Login("bob")
    before = read(f"{STATE}/sessions/{login.id}")
    daemon.stop()
    check(os.path.exists(f"{STATE}/sessions/{other.id}"), "an orderly end takes nothing away")
    other.kill()
    for name in ("sessions/77", "sessions/.#78", "users/1004", "seats/seat1"):
        with open(f"{STATE}/{name}", "w", encoding="utf-8") as file:
            file.write("ACTIVE=1\nSTATE=active\n")
    os.mkfifo(f"{STATE}/sessions/77.ref")
    daemon.start()
    gone(other.id)
    poll("users", lambda: os.listdir(f"{STATE}/users") == ["1000"])
    equal((os.listdir(f"{STATE}/sessions"), os.listdir(f"{STATE}/seats")), ([login.id], ["seat0"]), "sessions and seats")
    equal(read(f"{STATE}/sessions/{login.id}"), before, "what is told of the session that lived on")


def test_no_room():
    daemon.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=8", "small", STATE], check=True)
    try:
        daemon.start()
        login = Login("alice")
        equal((login.rc, login.id in sessions()), (0, True), "a login where the state files have no room")
        equal(os.listdir(f"{STATE}/users"), [], "what there was no room for")
        subprocess.run(["mount", "-o", "remount,nr_inodes=100", STATE], check=True)
        poll("the files are there", lambda: os.path.exists(f"{STATE}/users/1000"), 3)
        equal(ask("libsystemd-252", "dump")["user 1000"]["sessions"], login.id, "what is told then")
        complaints = re.findall(r"cannot write [^ ]*", daemon.log())
        equal(len(complaints), 1, f"complaints {complaints}")
    finally:
        subprocess.run(["umount", "-l", STATE], check=True)


def test_readers_never_see_half_of_anything():
    reader = os.fork()
    if reader == 0:
        wrong = 0
        while os.getppid() != 1 and not os.path.exists("/tmp/enough"):
            for question, answer in ask("libsystemd-252", "dump")["all"].items():
                wrong += question == "sessions" and not re.fullmatch("[0-9 ]*", answer)
        os._exit(min(wrong, 100))
    for _ in range(30):
        logins = [Login("alice"), Login("bob")]
        for login in logins:
            login.kill()
    with open("/tmp/enough", "w", encoding="utf-8"):
        pass
    equal(os.waitpid(reader, 0)[1], 0, "listings with names that are no sessions")
    poll("all are gone", lambda: not sessions())
