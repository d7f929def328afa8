"""What the checker looks at: the daemon's answers beside /proc, cgroups and mounts. Shares nothing with the daemon."""

import os
import re

RUN = "/run/sessionman"
RUNTIME = "/run/user"


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent_of(pid):
    match = re.search(r"^PPid:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
    return int(match.group(1)) if match else 0


def is_alive(pid):
    return re.search(r"^State:\s+[^ZX]", read(f"/proc/{pid}/status"), re.M) is not None


def uids_of(pid):
    """Real and effective user id; both -1 when the process is gone."""
    match = re.search(r"^Uid:\s+(\d+)\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
    return (int(match.group(1)), int(match.group(2))) if match else (-1, -1)


def group_of(pid):
    match = re.search(r"^0::(.*)$", read(f"/proc/{pid}/cgroup"), re.M)
    return match.group(1) if match else ""


def descriptors(pid):
    """What each open descriptor of the process is: {fd: (target, flags)}."""
    found = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        flags = re.search(r"^flags:\s+(\d+)", read(f"/proc/{pid}/fdinfo/{name}"), re.M)
        found[int(name)] = (target, int(flags.group(1), 8) if flags else 0)
    return found


def runtime_mounts():
    """Mounts directly below /run/user, with their options: [(uid text, options, file system, super options)]."""
    found = []
    for line in read("/proc/self/mountinfo").splitlines():
        fields = line.split()
        target = fields[4]
        if os.path.dirname(target) == RUNTIME:
            dash = fields.index("-")
            found.append((os.path.basename(target), fields[5], fields[dash + 1], fields[dash + 3]))
    return found


class View:
    """Everything at one moment, as the daemon tells it and as the kernel shows it."""

    def __init__(self, varlink_call, daemon_pids):
        self.sessions = {s["id"]: s for s in varlink_call("ListSessions")["sessions"]}
        self.users = {u["uid"]: u for u in varlink_call("ListUsers")["users"]}
        self.daemon_pids = [pid for pid in daemon_pids if pid]
        match = re.search(r"^\S+ (\S+) cgroup2 ", read("/proc/self/mounts"), re.M)
        self.cgroup = match.group(1) if match else None
        self.scopes, self.slices, self.strangers = {}, {}, []
        self.managers, self.holders = {}, {}
        self.read_groups()

    def read_groups(self):
        top = f"{self.cgroup}/user.slice" if self.cgroup else ""
        if not os.path.isdir(top):
            return
        for slice_name in self.directories(top):
            match = re.fullmatch(r"user-(\d+)\.slice", slice_name)
            if not match:
                self.strangers.append(slice_name)
                continue
            uid = int(match.group(1))
            self.slices[uid] = f"{top}/{slice_name}"
            for name in self.directories(f"{top}/{slice_name}"):
                scope = re.fullmatch(r"session-(\d+)\.scope", name)
                if scope:
                    self.scopes[scope.group(1)] = (uid, f"{top}/{slice_name}/{name}")
                elif name == f"user@{uid}.service":
                    self.managers[uid] = f"{top}/{slice_name}/{name}"
                elif name == f"sessionman-run@{uid}.service":
                    self.holders[uid] = f"{top}/{slice_name}/{name}"
                else:
                    self.strangers.append(f"{slice_name}/{name}")

    @staticmethod
    def directories(path):
        try:
            return [entry.name for entry in os.scandir(path) if entry.is_dir()]
        except OSError:
            return []

    def members(self, identifier):
        return self.inside(self.scopes[identifier][1]) if identifier in self.scopes else []

    @staticmethod
    def inside(path):
        found = []
        for directory, _, _ in os.walk(path):
            found += [int(pid) for pid in read(f"{directory}/cgroup.procs").split()]
        return found


def lifetime_holders(excluded):
    """{session id: [pids that can write to its FIFO]}"""
    holders = {}
    for pid in processes():
        if pid in excluded:
            continue
        for target, flags in descriptors(pid).values():
            match = re.fullmatch(rf"{RUN}/lifetime/(\d+)", target)
            if match and flags & os.O_ACCMODE != os.O_RDONLY:
                holders.setdefault(match.group(1), []).append(pid)
    return holders
