"""Runs the tests, each with a fresh daemon."""

import contextlib
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../login1"), os.path.join(HERE, "../integration"), os.path.join(HERE, "..")]

import libseat
import machine
from basics import Failed, RUN
from login import Login
from running import end_users, find_tests, Suite

MODULES = ("clients", "devices", "logind", "multiseat", "protocol", "crash")
SECONDS = 60


def clean_up():
    libseat.end_all()
    Login.end_all()
    with contextlib.suppress(Exception):
        machine.daemon.stop()
    end_users()
    shutil.rmtree(RUN, ignore_errors=True)


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


def log():
    return f"\n--- log\n{machine.daemon.log()[-6000:]}"


def main(arguments):
    suite = Suite(arguments)
    libseat.install()
    for label, function in find_tests([f"tests.{name}" for name in MODULES], suite.words):
        suite.attempt(label, lambda test=function: run(test), log)
    return suite.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
