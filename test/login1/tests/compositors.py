"""Two compositors on two terminals: who has the devices, and what each is told, also when the daemon or the bus's news fail."""

import ctypes
import os
import signal
import time

from basics import check, equal, poll, setting
from client import Client, error_of, SEAT_PATH
from compositor import Controller, in_front, LEAVES, on
from control_socket import call, nobody, sessionctl
from hardware import CARD, FULL, hardware, KEYBOARD, muted, ZERO
from login import Login
from screen import facts, FIRST, screen, SECOND, switch

KCMP, KCMP_FILE = 312, 0
CARD_NAME, KEYBOARD_NAME = "1:7", "1:5"


class Compositor(Controller):
    """Takes a card and a keyboard, and remembers their descriptors and whether they are live."""

    def __init__(self, uid, login):
        super().__init__(uid, login)
        self.take_control()
        self.fds, self.live, self.heard = {}, {}, []
        for number in (FULL, ZERO):
            self.take(number)
        self.front = self.live[ZERO]

    def take(self, number):
        fd, inactive = self.ask("TakeDevice", "uu", *number, fd=0)
        self.fds[number], self.live[number] = fd, not inactive

    def listen(self):
        """Does what it is told; what it hears is kept in words, in order."""
        for path, member, body, fds in self.signals():
            if path != self.path:
                continue
            if member == "PropertiesChanged" and "Active" in body[1]:
                # a new daemon says again what was known
                if body[1]["Active"][1] != self.front:
                    self.front = body[1]["Active"][1]
                    self.heard.append("active" if self.front else "inactive")
            elif member in ("PauseDevice", "ResumeDevice"):
                number = tuple(body[:2])
                self.heard.append(f"{member[:-6].lower()} {number[0]}:{number[1]}" + (f" {body[2]}" if member == "PauseDevice" else ""))
                self.live[number] = member == "ResumeDevice"
                if fds:
                    self.before, self.fds[number] = self.fds.get(number), fds[0]
        return self.heard

    def hears(self, *words):
        """Exactly these, the devices in either order."""
        poll(f"it hears {words}", lambda: len(self.listen()) >= len(words), 8)
        equal(sorted(self.heard), sorted(words), "what it heard")
        found, self.heard = self.heard, []
        return found

    def device(self, number):
        status = os.stat(f"/proc/{self.pid}/fd/{self.fds[number]}")
        return os.major(status.st_rdev), os.minor(status.st_rdev)


def same_description(pid, one, other):
    return ctypes.CDLL(None, use_errno=True).syscall(KCMP, pid, pid, KCMP_FILE, one, other) == 0


def states():
    devices = call("GetSeat", id="seat0")["devices"]
    return sorted((each["node"], each["session"], each["state"]) for device in devices for each in device["taken"])


def are_muted(how=""):
    """One after the other, so not all of it is found at the first look."""
    found = []
    poll(f"its devices are muted {how}", lambda: found.extend(muted()) or {"drop 1:7", "revoke 1:5"} <= set(found))


FORCED = ("pause 1:7 force", "pause 1:5 force", "inactive")
RESUMED = ("active", "resume 1:7", "resume 1:5")


class Stage:
    """alice in front, bob behind, both with all the devices."""

    def __init__(self, place):
        place.bus.wait_for("org.freedesktop.login1")
        self.root = Client()
        switch(FIRST)
        self.logins = on("alice", FIRST), on("bob", SECOND)
        poll("alice is in front", lambda: in_front(self.root) == self.logins[0].id)
        self.alice, self.bob = Compositor(1000, self.logins[0]), Compositor(1001, self.logins[1])
        equal([self.alice.live, self.bob.live], [{FULL: True, ZERO: True}, {FULL: False, ZERO: False}], "who has live devices")
        for each in (self.alice, self.bob):
            each.signals()
        muted()

    def to(self, vt):
        """Returns what the compositor that comes to the front heard, in order."""
        switch(vt)
        leaves, comes = (self.alice, self.bob) if vt == SECOND else (self.bob, self.alice)
        left = leaves.hears(*FORCED)
        check(left.index("inactive") == 2, f"the devices are muted before it is told that it is behind: {left}")
        came = comes.hears(*RESUMED)
        equal(came[0], "active", "what is told first")
        equal([leaves.live, comes.live], [{FULL: False, ZERO: False}, {FULL: True, ZERO: True}], "who has live devices")


@setting(policies=("shipped",), buses=("daemon",))
def test_devices_go_and_come_with_the_terminal(place):
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        one, other = (login.id for login in stage.logins)
        equal(states(), sorted([(CARD, one, "active"), (KEYBOARD, one, "active"), (CARD, other, "paused"), (KEYBOARD, other, "paused")]), "who has what")
        card, keyboard = stage.bob.fds[FULL], stage.bob.fds[ZERO]
        stage.to(SECOND)
        asked = muted()
        equal(sorted(asked), sorted(["drop 1:7", "revoke 1:5", "set 1:7"]), "what the devices were asked")
        check(asked.index("set 1:7") > max(asked.index("drop 1:7"), asked.index("revoke 1:5")), f"taken away first: {asked}")
        equal([stage.bob.device(FULL), stage.bob.device(ZERO)], [FULL, ZERO], "the descriptors that came")
        equal(same_description(stage.bob.pid, card, stage.bob.fds[FULL]), True, "a card comes back as it was")
        equal(same_description(stage.bob.pid, keyboard, stage.bob.fds[ZERO]), False, "a keyboard is opened again")
        for vt in (FIRST, SECOND, FIRST):
            stage.to(vt)
        shown = sessionctl("seat-status").stdout
        check(f"{KEYBOARD}: session {one} has it, process {stage.alice.pid}, active" in shown, f"seat-status:\n{shown}")


@setting(policies=("shipped",), buses=("daemon",))
def test_a_daemon_that_is_killed_between(place):
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        for vt in (SECOND, FIRST):
            place.daemon.kill()
            place.bus.wait_for("org.freedesktop.login1")
            stage.to(vt)
        node = place.daemon.pid
        muted()
        os.kill(node, signal.SIGSTOP)
        switch(SECOND)
        equal(sorted(muted()), ["drop 1:7", "revoke 1:5"], "the keeper mutes alone")
        os.kill(node, signal.SIGKILL)
        stage.alice.hears(*FORCED)
        stage.bob.hears(*RESUMED)
        place.bus.wait_for("org.freedesktop.login1")
        stage.to(FIRST)


@setting(policies=("shipped",), buses=("daemon",))
def test_what_a_controller_gives_back(place):
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        alice = stage.alice
        pause = lambda number: error_of(lambda: alice.ask("PauseDeviceComplete", "uu", *number))
        equal(pause(FULL), "", "PauseDeviceComplete unasked, as Xorg does")
        poll("the card is not the master any more", lambda: "drop 1:7" in muted())
        equal(pause(FULL), "", "once more")
        stage.alice.signals()
        switch(SECOND)
        alice.hears("pause 1:5 force", "inactive")
        stage.bob.hears(*RESUMED)
        switch(FIRST)
        stage.bob.hears(*FORCED)
        alice.hears(*RESUMED)
        equal(error_of(lambda: alice.ask("ReleaseDevice", "uu", *ZERO)), "", "ReleaseDevice")
        alice.hears("pause 1:5 gone")
        for member in ("ReleaseDevice", "PauseDeviceComplete"):
            equal(error_of(lambda member=member: alice.ask(member, "uu", *ZERO)), "DeviceNotTaken", f"{member} of what was given back")
        alice.take(ZERO)
        equal(alice.live[ZERO], True, "taken again")
        alice.ask("ReleaseControl")
        poll("it has nothing", lambda: [each for each in states() if each[1] == stage.logins[0].id] == [])
        equal(alice.signals(), [], "nobody tells it of that")
        equal(in_front(stage.root), stage.logins[0].id, "who is in front")


@setting(policies=("shipped",), buses=("daemon",))
def test_control_by_force_takes_the_devices(place):
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        root = Client()
        equal(root.call("TakeControl", "b", True, path=stage.alice.path), [], "by force")
        stage.alice.hears("pause 1:7 gone", "pause 1:5 gone")
        are_muted()
        equal(error_of(lambda: stage.alice.ask("TakeDevice", "uu", *FULL)), "NotInControl", "the one before")
        inactive = root.call("TakeDevice", "uu", *FULL, path=stage.alice.path)[1]
        equal(inactive, False, "the new one has them live")


@setting(policies=("shipped",), buses=("daemon",))
def test_a_compositor_that_is_stopped(place):
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        os.kill(stage.alice.pid, signal.SIGSTOP)
        begin = time.monotonic()
        switch(SECOND)
        stage.bob.hears(*RESUMED)
        check(time.monotonic() - begin < LEAVES, "it is not waited for")
        check({"drop 1:7", "revoke 1:5"} <= set(muted()), "its devices are muted all the same")
        os.kill(stage.alice.pid, signal.SIGCONT)
        stage.alice.hears(*FORCED)
        stage.to(FIRST)


@setting(policies=("shipped",), buses=("daemon",))
def test_ends_of_a_compositor(place):
    """However it ends, its devices are muted, and whoever comes next takes them as if nothing had been."""
    ways = {
        "killed": lambda stage: os.kill(stage.alice.pid, signal.SIGKILL),
        "terminated with its session": lambda stage: stage.root.call("TerminateSession", "s", stage.logins[0].id),
        "off the bus": lambda stage: stage.alice.leave(),
    }
    with screen(), hardware(place.daemon, muting=True):
        for how, end in ways.items():
            stage = Stage(place)
            end(stage)
            poll(f"it has nothing when it is {how}", lambda: {each[1] for each in states()} == {stage.logins[1].id})
            are_muted(how)
            if stage.alice in Client.all:
                Client.all.remove(stage.alice)
            switch(SECOND)
            stage.bob.hears(*RESUMED)
            Client.leave_all()
            Login.end_all()
            # the next ones want the same terminals
            nobody()
            equal(states(), [], "who has anything")


@setting(policies=("shipped",), buses=("daemon",))
def test_a_bus_that_ends(place):
    """Nobody controls anything over a bus that is gone, and nobody has devices without control."""
    with screen(), hardware(place.daemon, muting=True):
        stage = Stage(place)
        place.bus.stop()
        try:
            poll("nobody has anything", lambda: states() == [])
            are_muted()
            poll("the terminals are free", lambda: [facts(vt)["held"] for vt in (FIRST, SECOND)] == [False, False])
        finally:
            place.bus.start()
            place.bus.wait_for("org.freedesktop.login1")
            place.polkit.stop()
            place.polkit.start()
            place.bus.wait_for("org.freedesktop.PolicyKit1")
        for each in (stage.alice, stage.bob):
            Client.all.remove(each)
        again = Compositor(1000, stage.logins[0])
        equal(again.live, {FULL: True, ZERO: True}, "who comes next has them")


ASKED = ("pause 1:7 pause", "pause 1:5 pause")


@setting(policies=("shipped",), buses=("daemon",))
def test_without_terminals_a_compositor_is_asked(place):
    """It may finish what it does: what it has is live until it says so, or until its time is over."""
    with hardware(place.daemon, muting=True, without=("tty",)):
        place.bus.wait_for("org.freedesktop.login1")
        root = Client()
        equal(root.get(SEAT_PATH, "CanTTY"), False, "CanTTY")
        login = lambda user: Login(user, service="lightdm", tty=":1", env={"XDG_SEAT": "seat0"})
        first = login("alice")
        poll("alice is in front", lambda: in_front(root) == first.id)
        alice = Compositor(1000, first)
        equal(alice.live, {FULL: True, ZERO: True}, "what alice has")
        alice.signals()
        muted()
        second = login("bob")
        alice.hears(*ASKED, "inactive")
        equal([muted(), in_front(root)], [[], ""], "what is muted and who is in front before she agrees")
        for number in (FULL, ZERO):
            alice.ask("PauseDeviceComplete", "uu", *number)
        poll("bob is in front", lambda: in_front(root) == second.id)
        equal(sorted(muted()), ["drop 1:7", "revoke 1:5"], "what is muted then")
        bob = Compositor(1001, second)
        bob.signals()
        begin = time.monotonic()
        root.call("ActivateSession", "s", first.id)
        bob.hears(*ASKED, *FORCED)
        alice.hears(*RESUMED)
        check(0.8 < time.monotonic() - begin < 3, f"who does not answer is given a second: {time.monotonic() - begin:.1f} s")
        bob.leave()
        second.close()
        poll("alice is in front", lambda: in_front(root) == first.id)
