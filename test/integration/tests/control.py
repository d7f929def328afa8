"""The control socket and sessionctl, as administrators and scripts use them."""

import json
import os
import re
import signal
import subprocess

from basics import alive, as_user, check, children, CONFIG, equal, LIBDIR, NODE, poll, read, RUN, setting
from control_socket import call, gone, nobody, session, sessionctl, sessions, Varlink, VarlinkError
from login import Login
from machine import daemon


def refused(caller, method, **parameters):
    """Name of the error that the caller's uid gets, "" when the call succeeds."""

    def attempt():
        try:
            call(method, **parameters)
        except VarlinkError as error:
            return error.name
        return ""

    return as_user(caller, attempt)


def test_who_may_do_what():
    own, other = Login("alice"), Login("bob")
    child = other.spawn(["sleep", "1000"], 1001)
    for method, parameters in (
        ("TerminateSession", {"id": other.id}),
        ("TerminateUser", {"uid": 1001}),
        ("KillSession", {"id": other.id, "whom": "all", "signal": 9}),
        ("Deregister", {"id": other.id}),
        ("Register", {"uid": 1001, "leader": child, "holder": False}),
        ("Register", {"uid": 1000, "leader": 1, "holder": False}),
    ):
        name = refused(1000, method, **parameters)
        check(name in ("PermissionDenied", "InvalidParameter"), f"{method} {parameters} by alice: {name or 'allowed'}")
    check(alive(child) and alive(other.pid), "bob's processes are untouched")
    equal(refused(1000, "TerminateSession", id="4711"), "NoSuchSession", "an id that does not exist")
    equal(refused(1000, "TerminateSession", id=own.id), "", "alice's own session")
    gone(own.id)
    own.reap()
    equal(set(sessions()), {other.id}, "sessions")


def test_pam_socket_is_closed_to_users():
    info = os.stat("/run/sessionman/pam.sock")
    equal((info.st_mode & 0o777, info.st_uid), (0o600, 0), "mode and owner of pam.sock")
    equal(os.stat("/run/sessionman/control.sock").st_mode & 0o777, 0o666, "mode of control.sock")


def test_monitor():
    with Varlink() as monitor:
        monitor.send("Monitor", more=True)
        first = monitor.receive()
        equal((first["event"], first["sessions"]), ("snapshot", []), "the first reply")
        login = Login("alice")
        events = {}
        while "session_new" not in events:
            reply = monitor.receive()
            events[reply["event"]] = reply
        equal(events["session_new"]["sessions"][0]["id"], login.id, "the new session")
        login.close()
        while not {"session_removed", "user_removed"} <= set(events):
            reply = monitor.receive()
            events[reply["event"]] = reply
        equal(events["session_removed"]["sessions"][0]["id"], login.id, "the session that ended")


def test_monitor_that_does_not_read_is_dropped():
    with Varlink() as monitor:
        monitor.send("Monitor", more=True)
        monitor.receive()
        for _ in range(150):
            Login("alice").close()
        login = Login("bob")
        check(login.seconds < 1, f"a login took {login.seconds:.2f} s")


def test_sessionctl_list_and_show():
    login = Login("alice", tty="pts/5")
    listed = sessionctl("list")
    equal(listed.returncode, 0, f"sessionctl list: {listed.stderr}")
    check(re.search(rf"^\s*{login.id}\s.*\balice\b", listed.stdout, re.M), f"alice in {listed.stdout}")
    check("\x1b" not in listed.stdout, "no colour in a pipe")
    told = json.loads(sessionctl("show", login.id, "--json").stdout)
    told = told.get("session", told)
    equal((told["id"], told["uid"], told["leader"]), (login.id, 1000, login.pid), "sessionctl show --json")
    equal(told, {**session(login.id), **told}, "show --json and the control socket")
    shown = dict(line.split("=", 1) for line in sessionctl("show", login.id).stdout.splitlines() if "=" in line)
    check(login.id in shown.values(), f"KEY=value of show: {shown}")
    status = sessionctl("status", login.id)
    check(str(login.pid) in status.stdout and "alice" in status.stdout, f"status: {status.stdout}{status.stderr}")
    missing = sessionctl("show", "4711")
    check(missing.returncode != 0 and "4711" in missing.stderr, f"a session that is not there: {missing}")
    explained = sessionctl("explain", login.id)
    equal(explained.returncode, 0, f"explain: {explained.stderr}")
    ended = sessionctl("terminate", login.id)
    equal(ended.returncode, 0, f"terminate: {ended.stderr}")
    gone(login.id)
    login.reap()


def test_sessionctl_without_the_daemon():
    daemon.stop()
    done = sessionctl("list")
    check(done.returncode != 0 and done.stderr, f"sessionctl says that nobody answers: {done}")
    check(len(done.stderr.strip().splitlines()) == 1, f"in one line: {done.stderr}")


def register(*command, env=None):
    """sessionctl as alice, leading a session in which the command runs."""
    user = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups"]
    arguments = [*user, NODE, f"{LIBDIR}/sessionctl.cjs", "register", "--", *command]
    return subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL)


def registered():
    return poll("the registered session", lambda: list(sessions().values()))[0]


def holds(pid, identifier):
    """Whether the process has the write end of the session's FIFO, and nobody it executes would inherit it."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{fd}") == f"{RUN}/lifetime/{identifier}":
            flags = int(re.search(r"flags:\s*(\d+)", read(f"/proc/{pid}/fdinfo/{fd}"))[1], 8)
            equal(flags & (os.O_ACCMODE | os.O_CLOEXEC), os.O_WRONLY | os.O_CLOEXEC, "how the FIFO is open")
            return True
    return False


def test_register_runs_a_command_inside():
    path = "/home/alice/out"
    script = f"(cat /proc/self/cgroup; env) >{path}.new; mv {path}.new {path}; sleep 1000"
    environment = {"PATH": os.environ["PATH"], "XDG_SEAT": "seat9", "MINE": "kept", "EMPTY": ""}
    holder = register("sh", "-c", script, env=environment)
    output = poll("the command inside the session", lambda: read(path), 10).splitlines()
    found = registered()
    equal((found["uid"], found["state"], found["leader"]), (1000, "active", holder.pid), "the registered session")
    check(any(f"session-{found['id']}.scope" in line for line in output), f"the scope in {output}")
    for line in (f"XDG_SESSION_ID={found['id']}", "XDG_RUNTIME_DIR=/run/user/1000", "MINE=kept", "EMPTY="):
        check(line in output, f"{line} in {output}")
    check("XDG_SEAT=seat9" not in output, "what another session left is not inherited")
    holder.kill()
    holder.wait()
    poll("the session ends with its holder", lambda: all(s["state"] == "closing" for s in sessions().values()))
    call("TerminateSession", id=found["id"]) if sessions() else None
    nobody()


def test_register_holds_the_lifetime_fd_while_the_command_runs():
    holder = register("sh", "-c", "trap 'exit 7' TERM; sleep 1000 & wait")
    found = registered()
    command = poll("the command", lambda: [pid for pid in children(holder.pid) if children(pid)])[0]
    check(holds(holder.pid, found["id"]), "sessionctl holds the lifetime fd")
    check(not holds(command, found["id"]), "the command does not")
    explained = sessionctl("explain", found["id"], "--json").stdout
    named = {line["pid"]: line["holds"] for line in json.loads(explained)["holders"]}
    equal(named[holder.pid], ["leader", "scope", "lifetime"], f"what sessionctl holds by {explained}")
    check("lifetime" not in named[command], f"what the command holds by {explained}")
    daemon.kill()
    equal(session(found["id"])["state"], "active", "the session with the next daemon")
    os.kill(holder.pid, signal.SIGTERM)
    equal(holder.wait(10), 7, "the signal reached the command, and its status came back")
    poll("the end of the command ends the session", lambda: (session(found["id"]) or found)["state"] != "active")
    call("TerminateSession", id=found["id"]) if sessions() else None
    nobody()


def test_register_exits_with_the_status_of_the_command():
    for command, status in (
        (["sh", "-c", "exit 3", "--help"], 3),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["/nonexistent/command"], 127),
        (["/"], 126),
    ):
        equal(register(*command).wait(20), status, f"the status of {command}")
        nobody()


def test_register_without_the_daemon_runs_nothing():
    daemon.stop()
    done = sessionctl("register", "--", "touch", "/home/alice/out")
    equal(done.returncode, 4, "the status")
    check("no such socket; sessionmand does not run" in done.stderr, f"the reason in {done.stderr}")
    check(not os.path.exists("/home/alice/out"), "the command did not run")


BAD_FILES = {
    "kill_user_processes: maybe\n": ("kill_user_processes", ":1:"),
    "sessions_max: [1, 2]\n": ("sessions_max", ":1:"),
    "log: {level: info}\nno_such_key: 1\n": ("no_such_key", ":2:"),
    "runtime_directory:\n  size: -5\n": ("size", ":2:"),
    "log: {level: 'info\n": ("", ""),
    "- a\n- b\n": ("", ":1:"),
    "a: &a [*a, *a]\n": ("", ""),
}


@setting(config="sessions_max_per_user: 3\nstop_timeout: 1s\n")
def test_reload_with_a_bad_file_changes_nothing():
    login = Login("alice")
    for text, (key, place) in BAD_FILES.items():
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text)
        mark = len(daemon.log())
        os.kill(daemon.keeper.pid, signal.SIGHUP)
        said = poll(f"a word about {text!r}", lambda at=mark: CONFIG in daemon.log()[at:] and daemon.log()[at:])
        check(key in said and place in said, f"{text!r} is named with its place in {said!r}")
    equal(session(login.id)["state"], "active", "the session")
    check(Login("alice").id and Login("alice").id, "up to three sessions")
    equal(Login("alice").id, None, "the old limit still counts")
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write("sessions_max_per_user: 5\n")
    os.kill(daemon.keeper.pid, signal.SIGHUP)
    poll("the new limit counts", lambda: Login("alice").id)


@setting(start=False)
def test_start_with_a_bad_file():
    import subprocess

    from basics import KEEPER, LIBDIR, NODE

    for text, (key, place) in BAD_FILES.items():
        os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text)
        command = [KEEPER, "--node", NODE, "--daemon", f"{LIBDIR}/sessionmand.cjs", "--config", CONFIG]
        done = subprocess.run([*command, "--check-config"], capture_output=True, text=True, timeout=20, check=False)
        said = done.stdout + done.stderr
        check(done.returncode != 0, f"--check-config refuses {text!r}: {said}")
        check(CONFIG in said and key in said and place in said, f"{text!r} is named with its place in {said!r}")


@setting(config="limits:\n  default: {memory_max: 512M, pids_max: 100, cpu_weight: 50}\n  users: {bob: {pids_max: 7}}\n")
def test_limits_reach_the_slice_where_controllers_exist():
    from basics import cgroup_root, Skip

    controllers = read(f"{cgroup_root()}/cgroup.controllers").split()
    if "pids" not in controllers:
        Login("alice").close()
        raise Skip(f"this machine's cgroup v2 offers only: {' '.join(controllers) or 'no controllers'}")
    Login("alice")
    Login("bob")
    for uid, expected in ((1000, "100"), (1001, "7")):
        actual = read(f"{cgroup_root()}/user.slice/user-{uid}.slice/pids.max").strip()
        equal(actual, expected, f"pids.max of {uid}")
