"""sessionman-run as the real keeper starts it; the keeper's daemon is a stand-in."""

import harness
from harness import *

KEEPER = "/mnt/share/sessionmand"
NODE = "/mnt/share/stand-in-node"
RUN_DIR = "/run/sessionman"
# The daemon's part: a socket, a connection to it, the order. The first packets are written down.
CODE = r"""
import time
def order(path, group, words):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.path.exists(path): os.unlink(path)
    listener.bind(path)
    listener.listen(4)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(path)
    text = b"".join(word.encode() + b"\0" for word in (group, *words, ""))
    records.send(channel, RUN, text=text, fds=[listener.fileno()])
    return connection

ready()
with open(sys.argv[0] + ".orders") as file:
    orders = json.load(file)
os.unlink(sys.argv[0] + ".orders")
connections = [order(*one) for one in orders]
DELAY
os.kill(os.getpid(), 9) if DIES else time.sleep(1000)
"""


class Keeper:
    """The real keeper, whose first daemon orders a sessionman-run for each of the users."""

    def __init__(self, users, delay="", dies=False, order=None):
        os.makedirs(RUN_DIR, exist_ok=True)
        write("/tmp/bundle", CODE.replace("DELAY", delay).replace("DIES", str(dies)))
        write("/tmp/bundle.orders", harness.json.dumps([(order or order_for)(user) for user in users]))
        self.stderr = open("/tmp/keeper.log", "w+")
        self.process = subprocess.Popen(
            [KEEPER, "--run-dir", RUN_DIR, "--seatd-socket", "-", "--login-socket", "-", "--node", NODE, "--daemon", "/tmp/bundle", "--runner", harness.RUNNER],
            stdin=subprocess.DEVNULL, stderr=self.stderr, env={"EVIL": "1"},
        )

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(10)


def order_for(user):
    words = {
        "uid": user.uid, "gid": user.gid, "user": user.name, "backend": harness.BACKEND, "config": "/etc/sessionman/backend",
        "runtime": user.runtime, "group": user.group, "ready": user.fifo, "log": user.log,
    }
    group = f"{user.slice}/sessionman-run@{user.uid}.service" if harness.CGROUP else "-"
    return [f"{MANAGERS}/{user.uid}.sock", group, [f"{key}={value}" for key, value in words.items()]]


def prepared(*names):
    users = [User(name) for name in names]
    for user in users:
        user.script("run", MANAGER)
        user.script("stop", STOP)
    return users


def connected(user):
    """As the next daemon does it."""

    def attempt():
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return Daemon(user.uid)

    return wait_for(f"{user.name}'s socket", attempt)


def running(user):
    """Connected too early, it was the daemon that ordered the start whose connection came last: tried again."""
    packet = []
    for _ in range(10):
        daemon = connected(user)
        packet = daemon.hear_until("running")
        if packet:
            break
    equal(packet[0:1], ["running"], user.name)
    return daemon, int(packet[1])


def stopped(user, daemon):
    daemon.send("stop")
    equal(daemon.hear_until("ended"), ["ended", "exit code 0"], user.name)


def parent_of(pid):
    return int(read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[1])


@without_cgroup
def test_the_keeper_starts_it_in_its_group():
    (user,) = prepared("alice")
    keeper = Keeper([user])
    try:
        daemon, manager = running(user)
        holder = parent_of(manager)
        wait_for("the keeper is its parent", lambda: parent_of(holder) == keeper.process.pid)
        equal(command_line(holder).rstrip("\0").split("\0"), [harness.RUNNER, *order_for(user)[2]])
        equal((os.getsid(holder), os.readlink(f"/proc/{holder}/fd/0")), (holder, "/dev/null"))
        if harness.CGROUP:
            true(f"/sessionman-run@{user.uid}.service\n" in read(f"/proc/{holder}/cgroup"), read(f"/proc/{holder}/cgroup"))
            true(f"/user@{user.uid}.service/init.scope\n" in read(f"/proc/{manager}/cgroup"), read(f"/proc/{manager}/cgroup"))
        equal(sorted(filter(None, read(f"/proc/{holder}/environ").split("\0"))), ["LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        true("EVIL" not in user.dump("run", "environ"), "not the keeper's environment")
        stopped(user, daemon)
        wait_for("its reaping", lambda: not os.path.exists(f"/proc/{holder}"))
    finally:
        keeper.end(signal.SIGTERM)
    equal(read("/tmp/keeper.log").count("\n"), 1, "the daemon's end, and nothing else")


def test_after_an_upgrade_the_new_program_serves():
    """An old library with new PAM modules might not fit."""
    first, second = prepared("alice", "u01")
    late = f"while not os.path.exists('/tmp/go'): time.sleep(0.01)\nlate = order(*{order_for(second)!r})\n"
    keeper = Keeper([first], late)
    try:
        daemon, manager = running(first)
        shutil.copy(harness.RUNNER, f"{harness.RUNNER}.new")
        os.rename(f"{harness.RUNNER}.new", harness.RUNNER)
        write("/tmp/go", "")
        newer, other = running(second)
        equal([os.readlink(f"/proc/{parent_of(pid)}/exe") for pid in (manager, other)], [f"{harness.RUNNER} (deleted)", harness.RUNNER])
        stopped(first, daemon)
        stopped(second, newer)
    finally:
        keeper.end(signal.SIGTERM)
        second.clear_group()


def test_a_directory_that_is_no_control_group():
    """Neither birth nor moving works: the daemon sees the end, and who it is for can try again."""
    (user,) = prepared("alice")
    keeper = Keeper([user], order=lambda user: [order_for(user)[0], "/etc", ["uid=1000"]])
    try:
        wait_for("its word", lambda: "\n" in read("/tmp/keeper.log"))
        equal(read("/tmp/keeper.log"), f"sessionman-run: start {harness.RUNNER}: enter the control group /etc: No such file or directory\n")
        wait_for("nobody listens", lambda: not listens(user))
    finally:
        keeper.end(signal.SIGTERM)


def listens(user):
    try:
        Daemon(user.uid)
    except ConnectionRefusedError:
        return False
    return True


@without_cgroup
def test_daemon_and_keeper_killed_at_every_stage():
    """The daemon kills itself so long after its order, and the keeper is killed then, too: the manager is the first one."""
    count = 0
    for delay in (0, 0.001, 0.002, 0.004, 0.008, 0.02, 0.1):
        for whom in ("daemon", "keeper", "both"):
            (user,) = prepared("alice")
            keeper = Keeper([user], f"time.sleep({delay})", dies=whom != "keeper")
            if whom != "daemon":
                wait_for("the order", lambda: not os.path.exists("/tmp/bundle.orders") and os.path.exists(f"{MANAGERS}/{user.uid}.sock"))
                time.sleep(delay)
                keeper.end(signal.SIGKILL)
            count += survives(user, whom == "daemon")
            keeper.end(signal.SIGKILL)
            user.clear_group()
    return f"{count} managers were started, and none twice"


def command_line(pid):
    """Nothing of one that has ended meanwhile."""
    try:
        return read(f"/proc/{pid}/cmdline")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def survives(user, ordered):
    """Whether there is a manager; an order that the keeper had not read when it died is none."""
    try:
        daemon, manager = running(user) if ordered else running_or_refused(user)
    except ConnectionRefusedError:
        equal(processes_of(user.uid), [])
        return 0
    true(alive(manager), "the manager runs")
    holders = [pid for pid in processes_of(0) if f"sessionman-run\0uid={user.uid}\0" in command_line(pid)]
    equal([read(f"/proc/{pid}/task/{pid}/children").split() for pid in holders], [[str(manager)]], "one manager")
    stopped(user, daemon)
    return 1


def running_or_refused(user):
    daemon = Daemon(user.uid)
    packet = daemon.hear_until("running")
    if not packet:
        raise ConnectionRefusedError
    return daemon, int(packet[1])


def test_many_at_once_by_the_keeper():
    users = prepared(*(f"u{number:02}" for number in range(1, 31)))
    keeper = Keeper(users)
    try:
        for user in users:
            stopped(user, running(user)[0])
    finally:
        keeper.end(signal.SIGTERM)
        for user in users:
            user.clear_group()
