"""How a session begins and ends."""

import os
import re
import signal

from basics import alive, cgroup_of, cgroup_root, check, equal, poll, read, setting
from control_socket import call, gone, nobody, session, sessions, users
from login import Login
from machine import daemon


def test_login_has_its_session_before_the_answer():
    login = Login("alice", tty="pts/7")
    equal(login.rc, 0, "pam_open_session")
    equal(login.scope, f"/user.slice/user-1000.slice/session-{login.id}.scope", "cgroup of the leader at the answer")
    equal(login.env["XDG_RUNTIME_DIR"], "/run/user/1000", "XDG_RUNTIME_DIR")
    equal(login.env["XDG_SESSION_TYPE"], "tty", "XDG_SESSION_TYPE")
    equal(login.env["XDG_SESSION_CLASS"], "user", "XDG_SESSION_CLASS")
    check("XDG_SEAT" not in login.env and "XDG_VTNR" not in login.env, f"a pty has no seat: {login.env}")
    check(
        set(login.env) <= {"XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS", "XDG_RUNTIME_DIR"},
        f"nothing else is set: {login.env}",
    )
    record = session(login.id)
    equal((record["uid"], record["user"], record["leader"]), (1000, "alice", login.pid), "the session's record")
    equal(record["tty"], "pts/7", "the session's tty")


def test_logout():
    login = Login("alice")
    equal(login.close(), 0, "pam_close_session")
    check(login.close_seconds < 1, f"pam_close_session took {login.close_seconds:.2f} s")
    gone(login.id)
    nobody()
    check(not os.path.exists("/run/user/1000"), "the runtime directory is gone")
    check(not os.path.exists(f"{cgroup_root()}/user.slice/user-1000.slice"), "the user's slice is gone")


def test_end_of_the_login_program_without_close():
    login = Login("alice")
    login.leave()
    gone(login.id)


def test_kill_of_the_login_program():
    login = Login("alice")
    login.kill()
    gone(login.id)


def test_lifetime_fd_closed_while_the_leader_lives():
    login = Login("alice")
    reference = f"/run/sessionman/lifetime/{login.id}"
    child = login.spawn(["sleep", "1000"], 1000)
    held = [fd for fd in os.listdir(f"/proc/{login.pid}/fd") if os.readlink(f"/proc/{login.pid}/fd/{fd}") == reference]
    equal(len(held), 1, "lifetime descriptors of the leader")
    close_descriptor(login, int(held[0]))
    poll("the session closes", lambda: session(login.id)["state"] == "closing")
    check(alive(login.pid) and alive(child), "nobody was killed")
    os.kill(child, signal.SIGKILL)


def close_descriptor(login, fd):
    """Lets the login process close a descriptor of its own."""
    login.order("close-fd", fd)
    equal(login.result(), 0, "close of the lifetime descriptor")


def test_second_session_of_a_user_shares_the_directory():
    first, second = Login("alice"), Login("alice")
    check(first.id != second.id, "two sessions")
    equal(sorted(users()[1000]["sessions"]), sorted([first.id, second.id]), "sessions of alice")
    first.close()
    gone(first.id)
    check(os.path.ismount("/run/user/1000"), "the directory stays for the second session")
    second.close()
    nobody()


def test_ids_are_never_used_again():
    seen = set()
    for _ in range(5):
        login = Login("bob")
        check(login.id not in seen, f"id {login.id} came back")
        seen.add(login.id)
        login.close()
    nobody()  # a scope that is left would tell the next daemon its id
    daemon.kill()
    login = Login("bob")
    check(login.id not in seen, f"id {login.id} came back after a restart")


def test_processes_left_behind_keep_the_session_closing():
    login = Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    equal(cgroup_of(child), login.scope, "cgroup of the user's process")
    login.close()
    poll("closing", lambda: session(login.id)["state"] == "closing")
    equal(session(login.id)["closingReason"], "logout", "reason")
    check(alive(child), "the process lives on")
    check(os.path.ismount("/run/user/1000"), "the runtime directory stays while a process of the session lives")
    explained = call("Explain", id=login.id)
    equal([holder["pid"] for holder in explained["holders"]], [child], "processes that hold the session")
    os.kill(child, signal.SIGKILL)
    gone(login.id)
    nobody()


def ignored(pid):
    mask = int(re.search(r"^SigIgn:\s+(\w+)", read(f"/proc/{pid}/status"), re.M).group(1), 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


@setting(config="kill_user_processes: true\nstop_timeout: 1s\n")
def test_kill_user_processes():
    login = Login("alice")
    polite = login.spawn(["sleep", "1000"], 1000)
    stubborn = login.spawn(["sh", "-c", "trap '' TERM HUP; while :; do sleep 1000; done"], 1000)
    poll("the shell ignores TERM and HUP", lambda: ignored(stubborn) >= {1, 15})
    equal(login.close(), 0, "pam_close_session")
    gone(login.id)
    check(not alive(polite) and not alive(stubborn), "both processes were ended")


@setting(config="kill_user_processes: true\nstop_timeout: 1s\nkill_exclude_users: [root, bob]\n")
def test_kill_user_processes_spares_the_excluded():
    login = Login("bob")
    child = login.spawn(["sleep", "1000"], 1001)
    login.close()
    poll("closing", lambda: session(login.id)["state"] == "closing")
    check(alive(child), "bob's process lives on")


def test_terminate():
    login = Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    call("TerminateSession", id=login.id)
    gone(login.id)
    check(not alive(child), "the user's process was ended")
    check(not alive(login.pid), "the leader was ended")
    login.reap()


def test_root_and_greeter_and_background():
    root = Login("root", tty="pts/3")
    equal(root.env["XDG_SESSION_CLASS"], "user-early", "class of root on a tty")
    greeter = Login("bob", service="pamtester-greeter")
    equal(session(greeter.id)["class"], "greeter", "class of a greeter")
    equal(session(greeter.id)["type"], "x11", "type of a greeter")
    background = Login("carol", service="pamtester-background")
    equal(session(background.id)["class"], "background", "class from the module's argument")


def test_class_none_makes_no_session():
    login = Login("alice", service="pamtester-none")
    equal(login.rc, 0, "pam_open_session")
    equal((login.env, sessions()), ({}, {}), "environment and sessions")


def test_desktop_from_module_arguments():
    login = Login("alice", service="pamtester-desktop")
    record = session(login.id)
    equal((record["type"], record["class"], record["desktop"]), ("wayland", "user", "sway"), "type, class, desktop")
    equal(login.env["XDG_SESSION_DESKTOP"], "sway", "XDG_SESSION_DESKTOP")


def test_remote_hosts():
    rows = [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", False),
        ("LOCALHOST", False),
        ("localhost.localdomain", False),
        ("localhost.evil.example", True),
        ("192.0.2.7", True),
    ]
    for host, remote in rows:
        login = Login("alice", rhost=host)
        record = session(login.id)
        equal((record["remote"], record["remoteHost"]), (remote, host), f"remote of {host}")
        equal(record["seat"], None, f"seat of a login from {host}")
        login.close()


def test_environment_gives_nobody_a_seat():
    wishes = {"XDG_SEAT": "seat0", "XDG_VTNR": "1", "XDG_SESSION_TYPE": "wayland", "XDG_SESSION_CLASS": "greeter"}
    rows = [
        ({}, "background"),
        ({"rhost": "192.0.2.7"}, "background"),
        ({"tty": "pts/7"}, "user"),
        ({"tty": "ssh", "rhost": "192.0.2.7"}, "user"),
    ]
    for items, expected in rows:
        login = Login("alice", env=wishes, **items)
        record = session(login.id)
        equal((record["seat"], record["vtnr"]), (None, 0), f"seat and vt with {items}")
        equal(record["class"], expected, f"class with {items}, which a wish does not raise")
        login.close()


@setting(config="trusted_services: [pamtester]\n")
def test_trusted_service_gives_a_seat_to_local_logins():
    wishes = {"XDG_SEAT": "seat0", "XDG_VTNR": "33"}
    local = Login("alice", env=wishes)
    equal((session(local.id)["seat"], session(local.id)["vtnr"]), ("seat0", 33), "seat of a local login")
    equal((local.env["XDG_SEAT"], local.env["XDG_VTNR"]), ("seat0", "33"), "the environment")
    remote = Login("bob", env=wishes, rhost="192.0.2.7")
    equal((session(remote.id)["seat"], session(remote.id)["vtnr"]), (None, 0), "seat of a remote login")


@setting(config="sessions_max_per_user: 2\n")
def test_limit_of_sessions():
    for _ in range(2):
        check(Login("alice").id, "within the limit")
    over = Login("alice")
    equal((over.rc, over.id), (0, None), "the login goes on without a session")
    check(Login("bob").id, "another user is not concerned")
    check(Login("root").id, "nor is root")
