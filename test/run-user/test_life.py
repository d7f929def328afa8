"""From the start to the end of a manager, as the daemon is told of it."""

import harness
from harness import *


@without_cgroup
def test_a_manager_starts_runs_and_stops():
    user = User()
    run = Run(user, ready='echo "ready got $2"\n')
    packets = [run.daemon.hear() for _ in range(3)]
    manager = packets[0][1]
    equal(packets, [["starting", manager], ["ready", manager], ["running", manager, ""]])
    true(alive(int(manager)), "the manager runs")
    run.daemon.send("stop")
    equal(run.daemon.hear(), ["ended", "exit code 0"])
    equal(run.daemon.hear(), [])
    equal(run.wait(), 0)
    true("ready got hello" in run.log(), run.log())


def test_where_no_process_can_be_born_in_a_group_it_is_moved():
    if shutil.which("strace") is None:
        return "SKIP: no strace here"
    harness.WRAPPER[:] = ["/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=clone3", "-e", "inject=clone3:error=ENOSYS"]
    user = User()
    run = Run(user, ready="exit 0\n")
    harness.WRAPPER.clear()
    run.running()
    for action in ("run", "ready"):
        true(f"0::/user.slice/user-{user.uid}.slice/user@{user.uid}.service/init.scope\n" in user.dump(action, "cgroup"), action)
    run.daemon.send("stop")
    run.daemon.hear_until("ended")
    # strace waits for all that it traces.
    user.clear_group()
    run.wait()


@without_cgroup
def test_its_own_death_ends_the_manager_where_no_group_holds_it():
    if harness.CGROUP:
        return "SKIP: there the daemon ends what is left in the group"
    run = Run(User())
    manager = run.running()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    wait_for("the end of the manager", lambda: not alive(manager))


def test_its_own_death_is_an_end_without_a_word():
    user = User()
    run = Run(user)
    run.running()
    os.kill(run.pid, signal.SIGKILL)
    equal(run.daemon.hear(), [])
    run.wait()
    true(str(run.manager) in read(f"{user.group}/init.scope/cgroup.procs").split(), "what is left is in the group")
    try:
        Daemon(user.uid)
    except ConnectionRefusedError:
        return
    raise AssertionError("nobody listens")
