"""What has a time, and what happens when it is over."""

import harness
from harness import *


@waits
def test_ready_is_given_twenty_seconds():
    user = User("bob")
    run = Run(user, ready="trap '' TERM\nsleep 1000\n")
    equal(run.daemon.hear_until("ready")[0], "ready")
    has_begun()
    began = time.monotonic()
    equal(run.daemon.hear(25), ["running", str(children_of(run)[0]), "took longer than 20 s"])
    took = time.monotonic() - began
    true(19.5 < took < 24, f"it took {took:.1f} s")
    true("sessionman-run: ready: took longer than 20 s\n" in run.log(), run.log())
    wait_for("only the manager and its sleep", lambda: len(processes_of(user.uid)) == 2)


@waits
def test_sigterm_becomes_a_signal_after_twenty_seconds():
    user = User("carol")
    run = Run(user, stop="exit 0\n")
    run.running()
    has_begun()
    began = time.monotonic()
    os.kill(run.pid, signal.SIGTERM)
    time.sleep(1)
    os.kill(run.pid, signal.SIGTERM)
    equal(run.ended(25), "exit code 0")
    took = time.monotonic() - began
    true(19.5 < took < 24, f"it took {took:.1f} s")


@waits
def test_a_module_that_does_not_close_is_given_ten_seconds():
    user = User("dave")
    write("/tmp/hang", "#!/bin/sh\n[ $PAM_TYPE = open_session ] || exec sleep 1000\n", 0o755)
    pam("auth required pam_permit.so\nsession required pam_exec.so /tmp/hang\n")
    run = Run(user, run="exit 6\n")
    run.daemon.hear()
    wait_for("its FIFO is removed", lambda: not os.path.exists(user.fifo))
    shutil.copy(f"{os.path.dirname(harness.__file__)}/../../conf/pam.d/sessionman-user", harness.PAM_SERVICE)
    has_begun()
    began = time.monotonic()
    equal(run.daemon.hear(15), ["ended", "exit code 6"], "told all the same")
    took = time.monotonic() - began
    true(9 < took < 14, f"it took {took:.1f} s")
    equal(run.wait(), 111)


@waits
def test_a_user_who_stops_the_removal_is_given_ten_seconds():
    user = User("erin")
    os.mkfifo(f"{user.home}/go")
    many = "python3 -c \"\nimport os, sys\nos.chdir(sys.argv[1])\nfor n in range(50000):\n open(str(n), 'w').close()\n\" \"$3\"\n"
    run = Run(user, run=many + 'echo made\nread -r word <"$HOME/go"\nexit 0\n')
    equal(run.daemon.hear()[0], "starting")
    has_begun()
    wait_for("the files", lambda: "made" in run.log(), 15)
    early = children_of(run)
    write_to(f"{user.home}/go", "go\n")
    removal = wait_for("the removal", lambda: [pid for pid in children_of(run) if pid not in early and os.stat(f"/proc/{pid}").st_uid == user.uid])[0]
    os.kill(removal, signal.SIGSTOP)
    began = time.monotonic()
    equal(run.ended(20), "exit code 0")
    took = time.monotonic() - began
    true(9.5 < took < 14, f"it took {took:.1f} s")
    true(not alive(removal), "killed")


def test_stop_may_end_a_moment_after_the_manager():
    user = User()
    run = Run(user, stop=STOP + "sleep 0.3\necho tidied up\n")
    run.running()
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")
    true("tidied up" in run.log(), run.log())
    run = Run(User(), stop=STOP + "sleep 1000\n")
    run.running()
    began = time.monotonic()
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")
    took = time.monotonic() - began
    true(1.9 < took < 5, f"a stop that hangs takes {took:.1f} s")


def test_fifty_users_at_once():
    users = [User(f"u{number:02}") for number in range(1, 51)]
    began = time.monotonic()
    runs = [Run(user) for user in users]
    managers = [run.running() for run in runs]
    running = time.monotonic() - began
    for run, manager in zip(runs, managers):
        equal(os.stat(f"/proc/{manager}").st_uid, run.user.uid)
        equal(len(os.listdir(f"/proc/{run.pid}/fd")), 10)
    memory = pss(runs[0].pid), pss(runs[-1].pid)
    began = time.monotonic()
    for run in runs:
        run.daemon.send("stop")
    for run in runs:
        equal(run.ended(), "exit code 0")
    return f"running after {running * 1000:.0f} ms, ended after {(time.monotonic() - began) * 1000:.0f} ms, PSS {memory[1]} KiB each"


def pss(pid):
    rows = read(f"/proc/{pid}/smaps_rollup").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
