"""Runs the tests, each with a fresh daemon."""

import contextlib
import glob
import importlib
import os
import shutil
import signal
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../login1"), os.path.join(HERE, "../integration"), os.path.join(HERE, "..")]

import libseat
import machine
from basics import attempt, cgroup_root, close, Failed, read, RUN
from login import Login

MODULES = ("clients", "devices", "logind", "multiseat", "protocol", "crash")
SECONDS = 60


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
                if not words or any(word in label for word in words):
                    yield label, function


def clean_up():
    libseat.end_all()
    Login.end_all()
    with contextlib.suppress(Exception):
        machine.daemon.stop()
    for procs in glob.glob(f"{cgroup_root()}/user.slice/**/cgroup.procs", recursive=True):
        for pid in read(procs).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    shutil.rmtree(RUN, ignore_errors=True)


def describe(error, verbose):
    text = f"{error}" if isinstance(error, (Failed, TooLong)) else traceback.format_exc()
    where = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in where if "/tests/" in frame.filename]
    log = f"\n--- log\n{machine.daemon.log()[-6000:]}" if verbose else ""
    return text + (f"\n(at {lines[-1]})" if lines else "") + log


def run(function):
    signal.alarm(SECONDS)
    try:
        machine.daemon.start(config=getattr(function, "setting", {}).get("config"))
        function(machine.daemon)
        bugs = [line for line in machine.daemon.log().splitlines() if '"bug' in line]
        if bugs:
            raise Failed("the log tells of bugs: " + bugs[0])
    finally:
        clean_up()


def main(arguments):
    verbose = "-v" in arguments
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    signal.signal(signal.SIGALRM, on_alarm)
    libseat.install()
    for label, function in find_tests([word for word in arguments if word != "-v"]):
        attempt(counts, label, lambda test=function: run(test), lambda error: describe(error, verbose))
    return close(counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
