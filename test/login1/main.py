"""Runs the tests on each kind of bus, one daemon for each bus."""

import contextlib
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../integration"), os.path.join(HERE, "..")]

import control_socket
import machine
from basics import Skip
from bus import Bus, Polkit
from client import Client
from login import Login
from running import end_users, find_tests, Suite

MODULES = ("members", "standard", "names", "lists", "loginctl", "signals", "create", "limits", "requests", "control", "foreground", "gettys", "seats", "devices", "multiseat", "compositors", "turmoil", "inhibit", "authority", "polkit", "others", "varlink", "varlink_newer", "log", "files", "hostile", "life")
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


def clean_up():
    Client.leave_all()
    Login.end_all()
    end_users()
    control_socket.nobody()


def run(function, place):
    signal.alarm(SECONDS)
    try:
        function(place)
    finally:
        clean_up()


def run_variant(kind, policy, words, suite):
    print(f"-- {kind}, {policy} policy", flush=True)
    place = Place(Bus(kind, policy))
    try:
        place.start()
    except Skip as reason:
        suite.counts["skipped"] += 1
        print(f"SKIP all tests on {kind}: {reason}", flush=True)
        place.stop()
        return

    def log():
        return f"\n--- log\n{place.daemon.log()[-4000:]}\n--- bus\n{Bus.log()[-1000:]}"

    for label, function in find_tests([f"tests.{name}" for name in MODULES], words):
        setting = getattr(function, "setting", {})
        if policy in setting.get("policies", (policy,)) and kind in setting.get("buses", (kind,)):
            suite.attempt(label, lambda test=function: run(test, place), log)
    bugs = [line for line in place.daemon.log().splitlines() if '"bug' in line]
    if bugs:
        suite.counts["failed"] += 1
        print("FAIL the log tells of bugs\n     " + "\n     ".join(bugs[:5]), flush=True)
    place.stop()


def main(arguments):
    suite = Suite(arguments)
    words = [word for word in suite.words if not word.startswith("--")]
    wanted = [word[2:] for word in suite.words if word.startswith("--")]
    for kind, policy in VARIANTS:
        if not wanted or f"{kind}-{policy}" in wanted:
            run_variant(kind, policy, words, suite)
    return suite.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
