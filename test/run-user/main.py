"""Runs every function named test_* of the files beside this one, inside the sandbox."""

import concurrent.futures
import ctypes
import os
import shutil
import sys
import threading

import harness
from checks import close, outcome, tell, tests

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_CHILD_SUBREAPER = 36


def cases():
    for name, function in tests(HERE):
        if harness.CGROUP or hasattr(function, "without_cgroup"):
            yield name + ("" if harness.CGROUP else " without cgroup v2"), function


def run(name, function, begun=None):
    harness.started.runs = []
    harness.started.begun = begun or threading.Event()
    try:
        return tell(*outcome(name, function))
    finally:
        harness.end_all()
        harness.has_begun()
        if not hasattr(function, "waits"):
            provide_pam()


def provide_pam():
    for name in ("limits", "pam_env", "group"):
        harness.write(f"/etc/security/{name}.conf", "")
    shutil.copy(os.path.join(HERE, "../../conf/pam.d/sessionman-user"), harness.PAM_SERVICE)


def main():
    provide_pam()
    # As the keeper is: what a dead sessionman-run leaves behind becomes ours.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    words = sys.argv[1:]
    chosen = [case for case in cases() if not words or any(word in case[0] for word in words)]
    with concurrent.futures.ThreadPoolExecutor() as beside:
        waiting = []
        for case in chosen:
            if hasattr(case[1], "waits"):
                begun = threading.Event()
                waiting.append(beside.submit(run, *case, begun))
                begun.wait()
        results = [run(*case) for case in chosen if not hasattr(case[1], "waits")]
    results += [future.result() for future in waiting]
    return close(results)


sys.exit(main())
