"""Sessions on real virtual terminals: who is in the foreground, who controls a terminal, and what is left of it."""

import os
import signal
import time

from basics import alive, check, equal, poll, setting
from client import Client, error_of, MANAGER_PATH, Monitor, SEAT_PATH, session_path
from control_socket import call, is_over, session
from compositor import Controller, in_front, LEAVES, on
from login import Login
from screen import facts, FIRST, screen, SECOND, switch, THIRD
from terminals import foreground, GRAPHICS, OFF, TEXT, UNICODE


def test_sessions_come_to_the_front(place):
    with screen():
        alice, bob, root = on("alice", FIRST), on("bob", SECOND), Client()
        ways = (
            (alice, FIRST, lambda: root.call("ActivateSession", "s", alice.id)),
            (bob, SECOND, lambda: root.call("Activate", path=session_path(bob.id))),
            (alice, FIRST, lambda: root.call("ActivateSessionOnSeat", "ss", alice.id, "seat0")),
            (bob, SECOND, lambda: root.call("ActivateSession", "s", bob.id, path=SEAT_PATH)),
            (alice, FIRST, lambda: root.call("SwitchTo", "u", FIRST, path=SEAT_PATH)),
            (bob, SECOND, lambda: root.call("SwitchToNext", path=SEAT_PATH)),
            (alice, FIRST, lambda: root.call("SwitchToPrevious", path=SEAT_PATH)),
            (bob, SECOND, lambda: root.call("SwitchToPrevious", path=SEAT_PATH)),
            (alice, FIRST, lambda: root.call("SwitchToNext", path=SEAT_PATH)),
            (alice, FIRST, lambda: root.call("ActivateSession", "s", alice.id)),
        )
        for login, vt, way in ways:
            equal(way(), [], "the answer")
            poll(f"session {login.id} is in front", lambda login=login: in_front(root) == login.id)
            equal(foreground(), vt, "the terminal that is shown")
            equal([root.get(session_path(each.id), "Active") for each in (alice, bob)], [login is alice, login is bob], "Active")
        root.call("SwitchTo", "u", THIRD, path=SEAT_PATH)
        poll("nobody is in front", lambda: in_front(root) == "")
        for number in (0, 64, 4294967295):
            equal(error_of(lambda number=number: root.call("SwitchTo", "u", number, path=SEAT_PATH)), "InvalidArgs", f"SwitchTo({number})")
        equal(foreground(), THIRD, "the terminal after those")


@setting(policies=("open",), buses=("daemon",))
def test_who_may_switch(place):
    """polkit's rule for chvt: who sits there, in front or not; others have to say who they are."""
    with screen():
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        away, root = Login("carol", service="sshd-test", tty="ssh", rhost="192.0.2.7"), Client()
        switch(FIRST)
        poll("alice is in front", lambda: in_front(root) == alice.id)
        ask = "InteractiveAuthorizationRequired"
        for login, uid, outcome in ((alice, 1000, ""), (bob, 1001, ""), (away, 1002, ask), (None, 1003, ask), (None, 0, "")):
            client = Client(uid, login)
            for target in (alice, bob):
                # what is in front already anybody may bring there
                wanted = "" if target is alice else outcome
                found = error_of(lambda c=client, t=target: c.call("ActivateSession", "s", t.id))
                equal(found, wanted, f"ActivateSession of {target.id} by user {uid}")
                there = bob if found == "" and target is bob else alice
                poll("the switch is done", lambda login=there: in_front(root) == login.id)
            ways = (
                ("ActivateSessionOnSeat", "ss", (bob.id, "seat0"), MANAGER_PATH),
                ("Activate", "", (), session_path(bob.id)),
                ("ActivateSession", "s", (bob.id,), SEAT_PATH),
                ("SwitchTo", "u", (SECOND,), SEAT_PATH),
            )
            for member, signature, given, path in ways:
                found = error_of(lambda c=client, m=member, s=signature, g=given, p=path: c.call(m, s, *g, path=p))
                equal(found, outcome, f"{member} of {path} by user {uid}")
                switch(FIRST)
                poll("alice is in front", lambda: in_front(root) == alice.id)
            for member, there in (("SwitchToNext", bob), ("SwitchToPrevious", alice)):
                equal(error_of(lambda c=client, m=member: c.call(m, path=SEAT_PATH)), outcome, f"{member} by user {uid}")
                # the next one is counted from who is in front by then
                poll("the switch is done", lambda login=there if outcome == "" else alice: in_front(root) == login.id)


def test_a_switch_is_told_in_order(place):
    with screen():
        switch(FIRST)
        alice, bob, root = on("alice", FIRST), on("bob", SECOND), Client()
        # what was told of that is on the bus before this answer
        poll("alice is in front", lambda: in_front(root) == alice.id)
        monitor = Monitor()
        try:
            switch(SECOND)
            told = lambda signals: [
                (path, data[1][name]["data"])
                for member, path, data in signals
                if member == "PropertiesChanged"
                for name in ("Active", "ActiveSession")
                if name in data[1]
            ]
            monitor.wait("the switch is told", lambda signals: len(told(signals)) >= 3)
            expected = [
                (session_path(alice.id), False),
                (session_path(bob.id), True),
                (SEAT_PATH, [bob.id, session_path(bob.id)]),
            ]
            equal(told(monitor.signals()), expected, "what was told")
        finally:
            monitor.stop()


def test_a_controller_has_the_terminal(place):
    with screen():
        login = on("alice", FIRST)
        controller = Controller(1000, login)
        before = facts(FIRST)
        controller.take_control()
        held = {"screen": GRAPHICS, "keyboard": OFF, "held": True, "owner": 1000, "mode": before["mode"]}
        equal(facts(FIRST), held, "the terminal of a controller when TakeControl is answered")
        controller.take_control()
        equal(facts(FIRST), held, "once more")
        equal(call("GetSession", id=login.id)["session"]["controller"], controller.pid, "controller over Varlink")
        equal(controller.ask("ReleaseControl"), [], "ReleaseControl")
        poll("the terminal is as before", lambda: facts(FIRST) == before)


def test_a_controller_ends(place):
    with screen():
        for how in ("killed", "logged out"):
            login = on("alice", FIRST)
            controller = Controller(1000, login)
            controller.take_control()
            if how == "killed":
                os.kill(controller.pid, signal.SIGKILL)
            else:
                login.close()
            poll(f"the terminal is free when it is {how}", lambda: not facts(FIRST)["held"])
            equal([facts(FIRST)[each] for each in ("screen", "keyboard", "owner")], [TEXT, UNICODE, 0], f"the terminal when it is {how}")
            Client.all.remove(controller)
            Login.end_all()
            # the next one wants the same terminal
            poll("its session is over", lambda: is_over(login.id))


def test_a_controller_is_switched_away(place):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        controller, root = Controller(1000, alice), Client()
        controller.take_control()
        controller.signals()
        for stopped in (False, True):
            if stopped:
                os.kill(controller.pid, signal.SIGSTOP)
            begin = time.monotonic()
            root.call("SwitchTo", "u", SECOND, path=SEAT_PATH)
            poll("the terminal is left", lambda: foreground() == SECOND, LEAVES)
            poll("bob is in front", lambda: in_front(root) == bob.id)
            check(time.monotonic() - begin < LEAVES, "it takes long")
            if stopped:
                os.kill(controller.pid, signal.SIGCONT)
            poll("its controller hears of it", lambda: controller.hears("Active") is False)
            controller.ask("Activate") if not stopped else switch(FIRST)
            poll("alice is in front", lambda: in_front(root) == alice.id)
            poll("its controller hears of that", lambda: controller.hears("Active") is True)
            equal(facts(FIRST)["screen"], GRAPHICS, "its terminal")


def test_a_controller_outlives_the_daemon(place):
    with screen():
        switch(FIRST)
        alice, bob = on("alice", FIRST), on("bob", SECOND)
        controller, root = Controller(1000, alice), Client()
        controller.take_control()
        held = facts(FIRST)
        place.daemon.kill()
        place.bus.wait_for("org.freedesktop.login1")
        equal(facts(FIRST), held, "the terminal when the daemon was killed")
        equal(controller.ask("SetType", "s", "wayland"), [], "its controller has it still")
        os.kill(place.daemon.pid, signal.SIGSTOP)
        try:
            begin = time.monotonic()
            switch(SECOND)
            check(time.monotonic() - begin < LEAVES, "a daemon that is stopped holds the terminal")
        finally:
            os.kill(place.daemon.pid, signal.SIGCONT)
        poll("bob is in front", lambda: in_front(root) == bob.id)
        controller.ask("ReleaseControl")
        poll("the terminal is free", lambda: not facts(FIRST)["held"])


def test_a_controller_that_ends_while_there_is_no_daemon(place):
    with screen():
        login = on("alice", FIRST)
        controller = Controller(1000, login)
        controller.take_control()
        node = place.daemon.pid
        os.kill(node, signal.SIGSTOP)
        os.kill(controller.pid, signal.SIGKILL)
        poll("it is dead", lambda: not alive(controller.pid))
        os.kill(node, signal.SIGKILL)
        poll("the terminal is free", lambda: not facts(FIRST)["held"], 20)
        place.bus.wait_for("org.freedesktop.login1")
        equal([facts(FIRST)[each] for each in ("screen", "keyboard")], [TEXT, UNICODE], "the terminal")
        equal(session(login.id)["type"], "tty", "the type")
        Client.all.remove(controller)


def test_control_by_force(place):
    with screen():
        login = on("alice", FIRST)
        one, root = Controller(1000, login), Client()
        one.take_control()
        equal(error_of(lambda: root.call("TakeControl", "b", False, path=one.path)), "System.Error.EBUSY", "root without force")
        equal(root.call("TakeControl", "b", True, path=one.path), [], "root with force")
        equal([facts(FIRST)[each] for each in ("screen", "held", "owner")], [GRAPHICS, True, 1000], "the terminal")
        equal(error_of(lambda: one.ask("ReleaseControl")), "NotInControl", "the one before")
        equal(facts(FIRST)["held"], True, "the terminal after its call")
        root.leave()
        poll("the terminal is free", lambda: not facts(FIRST)["held"])


def test_devices_that_cannot_be_taken(place):
    with screen():
        login, cron = on("alice", FIRST), Login("bob", service="cron", tty="cron")
        controller, root = Controller(1000, login), Client()
        take = lambda *number: error_of(lambda: controller.ask("TakeDevice", "uu", *number))
        equal(take(13, 64), "NotInControl", "before TakeControl")
        controller.take_control()
        rows = (
            ((4096, 0), "InvalidArgs"),
            ((0, 1048576), "InvalidArgs"),
            ((1, 3), "System.Error.ENODEV"),
            ((4, FIRST), "System.Error.ENODEV"),
            ((4095, 1048575), "System.Error.ENODEV"),
        )
        for number, error in rows:
            equal(take(*number), error, f"TakeDevice{number}")
        for member in ("ReleaseDevice", "PauseDeviceComplete"):
            equal(error_of(lambda member=member: controller.ask(member, "uu", 13, 64)), "DeviceNotTaken", member)
        path = session_path(cron.id)
        root.call("TakeControl", "b", False, path=path)
        equal(error_of(lambda: root.call("TakeDevice", "uu", 13, 64, path=path)), "NotSupported", "a session of class background")
        equal(controller.signals(), [], "what its controller was told")
        brightness = lambda *given: error_of(lambda: controller.ask("SetBrightness", "ssu", *given))
        equal(brightness("leds", "x", 1), "NotYourDevice", "SetBrightness in the background")
        switch(FIRST)
        poll("alice is in front", lambda: in_front(root) == login.id)
        equal([brightness(*given) for given in (("block", "x", 1), ("leds", "../x", 1), ("leds", "no-such", 1))],
              ["NotSupported", "InvalidArgs", "System.Error.ENODEV"], "SetBrightness in the foreground")


def test_who_switches_over_varlink(place):
    from control_socket import sessionctl

    with screen():
        alice, bob, cron = on("alice", FIRST), on("bob", SECOND), Login("carol", tty="pts/7")
        switch(FIRST)
        poll("alice is in front", lambda: session(alice.id)["state"] == "active")
        outsider = sessionctl("activate", bob.id, user="carol")
        check(outsider.returncode == 1 and "not permitted" in outsider.stderr, f"carol: {outsider}")
        equal(foreground(), FIRST, "the terminal")
        turned = sessionctl("activate", bob.id, user="alice")
        equal((turned.returncode, turned.stderr), (0, ""), "alice, who is in front")
        poll("bob is in front", lambda: session(bob.id)["state"] == "active")
        equal(sessionctl("switch", str(FIRST), user="alice").returncode, 1, "alice, who is not, from outside")
        equal(sessionctl("switch", "next", user="bob").returncode, 0, "bob")
        poll("alice is in front again", lambda: session(alice.id)["state"] == "active")
        equal(sessionctl("switch", str(THIRD)).returncode, 0, "root")
        poll("nobody is in front", lambda: foreground() == THIRD and not [each for each in call("ListSeats")["seats"] if each["activeSession"]])
        equal(error_of(lambda: Client().call("GetSession", "s", cron.id)), "", "carol's session is there")


def test_a_client_with_the_manager_path_only(place):
    """Client libraries ask by the manager's path and by the aliases."""
    with screen():
        switch(FIRST)
        login = on("alice", FIRST)
        client = Client(1000, login)
        equal(client.call("GetSeat", "s", "self"), SEAT_PATH, "its seat")
        equal(client.call("Activate", path=f"{MANAGER_PATH}/session/self"), [], "Activate of what is in front")
        equal(error_of(lambda: client.call("SwitchToNext", path=f"{MANAGER_PATH}/seat/self")), "", "SwitchToNext with one session")
