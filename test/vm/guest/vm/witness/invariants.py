"""What must hold of seats, devices and terminals whatever happens, found from the system itself.

The numbers are those of the list of invariants in safety.md. A finding is a sentence; none is good.
"""

import json
import os
import pwd
import subprocess
import time

import system
from login1 import state_file

READ_WRITE = 6
# What the tests log in on.
TERMINALS = (1, 2, 3, 4)


class Scene:
    """One look at everything. It takes a moment, so what is found amiss while something changes is looked at again."""

    def __init__(self, login1):
        self.vt = system.vt_in_front()
        self.sessions = login1.sessions()
        self.seat = login1.seat()
        self.devices = [(device, system.granted(device.node)) for device in system.user_devices()]
        self.holdings = system.holdings()
        self.clients = system.display_clients()
        self.terminals = {vt: system.terminal(vt) for vt in TERMINALS}

    def of_seat(self, seat):
        return {name: session for name, session in self.sessions.items() if session["Seat"][0] == seat}

    def active(self, seat="seat0"):
        """The id of the seat's active session as its sessions tell it, or None."""
        names = [name for name, session in self.of_seat(seat).items() if session["Active"]]
        return names[0] if names else None


def one_active_session(scene):  # I1
    for seat in {session["Seat"][0] for session in scene.sessions.values()} - {""}:
        names = [name for name, session in scene.of_seat(seat).items() if session["Active"]]
        if len(names) > 1:
            yield "I1: %s has the active sessions %s" % (seat, names)


def active_is_in_front(scene):  # I2
    here = [name for name, session in scene.sessions.items() if session["VTNr"] == scene.vt]
    living = [name for name in here if scene.sessions[name]["State"] != "closing"]
    active = scene.active()
    if active is not None and active not in here:
        yield "I2: session %s is active, in front is vt %d with %s" % (active, scene.vt, here)
    if active is None and living:
        yield "I2: no session is active although %s is on vt %d in front" % (living, scene.vt)
    if (scene.seat["ActiveSession"][0] or None) != active:
        yield "I2: seat0 names %r as active, the sessions %r" % (scene.seat["ActiveSession"][0], active)


def access(scene):  # I3, I4
    for device, users in scene.devices:
        if len(users) > 1:
            yield "I3: %s is open to the users %s" % (device.node, sorted(users))
        active = scene.active(device.seat)
        uid = scene.sessions[active]["User"][0] if active else None
        for user in set(users) - {uid}:
            yield "I3: %s is open to user %d, active is %s" % (device.node, user, uid)
        if uid and users.get(uid, 0) & READ_WRITE != READ_WRITE:
            yield "I4: %s is closed to the active user %d" % (device.node, uid)


def places(scene):  # I5, I6
    on = {}
    for name, session in scene.sessions.items():
        seat, vt = session["Seat"][0], session["VTNr"]
        if session["Remote"] and (seat or vt):
            yield "I5: session %s is remote and on seat %r, vt %d" % (name, seat, vt)
        if not seat and scene.seat["ActiveSession"][0] == name:
            yield "I5: session %s without seat is the active one of seat0" % name
        if vt and seat != "seat0":
            yield "I6: session %s has vt %d on seat %r" % (name, vt, seat)
        if vt and session["Class"] != "greeter" and session["State"] != "closing":
            on.setdefault(vt, []).append(name)
    for vt, names in on.items():
        if len(names) > 1:
            yield "I6: vt %d has the sessions %s" % (vt, names)


def devices_in_use(scene):  # I7, I8
    for held in scene.holdings:
        broker = held.uid == 0 and held.session is None
        if held.state != "live" or broker:
            continue
        session = scene.sessions.get(held.session)
        seat = session["Seat"][0] if session else ""
        if not seat or scene.active(seat) != held.session:
            yield "%s: process %d of user %d in session %s can use %s, active is %s" % (
                "I8" if "/dri/" in held.node else "I7", held.pid, held.uid, held.session, held.node, scene.active())
    masters = [client for client in scene.clients if client["master"]]
    brokered = [client for client in masters if system.session_of(client["pid"]) is None]
    if len({client["card"] for client in brokered}) != len(brokered):
        yield "I8: more than one master: %s" % masters
    for client in masters:
        session = system.session_of(client["pid"])
        if session is not None and session != scene.active():
            yield "I8: %s is master, active is session %s" % (client, scene.active())


def controlled(scene, vt):
    """Whether a display server is there: a process of the terminal's session that holds a device."""
    here = {name for name, session in scene.sessions.items() if session["VTNr"] == vt}
    return any(held.session in here for held in scene.holdings)


def terminals(scene, before):  # I31
    for vt, now in scene.terminals.items():
        if controlled(scene, vt):
            continue
        for key in ("mode", "keyboard", "switch"):
            if key in before[vt] and now[key] != before[vt][key]:
                yield "I31: nobody controls vt %d and its %s is %s, was %s" % (vt, key, now[key], before[vt][key])


def files(scene):
    """What sd-login tells is what the bus tells."""
    seat = state_file("seats", "seat0")
    active = scene.active()
    if seat.get("ACTIVE") != active:
        yield "seats/seat0 names %s as active, the bus %s" % (seat.get("ACTIVE"), active)
    uid = str(scene.sessions[active]["User"][0]) if active else None
    if seat.get("ACTIVE_UID") != uid:
        yield "seats/seat0 names user %s as active, the bus %s" % (seat.get("ACTIVE_UID"), uid)
    for name, session in scene.sessions.items():
        written = state_file("sessions", name)
        if written.get("ACTIVE") != str(int(session["Active"])) or written.get("STATE") != session["State"]:
            yield "sessions/%s says ACTIVE=%s STATE=%s, the bus %s %s" % (
                name, written.get("ACTIVE"), written.get("STATE"), session["Active"], session["State"])


def every(scene, before):
    found = [*one_active_session(scene), *active_is_in_front(scene), *access(scene), *places(scene),
             *devices_in_use(scene), *terminals(scene, before), *files(scene)]
    return found


def _output(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False).stdout


# systemd's own refuses a machine that systemd has not booted: here it runs where one seems to be.
_LOGINCTL = ("unshare -m sh -c 'mount -t tmpfs none /run/systemd/system 2>/dev/null || "
             "{ mkdir -p /run/systemd/system && mount -t tmpfs none /run/systemd/system; }; "
             "exec loginctl --no-pager --no-legend list-sessions'")


def tools(scene):
    """What the command lines show is what the bus tells."""
    told = {(name, session["User"][0], session["Seat"][0]) for name, session in scene.sessions.items()}
    listed = {(words[0], int(words[1]), words[3] if len(words) > 3 and words[3].startswith("seat") else "")
              for words in (line.split() for line in _output(_LOGINCTL).splitlines()) if words}
    if listed != told:
        yield "loginctl lists %s, the bus %s" % (sorted(listed), sorted(told))
    if not os.path.exists("/usr/bin/sessionctl"):
        return
    answer = _output("sessionctl list --json")
    shown = {(row["id"], row["user"], row["seat"] or "", row["vtnr"], row["state"]) for row in json.loads(answer or "[]")}
    told = {(name, pwd.getpwuid(session["User"][0]).pw_name, session["Seat"][0], session["VTNr"], session["State"])
            for name, session in scene.sessions.items()}
    if shown != told:
        yield "sessionctl lists %s, the bus %s" % (sorted(shown), sorted(told))


def settled(login1, before, patience, more=()):
    """Looks until nothing is amiss or patience is over. With what is, and how long that took."""
    start = time.monotonic()
    while True:
        scene = Scene(login1)
        found = every(scene, before)
        for rule in more:
            found += rule(scene)
        took = time.monotonic() - start
        # One device open to two users is wrong at any moment.
        if not found or took > patience or any("open to the users" in finding for finding in found):
            return found, took, scene
        time.sleep(0.1)
