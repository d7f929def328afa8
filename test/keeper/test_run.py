"""CHANNEL_RUN: the orders to sessionman-run's server, here a stand-in that tells how it was started and what comes."""

import harness
from harness import *

# Of each order a child writes down what came, then greets whoever connects, until it is told to end.
SERVER = TELLER + r"""
import signal, socket
def serve(listener):
    while True:
        client, _ = listener.accept()
        try:
            client.send(b"here")
        except OSError:
            pass
orders = socket.socket(fileno=3)
server = {
    "arguments": sys.argv[1:], "environment": dict(os.environ), "fds": fds, "cwd": os.getcwd(), "leader": os.getsid(0) == os.getpid(),
    "status": open("/proc/self/status").read(), "server": os.getpid(),
}
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    text, came, _, _ = socket.recv_fds(orders, 4096, 3)
    if not text:
        break
    if os.fork() == 0:
        group, *words = text.split(b"\0\0")[0].decode().split("\0")
        sys.argv[1] = words[0]
        listener = socket.socket(fileno=came[0])
        directories = [os.readlink(f"/proc/self/fd/{fd}") for fd in came[1:]]
        tell({**server, "words": words, "group": group, "directories": directories, "pid": os.getpid(), "listener": listener.getsockname()})
        serve(listener)
    for fd in came:
        os.close(fd)
"""

# What the stand-in for the daemon does: a listening socket, a connection to it, the order.
ORDER = r"""
def order(path, *words, fds=True, group="-", text=None):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen(4)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(5)
    connection.connect(path)
    if text is None:
        text = b"".join(word.encode() + b"\0" for word in (group, *words, ""))
    record = RECORD.pack(RUN, 0, 0, 0, 0, text)
    socket.send_fds(channel, [record], [listener.fileno()] if fds else [])
    listener.close()
    return connection

def first_packet(connection):
    try:
        return connection.recv(100).decode()
    except ConnectionResetError:
        return ""
"""


class Runners(Keeper):
    """A keeper whose server is the stand-in, or another file."""

    def __init__(self, code, runner=None, **options):
        home = options.pop("home", None) or tempfile.mkdtemp(dir=harness.TOP)
        if runner is None:
            runner = f"{home}/runner"
            with open(runner, "w") as file:
                file.write(SERVER)
            os.chmod(runner, 0o755)
        super().__init__(ORDER + code, home=home, arguments=["--runner", runner], **options)

    def servers(self):
        return [pid for pid in children(self.pid) if "serve" in command_line(pid)]

    def told(self, name):
        path = f"{self.home}/{name}"
        wait_for(path, lambda: os.path.exists(path))
        return json.loads(read(path))


def status_of(text):
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def runner_of(group="-"):
    return f"home = os.path.dirname(sys.argv[0])\nc = order(home + '/one.sock', home + '/one', 'uid=1000', 'with space', group={group!r})\nsay(got=first_packet(c))\nready()\n"


def end(told):
    os.kill(told["pid"], signal.SIGKILL)


def test_run_how_the_server_is_started():
    leak = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    keeper = Runners(runner_of() + SERVE, pass_fds=leak, env={"EVIL": "1", "PATH": os.environ["PATH"]})
    told = keeper.told("one")
    equal(keeper.word("got"), "here")
    equal((told["arguments"][0], len(told["arguments"][1])), ("serve", 2027))
    equal(told["environment"], {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})
    equal(sorted(told["fds"], key=int), ["0", "1", "2", "3"])
    equal(told["fds"]["0"], "/dev/null")
    equal(os.path.dirname(told["fds"]["2"]), keeper.home)
    equal(told["fds"]["1"], told["fds"]["2"], "both are the keeper's stderr")
    equal((told["cwd"], told["leader"]), ("/", True))
    status = status_of(told["status"])
    python = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    equal((int(status["SigBlk"], 16), int(status["SigIgn"], 16) & ~python), (0, 0))
    equal((status["NoNewPrivs"], status["Uid"]), ("0", "0\t0\t0\t0"))
    equal(keeper.lines(), "")
    end(told)


def test_run_what_is_ordered():
    home = tempfile.mkdtemp(dir=harness.TOP)
    for group, directories in (("-", []), (home, [home])):
        keeper = Runners(runner_of(group) + SERVE)
        told = keeper.told("one")
        equal(keeper.word("got"), "here")
        equal(told["words"], [f"{keeper.home}/one", "uid=1000", "with space"])
        equal((told["group"], told["directories"]), (group, directories))
        equal(told["listener"], f"{keeper.home}/one.sock")
        keeper.keeps(DESCRIPTORS + 1, "none but the orders' socket")
        end(told)


def test_run_each_daemon_has_a_new_server():
    """What was installed together serves together; the old one ends by itself."""
    keeper = Runners("ready()\n" + SERVE)
    for _ in range(2):
        old = wait_for("a server", keeper.servers)
        os.kill(keeper.daemon(), signal.SIGKILL)
        wait_for("another one", lambda: len(keeper.servers()) == 1 and keeper.servers() != old)


def test_run_a_killed_server_is_replaced():
    keeper = Runners("ready()\nclient, _ = pam.accept()\nclient.send(b'hello')\n" + runner_of().replace("ready()\n", "") + "answer_clients()\n")
    (old,) = wait_for("a server", keeper.servers)
    os.kill(old, signal.SIGKILL)
    wait_for("its reaping", lambda: not os.path.exists(f"/proc/{old}"))
    keeper.greeting()
    told = keeper.told("one")
    equal(keeper.word("got"), "here")
    true(told["server"] != old, old)
    end(told)


def test_run_the_server_ends_with_the_keeper():
    for number in (signal.SIGKILL, signal.SIGTERM):
        keeper = Runners("ready()\n" + SERVE)
        (server,) = wait_for("a server", keeper.servers)
        keeper.end(number)
        wait_for("the server's end", lambda: not alive(server))


def test_run_outlives_daemon_and_keeper():
    for number in (signal.SIGKILL, signal.SIGTERM):
        keeper = Runners("if not os.path.exists(os.path.dirname(sys.argv[0]) + '/one'):\n    " + runner_of().replace("\n", "\n    ") + "\nready()\n" + SERVE)
        told = keeper.told("one")
        daemon = keeper.daemon()
        wait_for("its word", lambda: "got" in str(keeper.words()))
        os.kill(daemon, signal.SIGKILL)
        keeper.greeting()
        true(alive(told["pid"]), "after the daemon's end")
        keeper.end(number)
        true(not alive(daemon) and alive(told["pid"]), "after the keeper's end")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(5)
            client.connect(f"{keeper.home}/one.sock")
            equal(client.recv(10), b"here")
        end(told)


def test_run_orders_of_a_daemon_that_died_are_carried_out():
    keeper = Runners(
        "again = os.path.exists(sys.argv[0] + '.again')\nopen(sys.argv[0] + '.again', 'w').close()\n"
        "if again:\n    ready()\n    answer_clients()\n"
        "home = os.path.dirname(sys.argv[0])\n"
        "for n in range(20): order(f'{home}/{n}.sock', f'{home}/{n}')\nos.kill(os.getpid(), 9)\n"
    )
    for number in range(20):
        end(keeper.told(str(number)))


def test_run_that_cannot_be_started_is_an_end_of_the_connection():
    home = tempfile.mkdtemp(dir=harness.TOP)
    with open(f"{home}/plain", "w"):
        pass
    rows = [
        (f"{home}/absent", "", f"execute {home}/absent: No such file or directory"),
        (f"{home}/plain", "", f"execute {home}/plain: Permission denied"),
        ("/bin/true", ", group='/nonexistent/group'", "start /bin/true: open the control group /nonexistent/group: No such file or directory"),
        ("/bin/true", "", ""),
    ]
    for runner, options, line in rows:
        keeper = Runners(
            f"home = os.path.dirname(sys.argv[0])\nready()\nsay(got=first_packet(order(home + '/x.sock', 'uid=1'{options})))\nanswer_clients()\n", runner
        )
        equal(keeper.word("got"), "", line)
        equal(keeper.lines(), f"sessionmand: {line}\n" if line else "")


def test_run_malformed_orders():
    keeper = Runners(
        "home = os.path.dirname(sys.argv[0])\nready()\n"
        "texts = [b'', b'-\\0', b'-\\0\\0', b'relative\\0word\\0\\0', b'\\0word\\0\\0', b'-\\0' + b'x' * 2026, b'-\\0' + b'x\\0' * 33 + b'\\0', b'-\\0' + b'x' * 2025 + b'\\0']\n"
        "say(got=[first_packet(order(f'{home}/{n}.sock', text=text)) for n, text in enumerate(texts)])\n"
        "say(without=first_packet(order(home + '/w.sock', 'word', fds=False)))\n"
        "spare = [os.open('/dev/null', os.O_RDONLY) for _ in range(3)]\n"
        "for op in (1, 2, 4, 99): socket.send_fds(channel, [RECORD.pack(op, 0, 0, 0, 0, b'x')], spare)\n"
        "for _ in range(5): socket.send_fds(channel, [b'x'], spare)\n"
        "say(sent=1)\nanswer_clients()\n"
    )
    equal(keeper.word("got"), [""] * 8)
    equal(keeper.word("without"), "")
    keeper.word("sent")
    wait_for("all lines", lambda: keeper.lines().count("malformed record of 1 bytes") == 5)
    equal(keeper.lines().count("malformed order to start"), 10, keeper.lines())
    keeper.keeps(DESCRIPTORS + 1, "none but the orders' socket")
    true(keeper.greeting().startswith(b"hello"), "it serves on")


def test_run_many_at_once():
    keeper = Runners(
        "home = os.path.dirname(sys.argv[0])\nready()\n"
        "connections = [order(f'{home}/{n}.sock', f'{home}/{n}') for n in range(50)]\n"
        "say(got=[first_packet(c) for c in connections])\nanswer_clients()\n"
    )
    equal(keeper.word("got", 20), ["here"] * 50)
    pids = {keeper.told(str(number))["pid"] for number in range(50)}
    equal(len(pids), 50)
    keeper.keeps(DESCRIPTORS + 1, "none but the orders' socket")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_run_an_installed_program_that_others_can_change():
    _, out, _ = run("--help")
    path = out.split("service manager (")[1].split(")")[0]
    equal(path, "/usr/lib/sessionman/sessionman-run")
    home = tempfile.mkdtemp(dir=harness.TOP)
    os.makedirs(f"{home}/lib/sessionman")
    with open(f"{home}/lib/sessionman/sessionman-run", "w"):
        pass
    os.chmod(f"{home}/lib/sessionman/sessionman-run", 0o757)
    # Only this test's mount namespace sees it.
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={home}/lib:/usr/lib", "overlay", "/usr/lib"], check=True)
    code, _, lines = run("--run-dir", f"{home}/run", "--daemon", harness.NODE, "--node", harness.NODE)
    subprocess.run(["umount", "-l", "/usr/lib"], check=True)
    equal(code, 111, lines)
    true(f"{path} is not run as root: {path}" in lines, lines)
