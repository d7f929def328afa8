"""io.systemd.Login, which pam_systemd speaks from systemd 258 on, byte by byte."""

import json
import os

from basics import alive, check, equal, poll, read, TREE
from client import Client, session_path
from control_socket import session, sessions
from login import Login
from login_varlink import ask, create, error_of, leader, LOGIN, SERVICE, SOCKET, Speaker

# The interface as of systemd 258, and CreateSession's ExtraDeviceAccess of 260, written by hand from its documentation.
PROCESS_ID = "pid: int, pidfdId: ?int, bootId: ?string"
TYPES = "unspecified tty x11 wayland mir web"
CLASSES = "user user_early user_incomplete user_light user_early_light greeter lock_screen background background_light manager manager_early"
TAKEN = """UID: int, PID: ?ProcessId, Service: ?string, Type: SessionType, Class: SessionClass, Desktop: ?string, Seat: ?string,
VTNr: ?int, TTY: ?string, Display: ?string, Remote: ?bool, RemoteUser: ?string, RemoteHost: ?string, ExtraDeviceAccess: ?[]string"""
GIVEN = "Id: string, RuntimePath: string, UID: int, Seat: ?string, VTNr: ?int, Type: SessionType, Class: SessionClass"
ERRORS = "NoSuchSession NoSuchSeat AlreadySessionMember VirtualTerminalAlreadyTaken TooManySessions UnitAllocationFailed NoSessionPIDFD"


def declared(text, keyword):
    """What the description declares, by name, without comments and line ends."""
    plain = " ".join(line.split("#")[0] for line in text.splitlines())
    found = {}
    for part in plain.replace(" error ", "\nerror ").replace(" method ", "\nmethod ").replace(" type ", "\ntype ").split("\n"):
        if part.startswith(f"{keyword} "):
            name, _, rest = part.removeprefix(f"{keyword} ").partition("(")
            found[name.strip()] = " ".join(f"({rest}".split()).replace("( ", "(").replace(" )", ")")
    return found


def test_the_interface(place):
    answer = Speaker().call(f"{SERVICE}.GetInterfaceDescription", interface=LOGIN)
    text = answer["parameters"]["description"]
    words = lambda list_: f"({', '.join(list_.split())})"
    types = {"ProcessId": f"({PROCESS_ID})", "SessionType": words(TYPES), "SessionClass": words(CLASSES)}
    equal(declared(text, "type"), types, "types")
    taken = " ".join(TAKEN.split())
    equal(declared(text, "method"), {"CreateSession": f"({taken}) -> ({GIVEN})", "ReleaseSession": "(Id: ?string) -> ()"}, "methods")
    equal(declared(text, "error"), {name: "()" for name in ERRORS.split()}, "errors")


def test_a_session(place):
    process = leader()
    answer = create(process.pid, Seat="seat0", VTNr=7, TTY="tty7", Display=":0", Desktop="KDE")
    identifier = answer["parameters"]["Id"]
    wanted = {"Id": identifier, "RuntimePath": "/run/user/1000", "UID": 1000, "Seat": "seat0", "VTNr": 7, "Type": "x11", "Class": "user"}
    equal(answer, {"parameters": wanted}, "the answer")
    record = session(identifier)
    wanted = {"type": "x11", "class": "user", "desktop": "KDE", "seat": "seat0", "vtnr": 7, "tty": "tty7", "display": ":0", "service": "lightdm"}
    equal({name: record[name] for name in wanted}, wanted, "the session's record")
    equal(record["leader"], process.pid, "the leader")
    check(os.path.ismount("/run/user/1000"), "the runtime directory is there before the answer")
    equal(error_of(create(process.pid)), "AlreadySessionMember", "once more")
    other = leader()
    equal(error_of(create(other.pid, UID=1001, TTY="tty7")), "VirtualTerminalAlreadyTaken", "another on the terminal")
    process.kill()
    process.wait()
    poll("the leader's end closes the session", lambda: identifier not in sessions())
    other.kill()
    other.wait()


def test_the_caller_leads_where_nobody_is_named(place):
    child = os.fork()
    if child == 0:
        speaker = Speaker()
        answer = speaker.call(f"{LOGIN}.CreateSession", UID=1000, Type="tty", Class="user", Remote=False)
        own = answer["parameters"]["Id"]
        ended = [Speaker().call(f"{LOGIN}.ReleaseSession", Id=name) for name in ("self", own)]
        os._exit(0 if ended[0] == {"parameters": {}} else 1)
    equal(os.waitpid(child, 0)[1], 0, "a session of the caller, and its end")
    poll("it is gone", lambda: all(each["state"] == "closing" for each in sessions().values()))


def test_what_is_refused(place):
    process = leader()
    pid = process.pid
    inode = os.fstat(os.pidfd_open(pid)).st_ino
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    table = (
        ({"UID": 4294967295}, "InvalidParameter UID"),
        ({"UID": "1000"}, "InvalidParameter UID"),
        ({"UID": 4711}, "io.systemd.System"),
        ({"PID": {"pid": 1}}, "InvalidParameter PID"),
        ({"PID": {"pid": place.daemon.pid}}, "InvalidParameter PID"),
        ({"PID": {"pid": 999999}}, "InvalidParameter PID"),
        ({"PID": {"pid": -5}}, "InvalidParameter PID"),
        ({"PID": {"pid": 2**40}}, "InvalidParameter PID"),
        ({"PID": {}}, "InvalidParameter PID"),
        ({"PID": {"pid": pid, "pidfdId": inode + 1}}, "InvalidParameter PID"),
        ({"PID": {"pid": pid, "bootId": "0" * 32}}, "InvalidParameter PID"),
        ({"Type": "curtain"}, "InvalidParameter Type"),
        ({"Class": "first"}, "InvalidParameter Class"),
        ({"Class": "none"}, "InvalidParameter Class"),
        ({"Desktop": 'K"DE'}, "InvalidParameter Desktop"),
        ({"Seat": "seat9"}, "NoSuchSeat"),
        ({"TTY": "tty3", "Seat": "seat0", "VTNr": 4}, "InvalidParameter VTNr"),
        ({"Seat": "seat0"}, "InvalidParameter VTNr"),
        ({"VTNr": -1}, "InvalidParameter VTNr"),
        ({"Service": "a\nb"}, "io.systemd.System"),
        ({"Service": "a\0b"}, "io.systemd.System"),
        ({"Nonsense": 1}, "InvalidParameter Nonsense"),
    )
    for changed, error in table:
        equal(error_of(create(**{"pid": pid, **changed})), error, f"CreateSession with {changed}")
    equal(sessions(), {}, "sessions")
    right = {"pid": pid, "pidfdId": inode, "bootId": boot.replace("-", "")}
    check("parameters" in create(pid, PID=right, ExtraDeviceAccess=["cards"]), "the process by all its names")
    check("ExtraDeviceAccess, which is not known" in place.daemon.log(), "what is passed over is said")
    process.kill()
    process.wait()


def test_release_only_from_inside(place):
    login, other = Login("alice"), Login("bob")

    def release(name, inside=None):
        program = f"{TREE}/test/login1/release.py"
        if inside is None:
            return error_of(ask("ReleaseSession", Id=name))
        out = f"/tmp/release-{name}"
        inside.spawn(["sh", "-c", f'exec python3 -B {program} {SOCKET} {name} >"{out}"'], 1000)
        return poll("an answer", lambda: os.path.exists(out) and read(out)).strip()

    equal(release(login.id), "NoSuchSession", "from outside")
    equal(release(other.id, login), f"{SERVICE}.PermissionDenied", "another's")
    equal(release("999", login), f"{LOGIN}.NoSuchSession", "none")
    equal(release(login.id, login), "ok", "the own")
    poll("it closes", lambda: session(login.id)["state"] == "closing")
    check(alive(other.pid), "others go on")


def test_without_a_bus(place):
    """A daemon that never saw one answers as well, and for a caller that did not wait there is no session."""
    place.bus.stop()
    place.daemon.kill()
    process, other = leader(), leader()
    try:
        identifier = create(process.pid)["parameters"]["Id"]
        given = {"UID": 1000, "PID": {"pid": other.pid}, "Type": "tty", "Class": "user"}
        hasty = Speaker()
        hasty.say(json.dumps({"method": f"{LOGIN}.CreateSession", "parameters": given}).encode() + b"\0")
        hasty.connection.close()
        poll("one session is open", lambda: [each["id"] for each in sessions().values() if each["state"] != "closing"] == [identifier])
    finally:
        place.bus.start()
        place.bus.wait_for("org.freedesktop.login1")
    equal(Client().call("GetSessionByPID", "u", process.pid), session_path(identifier), "the bus knows it")
    for each in (process, other):
        each.kill()
        each.wait()


def test_clients_that_do_not_speak_properly(place):
    """As an unprivileged user: refused or cut off, and root is served beside them."""
    pid = place.daemon.pid
    noise = (
        b"\0", b"{}\0", b"[1]\0", b"null\0", b"{\0", b"\xff\xfe\0", b"{" * 70000, b"x" * 70000 + b"\0",
        b'{"method":"nodot"}\0', b'{"method":1}\0', b'{"method":"a.b","parameters":[]}\0', b'{"method":"a.b","more":1}\0',
        b'{"method":"io.systemd.Login.CreateSession"}\0', b'{"method":"io.systemd.Login.__proto__","parameters":{}}\0',
        b'{"method":"io.systemd.Login.CreateSession","parameters":{"UID":0,"Type":"tty","Class":"user"}}\0',
        b'{"method":"io.systemd.Login.ReleaseSession","parameters":{"Id":"\\ud800"}}\0',
        b'{"method":"io.systemd.Login.CreateSession","upgrade":true}\0' * 40,
    )
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(1000)
        os.setuid(1000)
        held = []
        for data in noise * 3:
            try:
                speaker = Speaker()
                speaker.say(data)
                speaker.connection.settimeout(0.3)
                answer = speaker.hear()
            except OSError:
                answer = None
            if answer is not None and "error" not in answer:
                os._exit(1)
            held.append(speaker)
        os._exit(0)
    process = leader()
    check("parameters" in create(process.pid), "root has a session meanwhile")
    equal(os.waitpid(child, 0)[1], 0, "nobody is given anything")
    equal(place.daemon.pid, pid, "the daemon is the same")
    equal([each["leader"] for each in sessions().values()], [process.pid], "the leaders of sessions")
    process.kill()
    process.wait()
