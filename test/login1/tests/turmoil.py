"""Two compositors, a screen and a daemon, each doing whatever it likes: in every pause all of them say the same."""

import collections
import contextlib
import os
import random
import signal

from basics import check, equal, poll, read, setting
from client import Client, error_of, SEAT_PATH
from compositor import Controller, on
from control_socket import call
from hardware import CARD, FULL, hardware, KEYBOARD, ZERO
from screen import facts, FIRST, screen, SECOND, switch, THIRD
from terminals import foreground

STEPS, PAUSE = 200, 4
NODES = {FULL: CARD, ZERO: KEYBOARD}


def descriptors(pid):
    """What they are, by kind; sockets and pipes are all alike."""
    found = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[os.readlink(f"/proc/{pid}/fd/{fd}").split("[")[0]] += 1
    return found


class Player:
    """A session on a terminal, and at times a compositor in it."""

    def __init__(self, user, uid, vt):
        self.uid, self.vt, self.login = uid, vt, on(user, vt)
        self.compositor = None
        self.has, self.put_down = {}, set()

    def take_control(self):
        if self.compositor is None:
            self.compositor = Controller(self.uid, self.login)
            self.compositor.take_control()
            self.has, self.put_down = {}, set()

    def take(self, number):
        if self.compositor is None:
            return
        answer = []
        name = error_of(lambda: answer.append(self.compositor.ask("TakeDevice", "uu", *number, fd=0)))
        equal(name, "DeviceIsTaken" if number in self.has else "", "TakeDevice")
        if name == "":
            self.has[number] = not answer[0][1]

    def give(self, number):
        if self.compositor is not None:
            name = error_of(lambda: self.compositor.ask("ReleaseDevice", "uu", *number))
            equal(name, "" if number in self.has else "DeviceNotTaken", "ReleaseDevice")
            self.listen()
            self.has.pop(number, None)
            self.put_down.discard(number)

    def pause(self, number):
        if self.compositor is not None:
            name = error_of(lambda: self.compositor.ask("PauseDeviceComplete", "uu", *number))
            equal(name, "" if number in self.has else "DeviceNotTaken", "PauseDeviceComplete")
            # what is being made live at this moment comes after the answer, and stays
            self.listen("before")
            if number in self.has:
                self.has[number] = False
                self.put_down.add(number)

    def end(self, politely):
        if self.compositor is None:
            return
        if politely:
            equal(self.compositor.ask("ReleaseControl"), [], "ReleaseControl")
        self.compositor.leave()
        self.compositor, self.has, self.put_down = None, {}, set()

    def listen(self, which="all"):
        """It closes what is dead, as a compositor does."""
        for path, member, body, fds in self.compositor.signals(which):
            if path == self.compositor.path and member in ("PauseDevice", "ResumeDevice"):
                number = tuple(body[:2])
                if body[-1] == "gone":
                    self.has.pop(number, None)
                else:
                    self.has[number] = member == "ResumeDevice"
                if member == "ResumeDevice":
                    self.put_down.discard(number)
            for fd in fds:
                self.compositor.order(close=fd)


class Turmoil:
    def __init__(self, place, choose):
        self.place, self.choose = place, choose
        self.players = [Player("alice", 1000, FIRST), Player("bob", 1001, SECOND)]
        self.root = Client()
        self.stopped = 0

    def step(self):
        player, number = self.choose.choice(self.players), self.choose.choice((FULL, ZERO))
        moves = {
            lambda: switch(self.choose.choice((FIRST, SECOND, THIRD))): 8,
            player.take_control: 4,
            lambda: player.take(number): 6,
            lambda: player.give(number): 3,
            lambda: player.pause(number): 2,
            lambda: player.end(self.choose.random() < 0.5): 1,
            self.kill: 0.3,
            self.switch_without_daemon: 0.7,
        }
        self.choose.choices(list(moves), weights=list(moves.values()))[0]()

    def kill(self):
        self.place.daemon.kill()
        self.place.bus.wait_for("org.freedesktop.login1")

    def switch_without_daemon(self):
        node = self.place.daemon.pid
        os.kill(node, signal.SIGSTOP)
        try:
            for _ in range(self.choose.randint(1, 3)):
                switch(self.choose.choice((FIRST, SECOND, THIRD)))
        finally:
            os.kill(node, signal.SIGCONT)

    def agree(self):
        """None, or how what somebody says is not what is."""
        shown = foreground()
        active = next((each.login.id for each in self.players if each.vt == shown), "")
        if self.root.get(SEAT_PATH, "ActiveSession")[0] != active:
            return f"the screen shows terminal {shown}, and not session {active} is active"
        taken = {}
        for device in call("GetSeat", id="seat0")["devices"]:
            taken |= {(each["session"], each["node"]): each["state"] for each in device["taken"]}
        wanted = {}
        for player in self.players:
            identifier, front = player.login.id, player.login.id == active
            if player.compositor is not None:
                player.listen()
            for number, live in player.has.items():
                should = front and number not in player.put_down
                wanted[identifier, NODES[number]] = "active" if should else "paused"
                if live != should:
                    return f"session {identifier} takes {number} for {'live' if live else 'dead'}"
            if facts(player.vt)["held"] != (player.compositor is not None):
                return f"terminal {player.vt}: {facts(player.vt)}"
        return None if taken == wanted else f"taken are {taken}, expected {wanted}"

    def settle(self, history):
        said = []
        try:
            poll("all say the same", lambda: said.append(self.agree()) or said[-1] is None, 10)
        except Exception as error:
            check(False, f"{said[-1]}\n{error}\nafter {history}")


@setting(policies=("shipped",), buses=("daemon",))
def test_whatever_happens(place):
    seed = random.randrange(1 << 32)
    with screen(), hardware(place.daemon, muting=True):
        place.bus.wait_for("org.freedesktop.login1")
        turmoil = Turmoil(place, random.Random(seed))
        for player in turmoil.players:
            player.take_control()
            player.end(True)
        turmoil.settle("the first look")
        keeper = descriptors(place.daemon.keeper.pid)
        for step in range(STEPS):
            turmoil.step()
            if step % PAUSE == 0:
                turmoil.settle(f"{step} steps with seed {seed}")
        for player in turmoil.players:
            player.end(False)
        turmoil.settle(f"the end of seed {seed}")
        poll("the keeper has closed everything", lambda: not descriptors(place.daemon.keeper.pid) - keeper)
        check('"bug' not in place.daemon.log(), f"no bug in the log, seed {seed}")
        check(read(f"/proc/{place.daemon.pid}/status") != "", "the daemon")
