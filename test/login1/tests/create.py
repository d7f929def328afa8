"""CreateSession and ReleaseSession, as display managers and PAM modules call them."""

import os
import signal
import subprocess

from basics import alive, cgroup_of, check, equal, poll
from client import Client, error_of, session_path
from control_socket import session, sessions
from login import Login

SIGNATURE = "uusssssussbssa(sv)"


def leader():
    """A process that can lead a session."""
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


def arguments(pid, **changed):
    row = {
        "uid": 1000, "pid": pid, "service": "lightdm", "type": "x11", "class": "user", "desktop": "KDE", "seat": "",
        "vtnr": 0, "tty": "", "display": "", "remote": False, "remote_user": "", "remote_host": "", "properties": [],
    }
    return list((row | changed).values())


def create(client, pid, **changed):
    return client.call("CreateSession", SIGNATURE, *arguments(pid, **changed))


def end(*processes):
    for process in processes:
        process.kill()
        process.wait()


def test_a_session_over_the_bus(place):
    root, process = Client(), leader()
    answer = create(root, process.pid, seat="seat0", vtnr=7, tty="tty7", display=":0")
    identifier, fifo = answer[0], answer[3]
    equal(answer[:3] + answer[4:], [identifier, session_path(identifier), "/run/user/1000", 1000, "seat0", 7, False], "the answer")
    record = session(identifier)
    wanted = {"type": "x11", "class": "user", "desktop": "KDE", "seat": "seat0", "vtnr": 7, "tty": "tty7", "display": ":0"}
    wanted |= {"service": "lightdm", "leader": process.pid, "state": record["state"], "remote": False}
    equal({name: record[name] for name in wanted}, wanted, "the session's record")
    equal(cgroup_of(process.pid), f"/user.slice/user-1000.slice/session-{identifier}.scope", "group of the leader")
    check(os.path.ismount("/run/user/1000"), "the runtime directory is there before the answer")
    root.close_fd(fifo)
    poll("the descriptor's end closes the session", lambda: session(identifier)["state"] == "closing")
    end(process)


def test_the_defaults(place):
    root, process = Client(), leader()
    identifier = create(root, process.pid, type="", **{"class": ""}, desktop="")[0]
    equal([session(identifier)[name] for name in ("type", "class")], ["unspecified", "background"], "without anything")
    end(process)


def test_by_pidfd(place):
    root, process = Client(), leader()
    row = arguments(0, service="sddm")
    flags = lambda value: row[:1] + [{"pidfd": process.pid}] + row[2:13] + [value, []]
    signature = "uhsssssussbssta(sv)"
    answer = root.call("CreateSessionWithPIDFD", signature, *flags(0))
    equal(session(answer[0])["leader"], process.pid, "the leader")
    equal(error_of(lambda: root.call("CreateSessionWithPIDFD", signature, *flags(1))), "InvalidArgs", "flags")
    wrong = row[:1] + [{"open": "/dev/null", "flags": os.O_RDONLY}] + row[2:13] + [0, []]
    equal(error_of(lambda: root.call("CreateSessionWithPIDFD", signature, *wrong)), "InvalidArgs", "no pidfd")
    end(process)


def test_the_caller_is_the_leader_where_none_is_named(place):
    root = Client()
    identifier = create(root, 0)[0]
    equal(session(identifier)["leader"], root.pid, "the leader")
    equal(root.call("GetSession", "s", "self"), session_path(identifier), "its session")
    equal(error_of(lambda: create(root, 0)), "SessionBusy", "once more")
    equal(root.call("ReleaseSession", "s", identifier), [], "ReleaseSession")
    equal(session(identifier)["state"], "closing", "state after ReleaseSession")
    check(alive(root.pid), "nobody is killed")


def test_what_is_refused(place):
    root, process = Client(), leader()
    pid = process.pid
    table = (
        ({"uid": 4294967295}, "InvalidArgs"),
        ({"uid": 65535}, "InvalidArgs"),
        ({"uid": 4711}, "UnixProcessIdUnknown"),
        ({"pid": 1}, "InvalidArgs"),
        ({"pid": place.daemon.pid}, "InvalidArgs"),
        ({"pid": 999999}, "UnixProcessIdUnknown"),
        ({"pid": 4294967295}, "UnixProcessIdUnknown"),
        ({"type": "curtain"}, "InvalidArgs"),
        ({"class": "first"}, "InvalidArgs"),
        ({"desktop": 'K"DE'}, "InvalidArgs"),
        ({"seat": "seat9"}, "NoSuchSeat"),
        ({"tty": "tty3", "seat": "seat0", "vtnr": 4}, "InvalidArgs"),
        ({"tty": "console"}, "InvalidArgs"),
        ({"seat": "seat0"}, "InvalidArgs"),
        ({"seat": "seat0", "vtnr": 64}, "InvalidArgs"),
        ({"vtnr": 3}, "InvalidArgs"),
    )
    for changed, error in table:
        equal(error_of(lambda each=changed: create(root, **{"pid": pid, **each})), error, f"CreateSession with {changed}")
    equal(sessions(), {}, "sessions")
    end(process)


def test_a_terminal_that_is_taken(place):
    login = Login("alice", tty="/dev/tty2")
    root, process = Client(), leader()
    taken = lambda kind: create(root, process.pid, uid=1001, tty="tty2", type="tty", **{"class": kind})
    equal(error_of(lambda: taken("user")), "SessionBusy", "CreateSession on the terminal of another session")
    equal(session(taken("greeter")[0])["vtnr"], 2, "a greeter may be there")
    equal(login.rc, 0, "the login")
    end(process)


def test_only_root_creates(place):
    process = leader()
    alice = Client(1000)
    equal(error_of(lambda: create(alice, process.pid)), "AccessDenied", "CreateSession by a user")
    end(process)


def test_release_only_from_inside(place):
    login, other = Login("alice"), Login("bob")
    inside, outside = Client(1000, login), Client()
    equal(error_of(lambda: outside.call("ReleaseSession", "s", login.id)), "NoSessionForPID", "from outside")
    equal(error_of(lambda: inside.call("ReleaseSession", "s", other.id)), "AccessDenied", "another's")
    equal(error_of(lambda: inside.call("ReleaseSession", "s", "999")), "NoSuchSession", "none")
    equal(inside.call("ReleaseSession", "s", login.id), [], "the own")
    poll("it closes", lambda: session(login.id)["state"] == "closing")


def test_a_caller_that_leaves_before_the_answer_has_no_session(place):
    process = leader()
    command = ["busctl", "--system", "call", "--expect-reply=no", "org.freedesktop.login1", "/org/freedesktop/login1"]
    command += ["org.freedesktop.login1.Manager", "CreateSession", SIGNATURE]
    words = []
    for value in arguments(process.pid)[:-1]:
        words.append("false" if value is False else str(value))
    subprocess.run([*command, *words, "0"], check=True, capture_output=True)
    poll("nothing stays open", lambda: all(each["state"] == "closing" for each in sessions().values()))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
