"""How the daemon is started, and started again, and ended."""

import time
import harness
from harness import *

COUNT_STARTS = "say(started=time.monotonic())\n"


def fields(text):
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def status_of(pid):
    return fields(read(f"/proc/{pid}/status"))


def test_descriptors_of_the_daemon():
    leak = [os.open("/dev/null", os.O_RDONLY) for _ in range(30)]
    leak += [fcntl.fcntl(leak[0], fcntl.F_DUPFD, 200) for _ in range(3)]
    keeper = Keeper("say(fds=descriptors)\n" + SERVE, pass_fds=leak)
    for fd in leak:
        os.close(fd)
    found = {int(fd): what for fd, what in keeper.word("fds").items()}
    equal(sorted(found), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    equal(found[0], "/dev/null")
    equal([os.path.dirname(found[fd]) for fd in (1, 2)], [keeper.home] * 2)
    true(all(found[fd].startswith("socket:") for fd in (3, 4, 5, 7, 8)), found)
    equal(found[6], f"{keeper.run_dir}/lock")
    equal(len(keeper.descriptors()), DESCRIPTORS, keeper.descriptors())


def test_signals_and_rights_of_the_daemon():
    def odd():
        for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])

    code = "say(status=open('/proc/self/status').read(), leader=os.getsid(0) == os.getpid(), cwd=os.getcwd())\n"
    keeper = Keeper(code + SERVE, preexec_fn=odd, restore_signals=False)
    daemon = keeper.daemon()
    status = fields(keeper.word("status"))
    equal(int(status["SigBlk"], 16), 0, "blocked")
    # The interpreter of the stand-in ignores these two itself.
    python = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    equal(int(status["SigIgn"], 16) & ~python, 0, "ignored")
    equal(status["NoNewPrivs"], "0")
    equal(status_of(keeper.pid)["NoNewPrivs"], "0")
    equal(status_of(keeper.pid)["Threads"], "1")
    true(keeper.word("leader"), "a session of its own")
    equal(keeper.word("cwd"), "/")
    os.kill(daemon, signal.SIGKILL)
    wait_for("the next daemon", lambda: len(keeper.words()) == 2)


def may_raise():
    return int(status_of("self")["CapEff"], 16) >> 24 & 1


def limits_with(soft, hard):
    import resource

    code = "import resource\nsay(limits=resource.getrlimit(resource.RLIMIT_NOFILE))\n" + SERVE
    keeper = Keeper(code, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    own = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    files = 1744 if may_raise() else min(1744, hard)
    equal(own, (max(soft, files), max(hard, files)), "the keeper's own")
    return tuple(keeper.word("limits"))


def test_more_files_for_the_daemon_never_fewer():
    raised = may_raise()
    rows = [
        ((1024, 4096), (65536, 65536) if raised else (4096, 4096)),
        ((512, 512), (65536, 65536) if raised else (512, 512)),
    ]
    if raised:
        rows += [((1024, 100000), (65536, 100000)), ((70000, 100000), (70000, 100000))]
    for own, expected in rows:
        equal(limits_with(*own), expected, own)
    return None if raised else "without the hard limit: no CAP_SYS_RESOURCE here"


def test_real_node_takes_the_flags_in_silence_and_a_bare_environment():
    home = tempfile.mkdtemp(dir=harness.TOP)
    code = (
        "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6);"
        "const say = (o) => console.log(JSON.stringify(o));"
        "say({flags: process.execArgv, arguments: process.argv.slice(2), proto: ({}).__proto__ === undefined});"
        "try { new Function('1'); } catch (error) { say({evaluated: error.name}); }"
    )
    environment = {"NODE_OPTIONS": "--require=/evil", "LD_LIBRARY_PATH": "/evil", "HOME": "/root", "PATH": os.environ["PATH"]}
    node = os.path.realpath("/usr/bin/node")
    keeper = Keeper(code, node=node, home=home, ready=False, env=environment, arguments=["--config", "/some.yaml"])
    equal(keeper.word("evaluated"), "EvalError")
    true("--no-opt" in keeper.word("flags"), keeper.words())
    true(keeper.word("proto"), "no __proto__")
    equal(keeper.word("arguments"), ["--config", "/some.yaml", "--run-dir", keeper.run_dir])
    equal(
        sorted(filter(None, read(f"/proc/{keeper.daemon()}/environ").split("\0"))),
        ["LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "UV_THREADPOOL_SIZE=4", "UV_USE_IO_URING=0"],
    )
    equal(keeper.end(), 0)
    equal(keeper.lines(), "sessionmand: the daemon has ended (exit code 0)\n")


@waits
def test_the_delay_doubles_and_each_death_is_one_line():
    keeper = Keeper(COUNT_STARTS + "sys.exit(7)\n", ready=False)
    wait_for("six starts", lambda: len(keeper.words()) >= 6, 10)
    starts = [word["started"] for word in keeper.words()]
    gaps = [later - earlier for earlier, later in zip(starts, starts[1:])]
    for gap, delay in zip(gaps, (0.1, 0.2, 0.4, 0.8, 1.6)):
        true(delay <= gap < delay + 3, f"gaps {gaps}")
    lines = keeper.lines().splitlines()
    equal(lines[:3], [
        f"sessionmand: the daemon has ended (exit code 7); next attempt in {delay} ms" for delay in (100, 200, 400)
    ])
    equal(keeper.end(), 0, "SIGTERM between two attempts")
    return "gaps " + " ".join(f"{gap:.2f}" for gap in gaps)


def test_a_signal_is_named_and_logins_wait_for_the_next_daemon():
    keeper = Keeper()
    first = keeper.daemon()
    keeper.stop()
    os.kill(first, signal.SIGKILL)
    wait_for("its end", lambda: not alive(first))
    # There is no daemon while these clients connect.
    clients = [keeper.client(name) for name in ("pam.sock", "control.sock")]
    os.kill(keeper.pid, signal.SIGCONT)
    for client in clients:
        text = client.recv(100)
        equal(text, b"hello from %d" % keeper.daemon())
        true(text != b"hello from %d" % first, "another daemon")
        client.close()
    true("(signal 9); next attempt in 100 ms" in keeper.lines(), keeper.lines())


def test_restarts_lose_no_descriptor():
    keeper = Keeper(SERVE)
    before = keeper.descriptors()
    for _ in range(4):
        os.kill(keeper.daemon(), signal.SIGKILL)
        keeper.greeting()
    # The last daemon may answer before the keeper has closed what its start needed.
    wait_for("as many as before", lambda: len(keeper.descriptors()) == len(before))


def test_kill_9_of_the_keeper_ends_the_daemon_and_the_next_starts_at_once():
    keeper = Keeper("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE)
    daemon = keeper.daemon()
    keeper.end(signal.SIGKILL)
    started = time.monotonic()
    follower = Keeper(home=keeper.home)
    took = time.monotonic() - started
    true(not alive(daemon), "the daemon ended with its keeper")
    true(took < 1, f"the next keeper was ready after {took:.2f} s")
    for name in ("pam.sock", "control.sock"):
        equal(follower.greeting(name), b"hello from %d" % follower.daemon(), name)
    return f"ready again after {took * 1000:.0f} ms"


def test_a_stopped_daemon_dies_with_its_keeper_too():
    keeper = Keeper()
    daemon = keeper.daemon()
    os.kill(daemon, signal.SIGSTOP)
    keeper.end(signal.SIGKILL)
    Keeper(home=keeper.home)
    true(not alive(daemon), "gone")


def test_the_socket_s_name_is_never_missing_from_keeper_to_keeper():
    keeper = Keeper()
    look = "import os, sys\nwhile True:\n if not os.path.lexists(sys.argv[1]): print('missing', flush=True)\n"
    watcher = subprocess.Popen(["python3", "-c", look, f"{keeper.run_dir}/pam.sock"], stdout=subprocess.PIPE)
    try:
        for _ in range(3):
            keeper.end(signal.SIGKILL)
            keeper = Keeper(home=keeper.home)
    finally:
        watcher.kill()
    equal(watcher.communicate()[0], b"", "looks without a socket")


def ends_with(number):
    code = "signal.signal(signal.SIGTERM, lambda *_: (say(term=1), sys.exit(0)))\n"
    keeper = Keeper(code + SERVE)
    os.mkdir(f"{keeper.run_dir}/sessions")
    daemon = keeper.daemon()
    equal(keeper.end(number), 0)
    equal(keeper.word("term"), 1)
    true(not alive(daemon), "the daemon has ended")
    equal(sorted(os.listdir(keeper.run_dir)), ["lock", "sessions"])
    equal(keeper.lines(), "sessionmand: the daemon has ended (exit code 0)\n")


def test_sigterm_ends_it_and_keeps_the_state():
    ends_with(signal.SIGTERM)


def test_sigint_ends_it_as_well():
    ends_with(signal.SIGINT)


@waits
def test_a_daemon_deaf_to_sigterm_is_killed_after_five_seconds():
    keeper = Keeper("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE)
    started = time.monotonic()
    keeper.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    equal(keeper.end(), 0, "a second SIGTERM changes nothing")
    took = time.monotonic() - started
    true(4.9 <= took < 8, f"it took {took:.1f} s")
    true("does not end: killed" in keeper.lines() and "(signal 9)" in keeper.lines(), keeper.lines())


def test_sighup_reaches_a_ready_daemon_and_waits_for_one_that_starts():
    hear = "signal.signal(signal.SIGHUP, lambda *_: say(hup=time.monotonic()))\n"
    slow = "say(up=1)\ntime.sleep(0.4)\n" + hear + "say(ready=time.monotonic())\n" + SERVE
    keeper = Keeper(slow, ready=False)
    keeper.word("up")
    keeper.process.send_signal(signal.SIGHUP)
    true(keeper.word("hup") >= keeper.word("ready"), "after readiness")
    keeper.process.send_signal(signal.SIGHUP)
    wait_for("the second", lambda: sum("hup" in word for word in keeper.words()) == 2)
    equal(keeper.lines(), "", "nothing ended")


def test_other_signals_change_nothing():
    keeper = Keeper()
    daemon = keeper.daemon()
    # C libraries keep the three after the 31st for themselves.
    ours = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, 32, 33, 34}
    for number in set(range(1, signal.SIGRTMAX + 1)) - ours:
        os.kill(keeper.pid, number)
    equal(keeper.greeting(), b"hello from %d" % daemon)
    equal(keeper.lines(), "")


def test_a_daemon_that_drops_the_channel_is_ended():
    keeper = Keeper("import os.path\nagain = os.path.exists(sys.argv[0] + '.again')\nopen(sys.argv[0] + '.again', 'w').close()\nready()\nif again: answer_clients()\nchannel.close()\ntime.sleep(60)\n")
    wait_for("its end", lambda: "(signal 9)" in keeper.lines())
    true(keeper.greeting().startswith(b"hello"), "the next one serves")


def test_malformed_records_are_named_and_ignored():
    keeper = Keeper(
        "for text in (b'', b'x', b'x' * 2047, b'x' * 2049, b'x' * 5000, RECORD.pack(2, 1, 0, 0, 0, b'/' * 2028)):\n"
        "    channel.send(text)\n"
        "send(99)\nsend(DONE)\n"
        "send(EMPTY_DIRECTORY, 5, 0xffffffff, 0, b'/x')\nsend(EMPTY_DIRECTORY, 6, 0, 0xffffffff, b'/x')\nsend(EMPTY_DIRECTORY, 7, 0, 0, b'x')\n"
        "send(EMPTY_DIRECTORY, 8, 0, 0, b'')\n"
        "say(answers=[RECORD.unpack(channel.recv(RECORD.size))[:3] for _ in range(4)])\n" + SERVE
    )
    equal(keeper.word("answers"), [[3, serial, 22] for serial in (5, 6, 7, 8)])
    lines = keeper.lines()
    equal([lines.count(word) for word in ("malformed", "unknown kind", "refused", "has ended")], [6, 2, 4, 0], lines)


def test_a_log_that_nobody_reads_stops_nothing():
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    keeper = Keeper("ready()\nfor _ in range(100): send(99)\nanswer_clients()\n", stderr=write_end)
    true(keeper.greeting().startswith(b"hello"), "served")
    equal(keeper.end(), 0)
    os.close(read_end)
    os.close(write_end)


def test_orphans_are_reaped():
    keeper = Keeper(
        "child = os.fork()\nif child == 0:\n    if os.fork() == 0: signal.pause()\n    os._exit(0)\n"
        "os.waitpid(child, 0)\n" + SERVE
    )
    daemon = keeper.daemons()[0]
    orphan = wait_for("two children", lambda: [pid for pid in keeper.children() if pid != daemon])[0]
    os.kill(orphan, signal.SIGKILL)
    wait_for("one child", lambda: keeper.children() == [daemon])


def test_memory():
    keeper = Keeper()
    for _ in range(50):
        keeper.greeting()
    rollup = read(f"/proc/{keeper.pid}/smaps_rollup").splitlines()
    pss = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    libraries = {line.split()[-1] for line in read(f"/proc/{keeper.pid}/maps").splitlines() if ".so" in line}
    true(pss <= 1024, f"{pss} KiB")
    true(len(libraries) <= 2, f"the C library and its loader only: {libraries}")
    return f"PSS {pss} KiB"
