"""Proves that the system is as sessionmand says: the daemon's answers, its files, /proc, cgroups and mounts agree.

Shares no code and no language with the daemon. Each function named for an invariant returns a list of sentences,
one per violation. The numbers are those of the project's list of invariants:

I5   a remote session has no seat and no VT; nothing but the foreground of its seat makes a seated session active
I6   a VT means seat0, and one session besides greeters has it
I9   /run/user/UID is there exactly while the user is
I10  it belongs to the user alone: one tmpfs, 0700, nosuid, nodev
I11  a session that is not closing has a living leader or a holder of its lifetime FIFO
I12  its holder gone, it is closing or gone (I11, asked until 5 s are over)
I13  no cgroup outlives its session
I14  every cgroup below user.slice belongs to one record
I15  every process of a scope got there by its own login or by fork
I16  a user has one service manager at most, and none without a session or lingering
I17  a user is known exactly while a session of theirs is, or the user lingers
I18  no session id is used twice within a boot
I19  the records on disk say what the daemon says
I25  descriptors of keeper and daemon are a function of the number of sessions
I26  no user process has a descriptor of theirs but the lifetime FIFO
"""

import json
import os
import re
import stat
import time
import zlib

from system_view import (
    RUN,
    RUNTIME,
    View,
    descriptors,
    group_of,
    is_alive,
    lifetime_holders,
    parent_of,
    processes,
    read,
    runtime_mounts,
    uids_of,
)

# What Node and the keeper have open without any session, measured, with room for a few connections.
FDS_AT_REST = 34
FDS_PER_SESSION = 2


def i5(view):
    for s in view.sessions.values():
        if s["remote"] and (s["seat"] is not None or s["vtnr"] != 0):
            yield f"I5: remote session {s['id']} has seat {s['seat']} vt {s['vtnr']}"
        if s["seat"] is not None and s["state"] == "active":
            foreground = read("/sys/class/tty/tty0/active").strip()
            if f"tty{s['vtnr']}" != foreground:
                yield f"I5: session {s['id']} on vt {s['vtnr']} is active, but {foreground} is in the foreground"


def i6(view):
    holders = {}
    for s in view.sessions.values():
        if s["vtnr"] and s["seat"] != "seat0":
            yield f"I6: session {s['id']} has vt {s['vtnr']} on seat {s['seat']}"
        if s["vtnr"] and s["class"] != "greeter" and s["state"] != "closing":
            holders.setdefault(s["vtnr"], []).append(s["id"])
    for vt, ids in holders.items():
        if len(ids) > 1:
            yield f"I6: vt {vt} belongs to sessions {ids}"


def i9(view):
    mounted = {name for name, *_ in runtime_mounts()}
    listed = set(os.listdir(RUNTIME)) if os.path.isdir(RUNTIME) else set()
    known = {str(uid) for uid, user in view.users.items() if user["runtimeDirectory"]}
    if mounted != known:
        yield f"I9: mounted below {RUNTIME}: {sorted(mounted)}, users with a directory: {sorted(known)}"
    if listed - known:
        yield f"I9: left below {RUNTIME}: {sorted(listed - known)}"


def i10(view):
    seen = {}
    for name, options, kind, _ in runtime_mounts():
        seen[name] = seen.get(name, 0) + 1
        user = view.users.get(int(name)) if name.isdigit() else None
        try:
            info = os.lstat(f"{RUNTIME}/{name}")
        except FileNotFoundError:
            # unmounted meanwhile: i9 says whether it should be there
            continue
        if kind != "tmpfs" or not {"nosuid", "nodev"} <= set(options.split(",")):
            yield f"I10: {RUNTIME}/{name} is {kind} with {options}"
        if stat.S_IMODE(info.st_mode) != 0o700 or (info.st_uid, info.st_gid) != (
            int(name),
            user["gid"] if user else info.st_gid,
        ):
            yield f"I10: {RUNTIME}/{name} has mode {info.st_mode:o}, owner {info.st_uid}:{info.st_gid}"
    for name, layers in seen.items():
        if layers != 1:
            yield f"I10: {layers} mounts on {RUNTIME}/{name}"


def i11(view):
    holders = lifetime_holders(view.daemon_pids)
    for s in view.sessions.values():
        if s["state"] in ("online", "active") and not is_alive(s["leader"]) and s["id"] not in holders:
            yield f"I11/I12: session {s['id']} is {s['state']}, its leader {s['leader']} and its holders are gone"


def i13(view):
    for identifier, (_, path) in view.scopes.items():
        if identifier not in view.sessions:
            yield f"I13: {path} has outlived its session"
    for uid, path in view.slices.items():
        if uid not in view.users:
            yield f"I13: {path} has outlived its user"


def i14(view):
    for name in view.strangers:
        yield f"I14: {name} below user.slice belongs to no record"
    for s in view.sessions.values():
        if s["scope"] is None:
            continue
        if s["id"] not in view.scopes or view.scopes[s["id"]][0] != s["uid"]:
            yield f"I14: session {s['id']} of uid {s['uid']} says {s['scope']}, which is not there"
        elif not view.scopes[s["id"]][1].endswith(s["scope"]) and s["scope"] != view.scopes[s["id"]][1]:
            yield f"I14: session {s['id']} says {s['scope']}, its scope is {view.scopes[s['id']][1]}"


def i15(view):
    scope_of = {pid: identifier for identifier in view.scopes for pid in view.members(identifier)}
    leaders = {s["leader"]: s["id"] for s in view.sessions.values() if s["state"] != "closing"}
    for pid, identifier in scope_of.items():
        if pid in view.daemon_pids:
            yield f"I15: process {pid} of sessionmand is in session {identifier}"
        if pid in leaders and leaders[pid] != identifier and is_alive(pid):
            yield f"I15: the leader {pid} of session {leaders[pid]} is in the scope of {identifier}"
        parent = scope_of.get(parent_of(pid))
        if parent not in (None, identifier) and pid not in leaders:
            yield f"I15: process {pid} of session {identifier} is a child of session {parent}"
    for uid, path in view.managers.items():
        for pid in view.inside(path):
            if is_alive(pid) and uid not in uids_of(pid):
                yield f"I15: process {pid} in {path} has uids {uids_of(pid)}"
    for pid, identifier in leaders.items():
        session = view.sessions[identifier]
        if session["scope"] and session["state"] != "opening" and is_alive(pid) and pid not in scope_of:
            yield f"I15: the leader {pid} of session {identifier} is in {group_of(pid)}"


def i16(view):
    runners = {}
    for pid in processes():
        words = read(f"/proc/{pid}/cmdline").split("\0")
        # What they are forks of is for nobody.
        if words[1:2] == ["serve"]:
            continue
        if words[0].endswith("/sessionman-run") and is_alive(pid) and parent_of(pid) in (1, *view.daemon_pids):
            uid = next((word[4:] for word in words if word.startswith("uid=")), "?")
            runners.setdefault(uid, []).append(pid)
    for uid, pids in runners.items():
        if len(pids) > 1:
            yield f"I16: user {uid} has {len(pids)} of sessionman-run: {pids}"
    up = {str(uid) for uid, user in view.users.items() if (user["manager"] or {"state": "failed"})["state"] != "failed"}
    if set(runners) != up:
        yield f"I16: sessionman-run for {sorted(runners)}, users with a manager {sorted(up)}"
    for uid, path in {**view.managers, **view.holders}.items():
        if str(uid) not in up:
            yield f"I16: {path} is there, and user {uid} has no manager"


def i17(view):
    owners = {s["uid"] for s in view.sessions.values()}
    lingering = {uid for uid, user in view.users.items() if user["linger"]}
    if set(view.users) != owners | lingering:
        yield f"I17: users {sorted(view.users)}, owners of sessions {sorted(owners)}, lingering {sorted(lingering)}"
    for uid, user in view.users.items():
        own = sorted(s["id"] for s in view.sessions.values() if s["uid"] == uid)
        if sorted(user["sessions"]) != own:
            yield f"I17: user {uid} lists {user['sessions']}, owns {own}"
    recorded = {name for name in os.listdir(f"{RUN}/users") if name.isdigit()}
    if recorded != {str(uid) for uid in view.users}:
        yield f"I17: records of users {sorted(recorded)}, users {sorted(view.users)}"


SAME_NAMES = ("uid", "user", "type", "class", "desktop", "service", "seat", "vtnr", "tty", "display")


def i19(view):
    recorded = {name for name in os.listdir(f"{RUN}/sessions") if name.isdigit()}
    if recorded != set(view.sessions):
        yield f"I19: records of sessions {sorted(recorded)}, sessions {sorted(view.sessions)}"
    for identifier in recorded & set(view.sessions):
        yield from same_record(view.sessions[identifier], read(f"{RUN}/sessions/{identifier}"))


def same_record(told, text):
    where = f"I19: record of session {told['id']}"
    try:
        document = json.loads(text)
    except ValueError:
        yield f"{where} is not JSON: {text[:80]!r}"
        return
    record = document.get("record", {})
    if zlib.crc32(text[text.index('"record":') + 9 : text.rindex("}")].encode()) != document.get("checksum"):
        yield f"{where}: the checksum {document.get('checksum')} is wrong"
    for name in SAME_NAMES:
        if record.get(name) != told[name]:
            yield f"{where}: {name} is {record.get(name)!r}, told {told[name]!r}"
    if record.get("leader", {}).get("pid") != told["leader"]:
        yield f"{where}: leader is {record.get('leader')}, told {told['leader']}"
    phase = "running" if told["state"] in ("online", "active") else told["state"]
    if record.get("stage", {}).get("phase") != phase:
        yield f"{where}: stage is {record.get('stage')}, told {told['state']}"


def i26(view):
    private = {
        target
        for pid in view.daemon_pids
        for target, _ in descriptors(pid).values()
        if target.startswith("socket:")
    }
    groups = {f"session {identifier}": path for identifier, (_, path) in view.scopes.items()}
    groups |= {f"the manager of user {uid}": path for uid, path in view.managers.items()}
    for owner, path in groups.items():
        for pid in view.inside(path):
            for fd, (target, flags) in descriptors(pid).items():
                lifetime = re.fullmatch(rf"{RUN}/lifetime/\d+", target)
                if lifetime and flags & os.O_ACCMODE == os.O_WRONLY:
                    continue
                if target in private or target.startswith(RUN):
                    yield f"I26: process {pid} of {owner} has {target} as {fd}"


class Checker:
    """Remembers what one boot has seen: ids may not come back."""

    RULES = (i5, i6, i9, i10, i11, i13, i14, i15, i16, i17, i19, i26)

    def __init__(self, varlink_call, daemon_pids):
        self.call = varlink_call
        self.daemon_pids = daemon_pids
        self.births = {}

    def i18(self, view):
        for s in view.sessions.values():
            birth = (s["uid"], s["createdRealtime"])
            if self.births.setdefault(s["id"], birth) != birth:
                yield f"I18: session id {s['id']} was used twice: {self.births[s['id']]}, {birth}"

    @staticmethod
    def i25(view):
        for pid in view.daemon_pids:
            count = len(descriptors(pid))
            most = FDS_AT_REST + FDS_PER_SESSION * len(view.sessions) + len(view.users)
            if count > most:
                yield f"I25: process {pid} has {count} descriptors, {most} expected at most"

    def violations(self):
        view = View(self.call, self.daemon_pids())
        found = [text for rule in self.RULES for text in rule(view)]
        return found + list(self.i18(view)) + list(self.i25(view))

    def wait(self, seconds=5.0):
        """Violations that last: things may be under way for a moment."""
        end = time.monotonic() + seconds
        while True:
            found = self.violations()
            if not found or time.monotonic() > end:
                return found
            time.sleep(0.05)
