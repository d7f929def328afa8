"""Virtual terminals that the keeper has for controllers, on real ones of this machine."""

import struct

import terminals
from puppet import *
from terminals import AUTO, GRAPHICS, MEDIUMRAW, OFF, PROCESS, TEXT, UNICODE, with_terminals

USER = 65533
OURS, OTHER = 51, 52


def come(terminal):
    terminal.activate()
    wait_for(f"VT {terminal.number} in the foreground", lambda: terminals.foreground() == terminal.number)


def leave_for(other):
    """How long the switch takes, in ms."""
    began = time.monotonic()
    other.activate()
    while terminals.foreground() != other.number:
        true(time.monotonic() - began < 5, "the switch does not happen")
    return (time.monotonic() - began) * 1000


def take(puppet, vt=OURS):
    equal(puppet.order(TAKE, value=vt, uid=USER)[0], "")


def with_live_device(terminal):
    """A keeper that has the VT, which is in the foreground, and a device that is live there."""
    keeper = Puppets()
    take(keeper.puppet, terminal.number)
    come(terminal)
    equal(keeper.puppet.open(1, keeper.node("renderD128"), vt=terminal.number)[:2], ("", 1))
    return keeper


@with_terminals(OURS)
def test_vt_taken_and_put_back(ours):
    keeper = Puppets()
    before = ours.owner()
    group = before[1]
    ours.set_keyboard(MEDIUMRAW)
    for _ in range(2):
        take(keeper.puppet)
        equal((ours.modes(), ours.owner()[:2]), ((GRAPHICS, OFF, PROCESS), (USER, group)))
    keeper.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes() == (TEXT, MEDIUMRAW, AUTO))
    wait_for("whose it was", lambda: ours.owner() == before)
    take(keeper.puppet)
    equal(ours.modes(), (GRAPHICS, OFF, PROCESS), "again")
    equal(keeper.end(), 0)
    equal((ours.modes(), ours.owner()), ((TEXT, MEDIUMRAW, AUTO), before), "after SIGTERM")
    true("put 1 VTs back" in keeper.lines(), keeper.lines())


@with_terminals(OURS)
def test_vt_stays_the_user_s_who_had_it_before(ours):
    keeper = Puppets()
    before = ours.owner()
    os.chown(ours.path, USER, -1)
    os.chmod(ours.path, 0o600)
    take(keeper.puppet)
    keeper.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes()[2] == AUTO)
    equal(ours.owner(), (USER, before[1], 0o600))


@with_terminals(OURS)
def test_vt_is_not_taken_from_whom_it_was_given_to_meanwhile(ours):
    keeper = Puppets()
    take(keeper.puppet)
    os.chown(ours.path, USER + 1, -1)
    keeper.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes()[2] == AUTO)
    equal(ours.owner()[0], USER + 1)


@with_terminals(OURS)
def test_vt_a_keyboard_without_keys_is_not_what_it_had_before(ours):
    keeper = Puppets()
    ours.set_keyboard(OFF)
    take(keeper.puppet)
    keeper.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes() == (TEXT, UNICODE, AUTO))


@with_terminals(OURS)
def test_vt_of_a_keeper_that_was_killed_is_put_back_by_the_next(ours):
    keeper = Puppets()
    take(keeper.puppet)
    # And its guard before, so that it cannot start another.
    os.kill(keeper.pid, signal.SIGSTOP)
    os.kill(keeper.guard(), signal.SIGKILL)
    keeper.end(signal.SIGKILL)
    equal(ours.modes(), (GRAPHICS, OFF, PROCESS))
    follower = Puppets(home=keeper.home)
    equal(follower.puppet.held["vts"], [])
    follower.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes() == (TEXT, UNICODE, AUTO))
    wait_for("it is root's", lambda: ours.owner()[0] == 0)


@with_terminals(OURS, OTHER)
def test_vt_switch_with_the_daemon_alive_stopped_and_dead(ours, other):
    keeper = Puppets()
    path = keeper.node("renderD128")
    notes = []

    def switch(how, puppet):
        come(ours)
        true(puppet.order(RESUME, value=1)[0] == "" or puppet.open(1, path, vt=OURS)[1], "live in the foreground")
        if how == "stopped":
            os.kill(puppet.pid, signal.SIGSTOP)
        notes.append(f"{how} {leave_for(other):.1f} ms")

    take(keeper.puppet)
    equal(keeper.puppet.open(2, path)[:2], ("", 1), "on no VT")
    switch("alive", keeper.puppet)
    equal(keeper.puppet.next_left(), OURS)
    equal(keeper.puppet.order(RESUME, value=1)[0], "EBUSY", "behind the foreground")
    equal(keeper.puppet.open(3, path, vt=OURS)[:2], ("", 0), "muted there from the start")
    switch("stopped", keeper.puppet)
    puppet = keeper.next()
    equal(puppet.held, {"devices": {"1": 0, "2": 1, "3": 0}, "vts": [OURS], "gettys": [], "connections": []})
    come(ours)
    equal(puppet.order(RESUME, value=1)[:2], ("", 1))
    os.kill(keeper.pid, signal.SIGSTOP)
    os.kill(puppet.pid, signal.SIGKILL)
    other.activate()
    os.kill(keeper.pid, signal.SIGCONT)
    began = time.monotonic()
    wait_for("the switch", lambda: terminals.foreground() == OTHER)
    notes.append(f"dead {(time.monotonic() - began) * 1000:.1f} ms")
    wait_for("another daemon", lambda: keeper.daemons() not in ([], [puppet.pid]))
    equal(Puppet(keeper).held["devices"], {"1": 0, "2": 1, "3": 0})
    return ", ".join(notes)


@with_terminals(OURS, OTHER)
def test_vt_that_is_never_left_while_a_device_is_live(ours, other):
    keeper = Puppets()
    controllers = [sleeper(), sleeper()]
    take(keeper.puppet)
    come(ours)
    for key, controller in enumerate(controllers):
        for turn in range(3):
            name = keeper.node(f"event{key}{turn}")
            equal(keeper.puppet.open(10 * key + turn, name, "evdev", vt=OURS, pid=controller.pid)[:2], ("", 1))
    other.activate()
    equal(keeper.puppet.next_left(), OURS)
    equal([alive(each.pid) for each in controllers], [False, False], "killed before the daemon hears of it")
    wait_for("the switch", lambda: terminals.foreground() == OTHER)
    for key in (0, 12):
        equal(keeper.puppet.order(PAUSE, value=key)[0], "ENOENT", "forgotten")
    equal([each.wait(1) for each in controllers], [-signal.SIGKILL] * 2)


@with_terminals(OURS, OTHER)
def test_vt_that_was_hung_up(ours, other):
    keeper = Puppets()
    ours.set_keyboard(MEDIUMRAW)
    take(keeper.puppet)
    come(ours)
    ours.hang_up()
    leave_for(other)
    equal(keeper.puppet.next_left(), OURS)
    ours.hang_up()
    take(keeper.puppet)
    ours.hang_up()
    keeper.puppet.send(RELEASE, value=OURS)
    wait_for("it is back", lambda: ours.modes() == (TEXT, MEDIUMRAW, AUTO))
    wait_for("it is root's", lambda: ours.owner()[0] == 0)
    equal(keeper.lines(), "")


@with_terminals(OURS, OTHER)
def test_vt_release_lets_a_switch_happen_that_waits(ours, other):
    keeper = with_live_device(ours)
    os.kill(keeper.pid, signal.SIGSTOP)
    other.activate()
    keeper.puppet.send(RELEASE, value=OURS)
    os.kill(keeper.pid, signal.SIGCONT)
    wait_for("the switch", lambda: terminals.foreground() == OTHER)
    equal(keeper.puppet.next_left(), OURS)
    wait_for("it is back", lambda: ours.modes() == (TEXT, UNICODE, AUTO))
    true(keeper.puppet.is_silent(), "one word about it")


@with_terminals(OURS, OTHER)
def test_vt_taken_again_keeps_a_switch_that_waits(ours, other):
    keeper = Puppets()
    take(keeper.puppet)
    come(ours)
    os.kill(keeper.pid, signal.SIGSTOP)
    keeper.puppet.send(TAKE, value=OURS, uid=USER, serial=500)
    other.activate()
    os.kill(keeper.pid, signal.SIGCONT)
    wait_for("the switch", lambda: terminals.foreground() == OTHER)


def lets_go(terminal):
    """False while no switch away waits for it: the kernel takes a moment."""
    try:
        fcntl.ioctl(terminal.fd, terminals.VT_RELDISP, 1)
    except OSError:
        return False
    return True


@with_terminals(OURS, OTHER)
def test_vt_whose_mode_somebody_else_has_changed(ours, other):
    keeper = with_live_device(ours)
    # As an X server does that takes the VT into its own hands: nobody asks the keeper. The signal is one to be ignored.
    fcntl.ioctl(ours.fd, terminals.VT_SETMODE, struct.pack("bbhhh", PROCESS, 0, signal.SIGURG, signal.SIGURG, 0))
    other.activate()
    wait_for("the request to leave", lambda: lets_go(ours))
    equal(keeper.puppet.next_left(), OURS, "muted afterwards")
    equal(keeper.puppet.order(RESUME, value=1)[0], "EBUSY")


@with_terminals(OURS, OTHER)
def test_vt_signals_of_others_release_nothing(ours, other):
    keeper = with_live_device(ours)
    for _ in range(3):
        for number in ours.signals():
            os.kill(keeper.pid, number)
    true(keeper.puppet.is_silent(), "nobody left")
    equal(keeper.next().held["devices"], {"1": 1})


@with_terminals(OURS, OTHER)
def test_vt_switches_back_and_forth(ours, other):
    keeper = Puppets()
    for vt in (OURS, OTHER):
        take(keeper.puppet, vt)
        equal(keeper.puppet.open(vt, keeper.node(f"renderD{vt}"), vt=vt)[0], "")
    come(ours)
    took = []
    for _ in range(20):
        for terminal, behind in ((other, OURS), (ours, OTHER)):
            keeper.puppet.order(RESUME, value=behind)
            took.append(leave_for(terminal))
            equal(keeper.puppet.next_left(), behind)
            equal(keeper.puppet.order(RESUME, value=behind)[0], "EBUSY")
            equal(keeper.puppet.order(RESUME, value=terminal.number)[:2], ("", 1))
    took.sort()
    return f"median {took[len(took) // 2]:.1f} ms, longest {took[-1]:.1f} ms"


@with_terminals(OURS, OTHER)
def test_vt_switches_while_the_daemon_does_not_read(ours, other):
    keeper = Puppets()
    for vt in (OURS, OTHER):
        take(keeper.puppet, vt)
    come(ours)
    for _ in range(150):
        leave_for(other)
        leave_for(ours)
    told = []
    while not keeper.puppet.is_silent():
        told.append(keeper.puppet.next_left())
    equal((set(told), len(told) <= 300), ({OURS, OTHER}, True))
    equal(keeper.lines(), "")


def test_vt_that_there_is_not():
    keeper = Puppets()
    for vt in (0, -1, 64, 2**31 - 1):
        equal(keeper.puppet.order(TAKE, value=vt, uid=USER)[0], "EINVAL", vt)
        keeper.puppet.send(RELEASE, value=vt)
    if not terminals.lacking():
        equal(keeper.puppet.order(TAKE, value=OURS, uid=0xFFFFFFFF)[0], "EINVAL", "nobody's")
    equal(keeper.lines(), "")


@with_terminals(*range(40, 57))
def test_vt_there_are_sixteen(*all_of_them):
    keeper = Puppets()
    for terminal in all_of_them[:16]:
        take(keeper.puppet, terminal.number)
    equal(keeper.puppet.order(TAKE, value=56, uid=USER)[0], "EMFILE")
    equal(all_of_them[16].modes(), (TEXT, UNICODE, AUTO))
    equal(sorted(keeper.next().held["vts"]), list(range(40, 56)))
    equal(keeper.end(), 0)
    equal({terminal.modes() for terminal in all_of_them}, {(TEXT, UNICODE, AUTO)})
