"""The daemon comes and goes, is silent, or talks nonsense; the manager is not touched by that."""

import struct

import harness
from harness import *

# Becomes ready when the file $HOME/go is there, and its ready ends when $HOME/on is.
SLOW = 'while [ ! -e "$HOME/go" ]; do sleep 0.01; done\n' + MANAGER
SLOW_READY = 'while [ ! -e "$HOME/on" ]; do sleep 0.01; done\n'


def go(user, name):
    write(f"{user.home}/{name}", "")


def replace(run, old_is_killed=True):
    """A new connection; with what it is told first."""
    old, run.daemon = run.daemon, Daemon(run.user.uid)
    if old_is_killed:
        old.close()
    else:
        equal(old.hear_until(""), [], "the old connection is closed")
    return run.daemon.hear()


def test_the_daemon_dies_at_every_stage():
    """A daemon killed with SIGKILL is a connection that ends."""
    for killed in (True, False):
        user = User()
        run = Run(user, run=SLOW, ready=SLOW_READY)
        manager = run.daemon.hear()[1]
        equal(replace(run, killed), ["starting", manager])
        go(user, "go")
        equal(run.daemon.hear(), ["ready", manager])
        equal(replace(run, killed), ["ready", manager])
        go(user, "on")
        equal(run.daemon.hear(), ["running", manager, ""])
        equal(replace(run, killed), ["running", manager, ""])
        equal(alive(int(manager)), True)
        user.script("stop", "sleep 0.2\n" + STOP)
        run.daemon.send("stop")
        equal(replace(run, killed), ["running", manager, ""], "while it stops")
        equal(run.daemon.hear(), ["ended", "exit code 0"])
        equal(run.daemon.hear(), [])


def test_changes_while_there_is_no_daemon():
    user = User()
    run = Run(user, run=SLOW, ready="exit 4\n")
    manager = run.daemon.hear()[1]
    run.daemon.close()
    go(user, "go")
    wait_for("ready", lambda: os.path.exists(f"{user.home}/dump-ready/argv"))
    time.sleep(0.1)
    run.daemon = Daemon(user.uid)
    equal(run.daemon.hear(), ["running", manager, "exit code 4"])


def test_without_any_daemon_it_ends_by_itself():
    user = User()
    run = Run(user, run="sleep 0.3\nexit 5\n")
    run.daemon.hear()
    run.daemon.close()
    equal(run.wait(), 0)
    try:
        Daemon(user.uid)
    except ConnectionRefusedError:
        return
    raise AssertionError("nobody listens")


def test_a_daemon_that_connects_before_the_start_is_heard_later():
    """Many have connected while the PAM session was being opened: the last one is served."""
    user = User()
    pam("session required pam_permit.so\nsession required pam_exec.so /bin/sleep 0.3\n")
    run = Run(user)
    others = [Daemon(user.uid) for _ in range(5)]
    equal(others[-1].hear()[0], "starting")
    for other in [run.daemon, *others[:-1]]:
        equal(other.hear(), [])
    run.daemon = others[-1]
    run.running()


def test_ready_ends_in_different_ways():
    for script, how in (("exit 0\n", ""), ("exit 3\n", "exit code 3"), ("exit 32\n", ""), ("exit 111\n", "exit code 111"), ("kill -9 $$\n", "signal 9")):
        user = User()
        run = Run(user, ready=script)
        equal(run.daemon.hear_until("running")[2], how, script)
        equal("ready: " in run.log(), how != "", run.log())
        run.daemon.send("stop")
        equal(run.ended(), "exit code 0")


def test_other_signals_change_nothing():
    run = Run(User())
    run.running()
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGQUIT, signal.SIGCHLD, 34, 64):
        os.kill(run.pid, number)
    run.daemon.send("graphical", "stop")
    wait_for("an answer", lambda: os.path.exists(f"{run.user.home}/dump-graphical/argv"))


def test_actions_come_one_after_the_other_and_sixteen_wait():
    user = User()
    user.script("graphical", 'echo "$2 begins"; while [ ! -e "$HOME/on" ]; do sleep 0.01; done; echo "$2 ends"\n')
    run = Run(user)
    run.running()
    orders = ["start", "stop"] * 10
    for order in orders:
        run.daemon.send("graphical", order)
    wait_for("dropped ones", lambda: run.log().count("graphical: dropped, too many actions are waiting") == 3)
    go(user, "on")
    wait_for("the last", lambda: run.log().count("ends") == 17)
    words = [line for line in run.log().splitlines() if line.startswith("st")]
    equal(words, [word for order in orders[:17] for word in (f"{order} begins", f"{order} ends")])
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


def test_no_change_of_a_variable_is_lost_while_others_wait():
    user = User()
    user.script("environment", 'while [ ! -e "$HOME/on" ]; do sleep 0.01; done; echo "V=$V W=${W-unset} $# words"\n')
    run = Run(user)
    run.running()
    for number in range(1000):
        run.daemon.send("environment", f"V={number}", "W=there")
    run.daemon.send("environment", "W")
    run.daemon.send("graphical", "start")
    go(user, "on")
    wait_for("what comes after", lambda: os.path.exists(f"{user.home}/dump-graphical/argv"))
    told = [line for line in run.log().splitlines() if line.startswith("V=")]
    equal(told[0], "V=0 W=there 3 words", "the first")
    equal(told[-1].split(" words")[0].rsplit(" ", 1)[0], "V=999 W=unset", "the last")
    true("dropped" not in run.log() and len(told) < 10, f"{len(told)} actions: {run.log()[-300:]}")


def test_a_large_environment():
    user = User()
    user.script("environment", 'echo "$# $(env | grep -c ^V)"\n')
    run = Run(user)
    run.running()
    run.daemon.send("environment", *(f"V{number:03}={'x' * 120}" for number in range(512)))
    wait_for("it", lambda: "513 512\n" in run.log())
    run.daemon.send("environment", "VALUE=" + "y" * (65536 - len("environment") - 8))
    wait_for("it", lambda: "2 1\n" in run.log())
    run.daemon.send("environment", *(f"V{number:03}=" for number in range(513)))
    wait_for("a refusal", lambda: "malformed environment order" in run.log())


def test_nonsense_is_noted_and_ignored():
    user = User()
    run = Run(user)
    run.running()
    packets = [
        b"x", b"\0", b"\0\0", b"stop", b"stop\0\0", b"stop\0now\0", b"term\0x\0", b"kill\0x\0", b"Stop\0", b"unknown\0", b"environment\0",
        b"environment\0\0", b"environment\0=x\0", b"environment\0-rf=x\0", b"environment\0A B=x\0", b"environment\0A=1\0" b"1A=2\0", b"environment\0A",
        b"graphical\0", b"graphical\0begin\0", b"graphical\0start\0x\0", b"graphical\0start", b"x" * 65536, b"x" * 65536 + b"\0", b"environment\0A=" + b"x" * 70000 + b"\0",
        struct.pack("=IIiII", 4, 1, 2, 3, 4),
    ]
    for packet in packets:
        run.daemon.socket.send(packet)
    run.daemon.send("graphical", "start")
    wait_for("an answer", lambda: os.path.exists(f"{user.home}/dump-graphical/argv"))
    equal(run.log().count("ignored\n"), len(packets), run.log())
    equal(sorted(name for name in os.listdir(user.home) if name.startswith("dump")), ["dump-graphical", "dump-ready", "dump-run"])
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


def test_a_descriptor_that_comes_along_is_not_kept():
    run = Run(User())
    run.running()
    before = os.listdir(f"/proc/{run.pid}/fd")
    for _ in range(5):
        socket.send_fds(run.daemon.socket, [b"nonsense\0"], [0, 1, 2])
    wait_for("all taken", lambda: run.log().count("ignored") == 5)
    equal(os.listdir(f"/proc/{run.pid}/fd"), before)


def test_reconnects_lose_no_descriptor():
    run = Run(User())
    run.running()
    count = len(os.listdir(f"/proc/{run.pid}/fd"))
    for _ in range(200):
        equal(replace(run)[0], "running")
    equal(len(os.listdir(f"/proc/{run.pid}/fd")), count)


def test_a_daemon_that_reads_nothing():
    run = Run(User())
    run.running()
    time.sleep(0.1)
    run.daemon.send("stop")
    equal(run.wait(), 0)
    equal(run.daemon.hear(), ["ended", "exit code 0"], "kept for who reads late")


def test_only_root_can_connect():
    run = Run(User())
    run.running()
    probe = f"import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect('{MANAGERS}/1000.sock')"
    done = subprocess.run(["python3", "-c", probe], user=1000, cwd="/", capture_output=True, text=True)
    true("PermissionError" in done.stderr, done.stderr)
    # Even where the file's mode would let them in.
    os.chmod(f"{MANAGERS}/1000.sock", 0o666)
    done = subprocess.run(["python3", "-c", probe], user=1000, cwd="/", capture_output=True, text=True)
    equal(done.stderr, "")
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0", "the first connection was not replaced")
