"""
5,000 sessions of 500 users: what is asked of login1 is answered within a second, nothing breaks the limits that a
dbus-daemon has by default, and the end of 1,000 sessions at once reaches every listener.
"""

import contextlib
import os
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../integration")]
sys.path.append(os.path.join(HERE, "../bus"))

import harness
import wire
from basics import alive, check, Failed, poll, read, TREE
from control_socket import sessions, users
from main import clean_up, Place, Bus

NAME, ROOT = "org.freedesktop.login1", "/org/freedesktop/login1"
PROPERTIES, INTROSPECTABLE = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.Introspectable"
USERS, EACH, LEAVING, SEATED = 500, 10, 100, 60
FIRST_UID = 20000
ALL = USERS * EACH
ANSWER_MAX = 1.0
# What the daemon works on end, on a machine that is busy with others: a question, and the end of many at once.
STALL_MAX, STALL_OF_MANY = 0.15, 0.4
# of the bus, as it is built
MESSAGE_MAX = 32 << 20


class Crowd:
    """Logins through PAM, each a process of its own that stays."""

    program = "/tmp/crowd"

    @classmethod
    def prepare(cls):
        subprocess.run(["cc", "-O1", "-o", cls.program, f"{TREE}/test/bench/client.c", "-lpam"], check=True)
        os.makedirs("/tmp/confdir", exist_ok=True)
        module = f"{TREE}/build/c/pam/pam_sessionman.so"
        with open("/tmp/confdir/bench", "w", encoding="utf-8") as file:
            file.write(f"session required {module} onfail=error\n")
        with open("/etc/passwd", "a", encoding="utf-8") as file:
            for i in range(USERS):
                file.write(f"bench{i}:x:{FIRST_UID + i}:{FIRST_UID + i}::/:/bin/sh\n")

    def __init__(self, first, count):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([self.program, "/tmp/confdir"], text=True, **pipes)
        self.order(f"hold {first} {count} {EACH}")

    def order(self, text):
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        check(answer == "done\n", f"{text}: {answer}")

    def leave(self):
        """All of them are killed."""
        self.order("drop")


class Results:
    def __init__(self):
        self.outcome = []

    def that(self, holds, what):
        print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
        self.outcome.append(bool(holds))


def length_of(data):
    """Of the first message; None while that cannot be said."""
    if len(data) < 16:
        return None
    body, _, fields = struct.unpack_from("<III", data, 4)
    return 16 + fields + (-fields % 8) + body


def timed(client, member, signature="", values=(), **at):
    """The answer's body, its bytes, and the seconds until the last of them was there."""
    begin = time.monotonic()
    serial = client.send(member, signature, values, **{"destination": NAME, "path": ROOT, "interface": f"{NAME}.Manager", **at})
    while (length := length_of(client.data)) is None or len(client.data) < length:
        chunk = client.socket.recv(1 << 20)
        check(chunk, f"the bus has closed the connection that asked for {member}")
        client.data += chunk
    took = time.monotonic() - begin
    return client.answer(serial), length, took


class Stall(threading.Thread):
    """
    Pings the daemon until told otherwise. The longest that the daemon's own thread worked between a ping and its answer
    is how long it can have kept somebody waiting, however busy the machine is with others.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.schedstat = f"/proc/{pid}/task/{pid}/schedstat"
        self.client = harness.Client()
        self.over = threading.Event()
        self.worked, self.waited, self.pings = 0.0, 0.0, 0
        self.start()

    def run(self):
        while not self.over.wait(0.002):
            before = self.busy()
            took = timed(self.client, "Ping", interface="org.freedesktop.DBus.Peer")[2]
            self.worked = max(self.worked, self.busy() - before)
            self.waited = max(self.waited, took)
            self.pings += 1

    def busy(self):
        return int(read(self.schedstat).split()[0]) / 1e9

    def __str__(self):
        return f"worked at most {self.worked * 1000:.0f} ms on end, a ping took at most {self.waited * 1000:.0f} ms of {self.pings}"

    def stop(self):
        self.over.set()
        self.join(10)
        self.client.close()
        return self


class Listener(threading.Thread):
    """Hears all signals of login1; a lazy one begins to read when it is told to."""

    def __init__(self, lazy=False):
        super().__init__(daemon=True)
        self.client = harness.Client(timeout=30)
        self.client.driver("AddMatch", "s", f"type='signal',sender='{NAME}'")
        self.counts, self.bytes, self.closed = {}, 0, ""
        if not lazy:
            self.start()

    def run(self):
        data = b""
        with contextlib.suppress(TimeoutError):
            while not self.closed:
                chunk = self.client.socket.recv(1 << 20)
                if not chunk:
                    self.closed = "the bus has closed the connection"
                data += chunk
                self.bytes += len(chunk)
                while (length := length_of(data)) is not None and len(data) >= length:
                    member = wire.read(data[:length])[0].get("member")
                    self.counts[member] = self.counts.get(member, 0) + 1
                    data = data[length:]

    def heard(self, member):
        return self.counts.get(member, 0)


def open_all(results, place):
    begin, stall = time.monotonic(), Stall(place.daemon.pid)
    crowds = [Crowd(0, USERS - LEAVING), Crowd(USERS - LEAVING, LEAVING)]
    took = time.monotonic() - begin
    results.that(len(sessions()) == ALL, f"{ALL} sessions of {USERS} users began in {took:.1f} s, {took / ALL * 1000:.1f} ms each; {stall.stop()}")
    return crowds


def seat_some(client, count=SEATED):
    """On each terminal one, so that the seat has something to tell; of one more the terminal is the last."""
    leaders = [subprocess.Popen(["sleep", "1000"], start_new_session=True) for _ in range(count)]
    for number, leader in enumerate(leaders, 1 if count == SEATED else SEATED + 1):
        row = [1000, leader.pid, "login", "tty", "user", "", "seat0", number, f"tty{number}", "", False, "", "", []]
        client.call("CreateSession", "uusssssussbssa(sv)", *row, destination=NAME, path=ROOT, interface=f"{NAME}.Manager")
    return leaders


def questions():
    """What is asked: a name, the call, and how many rows or names the answer has at least."""
    rows = lambda body: len(body[0])
    names = lambda body: body[0].count("<node name=")
    for member, least in (("ListSessions", ALL), ("ListSessionsEx", ALL), ("ListUsers", USERS), ("ListSeats", 1), ("ListInhibitors", 0)):
        yield member, {"member": member}, rows, least
    get_all = {"member": "GetAll", "interface": PROPERTIES, "signature": "s"}
    for path, interface in (("", "Manager"), ("/seat/seat0", "Seat"), (f"/user/_{FIRST_UID}", "User"), ("/session/_31", "Session")):
        yield f"GetAll of {interface}", {**get_all, "path": ROOT + path, "values": [f"{NAME}.{interface}"]}, rows, 9
    for folder, least in (("", 3), ("/session", ALL), ("/user", USERS), ("/seat", 1)):
        yield f"Introspect {folder or '/'}", {"member": "Introspect", "interface": INTROSPECTABLE, "path": ROOT + folder}, names, least


def ask_all(results, pid, what):
    """Each as somebody does who asks for the first time after a change, and again."""
    client, stall = harness.Client(1000), Stall(pid)
    for label, call, count, least in questions():
        answers = [timed(client, **call) for _ in range(3)]
        found, size = count(answers[-1][0]), answers[-1][1]
        first, again = answers[0][2], max(took for _, _, took in answers[1:])
        holds = found >= least and max(first, again) < ANSWER_MAX and size < MESSAGE_MAX
        results.that(holds, f"{what}, {label}: {found} entries, {size} bytes, {first * 1000:.0f} ms, again {again * 1000:.0f} ms")
    client.close()
    return stall.stop()


def managed_objects(results, client):
    try:
        timed(client, "GetManagedObjects", interface="org.freedesktop.DBus.ObjectManager")
        results.that(False, "nobody serves GetManagedObjects")
    except harness.Refused as error:
        results.that(error.name in (harness.ERRORS + "UnknownMethod", harness.ERRORS + "UnknownInterface"), f"GetManagedObjects: {error.name}")


def pipeline(results):
    """As many calls at once as the bus lets a connection have open."""
    client = harness.Client(timeout=20)
    begin = time.monotonic()
    serials = [client.send("ListSessionsEx", destination=NAME, path=ROOT, interface=f"{NAME}.Manager") for _ in range(100)]
    answered = [len(client.answer(serial)[0]) for serial in serials]
    results.that(min(answered) >= ALL, f"100 lists asked for at once: {time.monotonic() - begin:.1f} s with reading them")


def leave_at_once(results, place, crowd):
    listener, lazy = Listener(), Listener(lazy=True)
    stall, gone = Stall(place.daemon.pid), LEAVING * EACH
    begin = time.monotonic()
    crowd.leave()
    with contextlib.suppress(Failed):
        poll("all are told of", lambda: listener.heard("SessionRemoved") >= gone and listener.heard("UserRemoved") >= LEAVING, 60)
    told = time.monotonic() - begin
    stall.stop()
    counts = [listener.heard(member) for member in ("SessionRemoved", "UserRemoved")]
    results.that(counts == [gone, LEAVING], f"the end of {gone} sessions was told in {told:.1f} s: {listener.counts}, {listener.bytes} bytes")
    results.that(stall.waited < ANSWER_MAX and stall.worked < STALL_OF_MANY, f"meanwhile the daemon {stall}")
    lazy.start()
    with contextlib.suppress(Failed):
        poll("the lazy one hears of it", lambda: lazy.heard("SessionRemoved") >= gone and lazy.heard("UserRemoved") >= LEAVING, 20)
    same = [lazy.heard(member) for member in ("SessionRemoved", "UserRemoved")] == counts
    results.that(same and not lazy.closed, f"who did not read meanwhile has lost nothing: {lazy.counts} {lazy.closed}")


def restart(results, place, left):
    before, begin = set(sessions()), time.monotonic()
    place.daemon.kill()
    place.bus.wait_for(NAME)
    took = time.monotonic() - begin
    listed = {row[0] for row in timed(harness.Client(), "ListSessions")[0][0]}
    results.that(listed == before and len(listed) == left, f"after kill -9 {len(listed)} sessions are listed, {took:.1f} s later")


def numbers(results, pid):
    about = {line.split(":")[0]: line.split() for line in read(f"/proc/{pid}/status").splitlines()}
    most = int(read(f"/proc/{pid}/limits").split("Max open files")[1].split()[0])
    used = len(os.listdir(f"/proc/{pid}/fd"))
    results.that(used < most, f"the daemon has {used} of {most} descriptors, and {about['VmRSS'][1]} KiB")


def tell(results, place):
    Crowd.prepare()
    pid = place.daemon.pid
    staying, leaving = open_all(results, place)
    root = harness.Client()
    leaders = seat_some(root)
    numbers(results, pid)
    ask_all(results, pid, "the first")
    leaders += seat_some(root, 1)
    stall = ask_all(results, pid, "after one more")
    results.that(stall.worked < STALL_MAX, f"after one more the daemon {stall}")
    managed_objects(results, root)
    pipeline(results)
    leave_at_once(results, place, leaving)
    results.that(place.daemon.pid == pid and alive(pid), "the daemon is the same process")
    restart(results, place, ALL - LEAVING * EACH + len(leaders))
    log = place.daemon.log()
    bugs = [line for line in log.splitlines() if '"bug' in line or "disconnected" in line]
    results.that(not bugs, f"no bug in the log, and no lost bus {bugs[:3]}")
    begin = time.monotonic()
    root.close()
    for leader in leaders:
        leader.kill()
    staying.leave()
    # to list them costs time, too
    while (sessions() or users()) and time.monotonic() - begin < 180:
        time.sleep(0.5)
    print(f"     all others were gone within {time.monotonic() - begin:.1f} s", flush=True)


def main():
    place, results = Place(Bus("daemon", "shipped")), Results()
    place.start()
    try:
        tell(results, place)
    finally:
        clean_up()
        place.stop()
    print(f"{results.outcome.count(True)} passed, {results.outcome.count(False)} failed")
    return 1 if False in results.outcome else 0


if __name__ == "__main__":
    sys.exit(main())
