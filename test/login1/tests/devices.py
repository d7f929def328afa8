"""Devices of a seat: who may open them, who has taken them, and what becomes of whoever cannot be made to let go."""

import os
import signal
import subprocess
import time

from basics import alive, check, equal, poll, setting
from client import Client, error_of, SEAT_PATH, session_path
from compositor import Controller, in_front, LEAVES, on
from control_socket import call, session, sessionctl
from hardware import allow, hardware, KEYBOARD, LAMP, NULL, RENDER, SCREEN, ZERO
from screen import FIRST, screen, SECOND, switch, THIRD
from terminals import foreground


def may_open(uid, node):
    """As that user with no group but its own: the kernel's word."""
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "python3", "-c", f"import os; os.open({node!r}, os.O_RDWR)"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def explained(uid, node):
    """sessionctl's word, which has to be the kernel's."""
    user = {1000: "alice", 1001: "bob", 1002: "carol"}[uid]
    shown = sessionctl("explain", node, user=user)
    equal(shown.returncode, 0, f"explain: {shown.stderr}")
    return f"{user} ({uid}) may open" in shown.stdout


def who_may(node):
    found = [uid for uid in (1000, 1001, 1002) if may_open(uid, node)]
    equal([uid for uid in (1000, 1001, 1002) if explained(uid, node)], found, f"what explain says of {node}")
    return found


def taken():
    """Node, session and state of each device that somebody has."""
    devices = call("GetSeat", id="seat0")["devices"]
    return [(each["node"], each["session"], each["state"]) for device in devices for each in device["taken"]]


@setting(policies=("shipped",), buses=("daemon",))
def test_access_follows_the_foreground(place):
    with screen(), hardware(place.daemon):
        equal(who_may(RENDER), [], "before anybody is there")
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        poll("alice may", lambda: may_open(1000, RENDER))
        equal(who_may(RENDER), [1000], "with alice in front")
        equal([who_may(KEYBOARD), who_may(SCREEN)], [[], []], "what nobody may open by themselves")
        allow(SCREEN, 1002)
        equal(who_may(SCREEN), [1002], "what the administrator gives")
        switch(SECOND)
        poll("bob may", lambda: may_open(1001, RENDER))
        equal(who_may(RENDER), [1001], "with bob in front")
        shown = sessionctl("seat-status").stdout
        check("drm:renderD128 /dev/dri/renderD128 root:root rw-rw----, user bob rw-" in shown.replace(", group root rw-", ""), f"seat-status:\n{shown}")
        switch(THIRD)
        poll("nobody may", lambda: not may_open(1001, RENDER))
        switch(SECOND)
        poll("bob may again", lambda: may_open(1001, RENDER))
        bob.close()
        poll("nobody may after the logout", lambda: not may_open(1001, RENDER))
        switch(FIRST)
        poll("alice may again", lambda: may_open(1000, RENDER))
        place.daemon.kill()
        equal(who_may(RENDER), [1000], "after a crash")
        equal(who_may(SCREEN), [1002], "what the administrator gave")
        alice.close()


@setting(policies=("shipped",), buses=("daemon",))
def test_a_seat_that_can_show_something(place):
    with screen(), hardware(place.daemon):
        place.bus.wait_for("org.freedesktop.login1")
        equal(Client().get(SEAT_PATH, "CanGraphical"), True, "CanGraphical")
        check("Graphical: yes" in sessionctl("seat-status").stdout, "seat-status")


@setting(policies=("shipped",), buses=("daemon",))
def test_a_device_is_taken(place):
    with screen(), hardware(place.daemon):
        place.bus.wait_for("org.freedesktop.login1")
        switch(FIRST)
        login = on("alice", FIRST)
        controller, other = Controller(1000, login), Client(1000, login)
        controller.take_control()
        equal(error_of(lambda: controller.ask("TakeDevice", "uu", *NULL)), "System.Error.ENODEV", "a render node over the bus")
        equal(error_of(lambda: other.call("TakeDevice", "uu", *ZERO, path=controller.path)), "NotInControl", "another connection")
        fd, inactive = controller.ask("TakeDevice", "uu", *ZERO, fd=0)
        equal(inactive, False, "inactive")
        status = os.stat(f"/proc/{controller.pid}/fd/{fd}")
        equal((os.major(status.st_rdev), os.minor(status.st_rdev)), ZERO, "what the descriptor is")
        equal(error_of(lambda: controller.ask("TakeDevice", "uu", *ZERO)), "DeviceIsTaken", "once more")
        equal(taken(), [(KEYBOARD, login.id, "active")], "who has it")
        place.daemon.kill()
        place.bus.wait_for("org.freedesktop.login1")
        equal(taken(), [(KEYBOARD, login.id, "active")], "who has it after a crash of the daemon")
        equal(error_of(lambda: controller.ask("TakeDevice", "uu", *ZERO)), "DeviceIsTaken", "after a crash of the daemon")
        equal(may_open(1000, KEYBOARD), False, "the node")


@setting(policies=("shipped",), buses=("daemon",))
def test_who_cannot_be_muted_is_killed(place):
    """The node is none that can be revoked: its holder goes before anybody else is in front."""
    with screen(), hardware(place.daemon):
        for crash in ("nothing", "daemon killed", "daemon stopped"):
            place.bus.wait_for("org.freedesktop.login1")
            switch(FIRST)
            alice, bob = on("alice", FIRST), on("bob", SECOND)
            poll("alice is in front", lambda: session(alice.id)["state"] == "active")
            controller, root = Controller(1000, alice), Client()
            controller.take_control()
            equal(controller.ask("TakeDevice", "uu", *ZERO, fd=0)[1], False, "inactive")
            if crash == "daemon killed":
                place.daemon.kill()
                place.bus.wait_for("org.freedesktop.login1")
            elif crash == "daemon stopped":
                os.kill(place.daemon.pid, signal.SIGSTOP)
            begin = time.monotonic()
            switch(SECOND)
            seconds = time.monotonic() - begin
            check(not alive(controller.pid), f"its holder lives while another terminal is shown ({crash})")
            check(seconds < LEAVES, f"the switch took {seconds:.1f} s ({crash})")
            if crash == "daemon stopped":
                os.kill(place.daemon.pid, signal.SIGCONT)
            poll("bob is in front", lambda: in_front(root) == bob.id)
            poll("nobody has it", lambda: taken() == [])
            Client.all.remove(controller)
            for login in (alice, bob):
                login.close()


@setting(policies=("shipped",), buses=("daemon",))
def test_the_keeper_is_killed(place):
    """What it held is lost, and cannot be taken away from whoever has it: they go."""
    with screen(), hardware(place.daemon):
        place.bus.wait_for("org.freedesktop.login1")
        switch(FIRST)
        alice = on("alice", FIRST)
        poll("alice is in front", lambda: session(alice.id)["state"] == "active")
        controller = Controller(1000, alice)
        controller.take_control()
        equal(controller.ask("TakeDevice", "uu", *ZERO, fd=0)[1], False, "inactive")
        child = alice.spawn(["sleep", "1000"], 1000)
        place.daemon.kill_keeper()
        place.daemon.start()
        poll("all who may have it are gone", lambda: not alive(controller.pid) and not alive(child), 10)
        equal(taken(), [], "who has it")
        switch(SECOND)
        bob = on("bob", SECOND)
        poll("bob is in front", lambda: session(bob.id)["state"] == "active")
        poll("bob may open what is bob's", lambda: who_may(RENDER) == [1001])
        Client.all.remove(controller)
        alice.reap()


@setting(policies=("shipped",), buses=("daemon",))
def test_brightness(place):
    with screen(), hardware(place.daemon):
        place.bus.wait_for("org.freedesktop.login1")
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        poll("alice is in front", lambda: session(alice.id)["state"] == "active")
        own, other = Client(1000, alice), Client(1001, bob)
        dim = lambda client, login, value, name="test": error_of(
            lambda: client.call("SetBrightness", "ssu", "leds", name, value, path=session_path(login.id))
        )
        equal(dim(own, alice, 7), "", "who is in front")
        with open(f"{LAMP}/brightness", encoding="utf-8") as file:
            equal(file.read(), "7", "the lamp")
        equal(dim(other, bob, 8), "NotYourDevice", "who is not")
        equal(dim(other, alice, 8), "AccessDenied", "another user in her place")
        equal(dim(own, alice, 8, "none"), "System.Error.ENODEV", "no such lamp")
        equal(foreground(), FIRST, "the terminal")
