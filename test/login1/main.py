"""Runs the tests on each kind of bus, one daemon for each bus."""

import contextlib
import glob
import importlib
import os
import signal
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../integration"), os.path.join(HERE, "..")]

import control_socket
import machine
from basics import attempt, cgroup_root, close, Failed, read, Skip
from bus import Bus, Polkit
from client import Client
from login import Login

MODULES = ("members", "standard", "names", "lists", "loginctl", "signals", "create", "limits", "requests", "control", "foreground", "seats", "devices", "multiseat", "compositors", "turmoil", "inhibit", "authority", "polkit", "others", "files", "hostile", "life")
VARIANTS = (("daemon", "shipped"), ("daemon", "open"), ("broker", "open"))
SECONDS = 60


class Place:
    """What a test may look at and act on."""

    def __init__(self, bus):
        self.bus = bus
        self.polkit = Polkit()
        self.daemon = machine.daemon

    def start(self):
        self.bus.start()
        with contextlib.suppress(Skip):
            self.polkit.start()
            self.bus.wait_for("org.freedesktop.PolicyKit1")
        self.daemon.start()
        self.bus.wait_for("org.freedesktop.login1")

    def stop(self):
        if self.daemon.keeper is not None and self.daemon.keeper.poll() is None:
            self.daemon.stop()
        self.polkit.stop()
        self.bus.stop()


class TooLong(Exception):
    """A test does not end."""


def on_alarm(*_):
    raise TooLong("not done in time")


def find_tests(words):
    for name in MODULES:
        module = importlib.import_module(f"tests.{name}")
        for key, function in list(vars(module).items()):
            if key.startswith("test_") and function.__module__ == module.__name__:
                label = f"{name}: {key[5:].replace('_', ' ')}"
                if not words or any(word in label or word in key for word in words):
                    yield label, function


def clean_up():
    Client.leave_all()
    Login.end_all()
    for procs in glob.glob(f"{cgroup_root()}/user.slice/**/cgroup.procs", recursive=True):
        for pid in read(procs).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    control_socket.nobody()


def describe(error, place, verbose):
    text = f"{error}" if isinstance(error, (Failed, TooLong)) else traceback.format_exc()
    where = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in where if "/tests/" in frame.filename]
    text += f"\n(at {lines[-1]})" if lines else ""
    return text + (f"\n--- log\n{place.daemon.log()[-4000:]}\n--- bus\n{Bus.log()[-1000:]}" if verbose else "")


def run_variant(kind, policy, words, counts, verbose):
    print(f"-- {kind}, {policy} policy", flush=True)
    place = Place(Bus(kind, policy))
    try:
        place.start()
    except Skip as reason:
        counts["skipped"] += 1
        print(f"SKIP all tests on {kind}: {reason}", flush=True)
        place.stop()
        return
    for label, function in find_tests(words):
        setting = getattr(function, "setting", {})
        if policy not in setting.get("policies", (policy,)) or kind not in setting.get("buses", (kind,)):
            continue

        def test(function=function):
            signal.alarm(SECONDS)
            try:
                function(place)
            finally:
                clean_up()

        attempt(counts, label, test, lambda error: describe(error, place, verbose))
    bugs = [line for line in place.daemon.log().splitlines() if '"bug' in line]
    if bugs:
        counts["failed"] += 1
        print("FAIL the log tells of bugs\n     " + "\n     ".join(bugs[:5]), flush=True)
    place.stop()


def main(arguments):
    verbose = "-v" in arguments
    words = [argument for argument in arguments if argument not in ("-v",) and not argument.startswith("--")]
    wanted = [argument[2:] for argument in arguments if argument.startswith("--")]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    signal.signal(signal.SIGALRM, on_alarm)
    for kind, policy in VARIANTS:
        if not wanted or f"{kind}-{policy}" in wanted:
            run_variant(kind, policy, words, counts, verbose)
    return close(counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
