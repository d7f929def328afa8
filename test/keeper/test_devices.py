"""Devices that the keeper has open. This machine has none that can be muted: the real ones are in the virtual machine."""

import contextlib
import ctypes

import harness
from puppet import *


PTRACE_SEIZE, PTRACE_DETACH, PTRACE_O_TRACEEXIT = 0x4206, 17, 0x40


def identity(fd):
    status = os.fstat(fd)
    return status.st_ino, os.major(status.st_rdev), os.minor(status.st_rdev)


def own_devices(keeper):
    count = 0
    for fd in keeper.descriptors():
        link = f"/proc/{keeper.pid}/fd/{fd}"
        # what came with an order is closed after its answer
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(link).startswith(keeper.home) and stat.S_ISCHR(os.stat(link).st_mode)
    return count


def test_a_device_is_opened_for_the_daemon_and_kept():
    keeper = Puppets()
    path = keeper.node("renderD128")
    error, live, fd = keeper.puppet.open(7, path)
    equal((error, live), ("", 1))
    equal(identity(fd), identity(os.open(path, os.O_RDONLY)))
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    equal(flags & (os.O_ACCMODE | os.O_NONBLOCK), os.O_RDWR | os.O_NONBLOCK)
    equal(own_devices(keeper), 1)
    equal(keeper.puppet.order(PAUSE, value=7)[:2], ("", 0))
    equal(keeper.puppet.order(PAUSE, value=7)[0], "", "again")
    equal(keeper.puppet.order(RESUME, value=7)[:2], ("", 1))
    equal(keeper.puppet.order(CLOSE, value=7)[0], "")
    equal(own_devices(keeper), 0)
    equal(len(keeper.descriptors()), DESCRIPTORS)
    equal(keeper.puppet.order(CLOSE, value=7)[0], "", "of a key that is not known")
    equal([keeper.puppet.order(op, value=7)[0] for op in (PAUSE, RESUME)], ["ENOENT", "ENOENT"])
    equal(keeper.lines(), "")


def test_the_descriptor_is_of_the_keeper_s_own_description():
    keeper = Puppets()
    _, _, fd = keeper.puppet.open(1, keeper.node("node"))
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    _, _, again = keeper.puppet.order(RESUME, value=1)
    equal(fcntl.fcntl(again, fcntl.F_GETFL) & os.O_NONBLOCK, 0, "what is changed on one is changed on the other")


def test_only_the_named_character_device_is_opened():
    keeper = Puppets()
    path, zero = keeper.node("null"), keeper.node("zero", "zero")
    os.symlink(path, f"{keeper.home}/link")
    os.mkfifo(f"{keeper.home}/fifo")
    block = keeper.node("block", mode=stat.S_IFBLK)
    open(f"{keeper.home}/file", "w").close()
    rows = [
        (zero, "ENODEV"),
        (f"{keeper.home}/link", "ELOOP"),
        (f"{keeper.home}/fifo", "ENODEV"),
        (f"{keeper.home}/file", "ENODEV"),
        (keeper.home, "EISDIR"),
        (f"{keeper.home}/none", "ENOENT"),
        ("/" + "x" * 1900, "ENAMETOOLONG"),
    ]
    for path, expected in rows:
        equal(keeper.puppet.open(1, path, number=NUMBERS["null"])[0], expected, path)
    error = keeper.puppet.open(1, block, number=NUMBERS["null"])[0]
    true(error in ("ENODEV", "ENXIO", "EACCES"), error)
    keeper.keeps(DESCRIPTORS, "nothing is left")


def test_a_key_that_is_used_again_closes_the_first_device():
    keeper = Puppets()
    for path in (keeper.node("one"), keeper.node("two")):
        equal(keeper.puppet.open(5, path)[0], "")
    equal(own_devices(keeper), 1)
    equal(keeper.puppet.open(5, f"{keeper.home}/none", number=(1, 3))[0], "ENOENT")
    equal(own_devices(keeper), 0)


def test_who_cannot_be_muted_is_never_let_in_muted():
    keeper = Puppets()
    path = keeper.node("null")
    for kind, live, expected in (("evdev", False, "ENOTTY"), ("drm", False, "ENOTTY"), ("drm", True, "ENOTTY"), ("hidraw", False, "ENOTSUP"), ("hidraw", True, "ENOTSUP")):
        equal(keeper.puppet.open(1, path, kind, live=live)[0], expected, (kind, live))
    keeper.keeps(DESCRIPTORS, "nothing is left")
    equal(keeper.lines(), "")


def test_who_cannot_be_muted_is_killed_before_the_answer():
    for op in (PAUSE, CLOSE):
        keeper = Puppets()
        controller = sleeper()
        equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[:2], ("", 1))
        equal(keeper.puppet.order(op, value=1)[0], "ENOTTY")
        true(not alive(controller.pid), "it has ended")
        equal(controller.wait(), -signal.SIGKILL)
        equal(len(keeper.descriptors()), DESCRIPTORS, "the device is forgotten")
        equal(keeper.lines(), f"sessionmand: mute evdev device 1:3: {error_text(errno.ENOTTY)}; its controller is killed\n")


def test_the_end_of_a_controller_is_waited_for_but_not_for_long():
    keeper = Puppets()
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[0], "")
    # Until its tracer lets it, it does not end.
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    equal(ptrace(PTRACE_SEIZE, controller.pid, 0, PTRACE_O_TRACEEXIT), 0)
    began = time.monotonic()
    equal(keeper.puppet.order(PAUSE, value=1)[0], "ENOTTY")
    took = time.monotonic() - began
    equal(ptrace(PTRACE_DETACH, controller.pid, 0, 0), 0, "it was still there")
    equal(controller.wait(), -signal.SIGKILL)
    true(0.2 <= took < 2, f"{took:.3f} s")
    true("has not ended yet" in keeper.lines(), keeper.lines())


def test_a_controller_that_ended_before_is_no_error():
    keeper = Puppets()
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[0], "")
    controller.kill()
    controller.wait()
    equal(keeper.puppet.order(CLOSE, value=1)[0], "ENOTTY")
    equal(keeper.lines().count("\n"), 1, keeper.lines())


def test_there_are_512_devices():
    keeper = Puppets()
    path = keeper.node("node")
    for key in range(512):
        error, _, fd = keeper.puppet.open(key, path)
        equal(error, "", key)
        os.close(keeper.puppet.fds.pop())
    equal(keeper.puppet.open(512, path)[0], "EMFILE")
    equal(keeper.puppet.open(0, path)[0], "", "in the place of one that is closed for it")
    puppet = keeper.next()
    equal(puppet.held["devices"], {str(key): 1 for key in range(512)})
    for key in range(512):
        equal(puppet.order(CLOSE, value=key)[0], "")
    equal(len(keeper.descriptors()), DESCRIPTORS)


def test_a_daemon_that_does_not_read_loses_no_answer():
    keeper = Puppets()
    path = keeper.node("node")
    text = b"render\0000\0001\000" + path.encode()
    keeper.puppet.channel.setblocking(False)
    pidfd = os.pidfd_open(os.getpid())
    sent, tries = 0, 0
    while sent < 4000 and tries < 50:
        try:
            keeper.puppet.send(OPEN, serial=sent, value=sent % 300, uid=1, gid=3, text=text, fds=[pidfd])
            sent, tries = sent + 1, 0
        except BlockingIOError:
            tries += 1
            time.sleep(0.02)
    true(20 < sent < 4000, f"{sent} orders were taken while nobody read")
    keeper.puppet.channel.settimeout(5)
    for serial in range(sent):
        (op, answered, value, *_), fds = records.receive(keeper.puppet.channel)
        equal((op, answered, value, len(fds)), (DONE, serial, 0, 1))
        os.close(fds[0])
    equal(keeper.lines(), "")
    return f"{sent} orders"


def test_malformed_orders_are_refused():
    keeper = Puppets()
    path = keeper.node("node").encode()
    pidfd = os.pidfd_open(os.getpid())
    texts = [
        b"", b"render", b"render\0" + b"0", b"render\0000\0001", b"nothing\0000\0001\000" + path, b"render\00064\0001\000" + path,
        b"render\000-1\0001\000" + path, b"render\000x\0001\000" + path, b"render\000100\0001\000" + path, b"render\000\0001\000" + path,
        b"render\0000\0002\000" + path, b"render\0000\000\000" + path, b"render\0000\0001\000" + path[1:], b"render\0000\0001\000" + b"/" * 2028,
    ]
    for text in texts:
        equal(keeper.puppet.order(OPEN, value=1, uid=1, gid=3, text=text[:2028], fds=[pidfd])[0], "EINVAL", text)
    good = b"render\0000\0001\000" + path
    equal(keeper.puppet.order(OPEN, value=1, uid=1, gid=3, text=good)[0], "EINVAL", "without a pidfd")
    equal(keeper.puppet.order(OPEN, value=1, uid=1, gid=3, text=good, fds=[pidfd])[0], "")
    equal(len(keeper.descriptors()), DESCRIPTORS + 2)


def test_records_of_noise():
    import random

    keeper = Puppets()
    path = keeper.node("node").encode()
    chance = random.Random(5)
    pidfd = os.pidfd_open(sleeper().pid)
    words = [b"render", b"evdev", b"drm", b"hidraw", b"0", b"1", b"", b"/", path, b"x" * 300]
    for _ in range(1500):
        text = b"\0".join(chance.choices(words, k=chance.randrange(6))) if chance.random() < 0.7 else chance.randbytes(chance.randrange(2029))
        # No VT: those are this machine's.
        op = chance.choice([OPEN, PAUSE, RESUME, CLOSE, KEEP, FORGET, LEFT, HELD, ANSWER, 15, 0, 0xFFFFFFFF])
        value = chance.choice([0, 1, 2, 63, -1, 2**31 - 1, -(2**31)])
        numbers = chance.choice([(1, 3), (1, 5), (0, 0), (0xFFFFFFFF, 0xFFFFFFFF)])
        keeper.puppet.send(op, serial=0, value=value, uid=numbers[0], gid=numbers[1], text=text[:2028], fds=[pidfd] if chance.random() < 0.8 else [])
        while select.select([keeper.puppet.channel], [], [], 0)[0]:
            for fd in records.receive(keeper.puppet.channel)[1]:
                os.close(fd)
    time.sleep(0.1)
    while select.select([keeper.puppet.channel], [], [], 0.1)[0]:
        for fd in records.receive(keeper.puppet.channel)[1]:
            os.close(fd)
    for key in (0, 1, 2, 63, 0xFFFFFFFF, 2**31 - 1, 2**31):
        value = key - 2**32 if key >= 2**31 else key
        keeper.puppet.order(CLOSE, value=value)
        keeper.puppet.send(FORGET, value=value)
    keeper.keeps(DESCRIPTORS, "nothing is left")


def test_the_next_daemon_is_told_what_is_held():
    keeper = Puppets()
    path = keeper.node("node")
    equal(keeper.puppet.held, {"devices": {}, "vts": [], "gettys": [], "connections": []})
    for key in (3, 0xFFFFFFFE - 2**32):
        equal(keeper.puppet.open(key, path)[0], "")
    equal(keeper.puppet.order(PAUSE, value=3)[0], "")
    ours, theirs = socket.socketpair()
    keeper.puppet.send(KEEP, value=11, fds=[theirs.fileno()])
    keeper.puppet.send(KEEP, value=12, fds=[theirs.fileno()])
    keeper.puppet.send(FORGET, value=12)
    equal(keeper.puppet.order(PAUSE, value=3)[0], "", "so the others are done")
    theirs.close()
    for number in (signal.SIGKILL, signal.SIGTERM):
        puppet = keeper.next(number)
        equal(puppet.held, {"devices": {"3": 0, str(0xFFFFFFFE): 1}, "vts": [], "gettys": [], "connections": [11]})
        ours.send(b"still there")
        equal(os.read(puppet.connections[11], 100), b"still there")
    puppet.send(FORGET, value=11)
    os.close(puppet.connections.pop(11))
    ours.settimeout(5)
    equal(ours.recv(1), b"", "forgotten by both")
    equal(puppet.order(RESUME, value=3)[:2], ("", 1))


def test_there_are_128_connections():
    keeper = Puppets()
    pairs = [socket.socketpair() for _ in range(129)]
    for number, (_, theirs) in enumerate(pairs):
        keeper.puppet.send(KEEP, value=number, fds=[theirs.fileno()])
        theirs.close()
    pairs[128][0].settimeout(5)
    equal(pairs[128][0].recv(1), b"", "the one too many is closed")
    equal(keeper.lines(), "sessionmand: no place to keep connection 128\n")
    puppet = keeper.next()
    equal(puppet.held["connections"], list(range(128)))
    for number, (ours, _) in enumerate(pairs[:128]):
        ours.send(b"%d" % number)
        equal(os.read(puppet.connections[number], 10), b"%d" % number)


def test_sigterm_takes_every_device_away():
    keeper = Puppets()
    controller = sleeper()
    equal(keeper.puppet.open(1, keeper.node("event0"), "evdev", pid=controller.pid)[0], "")
    equal(keeper.puppet.open(2, keeper.node("renderD128"))[0], "")
    equal(keeper.end(), 0)
    equal(controller.wait(1), -signal.SIGKILL, "for it could not be taken away")
