"""Behaviours that end at once; a driver meets all of them in one process."""

import glob
import os

from harness import HERE, Room, Wrong, expect
from looks import failure, session, without

# valgrind executes everything some twenty times slower; there only what is done counts, not how fast.
VALGRIND_SLACK = 5.0

BAD_REPLIES = sorted(os.path.basename(p)[:-4] for p in glob.glob(HERE + "/../vectors/reply-bad-*.hex"))
VALUES = "XDG_SESSION_TYPE=tty;XDG_SEAT=seat0;XDG_VTNR=1;XDG_SESSION_CLASS=user;XDG_SESSION_DESKTOP=x"
VALUES_SET = dict(v.split("=") for v in VALUES.split(";"))


def parade():
    steps = [
        ("open", session()),
        ("open=" + VALUES, session(VALUES_SET)),
        ("open=LD_PRELOAD=/tmp/evil.so;PATH=/tmp;XDG_SEAT=seat0;IFS=x", session({"XDG_SEAT": "seat0"})),
        ("existing", without()),
        ("existing=XDG_RUNTIME_DIR=;DBUS_SESSION_BUS_ADDRESS=", without({"XDG_RUNTIME_DIR": "", "DBUS_SESSION_BUS_ADDRESS": ""})),
        ("existing-with-fd", without()),
        ("none", without()),
        ("refused=busy", failure(r"refused a session: the reason is busy \(busy\)")),
        ("refused=tired", failure("the reason is tired")),
        ("closed", failure("answered another question")),
        ("no-fd", failure("without a lifetime fd .phase read")),
        ("fd-file", failure("no FIFO open for writing .phase read")),
        ("fd-socket", failure("no FIFO open for writing")),
        ("fd-read-end", failure("no FIFO open for writing")),
        ("fd-path", failure("no FIFO open for writing")),
        ("fds=1", session()),
        ("fds=252", session()),
        ("fds-on-accepted", session()),
        ("drip", failure("not an answer .phase read")),
        ("huge=17000", failure("too long .phase read")),
        ("huge=150000", failure("too long .phase read")),
        ("vector-with-fd=reply-none", without()),
        ("vector-with-fd=reply-bad-no-status", failure("not an answer")),
        ("late=0.3", session(slowest=0.3)),
        ("retry:close,open", session(slowest=0.1)),
        ("retry:close,close,open", session(slowest=0.6)),
        ("retry:accept-close,open", session(slowest=0.1)),
        ("retry:close,no-fd", failure("without a lifetime fd", 0.1, 0.1)),
    ]
    for name in BAD_REPLIES:
        if name == "reply-bad-empty":
            steps.append(("vector=" + name, failure("closed the connection", 1.6, 1.9)))
        elif "version" in name and name in ("reply-bad-other-version", "reply-bad-version-10"):
            steps.append(("vector=" + name, failure("another version .*phase read")))
        elif name == "reply-bad-packet-16385":
            steps.append(("vector=" + name, failure("too long")))
        else:
            steps.append(("vector=" + name, failure("not an answer .phase read")))
    return steps


def run_parade(build, options=()):
    steps = parade()
    with Room(build, *(behaviour for behaviour, _ in steps)) as room:
        logins = room.driver([f"logins={len(steps)}", *options], "timeout=9")
        expect(len(logins) == len(steps) + 1, f"{len(logins) - 1} logins reported")
        more = VALGRIND_SLACK if build.endswith("/valgrind") else 0.0
        for (behaviour, check), login in zip(steps, logins):
            try:
                check(login, more)
            except Wrong as wrong:
                raise Wrong(f"{behaviour}: {wrong}") from None
        requests = [entry for entry in room.record() if entry.get("OP") == "open"]
        nonces = {entry["NONCE"] for entry in requests}
        expect(len(nonces) == len(steps), f"{len(nonces)} nonces for {len(steps)} logins")
        given_back = sum("lifetime" in entry for entry in room.record())
        opened = sum(login.kept == ["lifetime"] for login in logins[:-1])
        expect(given_back == opened, f"{given_back} of {opened} lifetime fds were given back")
