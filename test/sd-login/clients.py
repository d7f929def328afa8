"""The clients on the real libraries, and what sessionctl says in their words."""

import json
import os
import subprocess

from basics import TREE, check, read
from control_socket import sessionctl

OUT = f"{TREE}/build/sd-login"
SYSTEMD = ("libsystemd-252", "libsystemd-257")
ELOGIND = "libelogind-246"
ALL = (*SYSTEMD, ELOGIND)

NO_DATA, NO_SUCH_THING, INVALID = "-ENODATA", "-ENXIO", "-EINVAL"


def ask(library, *arguments):
    """What the client prints: {thing: {question: answer}}."""
    command = [f"{OUT}/{library}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    check(done.returncode == 0, f"{' '.join(command)}: status {done.returncode}: {done.stderr}")
    return parse(done.stdout)


def parse(output):
    things = {}
    for line in output.splitlines():
        thing, question, answer = line.split("\t", 2)
        things.setdefault(thing, {})[question] = answer
    return things


def one(library, verb, name):
    return ask(library, verb, name)[str(name)]


def told():
    """Sessions and users as sessionctl lists them."""
    sessions = json.loads(sessionctl("list", "--json").stdout)
    users = json.loads(sessionctl("users", "--json").stdout)
    return {s["id"]: s for s in sessions}, {u["uid"]: u for u in users}


def expected_session(session):
    """What a client must say of a session that sessionctl describes so."""
    seat = None if session["state"] == "closing" else session["seat"]
    active = session["seat"] is None or session["state"] == "active"
    return {
        "state": session["state"],
        "type": session["type"],
        "class": session["class"],
        "service": session["service"] or NO_DATA,
        "desktop": session["desktop"] or NO_DATA,
        "display": session["display"] or NO_DATA,
        "tty": session["tty"] or NO_DATA,
        "seat": seat or NO_DATA,
        "vt": str(session["vtnr"]) if seat and session["vtnr"] else NO_DATA,
        "remoteHost": session["remoteHost"] or NO_DATA,
        "remoteUser": session["remoteUser"] or NO_DATA,
        "uid": str(session["uid"]),
        "user": session["user"],
        "active": str(int(active)),
        "remote": str(int(session["remote"])),
        "leader": str(session["leader"]),
        "start": str(session["createdRealtime"]),
    }


def expected_user(user, sessions):
    """display is decided by rules that sessionctl does not tell: the tests say it themselves."""
    own = [sessions[identifier] for identifier in user["sessions"]]
    online = [s for s in own if s["state"] != "closing"]
    active = [s for s in online if s["state"] == "active" or s["seat"] is None]
    lists = {"": online, "online": online, "active": active}
    seats = {kind: " ".join(sorted({s["seat"] for s in members if s["seat"]})) for kind, members in lists.items()}
    return {
        "state": user["state"],
        "sessions": " ".join(s["id"] for s in own),
        "onlineSessions": " ".join(s["id"] for s in online),
        "activeSessions": " ".join(s["id"] for s in active),
        "seats": seats[""],
        "onlineSeats": seats["online"],
        "activeSeats": seats["active"],
        "isOnSeat0": str(int("seat0" in seats["online"])),
        "hasSeat0": str(int("seat0" in seats["active"])),
        "loginTime": str(user["createdRealtime"]) if user["state"] in ("active", "online") else NO_SUCH_THING,
    }


def expected_seat(sessions):
    seated = [s for s in sessions.values() if s["seat"] == "seat0" and s["state"] != "closing"]
    seated.sort(key=lambda s: int(s["id"]))
    active = [s for s in seated if s["state"] == "active"]
    return {
        "active": active[0]["id"] if active else NO_DATA,
        "activeUid": str(active[0]["uid"]) if active else NO_DATA,
        "sessions": " ".join(s["id"] for s in seated),
        "uids": " ".join(str(s["uid"]) for s in seated),
        "canTty": str(int(os.path.exists("/sys/class/tty/tty0/active"))),
        "canGraphical": "0",
        "canMultiSession": "1",
    }


def foreground():
    """The virtual terminal on the screen, 0 if there is none."""
    name = read("/sys/class/tty/tty0/active").strip()
    return int(name[3:]) if name.startswith("tty") else 0


def differences(library, thing, expected, answers):
    """Functions that the library does not have are not answered, and that is not wrong."""
    missing = [] if answers else [f"{library}: {thing}: nothing is said"]
    return missing + [
        f"{library}: {thing}: {question} is {answers[question]!r}, expected {value!r}"
        for question, value in expected.items()
        if question in answers and answers[question] != value
    ]
