"""Well-formed calls with whatever arguments, from everybody: each gets an answer, and nothing of it is a bug of the daemon's."""

import os
import random

from basics import check, equal
from client import BusError, Client, MANAGER_PATH, SEAT_PATH, session_path, user_path
from control_socket import sessions
from expected import MANAGER, SEAT, SESSION, USER
from login import Login
from screen import FIRST, screen

ROUNDS = 6
TEXTS = (
    "", "self", "auto", "seat0", "seat1", "1", "2", "c1", "sleep", "idle:sleep", "block", "delay", "user", "tty", "x11", "all", "leader",
    "/dev/tty2", "tty2", ":0", "\u00e4\u4e16\U0001f600", "x" * 5000, "../../etc/passwd", "/sys/class/leds/x", "__proto__", "constructor",
    "a b", "%s%n", "\\", '"', "\x7f", "\ufeff", "-1", "4294967295",
)
NUMBERS = {
    "u": (0, 1, 2, 63, 64, 1000, 1001, 65535, 4294967294, 4294967295),
    "i": (-2147483648, -1, 0, 1, 15, 18, 64, 65, 2147483647),
    "t": (0, 1, 2, 6, 16, 2**53, 2**63, 2**64 - 1),
}


def types(signature):
    """Signatures of the arguments; of containers there is only the last one of CreateSession."""
    cut = signature.find("a(sv)")
    return [*signature] if cut < 0 else [*signature[:cut], "a(sv)"]


def value(kind, choose):
    if kind in NUMBERS:
        return choose.choice(NUMBERS[kind])
    if kind == "s":
        return choose.choice(TEXTS)
    if kind == "b":
        return choose.random() < 0.5
    if kind == "h":
        return {"open": choose.choice(("/dev/null", "/dev/ptmx", "/proc/self/stat")), "flags": os.O_RDONLY}
    return []


# who is root may end everything, and the test goes on
ROOT_LEAVES_OUT = ("Terminate", "Kill", "SetUserLinger", "CreateSession")


def test_any_arguments(place):
    with screen():
        ask_for_anything(place)


def ask_for_anything(place):
    choose = random.Random(20)
    pid = place.daemon.pid
    alice, bob = Login("alice", tty=f"/dev/tty{FIRST}"), Login("bob", tty="pts/8")
    clients = [Client(1000, alice), Client(1001, bob), Client(1003), Client()]
    objects = ((MANAGER_PATH, MANAGER), (SEAT_PATH, SEAT), (session_path(bob.id), SESSION), (user_path(1001), USER))
    answers = {}
    for _ in range(ROUNDS):
        for client in clients:
            for path, expected in objects:
                for member, (signature, _) in expected.methods.items():
                    if client.uid in (0, 1001) and member.startswith(ROOT_LEAVES_OUT):
                        continue
                    if client.uid == 1000 and member.startswith(("Terminate", "Kill")):
                        continue
                    given = [value(kind, choose) for kind in types(signature)]
                    if member == "SwitchTo":
                        # somebody else's terminals are left alone
                        given = [choose.choice((0, FIRST, 64, 4294967295))]
                    try:
                        client.call(member, signature, *given, path=path, interface=expected.name)
                        name = ""
                    except BusError as error:
                        name = error.name
                    answers[name] = answers.get(name, 0) + 1
    bad = {name: count for name, count in answers.items() if name.endswith((".Failed", ".NoReply", ".Timeout"))}
    equal(bad, {}, "answers that say that something went wrong")
    check(len(answers) > 8, f"all kinds of answers: {answers}")
    equal(place.daemon.pid, pid, "the daemon")
    check(bob.id in sessions(), "the sessions")
    root = Client()
    root.call("SetWallMessage", "sb", "", True)
    for uid in (1000, 1003):
        root.call("SetUserLinger", "ubb", uid, False, False)
