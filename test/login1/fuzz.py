"""
Attackers on the bus, and what it costs everybody else: nothing.
usage: fuzz.py SECONDS [SEED]    On the shipped policy for most of the time, then on one that lets everything through.
"""

import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# modules of the same name are meant to be those of this directory
sys.path[:0] = [HERE, os.path.join(HERE, "../integration")]
sys.path.append(os.path.join(HERE, "../bus"))

import harness
from basics import Failed, poll, read
from control_socket import call, sessions
from login import Login
from main import clean_up, Place, Bus

ALICE, BOB, CAROL = 1000, 1001, 1003
NAME, ROOT = "org.freedesktop.login1", "/org/freedesktop/login1"
OPEN_SHARE = 0.2
OTHERS_WAIT_MAX = 1.0
MEMORY_MORE_MAX = 12 * 1024
# the bus is asked who a sender is for so long
FDS_SETTLE = 8.0


def memory(pid):
    """Resident, in KiB."""
    return next(int(line.split()[1]) for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("VmRSS"))


def descriptors(pid):
    """What its descriptors are: sockets and pipes without their numbers, because those of today are not those of tomorrow."""
    found = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[os.readlink(f"/proc/{pid}/fd/{fd}").split("[")[0]] += 1
    return found


class Watch:
    """What another user sees of the daemon, and what the system says of it."""

    def __init__(self, place):
        self.pid = place.daemon.pid
        # what is opened once and stays is there by now: by a logout that leaves a process behind, and by libuv with the first
        # process that looks a user up
        call("SetLinger", uid=ALICE, enabled=False)
        first = Login("alice", tty="/dev/tty59")
        left = first.spawn(["sleep", "1000"], ALICE)
        first.close()
        poll("the daemon watches what she has left", lambda: "anon_inode:inotify" in descriptors(self.pid))
        os.kill(left, signal.SIGKILL)
        poll("her session has ended", lambda: first.id not in sessions())
        self.victim = Login("bob")
        self.client = harness.Client(CAROL)
        self.worst, self.asked, self.wrong, self.sizes = 0.0, 0, [], []
        self.ask()
        self.fds = descriptors(self.pid)

    def ask(self):
        begin = time.monotonic()
        at = {"destination": NAME, "path": ROOT, "interface": f"{NAME}.Manager"}
        while True:
            try:
                (path,) = self.client.call("GetSession", "s", self.victim.id, **at)
            except harness.Refused as error:
                path = str(error)
            # that is the bus's own limit, whoever the receiver is
            if "full message queue" not in path or time.monotonic() - begin > OTHERS_WAIT_MAX:
                break
        self.worst = max(self.worst, time.monotonic() - begin)
        self.asked += 1
        if path != f"{ROOT}/session/_3{self.victim.id}" and len(self.wrong) < 3:
            self.wrong.append(path)

    def look(self):
        self.ask()
        self.sizes.append(memory(self.pid))

    def growth(self):
        """Between the second quarter and the last one, each at its least: what comes and goes is not counted."""
        quarter = max(1, len(self.sizes) // 4)
        return min(self.sizes[-quarter:]) - min(self.sizes[quarter : 2 * quarter] or self.sizes)

    def descriptors_left(self):
        end = time.monotonic() + FDS_SETTLE
        while (left := descriptors(self.pid) - self.fds) and time.monotonic() < end:
            time.sleep(0.05)
        return left


def attack(seconds, seed):
    command = ["setpriv", f"--reuid={ALICE}", f"--regid={ALICE}", "--clear-groups", "--no-new-privs"]
    command += ["/usr/bin/python3", "-B", f"{HERE}/attacker.py", f"{seconds:.1f}", f"{seed}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def log_in():
    """None if she has ended her own login before its answer."""
    login = Login("alice", tty="/dev/tty59", wait=False)
    try:
        return login.wait_open()
    except Failed:
        leave(login)
        return None


def leave(login):
    if login is not None and login.pid:
        login.kill()


def assail(place, seconds, seed):
    """Runs the attack beside the watch; returns the watch, whether the attacker did its work, and what it sent."""
    watch = Watch(place)
    attacker = attack(seconds, seed)
    alice = None
    while attacker.poll() is None:
        watch.look()
        # she ends her own sessions, too
        if alice is None or alice.id not in sessions():
            leave(alice)
            alice = log_in()
        time.sleep(0.02)
    sent = attacker.stdout.read().strip()
    leave(alice)
    poll("nobody but the victim is there", lambda: len(sessions()) == 1, 15)
    return watch, attacker.returncode, sent


def results(place, watch, status, sent):
    """Each what is said of it, and whether it holds."""
    left = watch.descriptors_left()
    log = place.daemon.log()
    bugs = [line for line in log.splitlines() if '"bug' in line]
    yield f"the attacker did its work ({sent}, exit status {status})", status == 0 and sent[:1] not in ("", "0")
    yield f"the daemon is the same process ({watch.pid}, {place.daemon.pid})", place.daemon.pid == watch.pid
    yield f"others were answered within {OTHERS_WAIT_MAX:g} s (at most {watch.worst:.3f} s, {watch.asked} calls)", watch.worst < OTHERS_WAIT_MAX
    yield f"and right {' '.join(watch.wrong)}", not watch.wrong
    yield f"no descriptor is left (more than before: {dict(left)})", not left
    yield f"memory is flat ({watch.growth()} KiB more, {watch.sizes[-1]} KiB at the end)", watch.growth() < MEMORY_MORE_MAX
    yield f"no bug in the log ({len(log)} bytes) {' '.join(bugs[:3])}", not bugs


def on(policy, seconds, seed):
    print(f"-- {policy} policy, {seconds:.0f} s, seed {seed}", flush=True)
    place = Place(Bus("daemon", policy))
    place.start()
    outcome = []
    try:
        for what, holds in results(place, *assail(place, seconds, seed)):
            print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
            outcome.append(holds)
    finally:
        # one may always turn that on for oneself
        call("SetLinger", uid=ALICE, enabled=False)
        clean_up()
        place.stop()
    return outcome


def main(seconds, seed):
    outcome = on("shipped", seconds * (1 - OPEN_SHARE), seed)
    outcome += on("open", seconds * OPEN_SHARE, seed + 1)
    print(f"{outcome.count(True)} passed, {outcome.count(False)} failed")
    return 1 if False in outcome else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)))
