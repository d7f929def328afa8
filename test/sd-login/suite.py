"""Runs the tests of this folder, each with a fresh daemon and a sandbox as it was at first."""

import os
import signal
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, f"{HERE}/../integration", f"{HERE}/.."]

import elogind  # noqa: E402
from basics import poll  # noqa: E402
from machine import daemon  # noqa: E402
from main import log, remove, reset  # noqa: E402
from running import find_tests, Suite  # noqa: E402
from terminals import nobody_switches  # noqa: E402

MODULES = ("answers", "elogind") if elogind.HYBRID else ("answers", "monitors", "disk", "people", "elogind")
SECONDS = 30


def clean():
    """The sandbox as it was at first, and nothing of a layout that the rest of the tests does not know."""
    reset()
    for name in os.listdir(elogind.TOP) if os.path.isdir(elogind.TOP) else ():
        if name.isdigit():
            poll(f"group {name} can be removed", lambda path=f"{elogind.TOP}/{name}": remove(path))


def run_one(function):
    clean()
    # which session is active depends on what is in the foreground
    with nobody_switches():
        signal.alarm(SECONDS)
        daemon.start(config=getattr(function, "setting", {}).get("config"))
        function()


def main(arguments):
    suite = Suite(arguments)
    for label, function in find_tests(MODULES, suite.words):
        suite.attempt(label, lambda test=function: run_one(test), log)
    clean()
    return suite.close(none_is_fine=suite.words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
