"""
Sends whatever the bus lets through, and more, as the user that it runs as, until its time is over.
usage: attacker.py SECONDS SEED    Prints "N messages" at its end.
"""

import contextlib
import os
import random
import select
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../bus")]

import shapes
import wire
from harness import Client

# none of them is anything that the daemon opens
FILES = [os.open(name, os.O_RDONLY) for name in ("/dev/zero", "/proc/self/stat", "/")]
ENDED = (OSError, EOFError)


class Attacker(Client):
    """Never waits for an answer, and closes what comes with one."""

    sent = 0

    def __init__(self):
        super().__init__(os.getuid())

    def send(self, *given, **more):
        Attacker.sent += 1
        return super().send(*given, **{"destination": shapes.NAME, **more})

    def raw(self, data, fds=()):
        Attacker.sent += 1
        self.send_bytes(data, fds)

    def drain(self):
        while select.select([self.socket], [], [], 0)[0]:
            data, fds, _, _ = socket.recv_fds(self.socket, 1 << 18, 64)
            for fd in fds:
                os.close(fd)
            if not data:
                raise EOFError


def right(client, rng):
    head, listed = shapes.known(rng)
    fds = rng.choices(FILES, k=listed.count("h"))
    content = wire.body(listed, [0 if kind == "h" else shapes.value(rng, kind) for kind in wire.split(listed)])
    client.send(signature=listed, content=content, fds=fds, flags=rng.choice((0, 0, 1, 2, 4, 255)), **head)


def wrong_signature(client, rng):
    head, _ = shapes.known(rng)
    listed = "".join(shapes.signature(rng) for _ in range(rng.randrange(5)))
    client.send(signature=listed, values=shapes.values(rng, listed), fds=rng.choices(FILES, k=rng.randrange(3)), **head)


def random_body(client, rng):
    head, listed = shapes.known(rng)
    client.send(signature=listed, content=rng.randbytes(rng.randrange(200)), **head)


def odd_head(client, rng):
    head, listed = shapes.known(rng)
    head["path"] = rng.choice(shapes.PATHS)
    head["interface"] = rng.choice((None, "a.b", "x." * 100 + "y", head["interface"]))
    head["member"] = rng.choice(("Nope", "a" * 255, "__proto__", "constructor", "toString", head["member"]))
    given = {"kind": rng.choice((1, 1, 2, 3, 4, 5, 255)), "serial": rng.choice((1, 2, 77, 2**32 - 1)), "order": rng.choice("<>")}
    if rng.random() < 0.4:
        given |= {"reply_to": rng.randrange(1, 5000), "error": rng.choice((None, "a.b", "org.freedesktop.DBus.Error.Failed"))}
    if rng.random() < 0.1:
        given["sender"] = "org.freedesktop.DBus"
    client.send(signature=listed, values=shapes.values(rng, listed), **head, **given)


def descriptors(client, rng):
    head, listed = shapes.known(rng)
    if rng.random() < 0.5:
        listed = rng.choice(("h", "hh", "ah", "v", "a(sv)", listed))
    count = rng.randrange(17)
    announced = rng.choice((count, count, 0, 1, 16))
    content = wire.body(listed, shapes.values(rng, listed))
    fields = {"destination": shapes.NAME, "signature": listed or None, "fds": announced or None, **head}
    client.raw(wire.message(serial=rng.randrange(1, 1 << 32), content=content, **fields), rng.choices(FILES, k=count))


def big(client, rng):
    head, _ = shapes.known(rng)
    size = rng.choice((65_531, 65_532, 65_533, 1 << 18, 1 << 20))
    client.send(signature="ay", content=shapes.array_of_bytes(size), **head)


def deep(client, rng):
    depth = rng.choice((7, 8, 9, 31, 60))
    at = {"interface": shapes.PROPERTIES, "path": shapes.ROOT}
    given = ["org.freedesktop.login1.Manager", "WallMessage", shapes.nested(rng, depth)]
    client.send("Set", "ssv", given, **at)


def half(client, rng):
    head, listed = shapes.known(rng)
    data = wire.message(destination=shapes.NAME, content=wire.body(listed, shapes.values(rng, listed)), signature=listed or None, **head)
    client.raw(data[: rng.randrange(1, len(data))])
    if rng.random() < 0.5:
        client.raw(rng.randbytes(rng.randrange(1, 100)))
    raise EOFError


def mutated(client, rng):
    head, listed = shapes.known(rng)
    data = wire.message(destination=shapes.NAME, content=wire.body(listed, shapes.values(rng, listed)), signature=listed or None, **head)
    client.raw(shapes.broken(rng, data))


def properties(client, rng):
    head, _ = shapes.known(rng)
    member = rng.choice(("Get", "GetAll"))
    given = [rng.choice(("", "nope", *shapes.TEXTS[-4:])), rng.choice(("Id", "State", "Nope", "Sessions", "__proto__"))]
    at = {"path": head["path"], "interface": shapes.PROPERTIES}
    client.send(member, "ss" if member == "Get" else "s", given[: 2 if member == "Get" else 1], **at)


def deaf(client, rng):
    """Asks for much and reads nothing of it."""
    for _ in range(rng.randrange(1, 300)):
        client.send("Introspect", path=shapes.ROOT, interface="org.freedesktop.DBus.Introspectable")


def storm(_, rng):
    """Connections that come, say something and go."""
    for _ in range(rng.randrange(1, 40)):
        with Attacker() as other, contextlib.suppress(*ENDED):
            for _ in range(rng.randrange(4)):
                rng.choice((right, descriptors, properties))(other, rng)


ATTACKS = ((right, 30), (wrong_signature, 12), (random_body, 4), (odd_head, 12), (descriptors, 8), (big, 1), (deep, 3), (half, 1))
ATTACKS += ((mutated, 5), (properties, 12), (deaf, 0.3), (storm, 0.3))


def main(seconds, seed):
    rng = random.Random(seed)
    end = time.monotonic() + seconds
    kinds, weights = zip(*ATTACKS)
    while time.monotonic() < end:
        with contextlib.suppress(*ENDED), Attacker() as client:
            for _ in range(rng.randrange(1, 2000)):
                rng.choices(kinds, weights)[0](client, rng)
                client.drain()
                if time.monotonic() > end:
                    break
    print(f"{Attacker.sent} messages", flush=True)


main(float(sys.argv[1]), int(sys.argv[2]))
