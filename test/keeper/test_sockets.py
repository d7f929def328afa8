"""The sockets: where they are, whose clients may come, and who else may listen there."""

import harness
from harness import *


def test_sockets_have_their_types_and_modes():
    home = tempfile.mkdtemp(dir=harness.TOP)
    os.mkdir(f"{home}/run", 0o700)
    for stale in ("pam.sock", "control.sock", "pam.sock.new"):
        with open(f"{home}/run/{stale}", "w"):
            pass
    keeper = Keeper(home=home, umask=0)
    expected = {"pam.sock": 0o140600, "control.sock": 0o140666, "lock": 0o100600, ".": 0o40755}
    for name, mode in expected.items():
        st = os.lstat(f"{keeper.run_dir}/{name}")
        equal((st.st_mode, st.st_uid, st.st_gid), (mode, 0, 0), name)
    equal(sorted(os.listdir(keeper.run_dir)), ["control.sock", "lock", "pam.sock"])
    equal(read(f"{keeper.run_dir}/lock"), f"{keeper.pid}\n")
    daemon = keeper.daemon()
    for name in ("pam.sock", "control.sock"):
        equal(keeper.greeting(name), b"hello from %d" % daemon, name)
    probe = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[2])); "
        "s.connect(sys.argv[1]); print(s.recv(5))"
    )
    for name, kind, words in (
        ("pam.sock", "SOCK_SEQPACKET", "PermissionError"),
        ("control.sock", "SOCK_STREAM", "b'hello'"),
    ):
        done = subprocess.run(
            ["python3", "-c", probe, f"{keeper.run_dir}/{name}", kind],
            user=1000, cwd="/", capture_output=True, text=True, timeout=5,
        )
        true(words in done.stdout + done.stderr, f"{name} as a user: {done.stdout}{done.stderr}")


def test_a_backlog_of_thousands():
    limit = min(4096, int(read("/proc/sys/net/core/somaxconn")), 1000)
    keeper = Keeper("ready()\ntime.sleep(60)\n")
    clients = []
    for _ in range(limit):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.setblocking(False)
        client.connect(f"{keeper.run_dir}/pam.sock")
        clients.append(client)
    for client in clients:
        client.close()
    return f"{limit} logins wait"


# Sockets beside our own, by their options: the descriptor that the daemon has each as, and whose clients it is for.
SIDES = [("seatd", 7, "seatd"), ("login", 8, "io.systemd.Login")]


def path_of(side, home):
    """Where the harness has the keeper listen."""
    return {"seatd": f"{home}/seatd.sock", "login": f"{home}/systemd/io.systemd.Login"}[side]


def listener_at(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    return listener


def without(fd):
    return [each for each in range(9) if each != fd]


def test_clients_at_the_side_are_taken_and_left_to_the_daemon():
    keeper = Keeper("say(kinds=[socket.socket(fileno=fd).type for fd in (7, 8)])\n" + SERVE)
    equal(keeper.word("kinds"), [socket.SOCK_STREAM] * 2)
    paths = [path_of(side, keeper.home) for side, _, _ in SIDES]
    for path in paths:
        equal(os.stat(path).st_mode & 0o777, 0o666)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
    equal(os.stat(f"{keeper.home}/systemd").st_mode & 0o777, 0o755)
    equal(keeper.end(), 0)
    for path in paths:
        true(not os.path.exists(path), f"{path} is removed at the end")


def test_another_server_keeps_its_clients():
    for side, fd, _ in SIDES:
        home = tempfile.mkdtemp(dir=harness.TOP)
        path = path_of(side, home)
        with listener_at(path) as listener:
            # A backlog that is full says the same.
            waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(path)
            keeper = Keeper("say(fds=sorted(descriptors))\n" + SERVE, home=home)
            equal(keeper.word("fds"), without(fd), side)
            equal(keeper.lines(), f"sessionmand: {path}: another server listens there and keeps its clients\n")
            equal(keeper.end(), 0)
            listener.accept()
        true(os.path.exists(path), "not ours to remove")


def test_what_another_server_left_behind_is_replaced():
    home = tempfile.mkdtemp(dir=harness.TOP)
    for side, _, _ in SIDES:
        listener_at(path_of(side, home)).close()
    keeper = Keeper("say(fds=sorted(descriptors))\n" + SERVE, home=home)
    equal(keeper.word("fds"), without(None))
    equal(keeper.lines(), "")


def test_without_a_place_for_clients_at_the_side_logins_go_on():
    for side, fd, whose in SIDES:
        home = tempfile.mkdtemp(dir=harness.TOP)
        path = path_of(side, home)
        os.makedirs(path)
        option = f"--{side}-socket"
        rows = [
            (home, [], f"{path}: is not a socket, clients of {whose} are not served"),
            (None, [option, "-"], ""),
            (None, [option, f"{home}/no/place/x"], f"bind {home}/no/place/x: No such file or directory; clients of {whose} are not served"),
            (None, [option, "/" + "x" * 110], f"{error_text(errno.ENAMETOOLONG)}; clients of {whose} are not served"),
        ]
        for place, arguments, line in rows:
            keeper = Keeper("say(fds=sorted(descriptors))\n" + SERVE, home=place, arguments=arguments)
            equal(keeper.word("fds"), without(fd), arguments)
            true(keeper.lines().endswith(f"{line}\n") if line else keeper.lines() == "", keeper.lines())
            equal(keeper.end(), 0)
