"""Runs the tests, each with a fresh daemon, and the checker after each."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys

import basics
import control_socket
from checker import Checker
from login import Login
from machine import daemon
from basics import cgroup_root, Failed, poll, read, Skip
from running import find_tests, Suite

MODULES = ("sessions", "programs", "nested", "runtime_directory", "control", "crash", "damage", "hostile", "floods", "pam", "limits", "load", "services", "lingering", "bad_backends")
MODULES_ON_HYBRID = ("sessions",)
MODULES_WITHOUT_CGROUP = ("no_cgroup",)
# Besides, in these two layouts: for the sake of time only what has the setting "everywhere", unless it is named.
MODULES_EVERYWHERE = ("services", "lingering", "bad_backends")
SECONDS = 90
SECONDS_OF_A_SWEEP = 600


def modules(words):
    if "sweep" in words:
        return ("sweep",)
    root = cgroup_root()
    if root is None:
        return MODULES_WITHOUT_CGROUP + MODULES_EVERYWHERE
    return MODULES_ON_HYBRID + MODULES_EVERYWHERE if root.endswith("/unified") else MODULES


def is_due(module, function, words):
    """Whether the test is run in this layout: those that are named always are."""
    asked = getattr(function, "setting", {})
    if words or asked.get("named"):
        return bool(words)
    if module not in MODULES_EVERYWHERE or modules(words) == MODULES:
        return True
    return asked.get("everywhere", False) and not (asked.get("cgroup") and cgroup_root() is None)


def due_tests(words):
    named = [word for word in words if word != "sweep"]
    for name in modules(words):
        for label, function in find_tests([f"tests.{name}"], named):
            if is_due(name, function, words):
                yield label, function


def others():
    """Processes of the sandbox that are neither the first two nor this program."""
    known = {1, 2, os.getpid()}
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in known]


def reset():
    """The sandbox as it was at first, whatever a test has left."""
    Login.end_all()
    for pid in others():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if daemon.keeper:
        daemon.keeper.wait()
        daemon.keeper = None
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    poll("all processes end", lambda: not [pid for pid in others() if basics.alive(pid)])
    for _ in range(4):
        for line in reversed(read("/proc/self/mounts").splitlines()):
            target = line.split()[1]
            if target.startswith((f"{basics.RUNTIME}/", basics.RUN)):
                subprocess.run(["umount", "-l", target], check=False, capture_output=True)
    shutil.rmtree(basics.RUN, ignore_errors=True)
    shutil.rmtree(basics.RUNTIME, ignore_errors=True)
    os.mkdir(basics.RUNTIME)
    for directory, _, _ in os.walk(f"{cgroup_root()}/user.slice", topdown=False):
        poll(f"{directory} can be removed", lambda path=directory: remove(path))
    for path in glob.glob("/home/*/.profile") + glob.glob("/home/*/out*"):
        os.unlink(path)
    for path in [*glob.glob("/home/*/.config"), "/var/lib/sessionman", "/etc/sessionman/sessionman.yaml.d"]:
        shutil.rmtree(path, ignore_errors=True)


def remove(path):
    with contextlib.suppress(OSError):
        os.rmdir(path)
    return not os.path.exists(path)


def run_one(function):
    """Runs the test and proves the invariants, first with what it left open, then at rest."""
    setting = getattr(function, "setting", {})
    if setting.get("cgroup") and cgroup_root() is None:
        raise Skip("it is about control groups, and there is no cgroup v2")
    checker = Checker(control_socket.call, lambda: [daemon.pid, daemon.keeper.pid])
    if setting.get("start", True):
        daemon.start(config=setting.get("config"))
    function()
    if daemon.keeper is None or daemon.keeper.poll() is not None or not setting.get("checked", True):
        return
    assert_invariants(checker)
    Login.end_all()
    for pid in others():
        if pid not in (daemon.pid, daemon.keeper.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    control_socket.nobody()
    assert_invariants(checker)


def assert_invariants(checker):
    found = checker.wait()
    if found:
        raise Failed("the checker says:\n" + "\n".join(found))


def starts():
    """A daemon that does not start at all is said once, not by each test after a long wait."""
    reset()
    try:
        daemon.start()
        daemon.stop()
    except (Failed, subprocess.TimeoutExpired) as error:
        print(f"FAIL the daemon starts\n     {error}\n0 passed, 1 failed, 0 skipped", flush=True)
        reset()
        return False
    return True


def log():
    text = daemon.log() if os.path.exists(basics.LOG) else ""
    return f"\n--- log of the daemon\n{text[-6000:]}" if text else ""


def main(arguments):
    suite = Suite(arguments)
    if not starts():
        return 1

    def run(function):
        reset()
        signal.alarm(SECONDS_OF_A_SWEEP if "sweep" in suite.words else SECONDS)
        run_one(function)

    for label, function in due_tests(suite.words):
        suite.attempt(label, lambda test=function: run(test), log)
    reset()
    return suite.close()


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main(sys.argv[1:]))
