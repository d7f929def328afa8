"""kill -9 of the daemon and the keeper at any moment: nothing is lost, nothing is stuck."""

import json
import os
import random
import signal
import subprocess
import time

from basics import alive, check, CONFIG, equal, poll, RUN
from control_socket import call, gone, nobody, session, sessions, users
from login import Login, Pam
from machine import daemon

SAME = ("id", "uid", "user", "type", "class", "service", "seat", "vtnr", "tty", "remote", "leader", "scope", "createdRealtime")


def portrait():
    return {i: {name: s[name] for name in SAME} for i, s in sessions().items()}


def several():
    return [
        Login("alice", tty="pts/1"),
        Login("alice"),
        Login("bob", rhost="192.0.2.1"),
        Login("carol", service="pamtester-desktop"),
        Login("dave", service="pamtester-greeter"),
    ]


def test_daemon_killed_at_rest():
    logins = several()
    before = portrait()
    mounted = os.stat("/run/user/1000").st_dev
    for _ in range(3):
        daemon.kill()
        equal(portrait(), before, "sessions after the restart")
        equal({s["state"] for s in sessions().values()}, {"active"}, "their states")
    equal(os.stat("/run/user/1000").st_dev, mounted, "the runtime directory is the same mount")
    check(all(alive(login.pid) for login in logins), "no leader was ended")
    for login in logins:
        equal(login.close(), 0, "pam_close_session")
    nobody()


def test_keeper_killed():
    logins = several()
    before = portrait()
    daemon.kill_keeper()
    check(all(alive(login.pid) for login in logins), "no leader was ended")
    daemon.start()
    equal(portrait(), before, "sessions after the restart")
    late = Login("erin")
    check(late.id and late.id not in before, f"a new login has a new id, {late.id}")


def test_orderly_stop_keeps_sessions():
    several()
    before = portrait()
    daemon.stop()
    daemon.start()
    equal(portrait(), before, "sessions after stop and start")


def test_sessions_that_ended_meanwhile_are_gone():
    stays, leaves, killed, stuck = Login("alice"), Login("bob"), Login("carol"), Login("dave")
    orphan = stuck.spawn(["sleep", "1000"], 1003)
    daemon.kill_keeper()
    begin = time.monotonic()
    leaves.close()
    check(time.monotonic() - begin < 4, f"logout without a daemon took {time.monotonic() - begin:.1f} s")
    killed.kill()
    stuck.kill()
    daemon.start()
    gone(leaves.id, killed.id)
    equal(session(stays.id)["state"], "active", "the session that stayed")
    equal(session(stuck.id)["state"], "closing", "the session whose processes stayed")
    check(alive(orphan), "its process lives on")
    poll("who left is gone", lambda: sorted(users()) == [1000, 1003])
    poll("the directory of who left is gone", lambda: not os.path.exists("/run/user/1001"))
    os.kill(orphan, signal.SIGKILL)
    gone(stuck.id)


def test_logins_during_the_restart_are_answered():
    os.kill(daemon.pid, signal.SIGKILL)
    logins = [Login(f"u{number:02d}", wait=False) for number in range(1, 9)]
    for login in logins:
        login.wait_open()
        check(login.rc == 0 and login.id, f"login during the restart: {login.rc} {login.env}")
    equal(len({login.id for login in logins}), 8, "different sessions")


def lane(user, results, seconds):
    """Logs in and out until time is over; counts what came back."""
    counts = {"logins": 0, "without session": 0, "errors": 0, "slowest": 0.0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            pam = Pam("pamtester", user, {}, {})
            begin = time.monotonic()
            rc = pam.open_session()
            identifier = pam.environment().get("XDG_SESSION_ID")
            taken = time.monotonic() - begin
            if random.random() < 0.7:
                pam.close_session()
            os.write(writer, json.dumps([rc, identifier, taken]).encode())
            os._exit(0)
        os.close(writer)
        rc, identifier, taken = json.loads(os.read(reader, 4096))
        os.close(reader)
        os.waitpid(pid, 0)
        counts["logins"] += 1
        counts["errors"] += rc != 0
        counts["without session"] += identifier is None
        counts["slowest"] = max(counts["slowest"], taken)
    os.write(results, json.dumps(counts).encode() + b"\n")
    os._exit(0)


def storm(seconds, lanes=8):
    reader, results = os.pipe()
    for number in range(lanes):
        if os.fork() == 0:
            os.setsid()
            random.seed(number)
            lane(f"u{number % 4 + 1:02d}", results, seconds)
    os.close(results)
    return os.fdopen(reader)


def test_daemon_killed_at_random_moments_under_a_storm():
    keeps = several()
    before = portrait()
    random.seed(os.environ.get("SEED", "7"))
    total = {"kills": 0, "logins": 0, "without session": 0, "errors": 0}
    slowest = 0
    for _ in range(3):
        stream = storm(3)
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            time.sleep(random.uniform(0.02, 0.3))
            pid = daemon.pid
            if pid:
                os.kill(pid, signal.SIGKILL)
                total["kills"] += 1
        for line in stream:
            counts = json.loads(line)
            slowest = max(slowest, counts.pop("slowest"))
            for name, count in counts.items():
                total[name] += count
        daemon.wait_ready()
        poll("only the sessions from before are left", lambda: portrait() == before, 10)
        fresh_keeper()
    print(f"     {total}, slowest login {slowest:.1f} s", flush=True)
    check(total["kills"] >= 9 and total["logins"] >= 30, f"the storm was one: {total}")
    equal((total["errors"], total["without session"]), (0, 0), f"failed logins of {total}")
    check(all(alive(login.pid) for login in keeps), "no leader was ended")


def fresh_keeper():
    """The keeper's back-off grows with every kill; another keeper begins again with the shortest delay."""
    daemon.stop()
    daemon.start()


def test_daemon_killed_at_every_moment_of_a_login():
    for step in range(24):
        after = step * 0.0004
        login = Login("alice", wait=False)
        time.sleep(after)
        os.kill(daemon.pid, signal.SIGKILL)
        login.wait_open()
        check(login.rc == 0 and login.id, f"kill after {after:.4f} s: {login.rc} {login.env}")
        daemon.wait_ready()
        equal(set(sessions()), {login.id}, f"sessions after a kill after {after:.4f} s")
        found = session(login.id)
        equal((found["leader"], found["state"]), (login.pid, "active"), f"kill after {after:.4f} s")
        login.close()
        nobody()
        fresh_keeper()


def answered(identifier):
    try:
        return [session(identifier)]
    except OSError:
        return None


def test_daemon_killed_at_every_moment_of_a_logout():
    for step in range(16):
        login = Login("bob")
        login.order("close")
        time.sleep(step * 0.0003)
        os.kill(daemon.pid, signal.SIGKILL)
        equal(login.result()[0], 0, "pam_close_session")
        login.leave()
        daemon.wait_ready()
        nobody()
        fresh_keeper()


def test_repeated_restarts_of_the_daemon():
    """The keeper waits longer and longer, and is back at once when the daemon is well."""
    login = Login("alice")
    for _ in range(4):
        daemon.kill()
    check(session(login.id)["state"] == "active", "the session")
    equal(call("GetStatus")["sessions"], 1, "sessions")
    check(os.path.exists(CONFIG), "the configuration")


def test_second_instance_refuses():
    login = Login("alice")
    from basics import KEEPER, LIBDIR, NODE

    command = [KEEPER, "--node", NODE, "--daemon", f"{LIBDIR}/sessionmand.cjs", "--run-dir", RUN, "--config", CONFIG]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    check(second.returncode != 0 and second.stderr, f"the second instance: {second}")
    equal(session(login.id)["state"], "active", "the first one's session")
    check(Login("bob").id, "and it still answers")
