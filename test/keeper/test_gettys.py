"""CHANNEL_GETTY_START: the start of gettys, here stand-ins that tell how they were started."""

import resource

from puppet import *
from terminals import with_terminals

OURS = 47
# Writes down what it is to the file that its first argument names, and stays until it is told to end.
PROGRAM = TELLER + r"""
import resource, signal
told = {
    "arguments": sys.argv[2:], "environment": dict(os.environ), "fds": fds, "cwd": os.getcwd(), "pid": os.getpid(),
    "leader": os.getsid(0) == os.getpid(), "status": open("/proc/self/status").read(), "group": open("/proc/self/cgroup").read(),
    "oom": open("/proc/self/oom_score_adj").read(), "nice": os.nice(0), "files": resource.getrlimit(resource.RLIMIT_NOFILE),
}
tell(told)
if sys.argv[2:] == ["end"]:
    sys.exit(3)
signal.pause()
"""


class Gettys(Puppets):
    """A keeper that starts stand-ins."""

    def __init__(self, **options):
        super().__init__(**options)
        self.getty = f"{self.home}/getty"
        with open(self.getty, "w") as file:
            file.write(PROGRAM)
        os.chmod(self.getty, 0o755)

    def start(self, *words, vt=OURS, group="-", anyway=True):
        text = b"".join(word.encode() + b"\0" for word in (group, *words, ""))
        self.puppet.send(records.GETTY, value=vt, uid=int(anyway), text=text)

    def told(self, name):
        path = f"{self.home}/{name}"
        wait_for(path, lambda: os.path.exists(path))
        return json.loads(read(path))

    def stand_in(self, name, *words, **options):
        path = f"{self.home}/{name}"
        self.start(self.getty, path, *words, **options)
        return self.told(name)

    def ended(self):
        """VT, errno and wait status of the next that the keeper says has ended."""
        (kind, _, vt, error, status, _), _ = self.puppet.receive()
        equal(kind, GETTY_ENDED)
        return vt, errno.errorcode.get(error, ""), status


def cgroup_top():
    """Where this test may make groups; None without."""
    for line in read("/proc/self/mounts").splitlines():
        if line.split()[2] == "cgroup2" and os.access(line.split()[1], os.W_OK):
            return line.split()[1]
    return None


def test_getty_how_it_is_started():
    leak = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]

    def as_a_service():
        os.nice(3)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("100")
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    keeper = Gettys(pass_fds=leak, env={"EVIL": "1", "PATH": os.environ["PATH"]}, preexec_fn=as_a_service)
    for number in range(3):
        keeper.puppet.open(number + 1, keeper.node(f"renderD{number}"))
    told = keeper.stand_in("one", "tty47", "with space")
    equal(told["arguments"], ["tty47", "with space"])
    equal(told["environment"], {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "linux", "LC_CTYPE": "C.UTF-8"})
    equal(told["fds"], {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null"})
    equal((told["cwd"], told["leader"], told["oom"], told["nice"]), ("/", True, "0\n", 0))
    status = dict(line.split(":\t", 1) for line in told["status"].splitlines() if ":\t" in line)
    python = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    equal((int(status["SigBlk"], 16), int(status["SigIgn"], 16) & ~python), (0, 0))
    equal((status["NoNewPrivs"], status["Uid"], status["PPid"]), ("0", "0\t0\t0\t0", str(keeper.pid)))
    equal(tuple(told["files"]), resource.getrlimit(resource.RLIMIT_NOFILE), "files, as before the keeper")
    equal(keeper.lines(), "")
    equal(len(keeper.descriptors()), DESCRIPTORS + 6, "those of the devices")
    os.kill(told["pid"], signal.SIGTERM)
    equal(keeper.ended(), (OURS, "", signal.SIGTERM))
    equal(keeper.stand_in("two", "end")["arguments"], ["end"])
    equal(keeper.ended(), (OURS, "", 3 << 8))


def test_getty_that_runs_gets_no_second_one_beside_it():
    keeper = Gettys()
    told = keeper.stand_in("one")
    keeper.start(keeper.getty, f"{keeper.home}/two")
    other = keeper.stand_in("three", vt=OURS + 1)
    true(keeper.puppet.is_silent(), "nothing has ended")
    true(not os.path.exists(f"{keeper.home}/two"), "a second one")
    os.kill(other["pid"], signal.SIGKILL)
    equal(keeper.ended(), (OURS + 1, "", signal.SIGKILL))
    os.kill(told["pid"], signal.SIGKILL)
    equal(keeper.ended(), (OURS, "", signal.SIGKILL))


def test_getty_outlives_daemon_and_keeper():
    for number in (signal.SIGKILL, signal.SIGTERM):
        keeper = Gettys()
        told = keeper.stand_in("one")
        equal(keeper.next().held["gettys"], [OURS])
        keeper.end(number)
        true(alive(told["pid"]), "after the keeper's end")
        os.kill(told["pid"], signal.SIGKILL)


def test_getty_that_ends_while_there_is_no_daemon_is_told_to_the_next():
    keeper = Gettys()
    one, two = keeper.stand_in("one"), keeper.stand_in("two", vt=OURS + 1)
    os.kill(keeper.pid, signal.SIGSTOP)
    for pid in (keeper.puppet.pid, two["pid"]):
        os.kill(pid, signal.SIGKILL)
        wait_for(f"the end of {pid}", lambda pid=pid: not alive(pid))
    os.kill(keeper.pid, signal.SIGCONT)
    equal(keeper.next(0).held["gettys"], [OURS, OURS + 1], "what it is told")
    equal(keeper.ended(), (OURS + 1, "", signal.SIGKILL))
    equal(keeper.next().held["gettys"], [OURS])
    true(keeper.puppet.is_silent() and alive(one["pid"]), "nothing more")
    os.kill(one["pid"], signal.SIGKILL)


def test_getty_that_cannot_be_started():
    keeper = Gettys()
    plain = f"{keeper.home}/plain"
    with open(plain, "w"):
        pass
    for words, error in (((f"{keeper.home}/absent",), "ENOENT"), ((plain,), "EACCES"), (("getty",), "EINVAL"), ((), "EINVAL"), (("/x",) * 40, "EINVAL")):
        keeper.start(*words)
        equal(keeper.ended()[:2], (OURS, error), f"{words[:1]}")
    for vt in (0, -1, 64):
        keeper.start(keeper.getty, f"{keeper.home}/never", vt=vt)
    keeper.start(keeper.getty, f"{keeper.home}/never", group="relative")
    equal(keeper.ended()[:2], (OURS, "EINVAL"), "a group that is none")
    true(not os.path.exists(f"{keeper.home}/never"), "it has run")
    keeper.stand_in("one", group="/sys/fs/cgroup/absent")
    true("open the control group /sys/fs/cgroup/absent" in keeper.lines(), keeper.lines())


def test_getty_is_not_where_the_keeper_is():
    top = cgroup_top()
    if top is None:
        return "SKIP: no cgroup v2 to make groups in"
    # a name of its own: what a killed run left must not stand in the way
    group = tempfile.mkdtemp(prefix="sessionman-getty-", dir=top)
    try:
        keeper = Gettys()
        told = keeper.stand_in("one", group=group)
        true(os.path.basename(group) in told["group"], told["group"])
        true(os.path.basename(group) not in read(f"/proc/{keeper.pid}/cgroup"), "the keeper is")
        os.kill(told["pid"], signal.SIGKILL)
        keeper.ended()
        wait_for("it is empty", lambda: "populated 0" in read(f"{group}/cgroup.events"))
    finally:
        os.rmdir(group)


@with_terminals(OURS)
def test_getty_only_where_nobody_has_the_terminal_open(ours):
    keeper = Gettys()
    keeper.start(keeper.getty, f"{keeper.home}/never", anyway=False)
    equal(keeper.ended()[:2], (OURS, "EBUSY"), "the test has it open")
    told = keeper.stand_in("one", anyway=True)
    os.kill(told["pid"], signal.SIGKILL)
    equal(keeper.ended(), (OURS, "", signal.SIGKILL), "it may be open")
    os.close(ours.fd)
    controlled = subprocess.Popen(["setsid", "sh", "-c", f"exec 3<>{ours.path} 4<>/dev/tty; exec 3<&-; echo; exec sleep 60"], stdout=subprocess.PIPE)
    controlled.stdout.readline()
    keeper.start(keeper.getty, f"{keeper.home}/never", anyway=False)
    equal(keeper.ended()[:2], (OURS, "EBUSY"), "by another name")
    controlled.kill()
    controlled.wait()
    told = keeper.stand_in("two", anyway=False)
    os.kill(told["pid"], signal.SIGKILL)
    equal(keeper.ended(), (OURS, "", signal.SIGKILL))
    true(not os.path.exists(f"{keeper.home}/never"), "it has run")
    ours.fd = os.open(ours.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
