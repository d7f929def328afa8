"""Arguments, the run directory, the lock, readiness."""

import time

import harness
from harness import *


def test_misuse_is_named_and_exits_100():
    rows = [
        (["--nonsense"], "--nonsense"),
        (["serve"], "serve"),
        (["--conf", "/x"], "--conf"),
        (["--config"], "--config"),
        (["--config="], "--config"),
        (["--config", "relative.yaml"], "absolute"),
        (["--run-dir", "run"], "absolute"),
        (["--seatd-socket", "seatd.sock"], "absolute"),
        (["--login-socket", "login.sock"], "absolute"),
        (["--node", "node"], "absolute"),
        (["--daemon", "x.cjs"], "absolute"),
        (["--run-dir", "/a", "--run-dir", "/b"], "twice"),
        (["--run-dir", "/" + "a" * 80], "too long"),
        (["--version", "--help"], "only one"),
        (["--ready-fd", "3", "--ready-fd", "3"], "twice"),
        *[(["--ready-fd", text], "--ready-fd") for text in
            ["", "x", "-1", "+3", "03", "3x", " 3", "0x3", "2", "99999999999999999999"]],
        (["--ready-fd", "77"], "not open for writing"),
    ]
    for arguments, words in rows:
        code, out, lines = run(*arguments)
        equal(code, 100, f"{arguments}: {lines}")
        equal(out, "", arguments)
        true(words in lines and lines.startswith("sessionmand: ") and lines.count("\n") == 1, f"{arguments}: {lines}")


def test_a_readiness_descriptor_that_cannot_be_written_is_misuse():
    read_end, write_end = os.pipe()
    code, _, lines = run("--ready-fd", str(read_end), pass_fds=[read_end])
    os.close(read_end)
    os.close(write_end)
    equal(code, 100, lines)


def test_only_root_starts_it():
    code, _, lines = run("--run-dir", f"{harness.TOP}/nobody", user=65534, cwd="/")
    equal(code, 100, lines)
    true("root" in lines, lines)


def test_help_and_version():
    code, out, _ = run("--help")
    true(code == 0 and "--ready-fd N" in out, out)
    code, out, _ = run("--version")
    true(code == 0 and out.startswith("sessionmand 0."), out)
    with open("/dev/full", "w") as full:
        done = subprocess.run([harness.SESSIONMAND, "--help"], stdout=full)
    equal(done.returncode, 111, "--help on a full device")


def test_check_config_is_the_daemon_s_own_answer():
    home = tempfile.mkdtemp(dir=harness.TOP)
    with open(f"{home}/bundle", "w") as bundle:
        bundle.write("say(arguments=sys.argv[1:], environment=dict(os.environ))\nsys.exit(7)\n")
    code, out, _ = run(
        "--check-config", "--config", "some.yaml", "--node", harness.NODE, "--daemon", f"{home}/bundle",
        env={"NODE_OPTIONS": "--require=/evil", "PATH": "/evil"},
    )
    equal(code, 7, out)
    equal(json.loads(out)["arguments"], ["--check-config", "--config", "some.yaml"])
    equal(json.loads(out)["environment"]["PATH"], "/usr/sbin:/usr/bin:/sbin:/bin")


def test_missing_programs_are_named():
    for option in ("--node", "--daemon"):
        arguments = {"--node": harness.NODE, "--daemon": harness.NODE, option: "/nonexistent"}
        words = [word for pair in arguments.items() for word in pair]
        code, _, lines = run("--run-dir", f"{harness.TOP}/none", *words)
        true(code == 111 and "/nonexistent: No such file" in lines, lines)
    true(not os.path.exists(f"{harness.TOP}/none"), "nothing was made")


def refused_run_dir(path):
    code, _, lines = run("--run-dir", path, "--node", harness.NODE, "--daemon", harness.NODE)
    equal(code, 111, lines)
    true(path.rstrip("/") in lines, lines)


def test_a_run_directory_that_others_made_is_refused():
    home = tempfile.mkdtemp(dir=harness.TOP)
    os.mkdir(f"{home}/target")
    os.symlink("target", f"{home}/link")
    refused_run_dir(f"{home}/link")
    refused_run_dir(f"{home}/link/")
    refused_run_dir(f"{home}/link//")
    with open(f"{home}/file", "w"):
        refused_run_dir(f"{home}/file")
    os.mkfifo(f"{home}/fifo")
    refused_run_dir(f"{home}/fifo")
    os.mkdir(f"{home}/alien")
    os.chown(f"{home}/alien", 1000, 1000)
    refused_run_dir(f"{home}/alien")
    os.mkdir(f"{home}/open")
    os.chmod(f"{home}/open", 0o775)
    refused_run_dir(f"{home}/open")
    refused_run_dir(f"{home}/absent/run")
    equal(os.listdir(f"{home}/target"), [])


def test_a_lock_file_that_others_made_is_refused():
    home = tempfile.mkdtemp(dir=harness.TOP)
    canary = f"{home}/canary"
    for make in (
        lambda lock: os.symlink(canary, lock),
        lambda lock: os.link(canary, lock),
        lambda lock: os.mkfifo(lock),
        lambda lock: os.mkdir(lock),
    ):
        with open(canary, "w") as file:
            file.write("unharmed")
        os.mkdir(f"{home}/run")
        make(f"{home}/run/lock")
        code, _, lines = run("--run-dir", f"{home}/run", "--node", harness.NODE, "--daemon", harness.NODE)
        true(code == 111 and "lock" in lines, lines)
        equal(read(canary), "unharmed")
        subprocess.run(["rm", "-r", f"{home}/run"], check=True)


def test_a_user_cannot_hold_the_lock():
    keeper = Keeper()
    done = subprocess.run(["flock", "-n", f"{keeper.run_dir}/lock", "true"], user=1000, cwd="/", capture_output=True)
    true(b"Permission denied" in done.stderr, done.stderr)


@waits
def test_a_second_instance_names_the_first_and_disturbs_nothing():
    keeper = Keeper()
    before = [os.lstat(f"{keeper.run_dir}/{name}").st_ino for name in ("pam.sock", "control.sock")]
    started = time.monotonic()
    code, _, lines = run("--run-dir", keeper.run_dir, "--node", harness.NODE, "--daemon", keeper.bundle)
    took = time.monotonic() - started
    equal(code, 100, lines)
    true(f"pid {keeper.pid}:" in lines, lines)
    true(1.9 <= took <= 5, f"it took {took:.2f} s")
    after = [os.lstat(f"{keeper.run_dir}/{name}").st_ino for name in ("pam.sock", "control.sock")]
    equal(after, before, "the sockets")
    true(keeper.greeting().startswith(b"hello"), "the first still serves")


def test_readiness_is_one_newline_when_the_daemon_says_so():
    go = "while not os.path.exists(sys.argv[0] + '.go'): time.sleep(0.01)\n"
    keeper = Keeper("say(up=1)\n" + go + "say(now=1)\nready()\nready()\nanswer_clients()\n", ready=False)
    keeper.word("up")
    true(keeper.ready_bytes() is None, "not ready at once")
    with open(f"{keeper.bundle}.go", "w"):
        pass
    bytes_ = wait_for("readiness", keeper.ready_bytes)
    equal(bytes_, b"\n")
    true(keeper.words() == [{"up": 1}, {"now": 1}], "only when the daemon is ready")
    wait_for("the end of the pipe", lambda: keeper.ready_bytes() == b"")
    equal(keeper.lines(), "")
    os.kill(keeper.daemon(), signal.SIGKILL)
    wait_for("a second daemon's words", lambda: len(keeper.words()) == 4)
    true(keeper.greeting().startswith(b"hello"), "it serves without a readiness descriptor")


def test_it_starts_with_closed_standard_descriptors():
    keeper = Keeper(
        "with open(sys.argv[0] + '.fds', 'w') as file: json.dump(descriptors, file)\n" + SERVE,
        stdout=None, stderr=None, stdin=None, preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)],
    )
    found = json.loads(read(f"{keeper.bundle}.fds"))
    equal([found[fd] for fd in "012"], ["/dev/null"] * 3)
    true(keeper.greeting().startswith(b"hello"), "served")


def test_an_installed_node_that_others_can_change_is_not_run():
    _, out, _ = run("--help")
    node = out.split("the Node that runs it (")[1].split(")")[0]
    target = os.path.realpath(node)
    home = tempfile.mkdtemp(dir=harness.TOP)
    for mode, uid in ((0o757, 0), (0o755, 1000)):
        with open(f"{home}/node", "w"):
            pass
        os.chmod(f"{home}/node", mode)
        os.chown(f"{home}/node", uid, uid)
        # Only this test's mount namespace sees it.
        subprocess.run(["mount", "--bind", f"{home}/node", target], check=True)
        code, _, lines = run("--run-dir", f"{home}/run", "--daemon", harness.NODE)
        subprocess.run(["umount", target], check=True)
        equal(code, 111, lines)
        true(f"{node} is not run as root: {target}" in lines, lines)
