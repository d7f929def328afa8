"""Real login programs through their own PAM stacks."""

import contextlib
import os
import re
import signal
import subprocess

from basics import alive, cgroup_of, check, equal, poll, read, Skip
from control_socket import gone, nobody, session, sessions, users
from machine import daemon
from terminal import expect, on_terminal, pseudo_terminal

# A login shell that shows what it got and stays until its user's ~/leave is written to.
PROFILE = """
umask 077
env >"$HOME/out.env"
cut -d: -f3 /proc/self/cgroup | tail -n 1 >"$HOME/out.cgroup"
mkfifo "$HOME/out.leave"
echo $$ >"$HOME/out.pid.new" && mv "$HOME/out.pid.new" "$HOME/out.pid"
read -r line <"$HOME/out.leave"
exit 0
"""


def profile(user):
    path = f"/home/{user}/.profile"
    with open(path, "w", encoding="utf-8") as file:
        file.write(PROFILE)


def shell(user):
    """Waits for the user's login shell: (pid, environment, cgroup)."""
    pid = int(poll(f"the shell of {user}", lambda: read(f"/home/{user}/out.pid"), 15))
    lines = read(f"/home/{user}/out.env").splitlines()
    env = dict(line.split("=", 1) for line in lines if "=" in line)
    return pid, env, read(f"/home/{user}/out.cgroup").strip()


def leave(user):
    with open(f"/home/{user}/out.leave", "w", encoding="utf-8") as file:
        file.write("\n")


def only_session():
    found = list(sessions().values())
    equal(len(found), 1, f"number of sessions: {found}")
    return found[0]


def test_login_on_a_virtual_terminal():
    if not os.path.exists("/dev/tty20"):
        raise Skip("this machine has no virtual terminals")
    profile("alice")
    program = on_terminal("/dev/tty20", ["login", "-f", "alice"])
    pid, env, cgroup = shell("alice")
    found = only_session()
    equal((found["seat"], found["vtnr"], found["tty"]), ("seat0", 20, "tty20"), "seat, vt, tty")
    equal((found["type"], found["class"], found["service"]), ("tty", "user", "login"), "type, class, service")
    equal(found["leader"], program, "the leader is the login program")
    foreground = read("/sys/class/tty/tty0/active").strip()
    equal(found["state"], "active" if foreground == "tty20" else "online", f"state while {foreground} is shown")
    equal((env["XDG_SEAT"], env["XDG_VTNR"], env["XDG_SESSION_ID"]), ("seat0", "20", found["id"]), "environment")
    equal(cgroup, f"/user.slice/user-1000.slice/session-{found['id']}.scope", "cgroup of the shell")
    check(cgroup_of(pid) == cgroup and alive(pid), "the shell is there")
    leave("alice")
    os.waitpid(program, 0)
    nobody()


def test_one_session_per_virtual_terminal():
    if not os.path.exists("/dev/tty21"):
        raise Skip("this machine has no virtual terminals")
    for user in ("alice", "bob"):
        profile(user)
    on_terminal("/dev/tty21", ["login", "-f", "alice"])
    shell("alice")
    on_terminal("/dev/tty21", ["login", "-f", "bob"])
    _, env, _ = shell("bob")
    check("XDG_SESSION_ID" not in env, f"bob's login goes on without a session: {env}")
    equal(only_session()["user"], "alice", "who has the terminal")


def test_kill_of_login_on_a_virtual_terminal():
    if not os.path.exists("/dev/tty22"):
        raise Skip("this machine has no virtual terminals")
    profile("alice")
    program = on_terminal("/dev/tty22", ["login", "-f", "alice"])
    pid, _, _ = shell("alice")
    identifier = only_session()["id"]
    os.kill(program, signal.SIGKILL)
    os.waitpid(program, 0)
    poll("the session ends", lambda: (session(identifier) or {"state": "closing"})["state"] == "closing")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    gone(identifier)


def test_su_login_shell():
    profile("bob")
    with pseudo_terminal(["su", "-l", "bob"]) as (program, _):
        _, env, cgroup = shell("bob")
        found = only_session()
        equal((found["user"], found["service"], found["remote"], found["seat"]), ("bob", "su-l", False, None), "session")
        check(re.fullmatch(r"pts/\d+", found["tty"]), f"tty {found['tty']}")
        equal(env["XDG_RUNTIME_DIR"], "/run/user/1001", "XDG_RUNTIME_DIR")
        equal(cgroup, f"/user.slice/user-1001.slice/session-{found['id']}.scope", "cgroup of the shell")
        leave("bob")
        os.waitpid(program, 0)
        nobody()


def test_su_command():
    done = subprocess.run(["su", "carol", "-c", "env"], capture_output=True, text=True, timeout=20, check=True)
    check(re.search(r"^XDG_SESSION_ID=\d+$", done.stdout, re.M), f"XDG_SESSION_ID in {done.stdout}")
    check("XDG_RUNTIME_DIR=/run/user/1002\n" in done.stdout, f"XDG_RUNTIME_DIR in {done.stdout}")
    nobody()


def test_sudo():
    command = ["sudo", "-u", "bob", "sh", "-c", "env; cat /proc/self/cgroup; ls -d $XDG_RUNTIME_DIR"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    check("XDG_RUNTIME_DIR=/run/user/1001\n" in done.stdout, f"XDG_RUNTIME_DIR in {done.stdout}")
    check("0::/user.slice/user-1001.slice/session-" in done.stdout, f"the scope in {done.stdout}")
    nobody()


def test_sshd():
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/run/sshd.pid")
    server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e"], stderr=subprocess.PIPE, text=True)
    poll("sshd listens", lambda: os.path.exists("/run/sshd.pid"))
    options = ["-p", "2222", "-i", "/etc/sandbox/ssh_key", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
    profile("alice")
    client = subprocess.Popen(
        ["ssh", *options, "-tt", "alice@127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    pid, env, cgroup = shell("alice")
    found = only_session()
    equal((found["remote"], found["remoteHost"], found["seat"]), (True, "127.0.0.1", None), "remote, host, seat")
    equal((found["type"], found["class"], found["service"]), ("tty", "user", "sshd"), "type, class, service")
    equal(env["XDG_SESSION_ID"], found["id"], "XDG_SESSION_ID")
    check("XDG_SEAT" not in env, "no XDG_SEAT")
    equal(cgroup, f"/user.slice/user-1000.slice/session-{found['id']}.scope", "cgroup of the shell")
    client.kill()
    client.wait()
    poll("the shell ends with its connection", lambda: not alive(pid))
    nobody()
    command = ["ssh", *options, "bob@127.0.0.1", "env"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    check("XDG_RUNTIME_DIR=/run/user/1001\n" in done.stdout, f"XDG_RUNTIME_DIR in {done.stdout}")
    nobody()
    server.terminate()
    server.wait()


def test_sshd_listener_in_a_session_of_root():
    """An sshd restarted by hand from a session must not put its users into that session."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/run/sshd.pid")
    with pseudo_terminal(["su", "-l", "root"]) as (_, master):
        os.write(master, b"/usr/sbin/sshd -E /run/sshd.log; echo started $?\n")
        expect(master, r"started 0")
        # It says so before it listens, and writes this after.
        poll("sshd listens", lambda: os.path.exists("/run/sshd.pid"))
        options = ["-p", "2222", "-i", "/etc/sandbox/ssh_key", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
        command = ["ssh", *options, "bob@127.0.0.1", "cat /proc/self/cgroup; env"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        check("0::/user.slice/user-1001.slice/session-" in done.stdout, f"bob's own scope in {done.stdout}")
        check("XDG_RUNTIME_DIR=/run/user/1001\n" in done.stdout, f"XDG_RUNTIME_DIR in {done.stdout}")
    os.kill(int(read("/run/sshd.pid")), signal.SIGTERM)
    nobody()


def test_cron():
    table = "/var/spool/cron/crontabs/alice"
    with open(table, "w", encoding="utf-8") as file:
        file.write("@reboot (env; cat /proc/self/cgroup) >$HOME/out.job; mkfifo $HOME/out.leave; read x <$HOME/out.leave\n")
    os.chmod(table, 0o600)
    os.chown(table, 1000, 0)
    subprocess.run(["rm", "-f", "/run/crond.reboot", "/run/crond.pid"], check=True)
    cron = subprocess.Popen(["cron", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    poll("the job waits", lambda: os.path.exists("/home/alice/out.leave"), 20)
    found = only_session()
    equal((found["class"], found["type"], found["seat"]), ("background", "unspecified", None), "class, type, seat")
    equal((found["service"], found["user"], found["tty"]), ("cron", "alice", ""), "service, user, tty")
    output = read("/home/alice/out.job")
    check("XDG_RUNTIME_DIR=/run/user/1000\n" in output, f"XDG_RUNTIME_DIR in {output}")
    check(f"session-{found['id']}.scope" in output, f"the scope in {output}")
    leave("alice")
    nobody()
    os.unlink(table)
    cron.terminate()
    cron.wait()


def test_pamtester():
    command = ["pamtester", "pamtester-env", "alice", "open_session", "close_session"]
    subprocess.run(command, capture_output=True, timeout=20, check=True)
    environment = read("/run/pam-environment")
    check(re.search(r"^XDG_SESSION_ID=\d+$", environment, re.M), f"XDG_SESSION_ID in {environment}")
    check("XDG_RUNTIME_DIR=/run/user/1000\n" in environment, f"XDG_RUNTIME_DIR in {environment}")
    nobody()


def test_pamtester_waiting_for_a_password():
    """A session between open_session and close_session of a program that is not ours."""
    command = ["pamtester", "-I", "tty=/dev/pts/9", "pamtester-password", "dave"]
    program = subprocess.Popen(
        [*command, "open_session", "authenticate", "close_session"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    found = poll("the session", lambda: [each for each in sessions().values() if each["state"] == "active"] and only_session())
    equal((found["user"], found["tty"], found["leader"]), ("dave", "pts/9", program.pid), "user, tty, leader")
    daemon.kill()
    equal(only_session()["id"], found["id"], "the session after a crash of the daemon")
    output, _ = program.communicate(b"secret\n", timeout=20)
    equal(program.returncode, 0, f"pamtester: {output}")
    nobody()
    equal(users(), {}, "users")
