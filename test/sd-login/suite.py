"""Runs the tests of this folder, each with a fresh daemon and a sandbox as it was at first."""

import os
import signal
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, f"{HERE}/../integration"]

import answers  # noqa: E402
import disk  # noqa: E402
import elogind  # noqa: E402
import monitors  # noqa: E402
import people  # noqa: E402
from basics import attempt, close, poll  # noqa: E402
from machine import daemon  # noqa: E402
from main import describe, on_alarm, remove, reset  # noqa: E402

MODULES = (answers, elogind) if elogind.HYBRID else (answers, monitors, disk, people, elogind)
SECONDS = 30


def find_tests(words):
    for module in MODULES:
        for key, function in vars(module).items():
            label = f"{module.__name__}: {key[5:].replace('_', ' ')}"
            if key.startswith("test_") and (not words or any(word in label for word in words)):
                yield label, function


def clean():
    """The sandbox as it was at first, and nothing of a layout that the rest of the tests does not know."""
    reset()
    for name in os.listdir(elogind.TOP) if os.path.isdir(elogind.TOP) else ():
        if name.isdigit():
            poll(f"group {name} can be removed", lambda path=f"{elogind.TOP}/{name}": remove(path))


def run_one(function):
    clean()
    signal.alarm(SECONDS)
    daemon.start(config=getattr(function, "setting", {}).get("config"))
    function()


def main(arguments):
    verbose = "-v" in arguments
    words = [word for word in arguments if word != "-v"]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    signal.signal(signal.SIGALRM, on_alarm)
    for label, function in find_tests(words):
        attempt(counts, label, lambda test=function: run_one(test), lambda error: describe(error, verbose))
    clean()
    return close(counts, none_is_fine=words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
