"""The manager is asked to end: by the daemon, by a signal, early, late, in vain."""

import harness
from harness import *


def test_stop_before_and_while_ready_runs():
    """Nothing but the end is told after stop."""
    user = User()
    run = Run(user, run="trap 'exit 6' TERM\n: >\"$HOME/trapped\"\nwhile :; do sleep 1000 & wait; done\n")
    wait_for("the trap", lambda: os.path.exists(f"{user.home}/trapped"))
    run.daemon.send("stop")
    equal(run.daemon.hear()[0], "starting")
    equal(run.daemon.hear(), ["ended", "exit code 6"])
    user.furnish()
    run = Run(user, ready="trap '' TERM\nsleep 1000\n")
    run.daemon.hear_until("ready")
    wait_for("ready runs", lambda: os.path.exists(f"{user.home}/dump-ready/argv"))
    began = time.monotonic()
    run.daemon.send("stop")
    equal(run.daemon.hear(), ["ended", "exit code 0"])
    true(time.monotonic() - began < 2, "ready is not waited for")


def test_ready_data_after_stop_is_not_acted_on():
    user = User()
    run = Run(user, run="trap 'printf late >\"$2\"; sleep 0.3; exit 8' TERM\n: >\"$HOME/trapped\"\nwhile :; do sleep 1000 & wait; done\n")
    wait_for("the trap", lambda: os.path.exists(f"{user.home}/trapped"))
    run.daemon.send("stop")
    equal(run.daemon.hear()[0], "starting")
    equal(run.daemon.hear(), ["ended", "exit code 8"])
    true(not os.path.exists(f"{user.home}/dump-ready"), "ready did not run")


def test_a_stop_that_fails_is_followed_by_a_signal():
    for script, note in (("exit 32\n", ""), ("exit 1\n", "stop: exit code 1\n"), ("kill -9 $$\n", "stop: signal 9\n")):
        run = Run(User(), stop=script, run=READY.format("x") + "exec sleep 1000\n")
        run.running()
        run.daemon.send("stop")
        equal(run.ended(), "signal 15", script)
        equal(run.log(), note and f"sessionman-run: {note}", script)


def test_stop_can_be_tried_again():
    run = Run(User(), stop="echo tried\n", run=READY.format("x") + "exec sleep 1000\n")
    run.running()
    for count in (1, 2):
        run.daemon.send("stop")
        wait_for("a try", lambda: run.log().count("tried") == count and len(children_of(run)) == 1)
    true(alive(run.manager), "a stop that says it is done is believed")
    run.daemon.send("term")
    equal(run.ended(), "signal 15")


def test_sigterm_is_stop():
    for number in (signal.SIGTERM, signal.SIGINT):
        run = Run(User())
        run.running()
        os.kill(run.pid, number)
        equal(run.ended(), "exit code 0")
        true("dump-stop" in os.listdir(run.user.home), "by the backend's stop")


def test_stop_waits_until_the_manager_is_its_user_s():
    """Until then the user's stop script may not signal it."""
    if shutil.which("strace") is None:
        return "SKIP: no strace here"
    harness.WRAPPER[:] = ["/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=setsid", "-e", "inject=setsid:delay_enter=1000000"]
    run = Run(User())
    harness.WRAPPER.clear()
    manager = int(run.daemon.hear()[1])
    equal(os.stat(f"/proc/{manager}").st_uid, 0, "not yet")
    os.kill(manager, signal.SIGSTOP)
    run.daemon.send("stop")
    # longer than it takes to become its user's, if it were not stopped
    time.sleep(1.5)
    os.kill(manager, signal.SIGCONT)
    true(run.daemon.hear_until("ended") in (["ended", "signal 15"], ["ended", "exit code 0"]), "stopped")
    # strace waits for all that it traces.
    run.user.clear_group()
    run.wait()


def test_stop_overtakes_what_waits():
    user = User()
    user.script("environment", 'echo begins; sleep 1000\n')
    run = Run(user)
    run.running()
    for _ in range(5):
        run.daemon.send("environment", "V=x")
    wait_for("the first", lambda: "begins" in run.log())
    run.daemon.send("stop")
    run.daemon.send("environment", "V=late")
    equal(run.ended(), "exit code 0")
    equal(run.log().count("begins"), 1)
