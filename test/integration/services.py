"""What the tests of user services share: services of the sandbox's people, and what becomes of their managers."""

import os
import pwd
import shutil

from basics import alive, check, LIBDIR, poll, read, Skip
from control_socket import call, VarlinkError
from login import Login

LOG_FORMAT = "log: {level: debug, format: json}\n"


def configuration(backend, **more):
    """The text of a configuration with this backend and further members of user_services."""
    members = "".join(f", {name}: {value}" for name, value in more.items())
    return f"{LOG_FORMAT}user_services: {{backend: {backend}{members}}}\n"


def log_in(user, **more):
    """A login on a terminal: one without would be of class background, which starts no manager."""
    return Login(user, tty="pts/7", **more)


def need(*programs):
    for program in programs:
        if not shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"):
            raise Skip(f"no {program} here")


def write(path, text, mode=0o644, user=None):
    """Makes the file and its directories, for a user all of them below the home."""
    account = pwd.getpwnam(user) if user else None
    folder = os.path.dirname(path)
    missing = []
    while not os.path.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    if account:
        for each in [*missing, path]:
            os.chown(each, account.pw_uid, account.pw_gid)


def runit_service(user, name, run, checked=True):
    """A runit service of the user; with a check that waits until it has written its process id."""
    home = f"/home/{user}/.config/service/{name}"
    write(f"{home}/run", f'#!/bin/sh\necho $$ >"$XDG_RUNTIME_DIR/{name}.pid"\n{run}\n', 0o755, user)
    if checked:
        write(f"{home}/check", f'#!/bin/sh\ntest -s "$XDG_RUNTIME_DIR/{name}.pid"\n', 0o755, user)


def s6_service(user, name):
    write(f"/home/{user}/.config/s6/service/{name}/run", f'#!/bin/sh\necho $$ >"$XDG_RUNTIME_DIR/{name}.pid"\nexec sleep 1000\n', 0o755, user)


def dinit_service(user, name):
    home = f"/home/{user}/.config/dinit.d"
    script = f"{home}/{name}.sh"
    write(script, f'#!/bin/sh\necho $$ >"$XDG_RUNTIME_DIR/{name}.pid"\nexec sleep 1000\n', 0o755, user)
    text = f"type = process\ncommand = {script}\nbefore = login.target\n"
    write(f"{home}/{name}", text, user=user)
    write(f"{home}/boot.d/{name}", text, user=user)


def service_pid(uid, name):
    text = read(f"/run/user/{uid}/{name}.pid").strip()
    return int(text) if text else 0


def user_record(uid):
    try:
        return call("GetUser", uid=uid)["user"]
    except VarlinkError:
        return None


def manager(uid):
    record = user_record(uid)
    return record["manager"] if record else None


def becomes(uid, state, seconds=10):
    """Waits until the user's manager is in this state; returns it."""

    def there():
        now = manager(uid)
        return now if now is not None and now["state"] == state else None

    return poll(f"the manager of user {uid} is {state}, not {manager(uid)}", there, seconds)


def holders(uid):
    """The processes sessionman-run of this user."""
    found = []
    for name in os.listdir("/proc"):
        words = read(f"/proc/{name}/cmdline").split("\0") if name.isdigit() else [""]
        if words[0].endswith("/sessionman-run") and f"uid={uid}" in words and alive(int(name)):
            found.append(int(name))
    # its children are the same program for a moment
    return [pid for pid in found if not any(f"PPid:\t{other}\n" in read(f"/proc/{pid}/status") for other in found)]


def one_manager(uid):
    pids = holders(uid)
    check(len(pids) == 1, f"sessionman-run of user {uid}: {pids}")
    return pids[0]


def backend(name, text):
    """A backend of the administrator, given by its path."""
    path = f"/etc/sessionman/{name}"
    write(path, text, 0o755)
    return path


def shipped(name):
    return f"{LIBDIR}/backends/{name}"
