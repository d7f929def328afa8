"""A user's services: there before the login goes on, gone after the last logout."""

import os
import signal
import stat
import time

from basics import alive, as_user, cgroup_of, cgroup_root, check, equal, poll, read, setting
from control_socket import call, gone, nobody, session, sessionctl, users
from login import Login
from machine import daemon
from services import backend, becomes, configuration, holders, log_in, manager, need, one_manager, runit_service, service_pid, write

RUNIT = configuration("runit")
SLOW = """#!/bin/sh
case $1 in
run) sleep 1; echo up >"$2"; exec sleep 1000 ;;
ready) sleep 1 ;;
stop) kill "$2" ;;
esac
"""
BUS = """exec python3 -c '
import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind(os.environ["XDG_RUNTIME_DIR"] + "/bus")
s.listen()
with open(os.environ["XDG_RUNTIME_DIR"] + "/bus.up", "w"): pass
time.sleep(1000)'"""


@setting(config=RUNIT, cgroup=True, everywhere=True)
def test_a_service_runs_before_the_login_goes_on():
    need("runsvdir")
    runit_service("alice", "one", "exec sleep 1000")
    login = log_in("alice")
    check(login.id, f"a session: {login.rc}")
    pid = service_pid(1000, "one")
    check(pid and alive(pid), "the service runs when pam_open_session returns")
    equal(cgroup_of(pid), "/user.slice/user-1000.slice/user@1000.service/init.scope", "its control group")
    environment = dict(line.split("=", 1) for line in read(f"/proc/{pid}/environ").split("\0") if line)
    equal(environment["XDG_RUNTIME_DIR"], "/run/user/1000", "its XDG_RUNTIME_DIR")
    equal((environment["HOME"], environment["USER"]), ("/home/alice", "alice"), "its HOME and USER")
    check("XDG_SESSION_ID" not in environment, "a service belongs to no session")
    equal(manager(1000)["state"], "running", "the manager")
    equal(session(login.id)["state"], "active", "the session")
    login.close()
    gone(login.id)
    nobody()
    check(not alive(pid), "the service is gone")
    equal(holders(1000), [], "processes sessionman-run")
    check(not os.path.exists("/run/user/1000"), "the runtime directory is gone")
    check(not os.path.exists(f"{cgroup_root()}/user.slice/user-1000.slice"), "the user's slice is gone")
    equal(os.listdir("/run/sessionman/managers"), [], "what is kept of managers")


@setting(config=RUNIT)
def test_a_later_login_does_not_wait_and_the_last_logout_stops():
    need("runsvdir")
    runit_service("alice", "one", "exec sleep 1000")
    first, second = log_in("alice"), log_in("alice")
    check(second.seconds < 0.5, f"the second login took {second.seconds:.2f} s")
    pid = service_pid(1000, "one")
    first.close()
    gone(first.id)
    check(alive(pid), "the service runs on for the second session")
    second.close()
    nobody()
    check(not alive(pid), "the service is gone")


def test_racing_logins_have_one_manager():
    daemon.stop()
    daemon.start(config=configuration(backend("slow", SLOW)))
    logins = [log_in("alice", wait=False) for _ in range(8)]
    poll("a manager is on its way", lambda: holders(1000))
    # time for a second one, which must not come
    time.sleep(0.5)
    one_manager(1000)
    for login in logins:
        login.wait_open()
        check(login.id, f"a session: {login.rc}")
        check(1.5 < login.seconds < 6, f"the login took {login.seconds:.2f} s: until its services were up")
    one_manager(1000)


def test_fifty_users_log_in_at_once():
    daemon.stop()
    daemon.start(config=configuration(backend("slow", SLOW)))
    begin = time.monotonic()
    logins = [log_in(f"u{number:02d}", wait=False) for number in range(1, 51)]
    for login in logins:
        login.wait_open(40)
        check(login.id, f"a session: {login.rc}")
    seconds = time.monotonic() - begin
    print(f"     50 first logins with services that take 2 s: {seconds:.1f} s", flush=True)
    check(seconds < 10, f"nobody waits for another user's manager: {seconds:.1f} s")
    equal({user["manager"]["state"] for user in users().values()}, {"running"}, "all managers")
    begin = time.monotonic()
    for login in logins:
        login.close()
    nobody_within(15)
    check(time.monotonic() - begin < 15, "stopping them")


def nobody_within(seconds):
    poll("no user is left", lambda: not users(), seconds)


@setting(config=RUNIT)
def test_the_bus_address_comes_with_the_bus():
    need("runsvdir")
    runit_service("alice", "bus", BUS, checked=False)
    write("/home/alice/.config/service/bus/check", '#!/bin/sh\ntest -e "$XDG_RUNTIME_DIR/bus.up"\n', 0o755, "alice")
    login = log_in("alice")
    equal(login.env.get("DBUS_SESSION_BUS_ADDRESS"), "unix:path=/run/user/1000/bus", "the address of the bus")
    other = log_in("bob")
    check("DBUS_SESSION_BUS_ADDRESS" not in other.env, "bob has no bus")


@setting(config=RUNIT, cgroup=True, everywhere=True)
def test_the_group_of_the_manager_is_the_users():
    need("runsvdir")
    log_in("alice")
    group = f"{cgroup_root()}/user.slice/user-1000.slice/user@1000.service"
    for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        equal(os.stat(f"{group}/{name}").st_uid, 1000, f"owner of {name or 'the group'}")
    equal(os.stat(f"{group}/../cgroup.procs").st_uid, 0, "owner of the slice's cgroup.procs")
    as_user(1000, lambda: os.mkdir(f"{group}/app.slice"))
    check(not os.access(f"{group}/memory.max", os.W_OK) or os.stat(f"{group}").st_uid == 1000, "limits stay root's")
    for name in os.listdir(group):
        if name.endswith((".max", ".high", ".weight")):
            equal(os.stat(f"{group}/{name}").st_uid, 0, f"owner of {name}")


def test_a_login_while_the_manager_stops_gets_a_fresh_one():
    daemon.stop()
    lazy = SLOW.replace('stop) kill "$2"', 'stop) (sleep 1; kill "$2") &').replace("sleep 1; echo", "echo").replace("ready) sleep 1", "ready) :")
    daemon.start(config=configuration(backend("lazy", lazy)))
    first = log_in("alice")
    old = manager(1000)["pid"]
    first.close()
    becomes(1000, "stopping")
    second = log_in("alice")
    check(second.id, f"a session: {second.rc}")
    now = manager(1000)
    equal(now["state"], "running", "the manager")
    check(now["pid"] != old and not alive(old), "it is a fresh one")
    one_manager(1000)


@setting(config=configuration("runit", root_session="false"))
def test_root_has_a_manager_only_where_wanted():
    need("runsvdir")
    log_in("root")
    equal(manager(0), None, "the manager of root")
    daemon.stop()
    daemon.start(config=configuration("runit", root_session="true"))
    log_in("root")
    equal(becomes(0, "running")["state"], "running", "the manager of root")


@setting(config=configuration("runit", classes="[user]", users="{bob: {backend: none}}"), everywhere=True)
def test_who_gets_a_manager():
    need("runsvdir")
    Login("carol", service="pamtester-background")
    equal(manager(1002), None, "a background session starts none")
    log_in("bob")
    equal(manager(1001), None, "bob is configured to have none")
    log_in("carol")
    equal(manager(1002)["state"], "running", "carol's ordinary login")


def test_a_backend_that_is_gone_at_start_leaves_the_rest_of_the_configuration():
    script = backend("late", SLOW.replace("sleep 1;", "").replace("ready) sleep 1", "ready) :"))
    os.rename(script, f"{script}.away")
    text = configuration("none", users=f"{{alice: {{backend: {script}}}}}") + "sessions_max_per_user: 1\n"
    daemon.stop()
    daemon.start(config=text)
    check(f'alice.backend: "{script}" cannot be found' in daemon.log().replace('\\"', '"'), "it is logged")
    first = log_in("alice")
    equal(manager(1000), None, "the manager of alice")
    check(log_in("alice").id is None, "the limit of sessions holds")
    first.close()
    nobody()
    os.rename(f"{script}.away", script)
    os.kill(daemon.pid, signal.SIGHUP)
    poll("the file is read again", lambda: "was read again" in daemon.log())
    log_in("alice")
    equal(manager(1000)["state"], "running", "the manager of alice")


@setting(config=RUNIT, cgroup=True)
def test_what_a_user_is_shown():
    need("runsvdir")
    runit_service("alice", "one", "echo greetings from one >&2; exec sleep 1000")
    log_in("alice")
    poll("its words are in the log", lambda: "greetings from one" in sessionctl("user-log", "alice").stdout)
    status = sessionctl("user-status", "alice").stdout
    for word in ("running", "runit", "user@1000.service", "runsvdir", "greetings from one"):
        check(word in status, f"{word!r} in user-status:\n{status}")
    check(sessionctl("user-log", "alice", user="bob").returncode != 0, "another user's log is nobody's business")
    check("greetings" in sessionctl("user-log", user="alice").stdout, "one's own log")


@setting(config=RUNIT)
def test_variables_of_a_session_reach_services():
    need("runsvdir")
    runit_service("alice", "one", 'exec chpst -e "$SESSIONMAN_ENV_DIR" sleep 1000')
    login = log_in("alice")
    environment = {**os.environ, "WAYLAND_DISPLAY": "wayland-7", "ODD": "a b$(id)'\"\\", **login.env}
    done = sessionctl("import-environment", "WAYLAND_DISPLAY", "ODD", user="alice", env=environment)
    equal((done.returncode, done.stderr), (0, ""), "import-environment")
    old = service_pid(1000, "one")
    os.kill(old, 15)

    def sees():
        pid = service_pid(1000, "one")
        found = dict(line.split("=", 1) for line in read(f"/proc/{pid}/environ").split("\0") if "=" in line)
        return pid != old and found.get("WAYLAND_DISPLAY") == "wayland-7" and found.get("ODD") == environment["ODD"]

    poll("the service that is started again sees them", sees)


def test_session_managers_own_pam_service_makes_no_session():
    login = Login("alice", service="sessionman-user")
    check(login.id is None, f"no session: {login.env}")
    nobody()


@setting(config=RUNIT, everywhere=True)
def test_runtime_directory_of_a_manager_is_private():
    need("runsvdir")
    log_in("alice")
    state = "/run/user/1000/sessionman"
    info = os.stat(state)
    equal((info.st_uid, stat.S_IMODE(info.st_mode)), (1000, 0o700), "owner and mode of the state directories")
    for name in os.listdir("/run/sessionman/managers"):
        info = os.lstat(f"/run/sessionman/managers/{name}")
        check(stat.S_IMODE(info.st_mode) & 0o077 == 0, f"mode of {name} is {info.st_mode:o}")
    equal(call("GetUser", uid=1000)["user"]["linger"], False, "alice does not linger")
