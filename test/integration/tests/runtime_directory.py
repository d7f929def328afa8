"""XDG_RUNTIME_DIR: how it is made, and how it goes whatever a user has put there."""

import os
import socket
import stat
import subprocess

from basics import as_user, check, equal, poll, read, setting
from control_socket import nobody, users
from login import Login
from machine import daemon

DIRECTORY = "/run/user/1000"
WITHOUT_SYS_ADMIN = ("setpriv", "--bounding-set", "-sys_admin")


def mounts(prefix):
    return [line.split()[1] for line in read("/proc/self/mounts").splitlines() if line.split()[1].startswith(prefix)]


@setting(config="runtime_directory: {size: 1M, inodes: 64}\n")
def test_is_a_limited_tmpfs_of_the_user():
    Login("alice")
    info = os.stat(DIRECTORY)
    equal((stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid), (0o700, 1000, 1000), "mode and owner")
    line = next(line for line in read("/proc/self/mounts").splitlines() if f" {DIRECTORY} " in line)
    kind, options = line.split()[2], set(line.split()[3].split(","))
    equal(kind, "tmpfs", "file system")
    check({"nosuid", "nodev"} <= options, f"options {options}")
    system = os.statvfs(DIRECTORY)
    equal((system.f_blocks * system.f_frsize, system.f_files), (1 << 20, 64), "size and inodes")

    def fill():
        try:
            with open(f"{DIRECTORY}/big", "wb") as file:
                file.write(b"x" * (2 << 20))
        except OSError as error:
            return error.errno
        return 0

    equal(as_user(1000, fill), 28, "errno of a user who writes more (ENOSPC)")
    check(Login("bob").env.get("XDG_RUNTIME_DIR") == "/run/user/1001", "another user is not concerned")


def fill_with_hostile_content():
    """What a user can do to whoever wants to remove the directory."""
    os.chdir(DIRECTORY)
    os.symlink("/etc", "link-to-etc")
    os.symlink("/home/alice", "link-to-home")
    os.mkfifo("fifo")
    os.mkdir("locked")
    open("locked/file", "w", encoding="utf-8").close()
    os.chmod("locked", 0)
    for name in ("-rf", "new\nline", "\udcff"):
        open(name, "w", encoding="utf-8").close()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    os.mkdir("deep")
    os.chdir("deep")
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.chdir("/")
    return True


def canary():
    """Files a removal must not follow a link to."""
    os.makedirs("/home/alice/keep", exist_ok=True)
    with open("/home/alice/keep/me", "w", encoding="utf-8") as file:
        file.write("safe")


def intact():
    equal(read("/home/alice/keep/me"), "safe", "the file behind the link")
    check(os.path.exists("/etc/passwd"), "/etc/passwd exists")


def test_removal_of_hostile_content():
    canary()
    login = Login("alice")
    as_user(1000, fill_with_hostile_content)
    login.close()
    nobody()
    check(not os.path.exists(DIRECTORY), "the directory is gone")
    intact()


def test_removal_while_a_foreign_process_sits_inside():
    login = Login("alice")
    sitter = subprocess.Popen(["sleep", "1000"], cwd=DIRECTORY)
    with open(f"{DIRECTORY}/open", "w", encoding="utf-8") as file:
        login.close()
        nobody()
        check(not os.path.exists(DIRECTORY), "the directory is gone")
        file.write("still writable")
    again = Login("alice")
    check(os.path.ismount(DIRECTORY) and not os.listdir(DIRECTORY), "a new, empty directory at the next login")
    again.close()
    sitter.kill()
    sitter.wait()


def test_removal_with_mounts_inside_and_on_top():
    login = Login("alice")
    os.mkdir(f"{DIRECTORY}/inner")
    subprocess.run(["mount", "-t", "tmpfs", "none", f"{DIRECTORY}/inner"], check=True)
    os.mkdir(f"{DIRECTORY}/inner/data")
    login.close()
    nobody()
    check(not os.path.exists(DIRECTORY), "the directory is gone, a mount inside it too")
    equal(mounts(DIRECTORY), [], "mounts")
    login = Login("alice")
    subprocess.run(["mount", "-t", "tmpfs", "none", DIRECTORY], check=True)
    login.close()
    nobody()
    equal(mounts(DIRECTORY), [], "mounts after one more was put on top")
    check(not os.path.exists(DIRECTORY), "the directory is gone")


def test_hostile_thing_in_its_place():
    os.symlink("/home/bob", DIRECTORY)
    login = Login("alice")
    equal(login.rc, 0, "pam_open_session")
    equal(os.stat("/home/bob").st_uid, 1001, "owner of what the link points to")
    check("/home/bob" not in mounts("/home"), "nothing is mounted where the link points")
    if "XDG_RUNTIME_DIR" in login.env:
        check(os.path.ismount(DIRECTORY) and not os.path.islink(DIRECTORY), "the directory offered is a real one")
    else:
        os.unlink(DIRECTORY)
    login.close()
    nobody()
    with open(DIRECTORY, "w", encoding="utf-8") as file:
        file.write("in the way")
    login = Login("alice")
    equal(login.rc, 0, "pam_open_session with a file in the way")
    check(login.env.get("XDG_RUNTIME_DIR") is None or os.path.ismount(DIRECTORY), "no file is offered as directory")
    login.close()
    nobody()
    if os.path.exists(DIRECTORY):
        os.unlink(DIRECTORY)


def test_left_over_directory_is_covered():
    os.mkdir(DIRECTORY, 0o755)
    with open(f"{DIRECTORY}/old", "w", encoding="utf-8") as file:
        file.write("of somebody else")
    login = Login("alice")
    check(os.path.ismount(DIRECTORY) and not os.listdir(DIRECTORY), "a fresh directory over the old one")
    login.close()
    poll("alice is gone", lambda: 1000 not in users())
    equal(mounts(DIRECTORY), [], "mounts")
    subprocess.run(["rm", "-rf", DIRECTORY], check=True)


@setting(start=False, checked=False)
def test_plain_directory_without_the_right_to_mount():
    daemon.start(prefix=WITHOUT_SYS_ADMIN)
    canary()
    login = Login("alice")
    equal(login.env.get("XDG_RUNTIME_DIR"), DIRECTORY, "XDG_RUNTIME_DIR")
    check(not os.path.ismount(DIRECTORY), "no mount")
    info = os.stat(DIRECTORY)
    equal((stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid), (0o700, 1000, 1000), "mode and owner")
    as_user(1000, fill_with_hostile_content)
    login.close()
    nobody()
    poll("the directory is gone", lambda: not os.path.exists(DIRECTORY), 10)
    intact()
    Login("alice").close()
    nobody()

    def said():
        return [line for line in daemon.log().splitlines() if '"warn"' in line and "mount" in line]

    poll("the log says it", said)
    poll("the log speaks of the last logout", lambda: daemon.log().count("session 2 of alice") >= 2)
    equal(len(said()), 1, f"lines of the log that say it: {said()}")


def test_back_and_forth():
    """Removal of the last session's directory and the first login after it do not disturb each other."""
    for _ in range(30):
        login = Login("alice")
        equal(login.env.get("XDG_RUNTIME_DIR"), DIRECTORY, "XDG_RUNTIME_DIR")
        check(os.path.ismount(DIRECTORY), "the directory is there at the answer")
        login.close()
    nobody()


def test_bus_address_only_with_a_bus():
    first = Login("alice")
    check("DBUS_SESSION_BUS_ADDRESS" not in first.env, "no bus, no address")

    def bus():
        socket.socket(socket.AF_UNIX).bind(f"{DIRECTORY}/bus")
        return True

    as_user(1000, bus)
    second = Login("alice")
    equal(second.env.get("DBUS_SESSION_BUS_ADDRESS"), f"unix:path={DIRECTORY}/bus", "DBUS_SESSION_BUS_ADDRESS")
    os.unlink(f"{DIRECTORY}/bus")
    os.symlink("/run/sessionman/control.sock", f"{DIRECTORY}/bus")
    third = Login("alice")
    check("DBUS_SESSION_BUS_ADDRESS" not in third.env, "a link to somebody else's socket is no bus of the user")
