"""What a login must look like: functions that make a check; a check returns nothing or raises Wrong."""

import re

from harness import expect, slack


def unharmed(login):
    expect(login.state == "unchanged", f"state of the caller: {login.state}")
    expect(login.after == 0, f"{login.after} fds left after the login")
    expect(login.bad_closes == 0, f"{login.bad_closes} fds closed that were not open")
    # libpam itself refuses to close what a required module failed to open.
    expect(login.close[0] == (0 if login.open[0] == 0 else 6), f"close_session: {login.close}")


def session(env=None, slowest=0.0, logs=0, kept_by_close=0):
    def check(login, more=0.0):
        unharmed(login)
        expect(login.open[0] == 0, f"open_session: {login.open[0]}")
        expect(login.open[1] <= slowest + slack() + more, f"open_session took {login.open[1]} s")
        expect(login.kept == ["lifetime"], f"fds kept: {login.kept}")
        expect(login.closed == kept_by_close, f"{login.closed} fds left by close_session")
        got = dict(login.env)
        expect(got.pop("XDG_SESSION_ID", "") != "", "no XDG_SESSION_ID")
        expect(got == (env or {}), f"environment: {got}")
        expect(len(login.logs) == logs, f"logged: {login.logs}")

    return check


def without(env=None):
    def check(login, more=0.0):
        unharmed(login)
        expect(login.open[0] == 0 and login.open[1] <= slack() + more, f"open_session: {login.open}")
        expect(login.kept == [], f"fds kept: {login.kept}")
        expect(login.env == (env or {}), f"environment: {login.env}")
        expect(login.logs == [], f"logged: {login.logs}")

    return check


def failure(text, fastest=0.0, slowest=0.0, code=0, env=None):
    def check(login, more=0.0):
        unharmed(login)
        expect(login.open[0] == code, f"open_session: {login.open[0]}")
        expect(fastest - 0.05 <= login.open[1] <= slowest + slack() + more, f"open_session took {login.open[1]} s")
        expect(login.kept == [], f"fds kept: {login.kept}")
        expect(login.env == (env or {}), f"environment: {login.env}")
        lines = [line for priority, line in login.logs if priority <= 4]
        expect(len(lines) == 1, f"logged: {login.logs}")
        ending = "onfail=error" if code else "the login goes on without a session"
        expect(re.search(text, lines[0]) and ending in lines[0], f"logged: {lines[0]}")

    return check
