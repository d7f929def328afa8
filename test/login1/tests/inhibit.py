"""Inhibit: locks that last as long as somebody holds a descriptor."""

import os
import re
import stat
import subprocess

from basics import check, equal, poll, read, Skip
from client import Client, error_of, fields, MANAGER_PATH, Monitor, run
from login import Login
from tests.signals import changes

STATE = "/run/systemd/inhibit"
ASK = "InteractiveAuthorizationRequired"


def inhibit(client, what, mode="block", who="player", why="a film"):
    return client.call("Inhibit", "ssss", what, who, why, mode)


def test_a_lock_lasts_as_long_as_its_descriptor(place):
    root, reader = Client(), Client()
    monitor = Monitor()
    try:
        fd = inhibit(root, "sleep:idle:shutdown")
        row = ["shutdown:sleep:idle", "player", "a film", "block", 0, root.pid]
        equal(reader.call("ListInhibitors"), [row], "ListInhibitors")
        names = ("BlockInhibited", "DelayInhibited", "BlockWeakInhibited", "NCurrentInhibitors", "IdleHint")
        equal([reader.get(MANAGER_PATH, name) for name in names], ["shutdown:sleep:idle", "", "", 1, False], "the properties")
        monitor.wait("it is told", lambda signals: changes(signals, MANAGER_PATH).get("BlockInhibited") == "shutdown:sleep:idle")
        root.close_fd(fd)
        poll("it is over", lambda: reader.call("ListInhibitors") == [])
        equal(reader.get(MANAGER_PATH, "BlockInhibited"), "", "BlockInhibited")
        monitor.wait("its end is told", lambda signals: changes(signals, MANAGER_PATH).get("BlockInhibited") == "")
    finally:
        monitor.stop()


def test_modes(place):
    root = Client()
    inhibit(root, "sleep", "delay")
    inhibit(root, "handle-lid-switch", "block-weak")
    inhibit(root, "shutdown:sleep", "delay")
    equal(root.get(MANAGER_PATH, "DelayInhibited"), "shutdown:sleep", "DelayInhibited")
    equal(root.get(MANAGER_PATH, "BlockWeakInhibited"), "handle-lid-switch", "BlockWeakInhibited")
    equal(root.get(MANAGER_PATH, "BlockInhibited"), "", "BlockInhibited")
    root.leave()
    poll("all are over", lambda: Client().call("ListInhibitors") == [])


def exported():
    """What the files of inhibitors say, each as ListInhibitors would, by what they are held by."""
    rows = {}
    for name in os.listdir(STATE):
        told = {key: unquoted(value) for key, value in fields(read(f"{STATE}/{name}")).items()}
        # its lock may have ended meanwhile
        if not told:
            continue
        row = [told["WHAT"], told.get("WHO", ""), told.get("WHY", ""), told["MODE"], int(told["UID"]), int(told["PID"])]
        rows[told["FIFO"]] = row
    return rows


def unquoted(value):
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def test_the_state_files(place):
    root, alice = Client(), Client(1000)
    fd = inhibit(root, "sleep:idle", who="the baker's", why='bread, "fresh"\nand \\ warm ')
    inhibit(alice, "shutdown", "delay", who="", why="")
    equal(sorted(exported().values()), sorted(root.call("ListInhibitors")), "the files at the answer")
    fifos = list(exported())
    for fifo in fifos:
        status = os.stat(fifo)
        equal((stat.S_ISFIFO(status.st_mode), stat.S_IMODE(status.st_mode)), (True, 0o600), fifo)
    equal({stat.S_IMODE(os.stat(f"{STATE}/{name}").st_mode) for name in os.listdir(STATE)}, {0o644}, "modes")
    root.close_fd(fd)
    poll("its file is gone", lambda: list(exported().values()) == root.call("ListInhibitors") != [])
    poll("its FIFO is gone", lambda: len([fifo for fifo in fifos if os.path.exists(fifo)]) == 1)
    alice.leave()
    poll("all are over", lambda: os.listdir(STATE) == [])


def test_the_state_files_are_made_again(place):
    one, two = Client(), Client()
    inhibit(one, "sleep", who="stays")
    inhibit(two, "sleep", who="goes")
    before = {name: read(f"{STATE}/{name}") for name in os.listdir(STATE)}
    place.daemon.stop()
    equal(len(os.listdir(STATE)), 2, "files while there is no daemon")
    two.leave()
    for name in before:
        os.unlink(f"{STATE}/{name}")
    for name in ("99", ".#98", "97.ref"):
        with open(f"{STATE}/{name}", "w", encoding="utf-8") as file:
            file.write("WHAT=sleep\n")
    place.daemon.start()
    place.bus.wait_for("org.freedesktop.login1")
    after = {name: read(f"{STATE}/{name}") for name in os.listdir(STATE)}
    equal([row[1] for row in exported().values()], ["stays"], "who is left")
    check(after.items() <= before.items(), f"the same as before: {after}, {before}")
    one.leave()
    poll("all are over", lambda: os.listdir(STATE) == [])


def test_what_is_refused(place):
    root = Client()
    for what, mode in (("", "block"), ("sleep::idle", "block"), ("party", "block"), ("idle", "delay"), ("handle-power-key", "delay"), ("sleep", "maybe")):
        equal(error_of(lambda w=what, m=mode: inhibit(root, w, m)), "InvalidArgs", f"{what!r} {mode!r}")
    equal(root.call("ListInhibitors"), [], "nothing came of it")


def test_who_may(place):
    alice = Client(1000)
    if place.polkit.process is None:
        raise Skip("polkitd is not installed")
    table = (
        ("sleep", "delay", ""), ("shutdown", "delay", ""), ("idle", "block", ""),
        ("sleep", "block", ASK), ("shutdown", "block", ASK), ("idle:sleep", "block", ASK),
        ("handle-power-key", "block", "AccessDenied"), ("handle-lid-switch", "block", "AccessDenied"),
    )
    for what, mode, wanted in table:
        equal(error_of(lambda w=what, m=mode: inhibit(alice, w, m)), wanted, f"{what} {mode} by a user from nowhere")
    rows = alice.call("ListInhibitors")
    equal({row[4] for row in rows}, {1000}, "whose they are")


def test_locks_outlive_the_daemon(place):
    one, two, reader = Client(), Client(), Client()
    inhibit(one, "sleep", who="stays")
    inhibit(two, "sleep", who="goes")
    place.daemon.kill()
    place.bus.wait_for("org.freedesktop.login1")
    equal([row[1] for row in reader.call("ListInhibitors")], ["stays", "goes"], "after a crash")
    place.daemon.stop()
    two.leave()
    place.daemon.start()
    place.bus.wait_for("org.freedesktop.login1")
    equal([row[1] for row in reader.call("ListInhibitors")], ["stays"], "after a stop in which one ended")
    one.leave()
    poll("all are over", lambda: reader.call("ListInhibitors") == [])


def test_systemd_inhibit(place):
    if subprocess.run(["which", "systemd-inhibit"], capture_output=True, check=False).returncode != 0:
        raise Skip("systemd-inhibit is not installed")
    login = Login("alice")
    command = ["systemd-inhibit", "--what=sleep", "--who=the baker", "--why=bread", "--mode=delay"]
    listed = run(*command, "systemd-inhibit", "--list", "--no-pager", "--no-legend", uid=1000)
    words = listed.split()
    check("baker" in words and "bread" in words and "delay" in words and "sleep" in words, f"its own lock: {listed}")
    equal(Client().call("ListInhibitors"), [], "it is over with the program")
    check(login.id, "the login")


def test_many(place):
    root = Client()
    before = len(os.listdir(f"/proc/{place.daemon.pid}/fd"))
    for i in range(100):
        inhibit(root, "idle", who=str(i))
    equal(len(root.call("ListInhibitors")), 100, "ListInhibitors")
    equal([row[1] for row in root.call("ListInhibitors")], [str(i) for i in range(100)], "oldest first")
    root.leave()
    reader = Client()
    poll("all are over", lambda: reader.call("ListInhibitors") == [])
    poll("no descriptor is left", lambda: len(os.listdir(f"/proc/{place.daemon.pid}/fd")) <= before + 1)
