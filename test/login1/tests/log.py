"""org.freedesktop.LogControl1: how much the daemon logs, and where to."""

import contextlib
import os
import signal

from basics import check, equal, poll
from client import Client, error_of, LOG_PATH, PREFIX, PROPERTIES, run
from control_socket import call
from login import Login

INTERFACE = "org.freedesktop.LogControl1"


def busctl(verb, *words, **options):
    return run("busctl", "--system", verb, PREFIX, LOG_PATH, INTERFACE, *words, **options)


def put(client, name, value):
    return client.call("Set", "ssv", INTERFACE, name, value, path=LOG_PATH, interface=PROPERTIES)


@contextlib.contextmanager
def level_kept(place):
    """The level of the configuration again afterwards."""
    try:
        yield
    finally:
        busctl("set-property", "LogLevel", "s", "debug")


def test_busctl(place):
    equal(busctl("get-property", "LogLevel", "LogTarget", "SyslogIdentifier"), 's "debug"\ns "console"\ns "sessionmand"\n', "as configured")
    with level_kept(place):
        for level in ("info", "notice", "warning", "err", "crit", "alert", "emerg", "debug"):
            busctl("set-property", "LogLevel", "s", level)
            equal(busctl("get-property", "LogLevel"), f's "{level}"\n', "LogLevel")
    busctl("set-property", "LogTarget", "s", "console")
    refused = busctl("set-property", "LogTarget", "s", "journal", failing=True)
    check("the log goes to standard error" in refused, f"LogTarget journal: {refused}")


def test_the_level_holds_at_once(place):
    def lines_of_a_login():
        before = len(place.daemon.log())
        login = Login("alice")
        call("GetSession", id=login.id)
        login.close()
        return place.daemon.log()[before:]

    with level_kept(place):
        check("began" in lines_of_a_login(), "a login is told at level debug")
        busctl("set-property", "LogLevel", "s", "notice")
        equal(lines_of_a_login(), "", "a login at level notice")
        busctl("set-property", "LogLevel", "s", "info")
        check("began" in lines_of_a_login(), "a login is told at level info")


def test_the_configuration_read_again_puts_its_level_back(place):
    with level_kept(place):
        busctl("set-property", "LogLevel", "s", "err")
        os.kill(place.daemon.keeper.pid, signal.SIGHUP)
        poll("the level of the configuration", lambda: busctl("get-property", "LogLevel") == 's "debug"\n')


def test_what_is_refused(place):
    root, alice = Client(), Client(1000)
    for level in ("", "warn", "Debug", "8", "-1", "7x", "verbose"):
        equal(error_of(lambda each=level: put(root, "LogLevel", each)), "InvalidArgs", f"level {level!r}")
    for target in ("journal", "journal-or-kmsg", "kmsg", "syslog", "syslog-or-kmsg", "null", "auto"):
        equal(error_of(lambda each=target: put(root, "LogTarget", each)), "NotSupported", f"target {target}")
    equal(error_of(lambda: put(root, "LogTarget", "printer")), "InvalidArgs", "no such target")
    equal(error_of(lambda: put(root, "SyslogIdentifier", "x")), "PropertyReadOnly", "SyslogIdentifier")
    equal(error_of(lambda: put(root, "LogLevel", 7)), "InvalidArgs", "a number")
    equal(error_of(lambda: put(alice, "LogLevel", "debug")), "AccessDenied", "a user")
    equal(error_of(lambda: put(alice, "LogTarget", "console")), "AccessDenied", "a user")
    equal([alice.get(LOG_PATH, name) for name in ("LogLevel", "LogTarget", "SyslogIdentifier")], ["debug", "console", "sessionmand"], "all may ask")
