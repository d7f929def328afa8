"""Other programs that speak to the bus, as they are."""

import glob
import json
import os
import subprocess

from basics import check, equal, Skip, TREE
from client import as_systemd, Client, fields, MANAGER_PATH, PREFIX, run, session_path
from control_socket import session
from login import Login
from pam_data import foreign_stack

# Debian's elogind, unpacked before the sandbox was made
ELOGIND = "/mnt/share"
# what test/login1/run has unpacked
BUILT = f"{TREE}/build/login1"


def elogind(name):
    found = glob.glob(f"{ELOGIND}/**/{name}", recursive=True)
    if not found:
        raise Skip("Debian's elogind could not be unpacked")
    return found[0]


def elogind_loginctl(*arguments, **options):
    library = os.path.dirname(elogind("libelogind-shared-*.so"))
    return run(elogind("bin/loginctl"), "--no-pager", *arguments, env={"LD_LIBRARY_PATH": library}, **options)


def test_loginctl_of_elogind(place):
    login = Login("alice", tty="/dev/tty2")
    check(login.id in elogind_loginctl("list-sessions"), "list-sessions")
    shown = fields(elogind_loginctl("show-session", login.id))
    equal([shown[name] for name in ("Id", "Name", "Seat", "TTY", "Class")], [login.id, "alice", "seat0", "tty2", "user"], "show-session")
    check(f"{login.id} - alice (1000)" in elogind_loginctl("session-status", login.id), "session-status")
    check("alice (1000)" in elogind_loginctl("user-status", "alice"), "user-status")
    check("seat0" in elogind_loginctl("list-seats"), "list-seats")
    elogind_loginctl("terminate-session", login.id)
    login.reap()


def test_loginctl_257(place):
    """It asks for ListSessionsEx, and for GetAll of the empty interface."""
    program = f"{BUILT}/loginctl-257"
    if not os.path.exists(program):
        raise Skip("Debian 13's systemd could not be unpacked")
    loginctl = lambda *arguments, **options: as_systemd(program, "--no-pager", "--no-ask-password", *arguments, **options)
    login, other = Login("alice", tty="/dev/tty2"), Login("bob", tty="pts/4")
    rows = json.loads(loginctl("list-sessions", "--json=short"))
    wanted = [
        {"session": login.id, "uid": 1000, "user": "alice", "seat": "seat0", "leader": login.pid, "class": "user", "tty": "tty2", "idle": False, "since": None},
        {"session": other.id, "uid": 1001, "user": "bob", "seat": None, "leader": other.pid, "class": "user", "tty": "pts/4", "idle": False, "since": None},
    ]
    equal(rows, wanted, "list-sessions")
    shown = fields(loginctl("show-session", login.id))
    equal([shown[name] for name in ("Id", "Name", "Seat", "CanIdle", "CanLock")], [login.id, "alice", "seat0", "yes", "yes"], "show-session")
    users = json.loads(loginctl("list-users", "--json=short"))
    equal([(row["user"], row["linger"], row["state"]) for row in users], [("alice", False, "online"), ("bob", False, "active")], "list-users")
    for words in (("session-status", login.id), ("user-status", "alice"), ("seat-status", "seat0"), ("show-session",), ("show-seat", "seat0")):
        check(loginctl(*words) != "", f"{words} says something")
    loginctl("terminate-session", login.id)
    login.reap()


def test_pam_module_of_systemd(place):
    """pam_systemd goes to work where the state files say that somebody keeps sessions."""
    module = f"{BUILT}/pam_systemd.so"
    if not os.path.exists(module):
        raise Skip("Debian's pam_systemd could not be unpacked")
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = Login("carol", service=foreign_stack("systemd-login", f"{module} debug"), tty="/dev/tty5", env={"XDG_SESSION_DESKTOP": "KDE"})
    equal(login.rc, 0, "pam_open_session")
    record = session(login.env["XDG_SESSION_ID"])
    wanted = ["carol", "tty5", 5, "seat0", login.pid, "KDE"]
    equal([record[name] for name in ("user", "tty", "vtnr", "seat", "leader", "desktop")], wanted, "its session")
    equal(login.env["XDG_RUNTIME_DIR"], "/run/user/1002", "XDG_RUNTIME_DIR")
    equal(login.close(), 0, "pam_close_session")


def test_busctl(place):
    login = Login("alice", tty="/dev/tty2")
    tree = run("busctl", "--system", "tree", "--list", PREFIX)
    for path in (MANAGER_PATH, f"{MANAGER_PATH}/seat/seat0", session_path(login.id), f"{MANAGER_PATH}/user/_1000"):
        check(path in tree.split(), f"tree has {path}:\n{tree}")
    for path in (MANAGER_PATH, session_path(login.id)):
        shown = run("busctl", "--system", "introspect", PREFIX, path)
        check("org.freedesktop.login1." in shown and "PropertiesChanged" in shown, f"introspect of {path}")
    command = ["busctl", "--system", "get-property", PREFIX, session_path(login.id), f"{PREFIX}.Session", "Name", "Leader"]
    equal(run(*command), f's "alice"\nu {login.pid}\n', "get-property")


def test_gdbus(place):
    login = Login("alice")
    command = ["gdbus", "call", "--system", "--dest", PREFIX, "--object-path", MANAGER_PATH, "--method"]
    listed = run(*command, f"{PREFIX}.Manager.ListSessions")
    equal(listed, f"([('{login.id}', uint32 1000, 'alice', '', objectpath '{session_path(login.id)}')],)\n", "ListSessions")
    shown = run("gdbus", "introspect", "--system", "--dest", PREFIX, "--object-path", MANAGER_PATH, "--recurse")
    check("readonly t NCurrentSessions" in shown and "session/_3" in shown, "introspect")


def test_pam_module_of_elogind(place):
    """pam_elogind opens its sessions over the bus."""
    module = elogind("pam_elogind.so")
    login = Login("carol", service=foreign_stack("elogind-login", f"{module} debug"), tty="/dev/tty5")
    equal(login.rc, 0, "pam_open_session")
    record = session(login.env["XDG_SESSION_ID"])
    equal([record[name] for name in ("user", "tty", "vtnr", "seat", "leader")], ["carol", "tty5", 5, "seat0", login.pid], "its session")
    equal(login.env["XDG_RUNTIME_DIR"], "/run/user/1002", "XDG_RUNTIME_DIR")
    equal(login.close(), 0, "pam_close_session")


def test_a_caller_that_does_not_speak_properly(place):
    """Nothing of it is answered with more than an error, and others are served on."""
    login = Login("alice")
    command = ["busctl", "--system", "call", PREFIX, MANAGER_PATH, f"{PREFIX}.Manager", "GetSession", "s"]
    for name in ("\u00fc", "../" * 50, "x" * 10000, "' OR 1=1"):
        result = subprocess.run([*command, name], capture_output=True, text=True, check=False)
        check(result.returncode != 0 and "no session" in result.stderr.lower(), f"GetSession of {name[:20]!r}: {result.stderr}")
    equal(Client().call("GetSession", "s", login.id), session_path(login.id), "another call")
