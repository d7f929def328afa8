"""The guard: what a keeper held that was killed with SIGKILL is taken away at once, by a process that has its descriptors."""

import fcntl
import random
import subprocess

import terminals
from puppet import *
from terminals import AUTO, GRAPHICS, MEDIUMRAW, OFF, PROCESS, TEXT, with_terminals

USER = 65533
OURS, OTHER = 53, 54


def end_of(pid):
    return wait_for(f"the end of {pid}", lambda: not alive(pid))


def kill(keeper):
    """Nobody waits for it before the guard is done: as under a supervisor that is stopped. How long that takes, in ms."""
    guard = keeper.guard()
    began = time.monotonic()
    os.kill(keeper.pid, signal.SIGKILL)
    while alive(guard):
        true(time.monotonic() - began < 5, "the guard does not end")
    return (time.monotonic() - began) * 1000


def holding(*terminals_, **options):
    keeper = Puppets(**options)
    for each in terminals_:
        equal(keeper.puppet.order(TAKE, value=each.number, uid=USER)[0], "")
    return keeper


@with_terminals(OURS, OTHER)
def test_guard_puts_terminals_back(ours, other):
    before = ours.owner()
    ours.set_keyboard(MEDIUMRAW)
    keeper = holding(ours, other)
    ours.activate()
    wait_for("it in the foreground", lambda: terminals.foreground() == OURS)
    took = kill(keeper)
    equal((ours.modes(), ours.owner()), ((TEXT, MEDIUMRAW, AUTO), before))
    equal(other.modes()[0::2], (TEXT, AUTO))
    other.activate()
    wait_for("a switch", lambda: terminals.foreground() == OTHER)
    follower = Puppets(home=keeper.home)
    follower.puppet.send(RELEASE, value=OURS)
    equal(follower.puppet.order(CLOSE, value=1)[0], "")
    equal(ours.modes(), (TEXT, MEDIUMRAW, AUTO), "the next keeper leaves its keyboard as it is")
    return f"{took:.1f} ms"


@with_terminals(OURS, OTHER)
def test_guard_lets_a_switch_happen_that_waits(ours, other):
    keeper = holding(ours)
    ours.activate()
    wait_for("it in the foreground", lambda: terminals.foreground() == OURS)
    os.kill(keeper.pid, signal.SIGSTOP)
    other.activate()
    time.sleep(0.05)
    equal(terminals.foreground(), OURS, "the keeper is asked")
    kill(keeper)
    wait_for("the switch", lambda: terminals.foreground() == OTHER)
    equal(ours.modes()[0::2], (TEXT, AUTO))


def guarded():
    keeper = Puppets()
    equal(keeper.puppet.order(CLOSE, value=7)[0], "")
    equal(keeper.guards(), [], "there is none before there is anything to guard")
    equal(keeper.puppet.open(7, keeper.node("renderD128"))[0], "")
    keeper.guard()
    return keeper


def test_guard_takes_devices_that_were_opened_since():
    keeper = guarded()
    guard = keeper.guard()
    controllers = [sleeper(), sleeper(), sleeper()]
    for key, controller in enumerate(controllers):
        equal(keeper.puppet.open(key, keeper.node(f"event{key}"), "evdev", pid=controller.pid)[:2], ("", 1))
    equal(keeper.puppet.order(PAUSE, value=2)[0], "ENOTTY")
    equal(controllers[2].wait(1), -signal.SIGKILL)
    equal((keeper.guard(), [alive(each.pid) for each in controllers[:2]]), (guard, [True, True]))
    took = kill(keeper)
    equal([ended(each) for each in controllers[:2]], [-signal.SIGKILL] * 2, "for they could not be taken away")
    equal(keeper.lines().count("is killed"), 3, keeper.lines())
    return f"{took:.1f} ms"


def test_guard_has_the_descriptors_of_the_keeper_and_lets_go_of_them():
    keeper = guarded()
    guard = keeper.guard()
    ours, theirs = socket.socketpair()
    with theirs:
        keeper.puppet.send(KEEP, value=1, fds=[theirs.fileno()])
    equal(keeper.puppet.order(PAUSE, value=7)[0], "", "the one before is carried out")
    equal(len(keeper.descriptors()), DESCRIPTORS + 3)
    equal(sorted(int(fd) for fd in os.listdir(f"/proc/{guard}/fd")), keeper.descriptors())
    kill(keeper)
    wait_for("the daemon's end", lambda: not alive(keeper.puppet.pid))
    ours.settimeout(5)
    equal(ours.recv(1), b"", "the connection is at its end")
    with open(f"{keeper.run_dir}/lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    Keeper(home=keeper.home).greeting()


def birth(pid):
    """When the process began, in seconds since boot."""
    return int(read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")


def test_guard_that_ends_is_followed_by_another():
    keeper = guarded()
    first = keeper.guard()
    os.kill(first, signal.SIGKILL)
    second = wait_for("another guard", lambda: [pid for pid in keeper.guards() if pid != first])[0]
    equal(keeper.lines(), "sessionmand: the guard has ended (signal 9): another one is started\n")
    began = birth(second)
    os.kill(second, signal.SIGKILL)
    third = wait_for("a third", lambda: [pid for pid in keeper.guards() if pid not in (first, second)])[0]
    true(birth(third) - began > 0.5, "not one after the other")
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[0], "")
    kill(keeper)
    equal(ended(controller), -signal.SIGKILL, "it knows what was opened before and after")


def test_guard_does_nothing_while_the_keeper_lives():
    keeper = guarded()
    guard = keeper.guard()
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[0], "")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGRTMIN + 1):
        os.kill(guard, number)
    equal(keeper.next().held["devices"], {"1": 1, "7": 1})
    equal((keeper.guard(), alive(controller.pid), keeper.lines().count("guard")), (guard, True, 0), keeper.lines())


def muting():
    """Nodes that can be muted, and what was asked of them so far."""
    library = f"{TOP}/muting.so"
    source = os.path.join(os.path.dirname(HERE), "login1", "muting.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    with open("/run/muting.log", "w"):
        return {**os.environ, "LD_PRELOAD": library}


def test_guard_mutes_what_is_live_and_only_once():
    for number in (signal.SIGKILL, signal.SIGTERM):
        keeper = Puppets(env=muting())
        if "muting.so" not in read(f"/proc/{keeper.pid}/maps"):
            return "SKIP: this keeper loads no library"
        controller = sleeper()
        for key, kind, live in ((1, "drm", True), (2, "evdev", True), (3, "drm", False), (4, "evdev", False)):
            equal(keeper.puppet.open(key, keeper.node(f"node{key}"), kind, live=live, pid=controller.pid)[:2], ("", int(live)))
        before = read("/run/muting.log")
        guard = keeper.guard()
        keeper.end(number)
        end_of(guard)
        equal([line.split()[0] for line in read("/run/muting.log")[len(before):].splitlines()], ["drop", "revoke"])
        true(alive(controller.pid), "it lives on")


def test_guard_closes_what_a_live_device_has_replaced():
    keeper = Puppets(env=muting())
    if "muting.so" not in read(f"/proc/{keeper.pid}/maps"):
        return "SKIP: this keeper loads no library"
    keys = range(1, 9)
    controller = sleeper()
    for key in keys:
        equal(keeper.puppet.open(key, keeper.node(f"node{key}"), "evdev", live=False, pid=controller.pid)[0], "")
    before = len(keeper.descriptors())
    for killed in (False, True):
        guard = keeper.guard()
        began = time.monotonic()
        for key in keys:
            equal(keeper.puppet.order(RESUME, value=key)[:2], ("", 1))
        kept = len(keeper.descriptors()) - before
        true(time.monotonic() - began > 1 or kept == len(keys), f"{kept} are kept for now")
        if killed:
            os.kill(guard, signal.SIGKILL)
            end_of(guard)
        for key in keys:
            equal(keeper.puppet.order(PAUSE, value=key)[0], "")
        wait_for("none are kept", lambda: len(keeper.descriptors()) == before)
    equal(keeper.puppet.order(RESUME, value=1)[:2], ("", 1), "and it goes on")


def test_more_replaced_descriptors_than_there_is_place_for():
    keeper = Puppets(env=muting())
    if "muting.so" not in read(f"/proc/{keeper.pid}/maps"):
        return "SKIP: this keeper loads no library"
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("node"), "evdev", live=False, pid=controller.pid)[0], "")
    before, guard = len(keeper.descriptors()), keeper.guard()
    os.kill(guard, signal.SIGSTOP)
    for _ in range(600):
        _, _, fd = keeper.puppet.order(RESUME, value=1)
        os.close(keeper.puppet.fds.pop())
        equal(keeper.puppet.order(PAUSE, value=1)[0], "")
    equal(len(keeper.descriptors()) - before, 512)
    os.kill(guard, signal.SIGCONT)
    wait_for("none are kept", lambda: len(keeper.descriptors()) == before)


@with_terminals(OURS)
def test_guard_ends_with_a_keeper_that_is_stopped(ours):
    keeper = holding(ours)
    guard = keeper.guard()
    os.kill(guard, signal.SIGSTOP)
    equal(keeper.end(), 0)
    true(not alive(guard), "before the keeper")
    equal(ours.modes()[0::2], (TEXT, AUTO))
    equal(keeper.lines().count("put "), 1, keeper.lines())


@with_terminals(OURS)
def test_guard_outlives_the_process_group_of_the_keeper(ours):
    keeper = holding(ours, start_new_session=True)
    guard = keeper.guard()
    os.killpg(keeper.pid, signal.SIGKILL)
    end_of(guard)
    equal(ours.modes()[0::2], (TEXT, AUTO))


def test_guard_of_a_keeper_that_dies_early_is_not_left():
    chance = random.Random(7)
    keeper = None
    for _ in range(25):
        keeper = Puppets(home=keeper and keeper.home)
        keeper.puppet.send(TAKE, value=0)
        time.sleep(chance.random() * 0.002)
        keeper.end(signal.SIGKILL)
        wait_for("the lock", lambda: is_free(f"{keeper.run_dir}/lock"))
    names = [command_line(int(name)) for name in os.listdir("/proc") if name.isdigit()]
    equal([words for words in names if keeper.home in " ".join(words) or "guard" in words[0]], [])


def is_free(path):
    try:
        with open(path) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        pass
    except BlockingIOError:
        return False
    return True


def proportional(pid):
    """What it takes of the memory, in KiB, with its part of what it shares."""
    rows = [line.split() for line in read(f"/proc/{pid}/smaps_rollup").splitlines()]
    return next(int(row[1]) for row in rows if row[0] == "Pss:")


def test_guard_and_keeper_take_less_than_a_mebibyte():
    keeper = guarded()
    sizes = [proportional(pid) for pid in (keeper.pid, keeper.guard())]
    true(sum(sizes) < 1024, sizes)
    return f"keeper {sizes[0]} KiB, guard {sizes[1]} KiB"
