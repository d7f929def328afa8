"""su and sudo inside a session: no second session, and nobody gets the caller's runtime directory."""

from basics import check, equal, poll, read
from control_socket import sessions
from login import Login


def environment_of(login, command, uid):
    """Runs a command inside the session; the environment that it wrote."""
    path = f"/run/out.{login.pid}"
    login.spawn(["sh", "-c", f"{command} >{path}.new 2>&1; mv {path}.new {path}"], uid)
    text = poll(f"{command} ends", lambda: read(path), 15)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_su_to_a_user_who_is_not_logged_in():
    login = Login("alice")
    env = environment_of(login, "su bob -c env", 0)
    equal(env["USER"], "bob", "the target")
    equal(env.get("XDG_RUNTIME_DIR", ""), "", "XDG_RUNTIME_DIR")
    equal(env.get("DBUS_SESSION_BUS_ADDRESS", ""), "", "DBUS_SESSION_BUS_ADDRESS")
    equal(set(sessions()), {login.id}, "sessions")


def test_su_to_a_user_who_is_logged_in():
    login, other = Login("alice"), Login("bob")
    env = environment_of(login, "su bob -c env", 0)
    equal(env["XDG_RUNTIME_DIR"], "/run/user/1001", "XDG_RUNTIME_DIR")
    equal(set(sessions()), {login.id, other.id}, "sessions")


def test_su_to_the_same_user():
    login = Login("alice")
    env = environment_of(login, "su alice -c env", 0)
    equal(env["XDG_RUNTIME_DIR"], "/run/user/1000", "XDG_RUNTIME_DIR")
    equal(set(sessions()), {login.id}, "sessions")


def test_su_login_shell_to_another_user():
    login = Login("alice")
    env = environment_of(login, "su -l bob -c env", 0)
    equal(env.get("XDG_RUNTIME_DIR", ""), "", "XDG_RUNTIME_DIR")
    equal(set(sessions()), {login.id}, "sessions")


def test_sudo_from_a_session():
    login = Login("alice")
    env = environment_of(login, "cd /; exec 2>/dev/null; sudo -n -u bob --preserve-env=XDG_RUNTIME_DIR env", 0)
    equal(env["USER"], "bob", "the target")
    equal(env.get("XDG_RUNTIME_DIR", ""), "", "XDG_RUNTIME_DIR")
    equal(set(sessions()), {login.id}, "sessions")


def test_sudo_by_an_ordinary_user_to_root():
    login = Login("alice")
    path = "/home/alice/out"
    login.spawn(["sh", "-c", f"sudo -n env >{path}.new 2>&1; mv {path}.new {path}"], 1000)
    text = poll("sudo ends", lambda: read(path), 15)
    check("USER=root\n" in text, f"sudo worked: {text}")
    check("XDG_RUNTIME_DIR=/run/user" not in text, f"root got no directory of alice: {text}")
    check("XDG_SESSION_ID" not in text or f"XDG_SESSION_ID={login.id}\n" in text, f"no other session: {text}")
    equal(set(sessions()), {login.id}, "sessions")


def test_nested_end_does_not_end_the_session():
    login = Login("alice")
    for _ in range(3):
        environment_of(login, "su bob -c env", 0)
        path = f"/run/out.{login.pid}"
        with open(path, "w", encoding="utf-8"):
            pass
    check(sessions()[login.id]["state"] == "active", "the session lives on")
