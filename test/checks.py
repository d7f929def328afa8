"""What the suites in Python share: assertions that say what they expected, waiting, and finding the tests."""

import glob
import importlib
import os
import time


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
