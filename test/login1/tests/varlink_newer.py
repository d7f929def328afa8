"""io.systemd.Login as Debian's own programs of systemd from 258 on speak it: its PAM module and varlinkctl."""

import glob
import json
import os
import subprocess

from basics import check, equal, poll, read, Skip, TREE
from client import run
from control_socket import session, sessions
from login_varlink import leader, LOGIN, SERVICE, SOCKET
from pam_data import foreign_stack, limits_of

# what test/login1/run has unpacked
BUILT = f"{TREE}/build/login1"


def newer(*words):
    """The words of a command that runs with the libraries of a systemd that speaks Varlink."""
    program = f"{BUILT}/with-newer"
    if not os.path.exists(program):
        raise Skip(f"no systemd from 258 on: {read(f'{BUILT}/newer.reason').strip()}")
    return [program, *words]


def varlinkctl(*arguments, **options):
    return run(*newer(f"{BUILT}/newer/usr/bin/varlinkctl", "--no-pager", *arguments), **options)


class NewerLogin:
    """A login with Debian's pam_systemd of those days."""

    def __init__(self, user, service, env=None, limits=None, **items):
        module = glob.glob(f"{BUILT}/newer/usr/lib/*/security/pam_systemd.so")
        stack = foreign_stack(service, f"{module[0] if module else ''} debug", **(limits or {}))
        words = [json.dumps(word) for word in (stack, user, items, env or {})]
        command = newer("/usr/bin/python3", "-B", f"{TREE}/test/login1/newer_login.py", *words)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.rc, self.env = json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.write("close\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def leave(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def test_pam_module_of_newer_systemd(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-login", tty="/dev/tty5", env={"XDG_SESSION_DESKTOP": "KDE"})
    equal(login.rc, 0, "pam_open_session")
    said = f"process {login.process.pid} of user 0 calls CreateSession"
    check(said in place.daemon.log(), "it came over Varlink")
    record = session(login.env["XDG_SESSION_ID"])
    wanted = ["carol", "tty5", 5, "seat0", login.process.pid, "KDE"]
    equal([record[name] for name in ("user", "tty", "vtnr", "seat", "leader", "desktop")], wanted, "its session")
    equal([login.env[name] for name in ("XDG_RUNTIME_DIR", "XDG_SEAT", "XDG_VTNR")], ["/run/user/1002", "seat0", "5"], "the environment")
    equal(login.close(), 0, "pam_close_session")
    equal(session(record["id"])["closingReason"], "logout", "the session is over")
    login.leave()
    poll("the session is gone", lambda: record["id"] not in sessions())


def test_the_leaders_end_is_the_sessions(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-login")
    identifier = login.env["XDG_SESSION_ID"]
    check(identifier in sessions(), "the session is there")
    login.leave()
    poll("the session is gone", lambda: identifier not in sessions())


def test_a_login_with_limits_comes_over_the_bus(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-limits", limits={"tasks_max": "50"})
    identifier = login.env["XDG_SESSION_ID"]
    equal(limits_of(identifier)[0], {"pids.max": "50"}, "its limits")
    check(f"process {login.process.pid} of user 0 calls CreateSession" not in place.daemon.log(), "not over Varlink")
    equal(login.close(), 0, "pam_close_session")
    login.leave()


def test_logins_wait_for_the_next_daemon(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    os.kill(place.daemon.pid, 9)
    login = NewerLogin("carol", "newer-login")
    equal(login.rc, 0, "pam_open_session")
    check(login.env["XDG_SESSION_ID"] in sessions(), "the session is there")
    login.leave()


def test_varlinkctl(place):
    text = varlinkctl("info", SOCKET)
    check("Product: sessionman" in text and LOGIN in text, f"info:\n{text}")
    equal(sorted(varlinkctl("list-interfaces", SOCKET).split()), sorted([LOGIN, SERVICE]), "list-interfaces")
    for name in (LOGIN, SERVICE):
        check(varlinkctl("introspect", SOCKET, name).strip() != "", f"introspect {name}")
    process = leader()
    given = {"UID": 1000, "PID": {"pid": process.pid}, "Type": "tty", "Class": "background_light", "Service": "cron"}
    answer = json.loads(varlinkctl("-j", "call", SOCKET, f"{LOGIN}.CreateSession", json.dumps(given)))
    identifier = answer["Id"]
    wanted = {"Id": identifier, "RuntimePath": "/run/user/1000", "UID": 1000, "Type": "tty", "Class": "background_light"}
    equal(answer, wanted, "CreateSession")
    refused = varlinkctl("-j", "call", SOCKET, f"{LOGIN}.ReleaseSession", json.dumps({"Id": identifier}), failing=True)
    check(f"{LOGIN}.NoSuchSession" in refused, f"ReleaseSession from outside: {refused}")
    refused = varlinkctl("-j", "call", SOCKET, f"{LOGIN}.CreateSession", json.dumps(given), uid=1000, failing=True)
    check("Permission denied" in refused, f"CreateSession by a user: {refused}")
    process.kill()
    process.wait()
