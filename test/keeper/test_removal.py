"""CHANNEL_EMPTY_DIRECTORY against trees that users have prepared."""

import time
import errno
import stat

import harness
from harness import *

USER = 1000


class Tree:
    """A directory of the user, a canary beside it, and a keeper whose daemon empties what it is asked to."""

    def __init__(self):
        self.home = tempfile.mkdtemp(dir=harness.TOP)
        os.chmod(self.home, 0o755)
        self.top = f"{self.home}/user"
        os.mkdir(self.top)
        self.canary = f"{self.home}/canary"
        os.mkdir(self.canary)
        os.chmod(self.canary, 0o777)
        with open(f"{self.canary}/precious", "w") as file:
            file.write("unharmed")
        for path in (self.canary, f"{self.canary}/precious"):
            os.chown(path, USER, USER)

    def own(self):
        subprocess.run(["chown", "-hR", f"{USER}:{USER}", self.top], check=True)

    def emptied(self, path=None, uid=USER, timeout=15.0):
        """The errno, and what is left."""
        path = path or self.top
        keeper = Keeper(
            f"ready()\nsend(EMPTY_DIRECTORY, 42, {uid}, {uid}, {path.encode()!r})\n"
            "_, serial, value, *_ = RECORD.unpack(channel.recv(RECORD.size))\nsay(serial=serial, value=value)\ntime.sleep(60)\n",
            home=self.home,
        )
        equal(keeper.word("serial", timeout), 42)
        equal(keeper.children(), [keeper.daemon()], "the removal was reaped")
        keeper.end()
        self.unharmed()
        return errno.errorcode.get(keeper.word("value"), 0), sorted(os.listdir(self.top))

    def unharmed(self):
        equal(read(f"{self.canary}/precious"), "unharmed")
        equal(stat.S_IMODE(os.stat(self.canary).st_mode), 0o777, "the canary's mode")


def as_user(code, cwd):
    subprocess.run(["python3", "-c", code], user=USER, group=USER, extra_groups=[], cwd=cwd, check=True)


def test_ordinary_and_odd_entries_go():
    tree = Tree()
    os.makedirs(f"{tree.top}/a/b/c")
    for name in ("file", "a/file", "a/b/.hidden", "a/b/c/-rf", "a/new\nline", "a/" + "n" * 255, ".removing-0", "...", "a/\udcff"):
        with open(os.fsencode(f"{tree.top}/{name}"), "w"):
            pass
    os.mkfifo(f"{tree.top}/fifo")
    os.mkfifo(f"{tree.top}/a/fifo")
    os.mknod(f"{tree.top}/a/device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{tree.top}/a/socket")
    os.makedirs(f"{tree.top}/.removing-1/x/y")
    tree.own()
    equal(tree.emptied(), (0, []))
    true(os.path.isdir(tree.top), "the directory itself stays")


def test_symbolic_links_are_removed_never_followed():
    tree = Tree()
    os.makedirs(f"{tree.top}/a/b")
    for place in (tree.top, f"{tree.top}/a/b"):
        os.symlink(tree.canary, f"{place}/dir-link")
        os.symlink(f"{tree.canary}/precious", f"{place}/file-link")
        os.symlink("../..", f"{place}/up")
        os.symlink("loop", f"{place}/loop")
        os.symlink("/nonexistent", f"{place}/dangling")
    tree.own()
    equal(tree.emptied(), (0, []))


def test_a_link_in_place_of_the_directory_is_refused():
    tree = Tree()
    os.rmdir(tree.top)
    os.symlink(tree.canary, tree.top)
    equal(tree.emptied(), ("ENOTDIR", ["precious"]))


def test_another_owner_s_directory_is_refused():
    tree = Tree()
    equal(tree.emptied(), ("EPERM", []))
    tree.own()
    equal(tree.emptied(tree.canary, uid=USER + 1)[0], "EPERM")
    equal(tree.emptied(tree.canary, uid=0)[0], "EPERM")
    equal(tree.emptied(f"{tree.home}/absent")[0], "ENOENT")


def test_modes_that_lock_the_owner_out():
    tree = Tree()
    for mode in (0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600):
        os.makedirs(f"{tree.top}/{mode:o}/inner/{mode:o}/deep")
        with open(f"{tree.top}/{mode:o}/inner/{mode:o}/file", "w"):
            pass
    tree.own()
    for mode in (0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600):
        os.chmod(f"{tree.top}/{mode:o}/inner/{mode:o}", mode)
        os.chmod(f"{tree.top}/{mode:o}/inner", mode)
        os.chmod(f"{tree.top}/{mode:o}", mode)
    equal(tree.emptied(), (0, []))


def test_the_work_is_done_as_the_user():
    tree = Tree()
    os.makedirs(f"{tree.top}/roots/inner")
    os.makedirs(f"{tree.top}/mine/inner")
    tree.own()
    with open(f"{tree.top}/roots/inner/file", "w"):
        pass
    for path in (f"{tree.top}/roots/inner/file", f"{tree.top}/roots/inner", f"{tree.top}/roots"):
        os.chown(path, 0, 0)
    code, rest = tree.emptied()
    equal((code, rest), ("EACCES", ["roots"]))
    true(os.path.exists(f"{tree.top}/roots/inner/file"), "root's file stays")
    os.chown(tree.top, 0, 0)
    equal(tree.emptied(uid=0), (0, []), "as root, root's directory")


def test_mount_points_are_not_entered():
    tree = Tree()
    for name in ("bind", "a/bind", "tmpfs", "a/tmpfs"):
        os.makedirs(f"{tree.top}/{name}")
    os.makedirs(f"{tree.top}/a/inner/deep/deeper")
    for name in ("a/file", "a/inner/file", "a/inner/deep/deeper/file"):
        with open(f"{tree.top}/{name}", "w"):
            pass
    tree.own()
    mounts = [f"{tree.top}/{name}" for name in ("bind", "a/bind", "tmpfs", "a/tmpfs")]
    for mount in mounts:
        # A bind mount of the same file system has the same device number.
        source = ["--bind", tree.canary] if "bind" in mount else ["-t", "tmpfs", "-o", f"uid={USER}", "canary"]
        subprocess.run(["mount", *source, mount], check=True)
        with open(f"{mount}/precious", "w") as file:
            file.write("unharmed")
        os.chown(f"{mount}/precious", USER, USER)
    try:
        code, rest = tree.emptied()
        equal((code, rest), ("EBUSY", ["a", "bind", "tmpfs"]))
        equal(sorted(os.listdir(f"{tree.top}/a")), ["bind", "tmpfs"], "what was beside them is gone")
        for mount in mounts:
            equal(os.listdir(mount), ["precious"], mount)
    finally:
        for mount in mounts:
            subprocess.run(["umount", mount], check=True)
    equal(tree.emptied(), (0, []))


def emptied_by_and_by(tree):
    """Where others use the machine, too, that takes longer than is given to one removal: the next one goes on with what is left."""
    started = time.monotonic()
    found = tree.emptied()
    for _ in range(4):
        if found[0] == "ETIMEDOUT":
            found = tree.emptied()
    equal(found, (0, []))
    return f"{time.monotonic() - started:.2f} s"


def test_a_tree_thirty_thousand_deep():
    tree = Tree()
    tree.own()
    as_user("import os\nfor _ in range(30000):\n os.mkdir('d')\n os.chdir('d')\nopen('file', 'w').close()\n", tree.top)
    return emptied_by_and_by(tree)


def test_a_directory_of_fifty_thousand_entries():
    tree = Tree()
    tree.own()
    as_user("import os\nfor n in range(25000):\n open(f'f{n}', 'w').close()\n os.mkdir(f'd{n}')\n", tree.top)
    return emptied_by_and_by(tree)


def stopped_removal():
    """A removal that its user has stopped: it runs under the user's id, so the user may."""
    tree = Tree()
    tree.own()
    as_user("import os\nfor n in range(100000):\n open(f'f{n}', 'w').close()\n", tree.top)
    asked = time.monotonic()
    keeper = Keeper(
        f"ready()\nsend(EMPTY_DIRECTORY, 1, {USER}, {USER}, {tree.top.encode()!r})\n"
        "say(value=RECORD.unpack(channel.recv(RECORD.size))[2])\nanswer_clients()\n",
        home=tree.home, extra_groups=[20, 27],
    )
    daemon = keeper.daemon()
    removal = wait_for("a removal", lambda: [pid for pid in keeper.children() if pid != daemon])[0]
    wait_for("its change of user", lambda: f"Uid:\t{USER}\t{USER}" in read(f"/proc/{removal}/status"))
    subprocess.run(["kill", "-STOP", str(removal)], user=USER, check=True)
    return keeper, removal, asked


@waits
def test_a_user_who_stops_it_is_given_ten_seconds():
    keeper, removal, asked = stopped_removal()
    equal(keeper.word("value", 15), errno.ETIMEDOUT)
    took = time.monotonic() - asked
    true(10 <= took < 13, f"it took {took:.1f} s")
    true(not alive(removal), "killed")


def test_a_user_who_swaps_directories_for_links_harms_nobody():
    tree = Tree()
    tree.own()
    swapper = subprocess.Popen(
        ["python3", "-c",
         "import os, sys\n"
         "while True:\n"
         " try:\n"
         "  os.makedirs('x/y/z'); open('x/y/z/f', 'w').close()\n"
         "  os.rename('x/y', 'x/old'); os.symlink(sys.argv[1], 'x/y'); os.rename('x/old', '../aside/old')\n"
         " except OSError: pass\n"
         " try: os.rename('../aside/old', 'back')\n"
         " except OSError: pass\n",
         tree.canary],
        user=USER, cwd=tree.top, stderr=subprocess.DEVNULL)
    os.mkdir(f"{tree.home}/aside")
    os.chown(f"{tree.home}/aside", USER, USER)
    try:
        for _ in range(5):
            tree.emptied()
    finally:
        swapper.kill()
        swapper.wait()
    equal(tree.emptied(), (0, []))


def test_sixteen_at_a_time():
    tree = Tree()
    tree.own()
    as_user("import os\nfor n in range(20000):\n open(f'f{n}', 'w').close()\n", tree.top)
    keeper = Keeper(
        f"ready()\nfor serial in range(40): send(EMPTY_DIRECTORY, serial, {USER}, {USER}, {tree.top.encode()!r})\n"
        "answers = [RECORD.unpack(channel.recv(RECORD.size)) for _ in range(40)]\n"
        "say(serials=sorted(answer[1] for answer in answers), values=[answer[2] for answer in answers])\n" + SERVE,
        home=tree.home,
    )
    equal(keeper.word("serials", 15), list(range(40)))
    values = keeper.word("values")
    equal(set(values), {0, errno.EAGAIN})
    true(values.count(0) >= 16, values)
    equal(os.listdir(tree.top), [])
    equal(len(keeper.children()), 1)


def test_an_answer_never_reaches_the_next_daemon():
    tree = Tree()
    tree.own()
    as_user("import os\nfor n in range(20000):\n open(f'f{n}', 'w').close()\n", tree.top)
    keeper = Keeper(
        "again = os.path.exists(sys.argv[0] + '.again')\nopen(sys.argv[0] + '.again', 'w').close()\nready()\n"
        "if again:\n    channel.settimeout(1.5)\n    try: say(got=channel.recv(RECORD.size).hex())\n    except TimeoutError: say(got=None)\n    answer_clients()\n"
        f"send(EMPTY_DIRECTORY, 7, {USER}, {USER}, {tree.top.encode()!r})\n"
        "while len(os.listdir(" + repr(tree.top) + ")) == 20000: pass\n"
        "os.kill(os.getpid(), 9)\n",
        home=tree.home,
    )
    equal(keeper.word("got", 10), None)
    wait_for("the work is finished all the same", lambda: os.listdir(tree.top) == [], 15)


def test_removals_have_nothing_and_die_with_the_keeper():
    keeper, removal, _ = stopped_removal()
    text = read(f"/proc/{removal}/status")
    rows = [f"{name}:\t{USER}\t{USER}\t{USER}\t{USER}" for name in ("Uid", "Gid")]
    rows += [f"{name}:\t0000000000000000" for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")]
    for row in rows:
        true(row in text, f"{row} is not in {text}")
    groups = next(line for line in text.splitlines() if line.startswith("Groups:"))
    equal(groups.split()[1:], [])
    equal({os.readlink(f"/proc/{removal}/fd/{fd}") for fd in os.listdir(f"/proc/{removal}/fd")}, {keeper.home + "/user"})
    keeper.end(signal.SIGKILL)
    wait_for("its end", lambda: not alive(removal))
