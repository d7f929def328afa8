"""Clients that want harm, as an unprivileged user: each may cost itself an error, and nobody else anything."""

import contextlib
import os
import random
import resource
import signal
import socket
import struct
import time

import wire
from harness import ALICE, BUS, Client, Probe, Refused, SIGNAL, equal, refused, true, wait_for

BODY_MAX = 65_536
DEPTH_MAX = 8


@contextlib.contextmanager
def sixteen_files():
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(16)]
    yield files
    for file in files:
        os.close(file)


def test_a_descriptor_that_is_announced_and_not_sent(service):
    with Probe(service), Client(ALICE) as client:
        refused("InvalidArgs", client.call, "KeepOne", "h", content=struct.pack("<I", 99))
        refused("InvalidArgs", client.call, "Echo", "v", content=wire.body("v", [("h", 0)]))
        refused("UnknownMethod", client.call, "Nope", "h", content=struct.pack("<I", 99))
        equal(client.call("Nop"), [])


def test_descriptors_for_methods_that_do_not_exist(service):
    with Probe(service), Client(ALICE) as client, sixteen_files() as files:
        for _ in range(20):
            serials = [client.send("Nope", "ah", [list(range(16))], fds=files) for _ in range(50)]
            for serial in serials:
                refused("UnknownMethod", client.answer, serial)


def test_descriptors_where_none_belong(service):
    with Probe(service), Client(ALICE) as client, sixteen_files() as files:
        for error, member, given in [
            ("InvalidArgs", "Nop", {}),
            ("InvalidArgs", "KeepOne", {"signature": "h", "content": struct.pack("<I", 16)}),
            ("InvalidArgs", "KeepOne", {"signature": "hh", "values": [0, 1]}),
            ("UnknownObject", "Nop", {"path": "/no/where"}),
            ("InvalidArgs", "Ping", {"interface": "org.freedesktop.DBus.Peer"}),
            ("LimitsExceeded", "KeepOne", {"signature": "ay", "content": struct.pack("<I", 1 << 17) + bytes(1 << 17)}),
        ]:
            refused(error, client.answer, client.send(member, fds=files, **given))
        client.send("Counted", "u", [1], kind=SIGNAL, fds=files)
        client.send("Nop", kind=7, fds=files)
        equal(client.call("KeepOne", "h", 3, fds=files), [""])


def test_descriptors_of_many_senders_at_once(service):
    """Each gets what it sent, whatever comes between."""
    with Probe(service), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(ALICE)) for _ in range(8)]
        waiting = []
        for turn in range(20):
            for number, client in enumerate(clients):
                file = os.memfd_create("given")
                os.pwrite(file, f"{number} {turn}".encode(), 0)
                client.send("Nop", flags=1)
                waiting.append((client, client.send("KeepOne", "h", [0], fds=[file]), f"{number} {turn}"))
                client.send("Nope", "h", [0], fds=[file], flags=1)
                os.close(file)
            # more than 64 descriptors for one receiver the bus itself refuses to queue
            while len(waiting) > 2 * len(clients):
                client, serial, text = waiting.pop(0)
                equal(client.answer(serial), [text])
        for client, serial, text in waiting:
            equal(client.answer(serial), [text])


def test_more_descriptors_than_the_service_may_have(service):
    with Probe(service), Client(ALICE) as client, sixteen_files() as files:
        limits = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (len(service.fds()) + 8, limits[1]))
        try:
            for _ in range(3):
                refused("LimitsExceeded", client.answer, client.send("KeepOne", "h", [0], fds=files))
                equal(client.call("KeepOne", "h", 0, fds=files[:1]), [""])
        finally:
            resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, limits)
        equal([line for line in service.lines() if line == "down"], [], "the bus was lost")


def test_a_body_of_30_mebibytes(service):
    with Probe(service) as probe, Client(ALICE, 30) as client:
        before = service.memory()
        serial = client.send("Echo", "ay", content=struct.pack("<I", 30 << 20) + bytes(30 << 20))
        worst = max(probe.latency() for _ in range(10))
        refused("LimitsExceeded", client.answer, serial)
        true(worst < 1, f"others waited {worst:.2f} s")
        true(service.memory() - before < 32 << 20, f"{service.memory() - before} bytes more")


def test_bodies_at_the_limit(service):
    with Probe(service), Client(ALICE) as client:
        for size in (BODY_MAX - 9, BODY_MAX - 8, BODY_MAX - 7):
            content = wire.body("v", [("ay", bytes(size))])
            if len(content) <= BODY_MAX:
                equal(len(client.call("Echo", "v", content=content)[0][1]), size)
            else:
                refused("LimitsExceeded", client.call, "Echo", "v", content=content)


def test_depth_and_elements_at_the_limit(service):
    def nested(depth):
        value = ("y", 1)
        for _ in range(depth - 1):
            value = ("v", value)
        return value

    with Probe(service), Client(ALICE) as client:
        equal(client.call("Echo", "v", nested(DEPTH_MAX)), [nested(DEPTH_MAX)])
        for depth in (DEPTH_MAX + 1, 60):
            refused("InvalidArgs", client.call, "Echo", "v", nested(depth))
        equal(client.call("Echo", "v", ("ab", [True] * 4096)), [("ab", [True] * 4096)])
        refused("InvalidArgs", client.call, "Echo", "v", ("ab", [True] * 4097))


def test_long_paths(service):
    with Probe(service), Client(ALICE) as client:
        text = refused("UnknownObject", client.call, "Nop", path="/" + "a" * 60_000)
        true(len(text) < 1000, "the error repeats all of it")
        with sixteen_files() as files:
            # too long to be looked at: it is not answered, and its descriptors are closed
            serial = client.send("KeepOne", "h", [0], path="/" + "a" * 200_000, fds=files)
            equal(client.call("KeepOne", "h", 0, fds=files[:1]), [""])
        equal([each for each in client.kept if each.get("reply_to") == serial], [])


def test_wrong_messages_of_every_kind(service):
    with Probe(service), Client(ALICE) as client:
        for error, given in [
            ("InvalidArgs", {"member": "Echo"}),
            ("InvalidArgs", {"member": "Echo", "signature": "s", "values": ["x"]}),
            ("InvalidArgs", {"member": "Nop", "signature": "s", "values": ["x"]}),
            ("UnknownMethod", {"member": "Nop", "interface": "a.b"}),
            ("UnknownMethod", {"member": "Nope", "interface": None}),
            ("UnknownMethod", {"member": "GetAll", "signature": "s", "values": [""]}),
            ("UnknownObject", {"member": "Nop", "path": "/"[:1] + "x"}),
        ]:
            refused(error, client.answer, client.send(**given))
        equal(client.call("Nop", interface=None), [])
        equal(client.call("Secret"), [])
        client.send("Nope", flags=1)
        client.send("Nop", flags=1)
        equal(client.call("Nop"), [])


def test_half_a_message_and_then_nothing(service):
    with Probe(service) as probe:
        for cut in (1, 15, 16, 40, 100):
            with Client(ALICE) as client:
                head = {"destination": probe.other.name, "path": "/", "member": "Nop", "signature": "s"}
                data = wire.message(content=bytes(200), **head)
                client.send_bytes(data[:cut])
                true(probe.latency() < 1, "others waited")


def test_random_bodies_of_the_right_signature(service):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    signature = "ybnqiuxtdsogvasay(si)a{sv}a(uso)aaia{ta{ss}}"
    with Probe(service):
        sent = 0
        while sent < 1500:
            # dbus-daemon ends the connection of whoever sends an invalid body
            with Client(ALICE) as client, contextlib.suppress(ConnectionError, BrokenPipeError):
                for _ in range(100):
                    sent += 1
                    member, known = rng.choice([("Everything", signature), ("Echo", "v"), ("Change", "as")])
                    content = rng.randbytes(rng.randrange(64))
                    if rng.random() < 0.5:
                        content = wire.body("v", [("u", rng.randrange(1 << 32))])
                    with contextlib.suppress(Refused):
                        client.call(member, known, content=content, flags=rng.choice([0, 1, 4, 8]) & ~1)


def test_nobody_but_the_bus_says_who_leaves(service):
    with Probe(service) as probe, Client(ALICE) as client:
        probe.other.call("Watch")
        head = {"interface": "org.freedesktop.DBus", "path": "/org/freedesktop/DBus", "kind": SIGNAL}
        client.send("NameOwnerChanged", "sss", [probe.other.name, probe.other.name, ""], **head)
        true(probe.other.name not in client.call("Left")[0], "somebody was said to have left")


def test_whoever_leaves_in_a_flood_has_left(service):
    """The bus throws away what it has for a full queue, its own news as well."""
    with Probe(service) as probe, sixteen_files() as files, contextlib.ExitStack() as stack:
        watched, other, *flooders = [stack.enter_context(Client(ALICE, timeout=0.2)) for _ in range(6)]
        watched.call("Watch")
        service.process.send_signal(signal.SIGSTOP)
        for each in flooders:
            # until the bus takes no more of this one
            with contextlib.suppress(TimeoutError):
                for _ in range(500):
                    each.send("KeepOne", "ah", [list(range(16))], fds=files, flags=1)
        with contextlib.suppress(TimeoutError):
            true("full message queue" in refused("LimitsExceeded", other.call, "Nop"), "the queue is not full")
        watched.close()
        time.sleep(0.1)
        service.process.send_signal(signal.SIGCONT)
        wait_for("the others are served", probe.served)
        wait_for("it is known to have left", lambda: watched.name in probe.other.call("Left")[0])


def test_a_flood_of_calls_leaves_time_for_others(service):
    with Probe(service) as probe, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(ALICE)) for _ in range(10)]
        for client in clients:
            client.call("Nop")
            for _ in range(50):
                client.send("Many", "u", [2000])
        worst = max(probe.latency() for _ in range(5))
        true(worst < 1, f"others waited {worst:.2f} s")
        for client in clients[1:]:
            client.close()
        equal(len(clients[0].call("Many", "u", 10)[0]), 10)


def test_calls_that_stay_open(service):
    with Probe(service) as probe, Client(ALICE) as client:
        client.call("Nop")
        serials = [client.send("Never") for _ in range(110)]
        true(probe.latency() < 1, "others waited")
        others = [Client(ALICE) for _ in range(2)]
        for each in others:
            each.call("Nop")
            serials += [each.send("Never") for _ in range(100)]
        refused("LimitsExceeded", others[1].call, "Nop")
        equal(probe.other.call("Nop"), [])
        for each in (client, *others):
            each.close()
        with Client(ALICE) as client:
            # nobody waits for them any more
            equal(client.call("Nop"), [])


def test_connections_that_come_and_go(service):
    with Probe(service) as probe:
        before = service.memory()
        for _ in range(300):
            client = Client(ALICE)
            client.send("Watch")
            client.send("Slow", "u", [20])
            client.close()
        true(probe.latency() < 1, "others waited")
        wait_for("those who watched are known to have left", lambda: len(probe.other.call("Left")[0]) > 0)
        true(service.memory() - before < 32 << 20, f"{service.memory() - before} bytes more")


def test_a_greeting_that_never_ends(service):
    """The bus's own business, but it must not be ours."""
    with Probe(service) as probe:
        sockets = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for each in sockets:
            each.connect(BUS)
            each.sendall(b"\0AUTH")
        true(probe.latency() < 1, "others waited")
        for each in sockets:
            each.close()
