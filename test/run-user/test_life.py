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


WAIT_TO_GO = 'read -r word <"$HOME/go"\n'


def start_to_wait(user, run, **others):
    os.mkfifo(f"{user.home}/go")
    return Run(user, run=WAIT_TO_GO + run, **others)


def expectant_of(run):
    """Who will be "ready", when it is there and waits."""
    manager = int(run.daemon.hear()[1])
    pid = wait_for("its birth", lambda: [pid for pid in children_of(run) if pid != manager])[0]
    wait_for("it waits as the user", lambda: os.stat(f"/proc/{pid}").st_uid == run.user.uid and read(f"/proc/{pid}/wchan") != "0")
    return pid


@without_cgroup
def test_who_will_be_ready_is_born_with_the_manager():
    """So that nothing has to be born into the group while it starts. It holds nothing of ours."""
    user = User()
    run = start_to_wait(user, MANAGER, ready="exit 0\n")
    expectant = expectant_of(run)
    links = {fd: os.readlink(f"/proc/{expectant}/fd/{fd}") for fd in sorted(os.listdir(f"/proc/{expectant}/fd"))}
    equal(list(links), ["0", "1", "2", "3"])
    true(links["0"] == "/dev/null" and all(links[fd].startswith("pipe:") for fd in "123"), links)
    write_to(f"{user.home}/go", "go\n")
    run.running()
    true(f"\npid {expectant}\n" in user.dump("ready", "other"), "it has become ready")
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


@without_cgroup
def test_another_one_is_ready_where_it_was_killed():
    user = User()
    run = start_to_wait(user, MANAGER, ready="exit 3\n")
    expectant = expectant_of(run)
    os.kill(expectant, signal.SIGKILL)
    wait_for("its end", lambda: not alive(expectant))
    write_to(f"{user.home}/go", "go\n")
    equal(run.daemon.hear_until("running")[2], "exit code 3")
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


@without_cgroup
def test_nobody_waits_to_be_ready_without_the_manager():
    def goes(user, _run):
        write_to(f"{user.home}/go", "go\n")

    def is_told_to(_user, run):
        run.daemon.send("stop")

    def loses_its_holder(_user, run):
        os.kill(run.pid, signal.SIGKILL)

    for end in (goes, is_told_to, loses_its_holder):
        user = User()
        run = start_to_wait(user, "exit 4\n")
        expectant = expectant_of(run)
        end(user, run)
        wait_for("nobody waits", lambda: not alive(expectant))
        true(not os.path.exists(f"{user.home}/dump-ready"), "ready did not run")
        run.wait()
        user.clear_group()


def test_who_was_to_be_ready_goes_before_the_pam_session_is_closed():
    user = User()
    group = f"{user.group}/init.scope/cgroup.procs"
    look = f'[ "$PAM_TYPE" = close_session ] || exit 0\nfor try in 1 2 3 4 5 6 7 8 9; do [ -z "$(cat {group})" ] || sleep 0.1; done\n'
    write("/tmp/look", f"#!/bin/sh\n{look}wc -l <{group} >/tmp/left\n", 0o755)
    pam("auth required pam_permit.so\nsession required pam_permit.so\nsession required pam_exec.so /tmp/look\n")
    run = Run(user, run="exit 4\n")
    equal(run.ended(), "exit code 4")
    equal(read("/tmp/left").strip(), "0", "processes in the group when the session was closed")


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
