"""kill -9 of the daemon at each system call of a login and a logout, one after the other.

strace kills the daemon at the n-th call of one kind; n grows until login and logout get through untouched.
"""

import contextlib
import re
import shutil
import subprocess

from checker import Checker
from basics import check, equal, poll, read, setting, Skip
from control_socket import patient_call
from login import Login
from machine import daemon

CALLS = (
    "accept4 recvmsg sendmsg openat write rename close unlink mkdir rmdir mknodat mount umount2 pidfd_open "
    "inotify_add_watch"
).split()

# Questions on the control socket make some of these calls too, so their moments have no end of their own.
MOMENTS_MAX = {"accept4": 10, "recvmsg": 10, "sendmsg": 10, "close": 36}

# A scope that is empty at logout needs no watch.
LEFT_BEHIND = {"inotify_add_watch": ["sleep", "2"]}


@contextlib.contextmanager
def killed_at(name, number):
    pid = daemon.pid
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-p", str(pid), "-e", f"trace={name}", "-o", "/dev/null"]
        + ["-e", f"inject={name}:signal=SIGKILL:when={number}"],
        stderr=subprocess.DEVNULL,
    )
    attached = re.compile(rf"^TracerPid:\s+{tracer.pid}$", re.M)
    poll("strace has the daemon", lambda: attached.search(read(f"/proc/{pid}/status")))
    try:
        yield
    finally:
        tracer.terminate()
        try:
            tracer.wait(5)
        except subprocess.TimeoutExpired:  # strace sometimes misses the end of a process that it has killed
            tracer.kill()
            tracer.wait()


def sessions():
    return {session["id"]: session for session in patient_call("ListSessions")["sessions"]}


def login_and_logout(what, checker, leaves_behind):
    login = Login("alice", tty="pts/1")
    check(login.rc == 0 and login.id, f"{what}: the login got {login.rc} {login.env}")
    found = sessions().get(login.id)
    check(found and found["state"] == "active", f"{what}: the session after the login is {found}")
    equal(found["leader"], login.pid, f"{what}: its leader")
    equal(login.env["XDG_RUNTIME_DIR"], "/run/user/1000", f"{what}: XDG_RUNTIME_DIR")
    equal(checker.wait(), [], f"{what}: what the checker says of the session")
    if leaves_behind:
        login.spawn(leaves_behind, 1000)
    equal(login.close(), 0, f"{what}: pam_close_session")
    poll(f"{what}: no session is left", lambda: not sessions(), 10)
    poll(f"{what}: no user is left", lambda: not patient_call("ListUsers")["users"], 10)
    equal(checker.wait(), [], f"{what}: what the checker says at the end")


def sweep(name):
    number = 0
    killed = True
    while killed and number < MOMENTS_MAX.get(name, 100):
        number += 1
        daemon.start()
        checker = Checker(patient_call, lambda: [daemon.pid, daemon.keeper.pid])
        Login("bob").close()
        poll("bob is gone", lambda: not patient_call("ListUsers")["users"])
        pid = daemon.pid
        with killed_at(name, number):
            login_and_logout(f"kill at {name} {number}", checker, LEFT_BEHIND.get(name))
            killed = daemon.pid != pid
        daemon.stop()
    print(f"     {name}: {number - 1} moments", flush=True)
    check(number > 1, f"a login makes no {name} call: the sweep misses something")


def make_test(name):
    @setting(start=False, checked=False)
    def test():
        if not shutil.which("strace"):
            raise Skip("no strace")
        sweep(name)

    test.__module__ = __name__
    return test


for call_name in CALLS:
    globals()[f"test_kill_at_{call_name}"] = make_test(call_name)
