"""What the suites in Python share: assertions that say what they expected, waiting, finding the tests and running one."""

import glob
import importlib
import os
import time
import traceback

PASSED, SKIPPED, FAILED = 1, 0, -1


class Skipped(Exception):
    """Why a test cannot be run here."""



def wait_for(what, condition, timeout=5.0):
    """The first true value of condition()."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.005)


def equal(got, expected, what=""):
    if got != expected:
        raise AssertionError(f"{what}: got {got!r}, expected {expected!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def tests(folder):
    """Every function named test_* of the files named test_*.py, with its name in words."""
    for path in sorted(glob.glob(os.path.join(folder, "test_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        for name, function in list(vars(module).items()):
            if name.startswith("test_"):
                yield name[5:].replace("_", " "), function


def outcome(name, test, said=lambda: ""):
    """
    How the test went, and the line that says so. What it returns is noted beside its name; that, or Skipped, may say why
    it cannot be run here. said: what belongs below a failure.
    """
    began = time.monotonic()
    try:
        note = test() or ""
        if note.startswith("SKIP"):
            return SKIPPED, f"SKIP {name}{note[4:]}"
        return PASSED, f"ok   {name} ({time.monotonic() - began:.1f} s){': ' + note if note else ''}"
    except Skipped as reason:
        return SKIPPED, f"SKIP {name}: {reason}"
    except Exception:
        return FAILED, f"FAIL {name}\n{traceback.format_exc()}{said()}"


def tell(result, line):
    print(line, flush=True)
    return result


def close(results):
    """The closing line, and the exit status that goes with it where nothing else is wrong."""
    passed, failed, skipped = (results.count(result) for result in (PASSED, FAILED, SKIPPED))
    print(f"{passed} passed, {failed} failed{f', {skipped} skipped' if skipped else ''}")
    return 1 if failed else 0
