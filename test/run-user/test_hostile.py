"""Backends and users that do not keep to the rules harm themselves at most."""

import harness
from harness import *

FOREVER = "while :; do sleep 1000 & wait; done\n"


@without_cgroup
def test_a_backend_that_exits_at_once():
    for script, how in (("exit 3\n", "exit code 3"), ("exit 0\n", "exit code 0"), ("kill -9 $$\n", "signal 9")):
        run = Run(User(), run=script)
        equal(run.ended(), how)
        equal(run.wait(), 0)
        true(not os.path.exists(run.user.fifo), "the FIFO is gone")


def starts_a_long_sleep():
    """A script that leaves a process behind that nobody waits for, in a session of its own."""
    return '(setsid sh -c \'(sleep 1000 & echo $! >"$HOME/left"); exec sleep 1001\' &)\nwhile [ ! -s "$HOME/left" ]; do sleep 0.01; done\n'


def left_behind(user):
    wait_for("the pid", lambda: os.path.exists(f"{user.home}/left") and read(f"{user.home}/left").strip())
    return int(read(f"{user.home}/left"))


@without_cgroup
def test_a_backend_that_forks_away():
    user = User()
    run = Run(user, run=starts_a_long_sleep() + "exit 0\n")
    equal(run.ended(), "exit code 0")
    left = left_behind(user)
    if harness.CGROUP:
        true(alive(left), "with a control group, it is the daemon's")
        true(str(left) in read(f"{user.group}/init.scope/cgroup.procs").split(), "in the group")
        user.clear_group()
    equal(processes_of(user.uid), [])


@without_cgroup
def test_orphans_are_reaped():
    user = User()
    run = Run(user, run='for n in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.01 & exit 0); done\n' + MANAGER)
    run.running()
    wait_for("no zombies", lambda: not zombies_of(run.pid) and len(children(run.pid)) == 1)
    run.daemon.send("stop")
    run.ended()


def children(pid):
    return [int(word) for word in read(f"/proc/{pid}/task/{pid}/children").split()]


def zombies_of(pid):
    return [child for child in children(pid) if not alive(child)]


def all_are_gone(user):
    """At the end where sessionman-run sees to it, a moment later where the kernel does."""
    if harness.CGROUP:
        wait_for("the end of all", lambda: not processes_of(user.uid))
    equal(processes_of(user.uid), [])


@without_cgroup
def test_a_manager_deaf_to_everything_but_kill():
    user = User()
    run = Run(user, run="trap '' TERM HUP INT\n" + starts_a_long_sleep() + READY.format("x") + FOREVER)
    run.running()
    left = left_behind(user)
    run.daemon.send("stop")
    wait_for("stop has run", lambda: os.path.exists(f"{user.home}/dump-stop/argv"))
    run.daemon.send("term")
    time.sleep(0.2)
    true(alive(run.manager) and alive(left), "TERM does not help")
    run.daemon.send("kill")
    equal(run.ended(), "signal 9")
    all_are_gone(user)


@without_cgroup
def test_kill_reaches_a_tree_that_grows():
    user = User()
    bomb = 'b() { [ $1 -gt 0 ] || exec sleep 1000; b $(($1 - 1)) & setsid sh "$HOME/more" $(($1 - 1)) & wait; }\nb ${1:-7}\n'
    user.script("more", bomb)
    run = Run(user, run=READY.format("x") + '(trap "" TERM HUP; sh "$HOME/more" 6) &\n' + FOREVER)
    run.running()
    wait_for("a crowd", lambda: len(processes_of(user.uid)) > 40)
    began = time.monotonic()
    run.daemon.send("kill")
    equal(run.ended(), "signal 9")
    all_are_gone(user)
    return f"{(time.monotonic() - began) * 1000:.0f} ms"


def test_readiness_data():
    """What is written, and what the backend's ready is given; None: the manager has failed."""
    rows = [
        ("printf ''", ""), ("printf 'x'", "x"), ("printf 'x\\n'", "x"), ("printf 'x\\n\\n'", "x\n"), ("printf '\\n'", ""),
        ("printf 'one\\000two'", "one"), ("printf '\\000'", ""), ("printf 'a\\n\\000'", "a"),
        ("printf '%04095d' 0", "0" * 4095), ("printf '%04096d' 0", "0" * 4096), ("printf '%04096d\\000' 0", "0" * 4096),
        ("printf '%04097d' 0", None), ("yes", None), ("cat /dev/urandom | tr -d '\\000'", None),
        ("printf '%s' '$(touch /tmp/harm); `id` \"&|> -rf *'", '$(touch /tmp/harm); `id` "&|> -rf *'),
        ("printf '\\377\\001\\033[31m'", "\udcff\x01\x1b[31m"),
        ("{ printf 'in '; sleep 0.05; printf 'parts'; }", "in parts"),
    ]
    for command, expected in rows:
        user = User()
        run = Run(user, run=manager(f"{command} >\"$2\""))
        if expected is None:
            equal(run.ended(), "4096 bytes of readiness data and no end", command)
            user.clear_group()
            continue
        run.running()
        equal(user.dump("ready", "argv"), f"ready\0{expected}\0", command)
        true(not os.path.exists(user.fifo), "the FIFO has served")
        run.daemon.send("stop")
        equal(run.ended(), "exit code 0", command)
    true(not os.path.exists("/tmp/harm"), "never through a shell")


def test_the_first_writer_s_end_is_the_end_of_the_data():
    """A manager that keeps the FIFO open is not ready until it writes NUL."""
    user = User()
    run = Run(user, run=manager("exec 9<>\"$2\"\nprintf 'socket' >&9\nsleep 0.2\nprintf '\\000' >&9"))
    equal(run.daemon.hear()[0], "starting")
    equal(run.daemon.hear()[0], "ready")
    run.running()
    equal(user.dump("ready", "argv"), "ready\0socket\0")


def test_a_user_cannot_put_another_file_in_the_fifo_s_place():
    user = User()
    attempt = 'for try in "rm -f $2" "mv $2 $2.old" "ln -sf /etc/shadow $2" "mkfifo ${2%/*}/other" "sh -c \\": >${2%/*}/file\\""; do $try 2>/dev/null && echo "done: $try"; done\n'
    run = Run(user, run=attempt + "ls -l \"$2\"\nchmod 0 \"$2\"; chmod 0600 \"$2\"\n" + MANAGER)
    run.running()
    true("done:" not in run.log(), run.log())
    true("prw------- 1 alice alice 0" in run.log(), run.log())
    equal(sorted(files_of(user)), ["1000.log", "1000.sock"])


def files_of(user):
    return [name for name in os.listdir(MANAGERS) if name.startswith(f"{user.uid}.")]


def test_the_files_are_root_s_alone():
    user = User()
    before = os.umask(0)
    run = Run(user, run='exec 3<>"$2"\n' + FOREVER)
    os.umask(before)
    equal(run.daemon.hear()[0], "starting")
    modes = {name: (oct(st.st_mode), st.st_uid) for name in files_of(user) for st in [os.lstat(f"{MANAGERS}/{name}")]}
    equal(modes, {"1000.log": ("0o100600", 0), "1000.sock": ("0o140600", 0), "1000.ready": ("0o10600", 1000)})


def test_old_files_in_the_way():
    user = User()
    write("/tmp/canary", "unharmed")
    os.symlink("/tmp/canary", user.fifo)
    os.symlink("/tmp/canary", user.log)
    run = Run(user)
    run.running()
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")
    equal(read("/tmp/canary"), "unharmed")


def test_a_flood_of_output_is_bounded_and_delays_nothing():
    user = User()
    run = Run(user, run='yes "flood of output" &\nyes flood >&2 &\n' + MANAGER, ready="echo marker\n")
    run.running()
    wait_for("a full log", lambda: os.path.exists(f"{user.log}.1"))
    cpu = time.process_time()
    begin = ticks(run.pid)
    time.sleep(0.5)
    used = (ticks(run.pid) - begin) / os.sysconf("SC_CLK_TCK") / 0.5
    for _ in range(20):
        size = os.path.getsize(user.log), os.path.getsize(f"{user.log}.1")
        true(max(size) <= 32768, size)
    true(oct(os.stat(f"{user.log}.1").st_mode) == "0o100600", "mode of the old one")
    began = time.monotonic()
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")
    took = time.monotonic() - began
    true(took < 1, f"stop took {took}")
    true(used < 0.3, f"{used * 100:.0f} % of a processor")
    true(cpu >= 0, "")
    return f"{used * 100:.0f} % of a processor, stopped in {took * 1000:.0f} ms"


def ticks(pid):
    words = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return int(words[11]) + int(words[12])


def test_the_log_continues_where_it_was_turned():
    user = User()
    run = Run(user, run="seq -f 'line %06g' 1 3500\n" + MANAGER)
    run.running()
    text = "".join(f"line {number:06}\n" for number in range(1, 3501))
    wait_for("all of it", lambda: (read(f"{user.log}.1") + read(user.log)).endswith("line 003500\n"))
    equal(read(f"{user.log}.1") + read(user.log), text)
    equal(os.path.getsize(f"{user.log}.1"), 32768)


def test_a_log_that_cannot_be_turned_is_bounded_all_the_same():
    user = User()
    os.mkdir(f"{user.log}.1")
    try:
        run = Run(user, run="seq 1 20000\n" + MANAGER)
        run.running()
        equal(os.path.getsize(user.log), 32768)
    finally:
        os.rmdir(f"{user.log}.1")


def test_the_last_words_are_in_the_log():
    for _ in range(5):
        run = Run(User(), run="echo first; echo last words >&2; exit 7\n")
        equal(run.ended(), "exit code 7")
        equal(run.log(), "first\nlast words\n")


def test_dev_stderr_can_be_opened():
    run = Run(User(), run="echo by name >/dev/stderr; echo out >/dev/stdout; exit 7\n")
    equal(run.ended(), "exit code 7")
    equal(run.log(), "by name\nout\n")


def test_a_full_disk_loses_the_log_and_nothing_else():
    user = User()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=755", "small", MANAGERS], check=True)
    try:
        write(f"{MANAGERS}/filler", "x" * 4096)
        run = Run(user, run="seq 1 20000\n" + MANAGER)
        run.running()
        run.daemon.send("stop")
        equal(run.ended(), "exit code 0")
    finally:
        subprocess.run(["umount", "-l", MANAGERS], check=True)


def test_an_init_scope_that_its_user_has_made_useless():
    """Where an action cannot be started in it, stop becomes a signal."""
    user = User()
    user_moves = (
        'mkdir "$G/own" && echo 0 >"$G/own/cgroup.procs"\n'
        'until rmdir "$G/init.scope" 2>/dev/null; do sleep 0.01; done\necho moved\n'
    ).replace("$G", user.group)
    run = Run(user, run=READY.format("x") + user_moves + "while :; do sleep 1000 & wait; done\n")
    equal(run.daemon.hear_until("running")[2], "")
    wait_for("it has moved", lambda: "moved" in run.log())
    run.daemon.send("graphical", "start")
    wait_for("the action's end", lambda: "graphical: " in run.log())
    true(f"graphical: cannot enter init.scope of the control group {user.group}: " in run.log(), run.log())
    run.daemon.send("stop")
    equal(run.ended(), "signal 15")


def test_a_deep_state_directory():
    user = User()
    deep = "python3 -c \"\nimport os, sys\nos.chdir(sys.argv[1])\nfor _ in range(5000):\n os.mkdir('d')\n os.chdir('d')\n\" \"$3\"\n"
    run = Run(user, run=deep + "exit 0\n")
    equal(run.ended(), "exit code 0")
    equal(os.listdir(f"{user.runtime}/sessionman"), [])


def test_a_state_directory_that_leads_elsewhere():
    user = User()
    os.mkdir("/tmp/elsewhere", 0o700)
    write("/tmp/elsewhere/precious", "unharmed")
    run = Run(user, run='rmdir "$3"; mv "${3%/*}" "${3%/*}.old"; ln -s /tmp/elsewhere "${3%/*}"; ln -s /etc "$3" 2>/dev/null\nexit 0\n')
    equal(run.ended(), "exit code 0")
    equal(os.listdir("/tmp/elsewhere"), ["precious"])
    user.furnish()
    os.symlink("/tmp/elsewhere", f"{user.runtime}/sessionman")
    run = Run(user)
    true(run.ended().endswith("Permission denied"), "made as the user")
    equal(os.listdir("/tmp/elsewhere"), ["precious"])
