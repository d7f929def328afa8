"""Runs every function named test_* of the files beside this one, on a tmpfs of its own."""

import concurrent.futures
import shutil
import subprocess
import sys
import tempfile

import harness
from checks import close, outcome, PASSED, tell, tests


def run(case):
    harness.started.keepers = []
    try:
        return tell(*outcome(*case))
    finally:
        harness.end_all()


def main():
    harness.SESSIONMAND = sys.argv[1]
    harness.TOP = tempfile.mkdtemp(prefix="keeper-test-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "keeper-test", harness.TOP], check=True)
    # Its namespace is this run's own: a keeper that is not told otherwise listens for clients of seatd there.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "keeper-test-run", "/run"], check=True)
    words = sys.argv[2:]
    chosen = [case for case in tests(harness.HERE) if not words or any(word in case[0] for word in words)]
    with concurrent.futures.ThreadPoolExecutor() as beside:
        waiting = [beside.submit(run, case) for case in chosen if hasattr(case[1], "waits")]
        results = [run(case) for case in chosen if not hasattr(case[1], "waits")]
    results += [future.result() for future in waiting]
    subprocess.run(["umount", "-l", harness.TOP], check=True)
    shutil.rmtree(harness.TOP)
    return close(results) or (0 if PASSED in results else 1)


sys.exit(main())
