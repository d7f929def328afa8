"""Users and their services: whose a service is, and what is said of those who linger."""

import os

from answers import everything_agrees
from basics import check, equal, poll
from clients import ALL, ELOGIND, NO_DATA, SYSTEMD, ask, differences, one
from control_socket import nobody, sessionctl
from machine import daemon
from services import backend, becomes, configuration, log_in

QUICK = """#!/bin/sh
case $1 in
run) echo up >"$2"; exec sleep 1000 ;;
ready) ;;
stop) kill "$2" ;;
esac
"""
SLOW = QUICK.replace("echo up", "sleep 1; echo up")


def restart_with(script, extra=""):
    daemon.stop()
    daemon.start(config=configuration(backend("own", script)) + extra)


def test_a_service_is_its_users_and_no_session_s():
    restart_with(QUICK)
    log_in("alice")
    pid = becomes(1000, "running")["pid"]
    expected = {
        "session": NO_DATA,
        "unit": "user@1000.service",
        "user_unit": "init.scope",
        "slice": "user-1000.slice",
        "user_slice": "-.slice",
        "owner_uid": "1000",
    }
    for library in SYSTEMD:
        found = differences(library, f"pid {pid}", expected, ask(library, "pid", pid)[f"pid {pid}"])
        check(not found, "\n".join(found))


def test_a_service_where_sessions_are_at_the_top():
    restart_with(QUICK, "cgroup: {layout: elogind}\n")
    log_in("alice")
    pid = becomes(1000, "running")["pid"]
    answers = ask(ELOGIND, "pid", pid)[f"pid {pid}"]
    check(answers["owner_uid"].startswith("-"), f"the owner of a service: {answers['owner_uid']}")
    check(not os.path.exists(f"/run/systemd/sessions/{answers['session']}"), f"it is in session {answers['session']}")


def test_a_login_that_waits_is_opening():
    restart_with(SLOW)
    login = log_in("alice", wait=False)
    becomes(1000, "starting")
    for library in ALL:
        check(one(library, "user", 1000)["state"] in ("offline", "opening"), f"{library}: a user who waits")
    login.wait_open()
    for library in ALL:
        equal(one(library, "user", 1000)["state"], "active", f"{library}: a user who has waited")
    everything_agrees({"alice": login.id})


def test_who_lingers():
    restart_with(QUICK)
    equal(sessionctl("linger", "enable", "alice").returncode, 0, "sessionctl linger enable")
    becomes(1000, "running")
    everything_agrees({})
    for library in ALL:
        equal(one(library, "user", 1000)["state"], "lingering", f"{library}: a user who lingers")
    login = log_in("alice")
    everything_agrees({"alice": login.id})
    login.close()
    poll("the session is gone", lambda: one(ELOGIND, "user", 1000)["state"] == "lingering")
    equal(sessionctl("linger", "disable", "alice").returncode, 0, "sessionctl linger disable")
    nobody()
    for library in ALL:
        equal(one(library, "user", 1000)["state"], "offline", f"{library}: a user who is gone")


