"""What the suites share that run one test after the other, each on a whole daemon."""

import contextlib
import glob
import importlib
import os
import signal
import time
import traceback

from basics import Failed, Skip, cgroup_root, read


class TooLong(Exception):
    """A test or its clean-up does not end."""


def on_alarm(*_):
    raise TooLong("not done in time")


def find_tests(modules, words):
    """Every function named test_* with its name in words; with words only those that have one of them in it."""
    for name in modules:
        module = importlib.import_module(name)
        for key, function in list(vars(module).items()):
            if key.startswith("test_") and function.__module__ == name:
                label = f"{name.removeprefix('tests.')}: {key[5:].replace('_', ' ')}"
                if not words or any(word in label or word in key for word in words):
                    yield label, function


def end_users():
    """Every process in the group of a user."""
    for procs in glob.glob(f"{cgroup_root()}/user.slice/**/cgroup.procs", recursive=True):
        for pid in read(procs).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def describe(error):
    text = f"{error}" if isinstance(error, (Failed, TooLong)) else traceback.format_exc()
    where = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in where if "/tests/" in frame.filename]
    return text + (f"\n(at {lines[-1]})" if lines else "")


def tell(outcome, label, seconds, detail):
    """How a test went, and below it why."""
    word = {"passed": "ok  ", "failed": "FAIL", "skipped": "SKIP"}[outcome]
    print(f"{word} {label} ({seconds:.1f} s)", flush=True)
    if detail:
        print("     " + detail.replace("\n", "\n     "), flush=True)


class Suite:
    """What was asked for, -v or words, and how many tests went how."""

    def __init__(self, arguments):
        self.verbose = "-v" in arguments
        self.words = [word for word in arguments if word != "-v"]
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        signal.signal(signal.SIGALRM, on_alarm)

    def attempt(self, label, test, log):
        """
        Runs the test, counts how it went, and tells; the alarm that bounds it is off then. log(): what -v shows below a
        failure.
        """
        begin, outcome, detail = time.monotonic(), "passed", ""
        try:
            test()
        except Skip as reason:
            outcome, detail = "skipped", str(reason)
        except Exception as error:
            outcome, detail = "failed", describe(error) + (log() if self.verbose else "")
        finally:
            signal.alarm(0)
        self.counts[outcome] += 1
        tell(outcome, label, time.monotonic() - begin, detail)

    def close(self, none_is_fine=False):
        """The closing line, and the exit status."""
        counts = self.counts
        print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
        return 1 if counts["failed"] or not (counts["passed"] or none_is_fine) else 0
