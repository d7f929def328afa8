"""Random D-Bus values and signatures, right and wrong, and messages around them."""

import struct

import wire
from expected import MANAGER, SEAT, SESSION, USER

NAME = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"
LOG = "/org/freedesktop/LogControl1"
PROPERTIES = "org.freedesktop.DBus.Properties"
STANDARD = {
    PROPERTIES: {"Get": "ss", "GetAll": "s", "Set": "ssv"},
    "org.freedesktop.DBus.Introspectable": {"Introspect": ""},
    "org.freedesktop.DBus.Peer": {"Ping": "", "GetMachineId": ""},
}
TEXTS = (
    "", "self", "auto", "seat0", "1", "2", "3", "c1", "sleep", "idle:sleep:shutdown", "block", "delay", "user", "tty", "x11", "all", "leader",
    "/dev/tty2", ":0", "\u00e4\u4e16\U0001f600", "x" * 5000, "../../etc/passwd", "__proto__", "constructor", "a b", "%s%n", "\\", "\x7f", "-1",
    "4294967295", "Id", "State", "WallMessage", "LogLevel", "LogTarget", "debug", "org.freedesktop.LogControl1", *(each.name for each in (MANAGER, SEAT, SESSION, USER)),
)
NUMBERS = (0, 1, 2, 15, 63, 64, 1000, 1001, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
PATHS = (
    "/", "/org", LOG, ROOT, f"{ROOT}/session", f"{ROOT}/session/self", f"{ROOT}/session/auto", f"{ROOT}/session/_31",
    f"{ROOT}/session/_32", f"{ROOT}/session/_", f"{ROOT}/session/_3", f"{ROOT}/session/_zz", f"{ROOT}/seat/seat0", f"{ROOT}/seat/self",
    f"{ROOT}/user/_1000", f"{ROOT}/user/_1001", f"{ROOT}/user/self", f"{ROOT}/user/_99999999999999999999", f"{ROOT}/user/__proto__",
    "/" + "/".join("a" * 200), "/" + "a" * 60_000,
)
MEMBERS = [
    *((each.name, member, signature) for each in (MANAGER, SEAT, SESSION, USER) for member, (signature, _) in each.methods.items()),
    *((interface, member, signature) for interface, members in STANDARD.items() for member, signature in members.items()),
]
BASIC = "ybnqiuxtdsogh"


def signature(rng, depth=0):
    """Of one complete type."""
    roll = rng.random() + depth / 8
    if roll < 0.15:
        return "a" + signature(rng, depth + 1)
    if roll < 0.25:
        return "(" + "".join(signature(rng, depth + 1) for _ in range(rng.randint(1, 4))) + ")"
    if roll < 0.32:
        return "a{" + rng.choice(BASIC) + signature(rng, depth + 1) + "}"
    if roll < 0.4:
        return "v"
    return rng.choice(BASIC)


def nested(rng, depth):
    value = ("y", 1)
    for _ in range(depth):
        value = ("v", value) if rng.random() < 0.8 else ("(v)", [value])
    return value


def value(rng, kind, depth=0):
    """One that the bus lets through, mostly."""
    code = kind[0]
    if code == "b":
        return rng.randrange(2)
    if code == "d":
        return rng.choice((0.0, -1.5, float("nan"), float("inf")))
    if code in wire.FIXED:
        size, form = wire.FIXED[code]
        number = rng.choice(NUMBERS) % (1 << 8 * size)
        return number - (1 << 8 * size - 1) if form.islower() else number
    if code == "s":
        return rng.choice(TEXTS)
    if code == "o":
        return rng.choice(PATHS)
    if code == "g":
        return rng.choice(("", "s", "a{sv}", "(((y)))"))
    if code == "v":
        if depth > 6 or rng.random() < 0.05:
            return nested(rng, rng.randrange(1, 30))
        inner = signature(rng, depth)
        return (inner, value(rng, inner, depth + 1))
    if code == "a" and kind[1] == "{":
        key, of = wire.split(kind[2:-1])
        pairs = [(value(rng, key, depth + 1), value(rng, of, depth + 1)) for _ in range(rng.randrange(4))]
        return {f"{each}" if key in "sog" else each: what for each, what in pairs}
    if code == "a":
        count = rng.choice((0, 1, 2, 3, 3, 3, 200 if depth == 0 else 3))
        return [value(rng, kind[1:], depth + 1) for _ in range(count)]
    return [value(rng, inner, depth + 1) for inner in wire.split(kind[1:-1])]


def values(rng, listed):
    return [value(rng, kind) for kind in wire.split(listed)]


def known(rng):
    """Head and signature of a call that could be answered."""
    interface, member, listed = rng.choice(MEMBERS)
    fitting = {MANAGER.name: PATHS[3:4], SESSION.name: PATHS[5:9], SEAT.name: PATHS[12:14], USER.name: PATHS[14:17]}
    return {"interface": interface, "member": member, "path": rng.choice(fitting.get(interface, PATHS[:17]))}, listed


def broken(rng, data):
    """The message with some bytes changed, left out or put in."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        how = rng.random()
        if how < 0.7:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif how < 0.85:
            del data[at : at + rng.randint(1, 8)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        if not data:
            break
    return bytes(data)


def array_of_bytes(size):
    return struct.pack("<I", size) + bytes(size)
