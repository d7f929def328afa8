"""Runs every function named test_* of the files beside this one: with each script of backends/, where it takes one,
and with each service manager that is here, where it takes a kit."""

import concurrent.futures
import inspect
import os
import sys
import time
import traceback

import harness
import kits
from checks import tests

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
    """How it went: 1 for passed, 0 for skipped, -1 for failed; and the line that says so."""
    name, function, arguments = case
    began = time.monotonic()
    harness.begin()
    try:
        note = function(*arguments) or ""
        if note.startswith("SKIP"):
            return 0, f"SKIP {name}{note[4:]}"
        return 1, f"ok   {name} ({time.monotonic() - began:.1f} s){': ' + note if note else ''}"
    except Exception:
        return -1, f"FAIL {name}\n{traceback.format_exc()}{harness.said()}"
    finally:
        harness.end()


def main():
    words = sys.argv[1:]
    chosen = [case for case in cases() if not words or any(word in case[0] for word in words)]
    results = []
    with concurrent.futures.ThreadPoolExecutor(BESIDE) as beside:
        for result, line in beside.map(run, chosen):
            print(line, flush=True)
            results.append(result)
    passed, failed, skipped = (results.count(result) for result in (1, -1, 0))
    print(f"{passed} passed, {failed} failed{f', {skipped} skipped' if skipped else ''}")
    return 1 if failed or not passed else 0


sys.exit(main())
