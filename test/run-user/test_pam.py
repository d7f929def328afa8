"""The PAM session: opened once, closed once, whatever happens between; refusals and modules that hang."""

import contextlib

import harness
from harness import *

PERMIT = "auth required pam_permit.so\nsession required pam_permit.so\n"
OPEN_AND_CLOSE = ["open_session alice sessionman-user tty=", "close_session alice sessionman-user tty="]


def pam_notes(text=""):
    write("/tmp/note", "#!/bin/sh\necho $PAM_TYPE $PAM_USER $PAM_SERVICE tty=$PAM_TTY >>/tmp/pam-notes\n" + text, 0o755)
    write("/tmp/pam-notes", "")
    pam(PERMIT + "session required pam_exec.so /tmp/note\n")


def notes():
    return read("/tmp/pam-notes").splitlines()


def test_the_session_is_opened_once_and_closed_once():
    pam_notes()
    run = Run(User())
    run.running()
    equal(notes(), OPEN_AND_CLOSE[:1])
    run.daemon.send("graphical", "start")
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")
    equal(notes(), OPEN_AND_CLOSE)


def test_it_is_closed_whatever_the_manager_s_end_is():
    for script in ("exit 1\n", "kill -9 $$\n", "exit 0\n", 'yes >"$2"\n'):
        pam_notes()
        run = Run(User(), run=script)
        run.ended()
        equal(notes(), OPEN_AND_CLOSE, script)
    pam_notes()
    run = Run(User(), backend="/nonexistent")
    run.ended()
    equal(notes(), OPEN_AND_CLOSE, "a backend that is not there")


def test_it_is_closed_before_the_end_is_told():
    pam_notes("[ $PAM_TYPE = open_session ] || sleep 0.3\n")
    run = Run(User(), run="exit 2\n")
    equal(run.ended(), "exit code 2")
    equal(notes(), OPEN_AND_CLOSE)


def refused(how, exit_code=111):
    user = User()
    run = Run(user)
    equal(run.daemon.hear_until("ended"), ["ended", how])
    equal(run.daemon.hear(), [])
    equal(run.wait(), exit_code)
    equal(os.path.exists(f"{user.home}/dump-run"), False, "nothing was started")
    equal(os.path.exists(user.fifo), False, "the FIFO is gone")
    return run


def test_pam_refuses():
    pam("auth required pam_permit.so\nsession required pam_deny.so\n")
    refused("cannot open a PAM session for alice: Cannot make/remove an entry for the specified session")
    pam("auth required pam_permit.so\nsession required pam_nonexistent.so\n")
    refused("cannot open a PAM session for alice: Module is unknown")
    write("/tmp/note", "#!/bin/sh\nexit 1\n", 0o755)
    pam("auth required pam_permit.so\nsession required pam_exec.so /tmp/note\n")
    refused("cannot open a PAM session for alice: System error")


def test_a_refused_session_is_not_closed_but_ended():
    pam_notes()
    write(harness.PAM_SERVICE, read(harness.PAM_SERVICE) + "session required pam_deny.so\n")
    refused("cannot open a PAM session for alice: Cannot make/remove an entry for the specified session")
    equal(notes(), OPEN_AND_CLOSE[:1])


def test_without_the_service_the_system_s_other_decides():
    os.unlink(harness.PAM_SERVICE)
    write("/etc/pam.d/other.aside", read("/etc/pam.d/other"))
    try:
        write("/etc/pam.d/other", "".join(f"{kind} required pam_deny.so\n" for kind in ("auth", "account", "session", "password")))
        refused("cannot open a PAM session for alice: Cannot make/remove an entry for the specified session")
    finally:
        os.rename("/etc/pam.d/other.aside", "/etc/pam.d/other")


def test_a_stack_without_credentials_is_noted_only():
    pam("auth required pam_deny.so\nsession required pam_permit.so\n")
    run = Run(User())
    run.running()
    true("sessionman-run: no PAM credentials: " in run.log(), run.log())


def test_nobody_can_log_in_by_the_service():
    done = subprocess.run(["pamtester", "sessionman-user", "alice", "authenticate"], input="secret\n", capture_output=True, text=True)
    true(done.returncode != 0 and "successfully" not in done.stdout, done.stdout + done.stderr)
    done = subprocess.run(["pamtester", "sessionman-user", "alice", "setcred(PAM_ESTABLISH_CRED)", "open_session", "close_session"], capture_output=True, text=True)
    equal(done.returncode, 0, done.stdout + done.stderr)


def test_absent_modules_do_no_harm():
    present = read("/etc/pam.d/sessionman-user")
    for name in ("pam_env", "pam_keyinit", "pam_umask", "pam_limits"):
        true(f"{name}.so" in present, name)
        present = present.replace(f"{name}.so", f"{name}_absent.so")
    pam(present)
    run = Run(User())
    run.running()
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


def test_the_installed_service_sets_what_it_says():
    write("/etc/security/limits.conf", "alice hard nofile 512\n")
    write("/etc/security/pam_env.conf", "COLOUR DEFAULT=blue\n")
    write("/etc/login.defs", read("/etc/login.defs") + "\nUMASK 027\n")
    write("/etc/environment", "SHADE=dark\n")
    user = User()
    run = Run(user)
    run.running()
    write("/etc/environment", "")
    variables = user.dump("ready", "environ").split("\0")
    true("COLOUR=blue" in variables and "SHADE=dark" in variables, variables)
    true("Max open files            512                  512" in user.dump("run", "limits"), user.dump("run", "limits"))


def test_what_modules_say_is_in_the_user_s_log():
    write("/tmp/note", "#!/bin/sh\necho from a module\n", 0o755)
    pam(PERMIT + "session optional pam_echo.so welcome\nsession optional pam_exec.so stdout /tmp/note\n")
    run = Run(User())
    run.running()
    equal(run.log(), "sessionman-run: PAM: from a module\n", "but no greetings")


def test_the_session_has_a_keyring_of_its_own():
    user = User()
    run = Run(user, run="cat /proc/keys >\"$HOME/keys\"\n" + MANAGER)
    run.running()
    if not os.path.exists("/proc/keys"):
        return "SKIP: no keyrings in this kernel"
    keyrings = [line.split() for line in read(f"{user.home}/keys").splitlines() if " keyring " in line]
    true(any(row[5] == "1000" and "_ses" in row[-2] + row[-1] for row in keyrings), keyrings)


def test_other_users_and_ids_are_refused():
    for change, how in (
        ({"user": "nobody-at-all"}, "cannot find nobody-at-all in the user database: No such file or directory"),
        ({"user": "bob"}, "bob is uid 1001, not 1000"),
        ({"uid": 4242}, "alice is uid 1000, not 4242"),
    ):
        run = Run(User(), words=change)
        equal(run.ended(), how)
        equal(run.wait(), 111)


def test_groups_and_files_that_are_missing():
    run = Run(User(), words={"group": "/sys/fs/cgroup/nothing"})
    equal(run.ended(), "cannot open the control group /sys/fs/cgroup/nothing/init.scope: No such file or directory")
    run = Run(User(), words={"ready": "/nonexistent/ready"})
    equal(run.ended(), "cannot make /nonexistent/ready: No such file or directory")
    run = Run(User(), words={"log": "/nonexistent/log"})
    run.running()


def test_root_has_a_manager_like_others():
    root = User("root")
    run = Run(root)
    run.running()
    status = dict(line.split(":\t", 1) for line in root.dump("run", "status").splitlines() if ":\t" in line)
    equal(status["Uid"], "0\t0\t0\t0")
    equal((status["CapInh"], status["CapAmb"]), ("0" * 16, "0" * 16))
    equal(status["CapEff"], status["CapBnd"])
    run.daemon.send("stop")
    equal(run.ended(), "exit code 0")


def test_signals_while_modules_run():
    """SIGTERM while the session is being opened: it is stopped as soon as it could be started."""
    write("/tmp/note", "#!/bin/sh\ngrep -h Sig /proc/self/status >/tmp/signals\n: >/tmp/opening\nsleep 0.3\n", 0o755)
    pam(PERMIT + "session required pam_exec.so quiet /tmp/note\n")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        if os.path.exists("/tmp/opening"):
            os.unlink("/tmp/opening")
        run = Run(User())
        wait_for("the module", lambda: os.path.exists("/tmp/opening"))
        os.kill(run.pid, number)
        if number == signal.SIGTERM:
            true(run.ended() in ("exit code 0", "signal 15"), "stopped")
        else:
            run.running()
            run.daemon.send("stop")
            equal(run.ended(), "exit code 0")
    signals = dict(line.split(":\t") for line in read("/tmp/signals").splitlines())
    equal((signals["SigBlk"], signals["SigIgn"]), ("0" * 16, "0" * 16), "what a module's program inherits")


def test_a_session_that_does_not_open_is_given_up():
    """After 90 seconds; here the timer's signal comes earlier."""
    write("/tmp/note", "#!/bin/sh\n: >/tmp/opening\nexec sleep 1000\n", 0o755)
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/tmp/opening")
    pam(PERMIT + "session required pam_exec.so quiet /tmp/note\n")
    user = User()
    run = Run(user)
    wait_for("the module", lambda: os.path.exists("/tmp/opening"))
    os.kill(run.pid, signal.SIGALRM)
    equal(run.ended(), "cannot open a PAM session for alice: a module took longer than 90 s")
    equal(run.wait(), 111)
    true(not os.path.exists(user.fifo), "the FIFO is gone")
