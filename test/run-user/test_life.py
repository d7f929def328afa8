"""From the start to the end of a manager, as the daemon is told of it."""

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
