"""A system without cgroup v2: sessions have no scope, everything else works."""

import os

from basics import check, equal, poll
from control_socket import call, gone, nobody, session
from login import Login
from machine import daemon


def test_login_and_logout():
    login = Login("alice", tty="pts/7")
    equal((login.rc, login.env["XDG_RUNTIME_DIR"]), (0, "/run/user/1000"), "pam_open_session, XDG_RUNTIME_DIR")
    equal((session(login.id)["scope"], session(login.id)["state"]), (None, "active"), "scope, state")
    check(os.path.ismount("/run/user/1000"), "the runtime directory")
    login.close()
    gone(login.id)
    nobody()


def test_it_is_told():
    status = call("GetStatus")
    equal(status["cgroup"], None, "the cgroup of the status")
    check(any("cgroup" in line for line in status["degraded"]), f"what is lacking: {status['degraded']}")


def test_kill_of_the_login_program():
    login = Login("alice")
    login.kill()
    gone(login.id)


def test_daemon_killed():
    login, other = Login("alice"), Login("bob")
    daemon.kill()
    equal({s: session(s)["state"] for s in (login.id, other.id)}, {login.id: "active", other.id: "active"}, "sessions")
    daemon.kill_keeper()
    other.kill()
    daemon.start()
    equal(session(login.id)["leader"], login.pid, "the session that stayed")
    gone(other.id)


def test_nested_login_of_the_leader():
    login = Login("alice")
    login.order("again", "pamtester", "bob")
    rc, env = login.result()
    equal(rc, 0, "pam_open_session by the leader of a session")
    equal(env.get("XDG_RUNTIME_DIR", ""), "", "XDG_RUNTIME_DIR of another user")
    poll("one session", lambda: session(login.id)["state"] == "active")
