"""What callers ask of sessions, users and seats."""

import os
import signal

from basics import alive, check, equal, poll
from client import Client, error_of, MANAGER_PATH, Monitor, SEAT_PATH, session_path, user_path
from control_socket import session, sessions, users
from login import Login
from terminals import nobody_switches


def test_terminate_ends_all_processes(place):
    for way in ("TerminateSession", "Session.Terminate", "TerminateUser", "User.Terminate"):
        login = Login("alice")
        child = login.spawn(["sleep", "1000"], 1000)
        root = Client()
        actions = {
            "TerminateSession": lambda: root.call("TerminateSession", "s", login.id),
            "Session.Terminate": lambda: root.call("Terminate", path=session_path(login.id)),
            "TerminateUser": lambda: root.call("TerminateUser", "u", 1000),
            "User.Terminate": lambda: root.call("Terminate", path=user_path(1000)),
        }
        equal(actions[way](), [], way)
        login.reap()
        poll(f"{way}: all is over", lambda: not alive(child) and login.id not in sessions())


def test_terminate_of_what_is_not_there(place):
    root = Client()
    equal(error_of(lambda: root.call("TerminateSession", "s", "999")), "NoSuchSession", "TerminateSession")
    equal(error_of(lambda: root.call("TerminateUser", "u", 4711)), "NoSuchUser", "TerminateUser")
    equal(error_of(lambda: root.call("TerminateSeat", "s", "seat9")), "NoSuchSeat", "TerminateSeat")


def test_kill(place):
    login = Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    root = Client()
    for whom, number in (("all", 0), ("all", 65), ("everybody", 15)):
        equal(error_of(lambda: root.call("KillSession", "ssi", login.id, whom, number)), "InvalidArgs", f"{whom} {number}")
    equal(root.call("KillSession", "ssi", login.id, "leader", signal.SIGKILL), [], "KillSession")
    login.reap()
    poll("it closes", lambda: session(login.id)["state"] == "closing")
    check(alive(child), "only the leader was killed")
    equal(root.call("Kill", "si", "", signal.SIGKILL, path=session_path(login.id)), [], "Session.Kill")
    poll("all is over", lambda: not alive(child) and not sessions())


def test_an_own_session_is_one_s_own_to_end(place):
    login = Login("alice")
    alice, bob = Client(1000), Client(1001)
    equal(error_of(lambda: bob.call("TerminateSession", "s", login.id)), "InteractiveAuthorizationRequired", "another's")
    equal(alice.call("TerminateSession", "s", login.id), [], "TerminateSession of the own")
    login.reap()


def test_activate(place):
    seated, other = Login("alice", tty="/dev/tty2"), Login("bob")
    root = Client()
    equal(error_of(lambda: root.call("ActivateSession", "s", other.id)), "NotSupported", "a session without a seat")
    equal(error_of(lambda: root.call("ActivateSession", "s", "999")), "NoSuchSession", "no session")
    on_seat = lambda *names: error_of(lambda: root.call("ActivateSessionOnSeat", "ss", *names))
    equal(on_seat(other.id, "seat0"), "SessionNotOnSeat", "a session on no seat")
    equal(on_seat(seated.id, "seat9"), "NoSuchSeat", "no seat")
    equal(on_seat("999", "seat0"), "NoSuchSession", "no session")
    equal(error_of(lambda: root.call("ActivateSession", "s", other.id, path=SEAT_PATH)), "SessionNotOnSeat", "on the seat")
    equal(error_of(lambda: root.call("SwitchTo", "u", 0, path=SEAT_PATH)), "InvalidArgs", "SwitchTo of 0")
    equal(error_of(lambda: root.call("SwitchTo", "u", 64, path=SEAT_PATH)), "InvalidArgs", "SwitchTo of 64")


@nobody_switches()
def test_activate_what_is_active(place):
    shown = shown_vt()
    login = Login("alice", tty=f"/dev/tty{shown}")
    root = Client()
    equal(root.get(session_path(login.id), "Active"), True, "Active")
    equal(root.get(SEAT_PATH, "ActiveSession"), [login.id, session_path(login.id)], "ActiveSession")
    equal(root.call("ActivateSession", "s", login.id), [], "ActivateSession")
    equal(root.call("Activate", path=session_path(login.id)), [], "Activate")
    equal(root.call("ActivateSessionOnSeat", "ss", login.id, "seat0"), [], "ActivateSessionOnSeat")
    equal(root.call("SwitchTo", "u", shown, path=SEAT_PATH), [], "SwitchTo")
    equal(root.call("SwitchToNext", path=SEAT_PATH), [], "SwitchToNext")


def shown_vt():
    from basics import Skip

    try:
        with open("/sys/class/tty/tty0/active", encoding="ascii") as file:
            return int(file.read().strip().removeprefix("tty"))
    except OSError as error:
        raise Skip(f"no virtual terminals: {error}") from error


def test_linger(place):
    alice, bob = Client(1000), Client(1001)
    equal(alice.call("SetUserLinger", "ubb", 1000, True, False), [], "SetUserLinger of the own")
    poll("alice is there", lambda: 1000 in users())
    equal(alice.get(user_path(1000), "Linger"), True, "Linger")
    equal(alice.get(user_path(1000), "State"), "lingering", "State")
    check(os.path.exists("/var/lib/sessionman/linger/1000"), "the file is there")
    wrong = error_of(lambda: bob.call("SetUserLinger", "ubb", 1000, False, False))
    equal(wrong, "InteractiveAuthorizationRequired", "SetUserLinger of another's")
    equal(alice.call("SetUserLinger", "ubb", 1000, False, False), [], "SetUserLinger off")
    poll("alice is gone", lambda: 1000 not in users())
    root = Client()
    equal(error_of(lambda: root.call("SetUserLinger", "ubb", 4711, True, False)), "UnixProcessIdUnknown", "no such user")
    equal(error_of(lambda: alice.call("SetUserLinger", "ubb", 4294967295, True, False)), "NoUserForPID", "the owner of nobody")


def test_power_is_not_ours(place):
    root = Client()
    verbs = ("PowerOff", "Reboot", "Halt", "Suspend", "Hibernate", "HybridSleep", "SuspendThenHibernate")
    for verb in (*verbs, "Sleep", "RebootParameter", "RebootToFirmwareSetup", "RebootToBootLoaderMenu", "RebootToBootLoaderEntry"):
        equal(root.call(f"Can{verb}"), "na", f"Can{verb}")
    for verb in verbs:
        wanted = "NotSupported" if verb in ("PowerOff", "Reboot", "Halt") else "SleepVerbNotSupported"
        equal(error_of(lambda each=verb: root.call(each, "b", False)), wanted, verb)
        equal(error_of(lambda each=verb: root.call(f"{each}WithFlags", "t", 0)), wanted, f"{verb}WithFlags")
        equal(error_of(lambda each=verb: root.call(f"{each}WithFlags", "t", 32)), "InvalidArgs", f"{verb}WithFlags 32")
    equal(error_of(lambda: root.call("SuspendWithFlags", "t", 2)), "InvalidArgs", "kexec is no way to sleep")
    equal(error_of(lambda: root.call("Sleep", "t", 0)), "SleepVerbNotSupported", "Sleep")
    equal(error_of(lambda: root.call("ScheduleShutdown", "st", "party", 1)), "InvalidArgs", "ScheduleShutdown of nothing")
    equal(error_of(lambda: root.call("ScheduleShutdown", "st", "reboot", 1)), "NotSupported", "ScheduleShutdown")
    equal(root.call("CancelScheduledShutdown"), False, "CancelScheduledShutdown")


def test_prepare_for_sleep_can_be_sent_by_root(place):
    monitor = Monitor()
    try:
        equal(Client().call("SendPrepareForSleep", "b", True), [], "SendPrepareForSleep")
        monitor.wait("the signal", lambda signals: ("PrepareForSleep", MANAGER_PATH, [True]) in signals)
    finally:
        monitor.stop()


def test_wall_message(place):
    root, alice = Client(), Client(1000)
    equal(alice.call("SetWallMessage", "sb", "", True), [], "what is set already may be set by anybody")
    equal(error_of(lambda: alice.call("SetWallMessage", "sb", "hello", True)), "InteractiveAuthorizationRequired", "by a user")
    equal(root.call("SetWallMessage", "sb", "hello", False), [], "by root")
    found = [root.get(MANAGER_PATH, name) for name in ("WallMessage", "EnableWallMessages")]
    equal(found, ["hello", False], "the properties")
    equal(root.call("SetWallMessage", "sb", "", True), [], "back again")


def test_devices_are_not_there(place):
    login = Login("alice", tty="/dev/tty2")
    root = Client()
    path = session_path(login.id)
    equal(error_of(lambda: root.call("TakeDevice", "uu", 13, 64, path=path)), "NotInControl", "TakeDevice")
    equal(error_of(lambda: root.call("TakeDevice", "uu", 13, 1 << 21, path=path)), "InvalidArgs", "TakeDevice of none")
    equal(error_of(lambda: root.call("ReleaseDevice", "uu", 13, 64, path=path)), "NotInControl", "ReleaseDevice")
    equal(error_of(lambda: root.call("PauseDeviceComplete", "uu", 13, 64, path=path)), "NotInControl", "PauseDeviceComplete")
    brightness = lambda *names: error_of(lambda: root.call("SetBrightness", "ssu", *names, 5, path=path))
    equal(brightness("net", "eth0"), "NotSupported", "brightness of a network card")
    equal(brightness("leds", "../x"), "InvalidArgs", "a name that is none")
    attach = lambda seat, device: error_of(lambda: root.call("AttachDevice", "ssb", seat, device, False))
    equal(attach("seat9", "/sys/devices/x"), "System.Error.ENODEV", "AttachDevice to a seat that is not there yet")
    equal(attach("9", "/sys/devices/x"), "InvalidArgs", "AttachDevice to what is no name of a seat")
    equal(attach("self", "/sys/devices/x"), "NoSessionForPID", "AttachDevice to the own seat, without a session")
    equal(attach("seat0", "/sys/devices/../x"), "InvalidArgs", "AttachDevice of a path that turns back")
    equal(attach("seat0", "/etc/passwd"), "InvalidArgs", "AttachDevice of a file")
    equal(attach("seat0", "/sys/devices/x"), "System.Error.ENODEV", "AttachDevice")
    equal(root.call("FlushDevices", "b", False), [], "FlushDevices")


def test_reload(place):
    root = Client()
    equal(root.call("Reload"), [], "Reload")
    poll("the configuration was read", lambda: "was read again" in place.daemon.log())
