"""Many logins, one after the other and at the same time, leave nothing behind."""

from harness import Room, expect


def cycles(options, daemon_logins, build):
    with Room(build, "open=XDG_SEAT=seat0") as room:
        result = room.driver(options, wait=80)[0]
        expect(result.failed == 0, f"{result.failed} calls failed: {result.logs[:3]}")
        expect(result.after == 0 and result.bad_closes == 0, f"{result.after} fds left, {result.bad_closes} bad closes")
        expect(result.logs == [], f"logged: {result.logs[:3]}")
        record = room.record()
        opened = len({entry["NONCE"] for entry in record if entry.get("OP") == "open"})
        given_back = sum("lifetime" in entry for entry in record)
        expect(opened == given_back == daemon_logins, f"{opened} opened, {given_back} given back")


def threads(build):
    cycles(["threads=8", "cycles=40"], 320, build)


CYCLES = [
    ("1000 cycles", lambda build: cycles(["cycles=1000"], 1000, build)),
    ("8 threads", threads),
]
