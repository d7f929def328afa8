"""Runs the module in the driver against the fake daemon and checks what a login program relies on.

    cases.py BUILD VARIANT...        VARIANT: plain asan tsan valgrind

Prints "ok NAME" or "not ok NAME: WHY". BUILD holds what the script run built.
"""

import concurrent.futures
import os
import re
import socket
import sys

from client_cases import CLIENT
from cycles import CYCLES, cycles, threads
from harness import Room, Wrong, expect, slack
from limits import LIMITS
from looks import failure, session, without
from parade import VALUES, run_parade


def directories(room):
    """Runtime directories good and bad, and what is left of the variables after each."""
    base = os.path.join(room, "run")
    os.mkdir(base)
    made = {}
    for name, mode, owner in (("good", 0o700, 0), ("wide", 0o750, 0), ("sticky", 0o1700, 0), ("theirs", 0o700, 65534)):
        made[name] = os.path.join(base, name)
        os.mkdir(made[name])
        os.chmod(made[name], mode)
        os.chown(made[name], owner, owner)
    made["file"] = os.path.join(base, "file")
    with open(made["file"], "w", encoding="utf-8"):
        os.chmod(made["file"], 0o700)
    made["link"] = os.path.join(base, "link")
    os.symlink(made["good"], made["link"])
    return made | {"absent": os.path.join(base, "absent"), "relative": os.path.relpath(made["good"])}


def one(behaviours, check, options=(), arguments="timeout=9", daemon=(), user="root"):
    def run(build):
        with Room(build, *behaviours, daemon=daemon) as room:
            check(room.driver(options, arguments, user)[0])

    return run


def backlog(build):
    with Room(build, "stopped", daemon=("--backlog", "0")) as room:
        queue = []
        for _ in range(8):
            waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            queue.append(waiting)
            try:
                waiting.connect(room.socket)
            except BlockingIOError:
                break
        else:
            raise Wrong("the queue did not fill")
        failure("takes no more connections .phase connect", 1, 1)(room.driver(arguments="timeout=1")[0])


def close_session(behaviour, fastest, slowest):
    def run(build):
        with Room(build, behaviour) as room:
            login = room.driver()[0]
            session()(login)
            expect(fastest <= login.close[1] <= slowest + slack(), f"close_session took {login.close[1]} s")
            closes = [entry for entry in room.record() if entry.get("OP") == "close"]
            expect(closes == [{"OP": "close", "ID": "1"}], f"close requests: {closes}")

    return run


def no_close(build):
    """After existing and none there is nothing to give back."""
    with Room(build, "existing", "none") as room:
        room.driver(["logins=2"])
        expect(all(entry["OP"] == "open" for entry in room.record()), "a close request was sent")


def forgotten(build):
    """pam_end without close_session ends the session by its lifetime fd, once, and without a word."""
    with Room(build, "open") as room:
        login = room.driver(["end=forget"])[0]
        session(kept_by_close=1)(login)
        record = room.record()
        expect([e for e in record if e.get("OP") == "close"] == [], "a close request was sent")
        expect([e["lifetime"] for e in record if "lifetime" in e] == ["1"], "the lifetime fd was not given back")


def forked(build):
    """A child that ends the handle silently closes its copy; the session of the parent goes on."""
    with Room(build, "open") as room:
        login = room.driver(["end=silent"])[0]
        session()(login)
        expect(login.child == "clean", "the child was not clean")
        closes = [entry for entry in room.record() if entry.get("OP") == "close"]
        expect(len(closes) == 1, f"close requests: {closes}")


def reused(build):
    """A program that closes fds it does not know, and uses the number again, keeps its own file."""
    with Room(build, "open") as room:
        login = room.driver(["end=reused"])[0]
        expect(login.closed == 1 and login.after == 1, f"of the program's one file: {login.closed}, {login.after}")


def facts(build):
    with Room(build, "open") as room:
        room.driver(
            ["tty=/dev/tty1", "rhost=gate.example.org", "display=:0", "ruser=bob", "env=XDG_SEAT=seat1"]
            + ["env=XDG_VTNR=2", "env=XDG_SESSION_TYPE=x11", "env=XDG_SESSION_CLASS=greeter"]
            + ["env=XDG_SESSION_DESKTOP=kde", "env=XDG_SESSION_INCOMPLETE=1"],
            "timeout=9 type=wayland class=user desktop=xfce",
            "daemon",
        )
        request = room.record()[0]
        expect(re.fullmatch("[0-9a-f]{32}", request.pop("NONCE")), "no nonce")
        expect(
            request
            == {"OP": "open", "USER": "daemon", "UID": "1", "GID": "1", "SERVICE": "test", "TTY": "/dev/tty1"}
            | {"RHOST": "gate.example.org", "DISPLAY": ":0", "RUSER": "bob", "ARG_TYPE": "wayland", "ARG_CLASS": "user"}
            | {"ARG_DESKTOP": "xfce", "ENV_SEAT": "seat1", "ENV_VTNR": "2", "ENV_TYPE": "x11", "ENV_CLASS": "greeter"}
            | {"ENV_DESKTOP": "kde", "ENV_INCOMPLETE": "1"},
            f"request: {request}",
        )


def process_environment(build):
    """What the caller of a setuid program exports never reaches the daemon."""
    with Room(build, "open") as room:
        room.driver(environment={"XDG_SEAT": "seat0", "XDG_SESSION_CLASS": "greeter"})
        request = room.record()[0]
        expect(not [key for key in request if key.startswith("ENV_")], f"request: {request}")


def left_out(build):
    odd = ["display=" + "d" * 2000, "rhost=a\nUID=0", "tty=" + "t" * 65, "ruser=\x1b[2J", "env=XDG_SEAT=" + "s" * 65]
    with Room(build, "open") as room:
        kept = {"XDG_SEAT": "s" * 65}
        session(kept)(room.driver(odd)[0])
        request = room.record()[0]
        expect(set(request) <= {"OP", "NONCE", "USER", "UID", "GID", "GROUPS", "SERVICE"}, f"request: {request}")
        login = room.driver(odd, "timeout=9 debug")[0]
        lines = [line for _, line in login.logs if "left out" in line]
        expect(len(lines) == 1 and all(p == 7 for p, _ in login.logs), f"logged: {login.logs}")
        expect(all(f" {key}" in lines[0] for key in ("TTY", "DISPLAY", "RHOST", "RUSER", "ENV_SEAT")), lines[0])


def bad_arguments(build):
    bad = ["bogus", "timeout=0", "timeout=91", "timeout=1s", "timeout=", "onfail=maybe", "debug=perhaps"]
    bad += ["socket=sock", "class="]
    with Room(build, "open", "none") as room:
        login = room.driver(arguments="timeout=9 " + " ".join(bad))[0]
        session(logs=len(bad))(login)
        for argument in bad:
            expect(any(line.endswith(": " + argument) for _, line in login.logs), f"not logged: {argument}")
        quiet = room.driver(arguments="timeout=9 debug debug=no")[0]
        expect(quiet.logs == [], f"logged: {quiet.logs}")


def runtime_directory(build):
    with Room(build) as room:
        made = directories(room.dir)
        bus = "unix:path=/nowhere/bus"
        names = ["good", "wide", "sticky", "theirs", "file", "link", "absent", "relative"]
        steps = [f"open=XDG_RUNTIME_DIR={made[name]};DBUS_SESSION_BUS_ADDRESS={bus}" for name in names]
        with Room(build, *steps) as daemon:
            logins = daemon.driver([f"logins={len(names)}"])
        for name, login in zip(names, logins):
            good = name == "good"
            env = {"XDG_RUNTIME_DIR": made[name] if good else "", "DBUS_SESSION_BUS_ADDRESS": bus if good else ""}
            try:
                session(env, logs=0 if good else 1)(login)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}") from None


def all_or_nothing(build):
    """Whichever pam_putenv fails, the environment is as before and the session is given back."""
    for number in range(1, 7):
        with Room(build, "open=" + VALUES) as room:
            before = {"XDG_SEAT": "old", "XDG_SESSION_TYPE": ""}
            options = [f"break_putenv={number}", "env=XDG_SEAT=old", "env=XDG_SESSION_TYPE="]
            failure("cannot set the session's environment", env=before)(room.driver(options)[0])
            expect(any("lifetime" in entry for entry in room.record()), "the lifetime fd was not given back")


def no_slots(build):
    """Room for the socket but not for the lifetime fd; room for both; none at all."""
    for slots, check in (1, failure("no room: Too many open files .phase read")), (2, session()):
        with Room(build, "none", "open") as room:
            check(room.driver([f"slots={slots}"])[0])
    with Room(build, "none", "open") as room:
        # libpam itself fails here, for want of an audit socket; what the module says still tells why.
        login = room.driver(["slots=0"])[0]
        expect("Too many open files" in login.logs[0][1], f"logged: {login.logs}")


def same_nonce(build):
    with Room(build, "retry:close,close,open") as room:
        session(slowest=0.6)(room.driver(arguments="timeout=3")[0])
        nonces = [entry["NONCE"] for entry in room.record() if entry.get("OP") == "open"]
        expect(len(nonces) == 3 and len(set(nonces)) == 1, f"nonces: {nonces}")


def unprivileged(build):
    """Without root nothing is asked."""
    with Room(build, "open") as room:
        without()(room.driver(["uid=65534"])[0])
        expect(not os.path.exists(room.record_path), "the daemon was asked")


LOGINS = [
    ("no socket", one([], failure(r"is not running: there is no socket .phase connect"))),
    ("no socket, onfail=error", one([], failure("not running", code=14), arguments="onfail=error")),
    ("nobody listens", one(["deaf", "x"], failure("nobody listens .phase connect", 3, 3), arguments="timeout=9")),
    ("nobody listens, short timeout", one(["deaf", "x"], failure("nobody listens", 1, 1), arguments="timeout=1")),
    ("listens after a second", one(["later", "open"], session(slowest=1.1), arguments="timeout=5")),
    ("stopped", one(["stopped"], failure("did not answer .phase wait, after 1", 1, 1), arguments="timeout=1")),
    ("queue full", backlog),
    ("silent", one(["silent"], failure("did not answer .phase wait, after 1", 1, 1), arguments="timeout=1")),
    ("silent, onfail=error", one(["silent"], failure("did not answer", 1, 1, code=14), arguments="timeout=1 onfail=error")),
    ("silent, default timeout", one(["silent"], failure("phase wait, after 10", 10, 10), arguments="onfail=success")),
    ("accepted, then silent", one(["accepted-silent"], failure("did not finish .phase wait, after 6", 6, 6))),
    ("slow, with heartbeats", one(["slow=2.5"], session(slowest=2.8), arguments="timeout=2")),
    ("slow, without heartbeats", one(["late=2.5"], failure("did not answer", 1, 1), arguments="timeout=1")),
    ("closes always", one(["close"], failure("closed the connection without an answer", 1.6, 1.6), arguments="timeout=5")),
    ("closes always, short timeout", one(["close"], failure("closed the connection", 0.6, 1), arguments="timeout=1")),
    ("closes unread", one(["hang-up-unread"], failure("closed the connection", 1.6, 1.7), arguments="timeout=5")),
    ("refused, onfail=error", one(["refused=limits"], failure("reason is limits", code=14), arguments="onfail=error")),
    ("refused, busy", one(["refused=busy"], failure("reason is busy"), arguments="onfail=success")),
    ("nonsense, onfail=error", one(["drip"], failure("not an answer", code=14), arguments="onfail=error")),
    ("existing, onfail=error", one(["existing"], without(), arguments="onfail=error")),
    ("unknown user", one(["open"], failure("not in the user database"), user="no-such-user")),
    ("close: silent daemon", close_session("close-silent", 2.9, 3.0)),
    ("close: refused", close_session("close-refused", 0, 0)),
    ("close: hangs up", close_session("close-hang-up", 0, 0)),
    ("close: nothing to give back", no_close),
    ("pam_end without close_session", forgotten),
    ("fork and PAM_DATA_SILENT", forked),
    ("number of the lifetime fd used again", reused),
    ("facts sent", facts),
    ("process environment ignored", process_environment),
    ("unsendable values left out", left_out),
    ("bad arguments", bad_arguments),
    ("runtime directory checked", runtime_directory),
    ("environment all or nothing", all_or_nothing),
    ("no free fds", no_slots),
    ("same nonce in a retry", same_nonce),
    ("not root", unprivileged),
    ("hangs up before the request", one(["open"], session(slowest=0.1), ["break_send=1"])),
    ("hangs up before every request", one(["open"], failure("closed the connection.*phase send", 1.6, 1.6), ["break_send=9"], "timeout=5")),
    ("signals while silent", one(["silent"], failure("did not answer", 1, 1), ["signals=1"], arguments="timeout=1")),
]

PARADES = [
    ("parade", run_parade),
    ("parade, fds 0 to 2 closed", lambda build: run_parade(build, ["stdio=closed"])),
    ("parade, signals", lambda build: run_parade(build, ["signals=1"])),
]

CASES = {
    "plain": PARADES + LOGINS + CLIENT + CYCLES + LIMITS,
    "asan": PARADES + LOGINS + CLIENT + CYCLES[1:] + LIMITS,
    "tsan": [("8 threads", threads)],
    "valgrind": PARADES[:2] + [("50 cycles", lambda build: cycles(["cycles=50"], 50, build))],
}


def wrong_with(variant, name, case):
    try:
        case(os.path.join(sys.argv[1], variant))
        return None
    except Exception as wrong:
        kind = "" if isinstance(wrong, Wrong) else type(wrong).__name__ + " "
        return (kind + str(wrong)).replace("\n", "\n# ")


def main():
    todo = [(variant, name, case) for variant in sys.argv[2:] for name, case in CASES[variant]]
    todo.sort(key=lambda entry: "parade" not in entry[1])  # The long ones first: the others fill the gaps.
    again = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = {pool.submit(wrong_with, *entry): entry for entry in todo}
        for future in concurrent.futures.as_completed(futures):
            variant, name, _ = futures[future]
            if future.result():
                print(f"# {variant}: {name}: {future.result()}; once more, alone", flush=True)
                again.append(futures[future])
            else:
                print(f"ok {variant}: {name}", flush=True)
    # On a busy machine a case may miss its time among the others; what is broken is broken alone, too.
    for variant, name, case in again:
        wrong = wrong_with(variant, name, case)
        print(f"not ok {variant}: {name}: {wrong}" if wrong else f"ok {variant}: {name}", flush=True)


main()
