"""Runs every function named test_* of the files beside this one: with each script of backends/, where it takes one,
and with each service manager that is here, where it takes a kit."""

import concurrent.futures
import inspect
import os
import sys

import harness
import kits
from checks import close, outcome, PASSED, tell, tests

# Most of the time of most cases goes by waiting.
BESIDE = 6


def cases():
    for name, function in tests(harness.HERE):
        wanted = list(inspect.signature(function).parameters)
        if wanted[:1] == ["script"]:
            for script in harness.scripts():
                yield f"{os.path.basename(script)}: {name}", function, (script,)
        elif wanted[:1] == ["kit"]:
            for kit in kits.KITS:
                if not kit.missing():
                    yield f"{kit.name}: {name}", function, (kit,)
        else:
            yield name, function, ()
    for kit in kits.KITS:
        if kit.missing():
            yield f"{kit.name}: all with this manager", lambda why: f"SKIP: {why}", (kit.missing(),)


def run(case):
    name, function, arguments = case
    harness.begin()
    try:
        return outcome(name, lambda: function(*arguments), harness.said)
    finally:
        harness.end()


def main():
    words = sys.argv[1:]
    chosen = [case for case in cases() if not words or any(word in case[0] for word in words)]
    with concurrent.futures.ThreadPoolExecutor(BESIDE) as beside:
        results = [tell(*each) for each in beside.map(run, chosen)]
    return close(results) or (0 if PASSED in results else 1)


sys.exit(main())
