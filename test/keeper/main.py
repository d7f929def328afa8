"""Runs every function named test_* of the files beside this one, on a tmpfs of its own."""

import concurrent.futures
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import harness
from checks import tests


def run(case):
    """Prints how it went: 1 for passed, 0 for skipped, -1 for failed."""
    name, function = case
    harness.started.keepers = []
    began = time.monotonic()
    try:
        note = function() or ""
        if note.startswith("SKIP"):
            print(f"SKIP {name}{note[4:]}", flush=True)
            return 0
        print(f"ok   {name} ({time.monotonic() - began:.1f} s){': ' + note if note else ''}", flush=True)
        return 1
    except Exception:
        print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        return -1
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
    passed, failed = results.count(1), results.count(-1)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
