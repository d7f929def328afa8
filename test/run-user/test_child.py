"""What the user's processes are given, and what not: every action is compared, field by field."""

import ctypes
import resource

import harness
from harness import *

ACTIONS = ("run", "ready", "environment", "graphical", "stop")
SERVICE = """
auth     optional  pam_env.so
auth     optional  pam_group.so
session  required  pam_permit.so
session  optional  pam_keyinit.so force revoke
session  optional  pam_umask.so umask=027
session  optional  pam_limits.so
"""
LIMITS = "alice soft nofile 300\nalice hard nofile 400\nalice - nproc 500\nalice soft core 4096\nalice - priority 3\n"
VARIABLES = "COLOUR DEFAULT=blue\nHOME DEFAULT=/elsewhere\nXDG_RUNTIME_DIR DEFAULT=/not/this\nLD_LIBRARY_PATH DEFAULT=/odd\n"
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW = 47, 2, 13


def dirty():
    """A holder that has inherited all kinds of things."""
    for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD])
    os.umask(0o000)
    os.setgroups([20, 27])
    os.nice(5)
    os.chdir("/tmp")
    write_to("/proc/self/oom_score_adj", "100")
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    libc.capget(header, data)
    data[2] |= 1 << CAP_NET_RAW
    libc.capset(header, data)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0)
    os.environ.update(EVIL="1", LD_LIBRARY_PATH="/evil", HOME="/root", NODE_OPTIONS="--evil", TERM="vt100")
    for number in range(10, 30):
        os.dup2(0, number)
    if harness.CGROUP:
        write_to(f"{harness.CGROUP}/user.slice/user-1000.slice/sessionman-run@1000.service/cgroup.procs", "0")


def fields(text):
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def run_every_action(**options):
    user = User()
    run = Run(user, ready="exit 0\n", **options)
    for action in ("environment", "graphical"):
        user.script(action, "exit 0\n")
    run.running()
    run.daemon.send("environment", "SHADE=dark", "COLOUR=red and green", "GONE")
    run.daemon.send("graphical", "start")
    wait_for("graphical", lambda: os.path.exists(f"{user.home}/dump-graphical/argv"))
    run.daemon.send("stop")
    run.ended()
    return user, run


@without_cgroup
def test_every_action_is_a_clean_child():
    pam(SERVICE)
    write("/etc/security/limits.conf", LIMITS)
    write("/etc/security/pam_env.conf", VARIABLES)
    write("/etc/security/group.conf", "sessionman-user;*;alice;Al0000-2400;games\n")
    user, run = run_every_action(dirty=dirty)
    for action in ACTIONS:
        status = fields(user.dump(action, "status"))
        for name, expected in {
            "Uid": "1000\t1000\t1000\t1000", "Gid": "1000\t1000\t1000\t1000", "NoNewPrivs": "0", "Seccomp": "0",
            **dict.fromkeys(("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"), "0" * 16),
            **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), "0" * 16),
        }.items():
            equal(status[name], expected, f"{action}: {name}")
        equal(status["CapBnd"], fields(read("/proc/self/status"))["CapBnd"], f"{action}: CapBnd")
        equal(sorted(status["Groups"].split()), ["1000", "3000", "60"], f"{action}: groups, with pam_group's games")
        limits = {line[:26].strip(): line[26:].split()[:2] for line in user.dump(action, "limits").splitlines()}
        equal(limits["Max open files"], ["300", "400"], action)
        equal(limits["Max processes"], ["500", "500"], action)
        equal(limits["Max core file size"], ["4194304", "unlimited"], action)
        other = dict(line.split(" ", 1) for line in user.dump(action, "other").splitlines())
        equal((other["umask"], other["nice"], other["cwd"]), ("0027", "3", "/home/alice"), action)
        equal((other["sid"], other["pgid"]), (other["pid"], other["pid"]), f"{action}: a session of its own")
        equal(user.dump(action, "oom_score_adj"), "0\n", action)
        equal(user.dump(action, "loginuid"), "1000", action)
        fds = dict(line.split(" ", 1) for line in user.dump(action, "fd").splitlines())
        equal(sorted(fds), ["0", "1", "2"], action)
        equal(fds["0"], "/dev/null", action)
        true(fds["1"] == fds["2"] and fds["1"].startswith("pipe:"), fds)
        if harness.CGROUP:
            group = [line for line in user.dump(action, "cgroup").splitlines() if line.startswith("0::")]
            equal(group, ["0::/user.slice/user-1000.slice/user@1000.service/init.scope"], action)
    check_environments(user)


def check_environments(user):
    common = {
        "COLOUR=blue", "HOME=/elsewhere", "LD_LIBRARY_PATH=/odd", "SHELL=/bin/sh", "USER=alice", "LOGNAME=alice",
        "UID=1000", "GID=1000", "PATH=/usr/local/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user/1000",
    }
    for action in ACTIONS:
        # the last one is empty
        variables = read(f"/home/alice/dump-{action}/environ").split("\0")[:-1]
        expected = set(common)
        if action == "environment":
            expected = expected - {"COLOUR=blue"} | {"COLOUR=red and green", "SHADE=dark"}
        equal(sorted(variables), sorted(expected), action)


def argv(user, action):
    return user.dump(action, "argv").split("\0")[:-1]


@without_cgroup
def test_arguments_of_the_actions():
    user, run = run_every_action()
    manager = str(run.manager)
    equal(argv(user, "run"), ["run", user.fifo, f"/run/user/1000/sessionman/1000-{manager}", "/etc/sessionman/backend"])
    equal(argv(user, "ready"), ["ready", "hello"])
    equal(argv(user, "environment"), ["environment", "SHADE", "COLOUR", "GONE"])
    equal(argv(user, "graphical"), ["graphical", "start"])
    equal(argv(user, "stop"), ["stop", manager])


def test_without_a_word_of_pam_the_defaults_hold():
    pam("session required pam_permit.so\nauth required pam_permit.so\n")
    user, _ = run_every_action()
    other = dict(line.split(" ", 1) for line in user.dump("run", "other").splitlines())
    equal((other["umask"], other["nice"]), ("0022", str(os.getpriority(os.PRIO_PROCESS, 0))), "and the nice value is as before")
    true("HOME=/home/alice\0" in user.dump("run", "environ"), "HOME")
    mine = resource.getrlimit(resource.RLIMIT_NOFILE)
    true(f"Max open files            {mine[0]:<20} {mine[1]:<20}" in user.dump("run", "limits"), user.dump("run", "limits"))


def test_the_bus_is_named_where_the_user_has_one():
    user = User()
    address = f"DBUS_SESSION_BUS_ADDRESS=unix:path={user.runtime}/bus"
    for make, named in (
        (lambda path: None, False),
        (lambda path: write(path, ""), False),
        (lambda path: os.symlink("/run/nscd", path), False),
        (lambda path: own_socket(path, 0), False),
        (lambda path: own_socket(path, user.uid), True),
    ):
        user.furnish()
        make(f"{user.runtime}/bus")
        run = Run(user, ready="exit 0\n")
        run.running()
        equal(address in user.dump("ready", "environ"), named, "ready")
        true("DBUS" not in user.dump("run", "environ"), "never for run")
        run.daemon.send("stop")
        run.ended()


def own_socket(path, uid):
    socket.socket(socket.AF_UNIX).bind(path)
    os.chown(path, uid, uid)


def test_the_state_directory_is_fresh_and_goes():
    user = User()
    parent = f"{user.runtime}/sessionman"
    run = Run(user, run='ls -la "$3" >"$HOME/listing"; mkdir "$3/deep" "$3/deep/er"; : >"$3/deep/file"; ln -s /etc "$3/link"\n' + MANAGER)
    manager = run.running()
    st = os.lstat(f"{parent}/1000-{manager}")
    equal((st.st_mode & 0o7777, st.st_uid, st.st_gid), (0o700, 1000, 1000))
    equal(len(read(f"{user.home}/listing").splitlines()), 3, "empty")
    run.daemon.send("stop")
    run.ended()
    equal(os.listdir(parent), [])
    true(os.path.exists("/etc/passwd"), "what a link pointed to stays")


def test_no_state_directory_no_manager():
    user = User()
    shutil.rmtree(user.runtime)
    run = Run(user)
    how = run.ended()
    true(how.startswith("cannot make the state directory /run/user/1000/sessionman/1000-"), how)
    true(how.endswith(": No such file or directory") and how in run.log(), how)


def test_a_home_that_is_not_there():
    user = User()
    os.rmdir(user.home)
    write("/tmp/backend", "#!/bin/sh\npwd\n", 0o755)
    run = Run(user, run=None, stop=None, backend="/tmp/backend")
    equal(run.ended(), "exit code 0")
    equal(run.log(), "/\n")


def test_a_backend_that_cannot_be_executed():
    write("/tmp/not-executable", "#!/bin/sh\n")
    for backend, why in (("/nonexistent", "No such file or directory"), ("/tmp/not-executable", "Permission denied"), ("/tmp", "Permission denied")):
        run = Run(User(), backend=backend)
        equal(run.ended(), f"cannot execute {backend}: {why}")
        equal(run.wait(), 0)


def test_when_a_step_fails_nothing_runs():
    if shutil.which("strace") is None:
        return "SKIP: no strace here"
    rows = [
        ("setgroups:error=EPERM:when=1", "cannot take the groups of alice: Operation not permitted"),
        ("setgroups:error=EPERM:when=2", "cannot keep the groups of alice: Operation not permitted"),
        ("setresgid:error=EPERM", "cannot become alice: Operation not permitted"),
        ("setresuid:error=EAGAIN", "cannot become alice: Resource temporarily unavailable"),
        ("capset:error=EPERM", "cannot become alice: Operation not permitted"),
        ("close_range:error=ENOSYS", f"cannot arrange the descriptors for {BACKEND}: Function not implemented"),
        ("dup2:error=EBADF", f"cannot arrange the descriptors for {BACKEND}: Bad file descriptor"),
        ("clone3,clone,fork:error=EAGAIN", "cannot fork: Resource temporarily unavailable"),
        ("mknodat,mknod:error=ENOSPC", "cannot make /run/sessionman/managers/1000.ready: No space left on device"),
        ("mkdir:error=ENOSPC:when=1", "cannot make the state directory /run/user/1000/sessionman/1000-"),
    ]
    for inject, how in rows:
        user = User()
        harness.WRAPPER[:] = ["/usr/bin/strace", "-f", "-o", "/dev/null", "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}"]
        run = Run(user)
        harness.WRAPPER.clear()
        ended = run.ended()
        true(ended.startswith(how), f"{inject}: {ended}")
        equal(os.path.exists(f"{user.home}/dump-run"), False, inject)
        equal(processes_of(user.uid), [], inject)


def test_the_holder_keeps_its_own():
    pam(SERVICE)
    write("/etc/security/limits.conf", LIMITS.replace("400", "800"))
    run = Run(User())
    run.running()
    soft, hard = resource.prlimit(run.pid, resource.RLIMIT_NOFILE)
    true(soft >= 800, f"open files: {soft} {hard}")
    status = fields(read(f"/proc/{run.pid}/status"))
    equal((status["Uid"].split()[1], status["Groups"].strip()), ("0", ""))
    equal(os.getpriority(os.PRIO_PROCESS, run.pid), os.getpriority(os.PRIO_PROCESS, 0))
    equal(sorted(os.listdir(f"/proc/{run.pid}/fd"), key=int)[:4], ["0", "1", "2", "3"])
    count = len(os.listdir(f"/proc/{run.pid}/fd"))
    true(count == 10, f"0-2, listener, signals, pipe ends, log, group, connection; not {count}")
    run.daemon.send("stop")
    run.ended()
