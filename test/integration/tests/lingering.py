"""Users whose services go on without a session."""

import contextlib
import os
import shutil
import time

from basics import alive, check, equal, poll, read, RUN, setting
from control_socket import call, gone, nobody, session, sessionctl, sessions, users
from machine import daemon
from services import (
    backend,
    becomes,
    configuration,
    dinit_service,
    holders,
    log_in,
    manager,
    need,
    one_manager,
    runit_service,
    s6_service,
    service_pid,
    user_record,
    write,
)

RUNIT = configuration("runit")


@contextlib.contextmanager
def lingering(name):
    done = sessionctl("linger", "enable", name)
    equal((done.returncode, done.stderr), (0, ""), "linger enable")
    try:
        yield
    finally:
        sessionctl("linger", "disable", name)


def processes_of(uid):
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and f"\nUid:\t{uid}\t" in read(f"/proc/{name}/status")]


def reboot(config=RUNIT):
    """What is left by a boot: nothing below /run."""
    daemon.kill_keeper()
    for pid in holders(1000):
        os.kill(pid, 9)
    for uid in (1000, 1001):
        for pid in processes_of(uid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        os.system(f"umount -l /run/user/{uid} 2>/dev/null; rmdir /run/user/{uid} 2>/dev/null")
    shutil.rmtree(RUN, ignore_errors=True)
    daemon.start(config=config)


def with_manager(program, name, furnish):
    """A service is there at the first prompt, stays with a user who lingers, and goes with the last reason for it."""
    need(program)
    daemon.stop()
    daemon.start(config=configuration(name))
    furnish("alice", "one")
    login = log_in("alice")
    pid = poll("the service has begun", lambda: service_pid(1000, "one"))
    equal(becomes(1000, "running")["message"], "", "what the manager says")
    check(alive(pid), "the service is there at the first prompt")
    with lingering("alice"):
        login.close()
        gone(login.id)
        check(alive(pid), "it stays with a user who lingers")
    nobody()
    check(not alive(pid), "and goes when nobody needs it")


def test_with_s6():
    with_manager("s6-svscan", "s6", s6_service)


def test_with_dinit():
    with_manager("dinit", "dinit", dinit_service)


@setting(config=RUNIT)
def test_services_go_on_after_the_last_logout():
    need("runsvdir")
    runit_service("alice", "one", "exec sleep 1000")
    login = log_in("alice")
    pid = service_pid(1000, "one")
    with lingering("alice"):
        login.close()
        gone(login.id)
        check(alive(pid), "the service runs on")
        check(os.path.ismount("/run/user/1000"), "the runtime directory is there")
        equal(user_record(1000)["state"], "lingering", "state of alice")
        daemon.kill()
        check(alive(pid), "also without the daemon")
        equal(becomes(1000, "running")["state"], "running", "and it is known to the next daemon")
        equal(service_pid(1000, "one"), pid, "the same process")
        again = log_in("alice")
        equal(service_pid(1000, "one"), pid, "a login finds it")
        again.close()
        gone(again.id)
    nobody()
    check(not alive(pid), "gone when lingering is turned off")


@setting(config=RUNIT, everywhere=True)
def test_lingering_starts_at_once_and_at_boot():
    need("runsvdir")
    runit_service("alice", "one", "exec sleep 1000")
    with lingering("alice"):
        becomes(1000, "running")
        check(not sessions(), "without any session")
        equal(open("/var/lib/sessionman/linger/1000", encoding="utf-8").read(), "alice\n", "the file")
        old = service_pid(1000, "one")
        reboot()
        becomes(1000, "running")
        pid = poll("the service runs", lambda: service_pid(1000, "one"))
        check(pid != old and alive(pid), "the service was started at boot")
        one_manager(1000)
    nobody()


@setting(config=RUNIT)
def test_a_user_who_is_not_there_yet_at_boot():
    need("runsvdir")
    write("/var/lib/sessionman/linger/1000", "alice\n")
    line = next(line for line in open("/etc/passwd", encoding="utf-8") if line.startswith("alice:"))
    rest = [each for each in open("/etc/passwd", encoding="utf-8") if each != line]
    try:
        with open("/etc/passwd", "w", encoding="utf-8") as file:
            file.writelines(rest)
        daemon.stop()
        daemon.start(config=RUNIT)
        equal(users(), {}, "nobody is known yet")
    finally:
        with open("/etc/passwd", "w", encoding="utf-8") as file:
            file.writelines([*rest, line])
    becomes(1000, "running", 15)
    sessionctl("linger", "disable", "alice")
    nobody()


@setting(config=RUNIT)
def test_an_account_with_another_name_is_not_started():
    need("runsvdir")
    write("/var/lib/sessionman/linger/1000", "mallory\n")
    daemon.stop()
    daemon.start(config=RUNIT)
    poll("it is said", lambda: "mallory" in daemon.log())
    equal(users(), {}, "nobody was started")
    login = log_in("alice")
    check(login.id, "alice can log in")
    login.close()
    nobody()
    os.unlink("/var/lib/sessionman/linger/1000")


@setting(config=RUNIT)
def test_who_may_turn_it_on():
    equal(sessionctl("linger", "enable", user="alice").returncode, 0, "alice for herself")
    check(sessionctl("linger", "enable", "bob", user="alice").returncode != 0, "alice for bob")
    check("alice" in sessionctl("linger", "list").stdout, "she is listed")
    equal(sessionctl("linger", "disable", user="alice").returncode, 0, "and off again")
    nobody()
    daemon.stop()
    daemon.start(config=configuration("runit", self_linger="false"))
    check(sessionctl("linger", "enable", user="alice").returncode != 0, "not where the configuration says no")
    check(not os.listdir("/var/lib/sessionman/linger"), "and no file is left")


@setting(config=configuration("runit", linger="yes"))
def test_everybody_lingers_by_configuration():
    need("runsvdir")
    login = log_in("alice")
    login.close()
    gone(login.id)
    equal(user_record(1000)["state"], "lingering", "state of alice")
    daemon.stop()
    daemon.start(config=configuration("runit", linger="no"))
    nobody()


def test_the_backend_of_a_group_holds_at_boot():
    script = "#!/bin/sh\ncase $1 in\nrun) echo >$2; exec sleep 1000 ;;\nstop) kill $2 ;;\nesac\n"
    of_all, of_group = backend("of-all", script), backend("of-group", script)
    # More groups than are looked up at once, so that the user is known before the last of them.
    others = ", ".join(f"u{number:02}: {{linger: no}}" for number in range(1, 20))
    config = configuration(of_all, groups=f"{{{others}, players: {{backend: {of_group}}}}}")
    write("/var/lib/sessionman/linger/1000", "alice\n")
    daemon.stop()
    daemon.start(config=config)
    equal(becomes(1000, "running")["backend"], of_group, "the backend of alice, one of players")
    sessionctl("linger", "disable", "alice")
    nobody()


@setting(config=RUNIT)
def test_lists_of_other_session_managers_are_taken_over():
    write("/var/lib/systemd/linger/alice", "")
    write("/var/lib/elogind/linger/bob", "")
    write("/var/lib/turnstiled/linger/nobody-knows-me", "")
    done = sessionctl("linger", "import")
    for word in ("alice", "bob", "nobody-knows-me"):
        check(word in done.stdout + done.stderr, f"{word} is spoken of: {done.stdout} {done.stderr}")
    equal(sorted(os.listdir("/var/lib/sessionman/linger")), ["1000", "1001"], "files")
    equal(sorted(user["uid"] for user in call("ListLinger")["users"]), [1000, 1001], "who lingers")
    check(os.path.exists("/var/lib/systemd/linger/alice"), "the old list is left alone")
    for name in ("alice", "bob"):
        sessionctl("linger", "disable", name)
    for name in ("systemd", "elogind", "turnstiled"):
        shutil.rmtree(f"/var/lib/{name}")
    nobody()


@setting(config=RUNIT)
def test_end_of_a_lingering_user_by_order():
    need("runsvdir")
    login = log_in("alice")
    with lingering("alice"):
        equal(sessionctl("terminate-user", "alice").returncode, 0, "terminate-user")
        poll("the session is gone", lambda: session(login.id) is None)
        poll("the manager is gone", lambda: not holders(1000) and manager(1000) is None)
        time.sleep(0.5)
        equal((manager(1000), holders(1000)), (None, []), "and stays gone")
    nobody()
