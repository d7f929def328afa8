"""The program under valgrind: errors, leaks, descriptors."""

import harness
from harness import *


def test_valgrind_finds_nothing():
    if shutil.which("valgrind") is None or b"__asan_init" in open(harness.RUNNER, "rb").read():
        return "SKIP: no valgrind here, or not for this build"
    log = "/tmp/valgrind"
    user = User()
    user.script("environment", "echo $SHADE\n")
    harness.WRAPPER[:] = [
        "/usr/bin/valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--trace-children=no", "--child-silent-after-fork=no",
        f"--log-file={log}.%p", "--track-fds=no",
    ]
    try:
        run = Run(user, run="yes flood | head -n 50000\n" + MANAGER, ready="exit 3\n")
    finally:
        harness.WRAPPER.clear()
    run.running()
    run.daemon.send("environment", "SHADE=dark", "GONE")
    run.daemon.send("graphical", "start")
    run.daemon.send("nonsense")
    run.daemon = Daemon(user.uid)
    equal(run.daemon.hear()[0], "running")
    run.daemon.send("stop")
    equal(run.ended(20), "exit code 0")
    equal(run.wait(), 0)
    # One for each process; the children have theirs until they execute the backend.
    logs = [name for name in os.listdir("/tmp") if name.startswith("valgrind.")]
    true(len(logs) >= 1, "valgrind has run")
    equal("".join(read(f"/tmp/{name}") for name in logs), "")
    return f"{len(logs)} processes"
