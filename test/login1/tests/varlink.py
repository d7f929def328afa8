"""io.systemd.Login: what pam_systemd speaks from systemd 258 on, by Debian's own and byte by byte."""

import glob
import json
import os
import socket
import subprocess

from basics import alive, check, equal, poll, read, Skip, TREE
from client import Client, run, session_path
from control_socket import session, sessions
from login import Login
from pam_data import foreign_stack, limits_of

SOCKET = "/run/systemd/io.systemd.Login"
LOGIN = "io.systemd.Login"
SERVICE = "org.varlink.service"
# what test/login1/run has unpacked
BUILT = f"{TREE}/build/login1"

# The interface as of systemd 258, and CreateSession's ExtraDeviceAccess of 260, written by hand from its documentation.
PROCESS_ID = "pid: int, pidfdId: ?int, bootId: ?string"
TYPES = "unspecified tty x11 wayland mir web"
CLASSES = "user user_early user_incomplete user_light user_early_light greeter lock_screen background background_light manager manager_early"
TAKEN = """UID: int, PID: ?ProcessId, Service: ?string, Type: SessionType, Class: SessionClass, Desktop: ?string, Seat: ?string,
VTNr: ?int, TTY: ?string, Display: ?string, Remote: ?bool, RemoteUser: ?string, RemoteHost: ?string, ExtraDeviceAccess: ?[]string"""
GIVEN = "Id: string, RuntimePath: string, UID: int, Seat: ?string, VTNr: ?int, Type: SessionType, Class: SessionClass"
ERRORS = "NoSuchSession NoSuchSeat AlreadySessionMember VirtualTerminalAlreadyTaken TooManySessions UnitAllocationFailed NoSessionPIDFD"


def newer(*words):
    """The words of a command that runs with the libraries of a systemd that speaks Varlink."""
    program = f"{BUILT}/with-newer"
    if not os.path.exists(program):
        raise Skip(f"no systemd from 258 on: {read(f'{BUILT}/newer.reason').strip()}")
    return [program, *words]


def varlinkctl(*arguments, **options):
    return run(*newer(f"{BUILT}/newer/usr/bin/varlinkctl", "--no-pager", *arguments), **options)


class Speaker:
    """A connection that says what it is told."""

    def __init__(self):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        self.connection.connect(SOCKET)

    def say(self, data):
        self.connection.sendall(data)

    def hear(self):
        data = b""
        while not data.endswith(b"\0"):
            more = self.connection.recv(65536)
            if not more:
                return None
            data += more
        return json.loads(data[:-1])

    def call(self, method, **parameters):
        self.say(json.dumps({"method": method, "parameters": parameters}).encode() + b"\0")
        return self.hear()


def ask(method, **parameters):
    return Speaker().call(f"{LOGIN}.{method}", **parameters)


def leader():
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


def create(pid, **changed):
    row = {"UID": 1000, "PID": {"pid": pid}, "Service": "lightdm", "Type": "x11", "Class": "user"}
    return ask("CreateSession", **(row | changed))


def error_of(answer):
    """The error's name after the interface's, and the parameter it is about."""
    name = answer["error"].removeprefix(f"{LOGIN}.").removeprefix(f"{SERVICE}.")
    return f"{name} {answer['parameters']['parameter']}" if name == "InvalidParameter" else name


class NewerLogin:
    """A login with Debian's pam_systemd of those days."""

    def __init__(self, user, service, env=None, limits=None, **items):
        module = glob.glob(f"{BUILT}/newer/usr/lib/*/security/pam_systemd.so")
        stack = foreign_stack(service, f"{module[0] if module else ''} debug", **(limits or {}))
        words = [json.dumps(word) for word in (stack, user, items, env or {})]
        command = newer("/usr/bin/python3", "-B", f"{TREE}/test/login1/newer_login.py", *words)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.rc, self.env = json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.write("close\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def leave(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def test_pam_module_of_newer_systemd(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-login", tty="/dev/tty5", env={"XDG_SESSION_DESKTOP": "KDE"})
    equal(login.rc, 0, "pam_open_session")
    said = f"process {login.process.pid} of user 0 calls CreateSession"
    check(said in place.daemon.log(), "it came over Varlink")
    record = session(login.env["XDG_SESSION_ID"])
    wanted = ["carol", "tty5", 5, "seat0", login.process.pid, "KDE"]
    equal([record[name] for name in ("user", "tty", "vtnr", "seat", "leader", "desktop")], wanted, "its session")
    equal([login.env[name] for name in ("XDG_RUNTIME_DIR", "XDG_SEAT", "XDG_VTNR")], ["/run/user/1002", "seat0", "5"], "the environment")
    equal(login.close(), 0, "pam_close_session")
    equal(session(record["id"])["closingReason"], "logout", "the session is over")
    login.leave()
    poll("the session is gone", lambda: record["id"] not in sessions())


def test_the_leaders_end_is_the_sessions(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-login")
    identifier = login.env["XDG_SESSION_ID"]
    check(identifier in sessions(), "the session is there")
    login.leave()
    poll("the session is gone", lambda: identifier not in sessions())


def test_a_login_with_limits_comes_over_the_bus(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    login = NewerLogin("carol", "newer-limits", limits={"tasks_max": "50"})
    identifier = login.env["XDG_SESSION_ID"]
    equal(limits_of(identifier)[0], {"pids.max": "50"}, "its limits")
    check(f"process {login.process.pid} of user 0 calls CreateSession" not in place.daemon.log(), "not over Varlink")
    equal(login.close(), 0, "pam_close_session")
    login.leave()


def test_logins_wait_for_the_next_daemon(place):
    os.makedirs("/run/systemd/seats", exist_ok=True)
    os.kill(place.daemon.pid, 9)
    login = NewerLogin("carol", "newer-login")
    equal(login.rc, 0, "pam_open_session")
    check(login.env["XDG_SESSION_ID"] in sessions(), "the session is there")
    login.leave()


def test_varlinkctl(place):
    text = varlinkctl("info", SOCKET)
    check("Product: sessionman" in text and LOGIN in text, f"info:\n{text}")
    equal(sorted(varlinkctl("list-interfaces", SOCKET).split()), sorted([LOGIN, SERVICE]), "list-interfaces")
    for name in (LOGIN, SERVICE):
        check(varlinkctl("introspect", SOCKET, name).strip() != "", f"introspect {name}")
    process = leader()
    given = {"UID": 1000, "PID": {"pid": process.pid}, "Type": "tty", "Class": "background_light", "Service": "cron"}
    answer = json.loads(varlinkctl("-j", "call", SOCKET, f"{LOGIN}.CreateSession", json.dumps(given)))
    identifier = answer["Id"]
    wanted = {"Id": identifier, "RuntimePath": "/run/user/1000", "UID": 1000, "Type": "tty", "Class": "background_light"}
    equal(answer, wanted, "CreateSession")
    refused = varlinkctl("-j", "call", SOCKET, f"{LOGIN}.ReleaseSession", json.dumps({"Id": identifier}), failing=True)
    check(f"{LOGIN}.NoSuchSession" in refused, f"ReleaseSession from outside: {refused}")
    refused = varlinkctl("-j", "call", SOCKET, f"{LOGIN}.CreateSession", json.dumps(given), uid=1000, failing=True)
    check("Permission denied" in refused, f"CreateSession by a user: {refused}")
    process.kill()
    process.wait()


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
