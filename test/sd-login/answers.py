"""Every function of sd-login, held against what sessionctl says."""

import os

from basics import Failed, Skip, check, equal, poll, read, setting
from clients import (
    ALL,
    INVALID,
    NO_DATA,
    NO_SUCH_THING,
    OUT,
    SYSTEMD,
    ask,
    differences,
    expected_seat,
    expected_session,
    expected_user,
    foreground,
    one,
    parse,
    told,
)
from login import Login

TRUSTING = "trusted_services: [pamtester-desktop, pamtester-greeter]\n"


def everything_agrees(displays):
    """All that the libraries say of all sessions, seats and users is what sessionctl says."""
    sessions, users = told()
    found = []
    for library in ALL:
        said = ask(library, "dump")
        equal(set(said["all"]["sessions"].split()), set(sessions), f"{library}: all sessions")
        equal(set(said["all"]["users"].split()), {str(uid) for uid in users}, f"{library}: all users")
        equal((said["all"]["seats"], said["all"]["machines"]), ("seat0", ""), f"{library}: all seats and machines")
        for identifier, session in sessions.items():
            name = f"session {identifier}"
            found += differences(library, name, expected_session(session), said[name])
        for uid, user in users.items():
            expected = {**expected_user(user, sessions), "display": displays.get(user["name"], NO_DATA)}
            found += differences(library, f"user {uid}", expected, said[f"user {uid}"])
        found += differences(library, "seat seat0", expected_seat(sessions), said["seat seat0"])
    check(not found, "\n".join(found))


def on_seat(vt):
    """What a display manager puts into the PAM environment."""
    return {"XDG_SEAT": "seat0", "XDG_VTNR": str(vt)}


@setting(config=TRUSTING)
def test_sessions_of_all_kinds():
    sessions_of_all_kinds()


def sessions_of_all_kinds():
    vt = foreground()
    if not vt:
        raise Skip("no virtual terminals here")
    local = Login("alice", service="login", tty=f"/dev/tty{vt}")
    remote = Login("alice", service="sshd", tty="ssh", rhost="192.0.2.7", ruser="bob")
    background = Login("bob", service="cron", tty="cron")
    desktop = Login("carol", service="pamtester-desktop", tty=f"tty{vt + 1}", xdisplay=":1", env=on_seat(vt + 1))
    greeter = Login("dave", service="pamtester-greeter", xdisplay=":0", env=on_seat(vt + 2))
    odd = Login("erin", rhost='a "b" \\x20 c\'d ', ruser="$HOME `x` é", tty="pts/7")
    displays = {"alice": local.id, "carol": desktop.id, "dave": greeter.id, "erin": odd.id}
    everything_agrees(displays)
    equal(one(SYSTEMD[0], "session", odd.id)["remoteHost"], 'a "b" \\x20 c\'d ', "a name that nobody should have")

    left = local.spawn(["sleep", "1000"], 1000)
    local.close()
    remote.kill()
    poll("the session closes", lambda: told()[0][local.id]["state"] == "closing" and remote.id not in told()[0])
    everything_agrees({**displays, "alice": NO_DATA})
    os.kill(left, 9)
    poll("the session is gone", lambda: local.id not in told()[0])
    everything_agrees({name: identifier for name, identifier in displays.items() if name != "alice"})


def test_nobody_and_nothing():
    everything_agrees({})
    for library in ALL:
        equal(one(library, "session", "4711")["state"], NO_SUCH_THING, f"{library}: no such session")
        equal(one(library, "session", "../x")["state"], INVALID, f"{library}: no possible session")
        user = one(library, "user", 4242)
        equal((user["state"], user["display"], user["sessions"]), ("offline", NO_DATA, ""), f"{library}: no such user")
        equal(one(library, "seat", "seat9")["active"], NO_SUCH_THING, f"{library}: no such seat")


def test_a_session_is_there_before_its_login_goes_on():
    for number in range(20):
        login = Login("alice")
        answers = one("libsystemd-252", "session", login.id)
        equal((answers["active"], answers["state"]), ("1", "active"), f"session {number} at once")
        if number % 2:
            login.kill()


def test_a_login_from_elsewhere_does_not_make_up_for_the_screen():
    vt = foreground()
    if not vt:
        raise Skip("no virtual terminals here")
    behind = Login("alice", service="login", tty=f"tty{vt + 1}")
    Login("alice", service="sshd", tty="ssh", rhost="192.0.2.7")
    for library in ALL:
        user = one(library, "user", 1000)
        equal((user["state"], user["display"]), ("online", behind.id), f"{library}: a user behind the screen")
    Login("alice", service="login", tty=f"tty{vt}")
    for library in ALL:
        equal(one(library, "user", 1000)["state"], "active", f"{library}: the same user at the screen")


def of_process(login, uid):
    path = f"/user.slice/user-{uid}.slice/session-{login.id}.scope"
    return {
        "session": login.id,
        "unit": f"session-{login.id}.scope",
        "slice": f"user-{uid}.slice",
        "user_slice": "-.slice",
        "cgroup": path,
        "machine_name": "-ENOENT",
        "owner_uid": str(uid),
    }


def test_processes():
    login = Login("alice")
    child = login.spawn(["sleep", "1000"], 1000)
    for library in SYSTEMD:
        said = ask(library, "pid", login.pid, child, os.getpid())
        for pid in (login.pid, child):
            for handle in ("pid", "pidfd"):
                answers = said.get(f"{handle} {pid}", {})
                found = differences(library, f"{handle} {pid}", of_process(login, 1000), answers)
                check(not found or (handle == "pidfd" and library == SYSTEMD[0] and not answers), "\n".join(found))
        outside = said[f"pid {os.getpid()}"]
        equal((outside["session"], outside["owner_uid"]), (NO_DATA, NO_DATA), f"{library}: a process of no session")
    check("pidfd 1" in ask(SYSTEMD[1], "pid", 1), "the newer library has the questions by pidfd")


def test_a_process_about_itself_and_its_peers():
    about_itself(SYSTEMD, of_process)


def about_itself(libraries, of_process):
    """A process of a session asks about itself, then listens and is asked about."""
    login = Login("alice")
    sessions, _ = told()
    expected = of_process(login, 1000)
    for library in libraries:
        client, socket = f"{OUT}/{library}", f"/home/alice/{library}"
        script = f"{client} self; sleep 1000 | {client} serve {socket}"
        login.spawn(["sh", "-c", f"exec >{socket}.out 2>&1; {script}"], 1000)
        peer = poll("somebody listens", lambda name=library, path=socket: answers_of_peer(name, path))
        said = parse(read(f"{socket}.out"))
        found = differences(library, "self", {**expected_session(sessions[login.id]), **expected}, said["self"])
        for who, answers in (("own peer", said["own peer"]), ("peer", peer)):
            found += differences(library, who, expected, answers)
        check(not found, "\n".join(found))


def answers_of_peer(library, path):
    try:
        return ask(library, "peer", path)["peer"]
    except Failed:
        return None
