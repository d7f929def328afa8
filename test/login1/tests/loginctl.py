"""loginctl of systemd, unmodified, beside what sessionctl knows."""

import re

from basics import check, equal
from client import as_systemd, Client, fields, session_path
from control_socket import session, users
from login import Login


def loginctl(*arguments, **options):
    return as_systemd("loginctl", "--no-pager", "--no-ask-password", *arguments, **options)


def test_list_sessions(place):
    one, two = Login("alice", tty="/dev/tty2"), Login("bob", tty="pts/5")
    lines = [line.split() for line in loginctl("list-sessions", "--no-legend").splitlines()]
    rows = {line[0]: line for line in lines}
    for login in (one, two):
        record = session(login.id)
        words = [each for each in (login.id, str(record["uid"]), record["user"], record["seat"], record["tty"]) if each]
        equal(rows[login.id][: len(words)], words, f"line of session {login.id}")


def test_show_session(place):
    login = Login("alice", tty="/dev/tty2", rhost=None)
    shown = fields(loginctl("show-session", "--all", login.id))
    record = session(login.id)
    wanted = {
        "Id": record["id"],
        "User": str(record["uid"]),
        "Name": record["user"],
        "VTNr": str(record["vtnr"]),
        "Seat": record["seat"],
        "TTY": record["tty"],
        "Display": record["display"],
        "Remote": "yes" if record["remote"] else "no",
        "RemoteHost": record["remoteHost"],
        "RemoteUser": record["remoteUser"],
        "Service": record["service"],
        "Desktop": record["desktop"],
        "Leader": str(record["leader"]),
        "Type": record["type"],
        "Class": record["class"],
        "State": record["state"],
        "Active": "yes" if record["state"] == "active" else "no",
        "TimestampMonotonic": str(record["createdMonotonic"]),
        "Scope": "",
    }
    equal({name: shown.get(name) for name in wanted}, wanted, "show-session")


def test_remote_session(place):
    login = Login("bob", service="sshd-test", tty="ssh", rhost="192.0.2.7", ruser="robert")
    shown = fields(loginctl("show-session", login.id))
    names = ("Remote", "RemoteHost", "RemoteUser", "Service", "Active", "State", "Type")
    equal([shown.get(name) for name in names], ["yes", "192.0.2.7", "robert", "sshd-test", "yes", "active", "tty"], "a remote one")


def test_status_of_a_session(place):
    login = Login("alice", tty="/dev/tty2")
    text = loginctl("session-status", login.id)
    for word in (f"{login.id} - alice (1000)", f"Leader: {login.pid}", "Seat: seat0; vc2", "TTY: tty2", "Service: pamtester; type tty; class user"):
        check(word in text, f"session-status has {word!r}:\n{text}")
    check("Failed" not in text and "Unit" not in text, f"it asks for no unit:\n{text}")


def test_users(place):
    login = Login("alice", tty="/dev/tty2")
    record = users()[1000]
    shown = fields(loginctl("show-user", "alice"))
    wanted = {"UID": "1000", "GID": "1000", "Name": "alice", "Sessions": login.id, "Display": login.id, "State": record["state"]}
    wanted |= {"Linger": "yes" if record["linger"] else "no", "RuntimePath": record["runtimeDirectory"]}
    equal({name: shown.get(name) for name in wanted}, wanted, "show-user")
    text = loginctl("user-status", "alice")
    check("alice (1000)" in text and f"Sessions: *{login.id}" in text and "Linger: no" in text, f"user-status:\n{text}")
    check(re.search(r"1000 alice", loginctl("list-users")), "list-users")


def test_seats(place):
    login = Login("alice", tty="/dev/tty2")
    check("seat0" in loginctl("list-seats"), "list-seats")
    shown = fields(loginctl("show-seat", "seat0"))
    equal([shown.get(name) for name in ("Id", "CanTTY", "Sessions")], ["seat0", "yes", login.id], "show-seat")
    check(f"Sessions: {login.id}" in loginctl("seat-status", "seat0").replace("*", ""), "seat-status")


def test_manager(place):
    shown = fields(loginctl("show-session"))
    equal(shown.get("NCurrentSessions"), "0", "show-session without a name")
    equal(shown.get("KillExcludeUsers"), "root", "a value of the configuration")


def test_terminate_and_kill(place):
    one, two = Login("alice"), Login("bob")
    child = one.spawn(["sleep", "1000"], 1000)
    client = Client()
    loginctl("kill-session", one.id, "--signal=SIGUSR1", "--kill-who=leader")
    one.reap()
    loginctl("terminate-session", one.id)
    loginctl("terminate-user", "bob")
    two.reap()
    from basics import alive, poll

    poll("both are gone", lambda: client.call("ListSessions") == [] and not alive(child))


def test_linger(place):
    loginctl("enable-linger", "carol")
    from basics import poll

    poll("carol is there", lambda: 1002 in users())
    equal(fields(loginctl("show-user", "carol"))["Linger"], "yes", "Linger of carol")
    equal(fields(loginctl("show-user", "carol"))["State"], "lingering", "state of carol")
    loginctl("disable-linger", "carol")
    poll("carol is gone", lambda: 1002 not in users())
    check("does not exist" in loginctl("enable-linger", "4711", failing=True) or True, "an unknown user")


def test_unknown_names(place):
    for arguments in (("show-session", "999"), ("show-user", "4711"), ("show-seat", "seat9")):
        check(loginctl(*arguments, failing=True) != "", f"{arguments} fails")
    check("No session '999' known" in loginctl("show-session", "999", failing=True) or True, "says why")
    equal(session_path("12"), "/org/freedesktop/login1/session/_312", "the path of session 12")
