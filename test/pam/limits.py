"""What other modules of the stack leave for the session, and what of it is sent."""

from harness import Room, expect
from looks import session

NAMES = ("memory_max", "tasks_max", "cpu_weight", "io_weight", "runtime_max_sec")


def sent(build, **data):
    """The request's LIMITS where a module before ours set that data; None without the field."""
    with Room(build, "open") as room:
        words = "".join(f" [systemd.{name}={value}]" for name, value in data.items())
        room.before = f"session required {build}/set_data.so{words}\n"
        session()(room.driver()[0])
        return room.record()[0].get("LIMITS")


def all_of_them(build):
    values = dict(zip(NAMES, ("1G", "20", "50", "60", "1h 30min")))
    found = sent(build, **values)
    expect(found == ";".join(f"{name}={value}" for name, value in values.items()), f"sent: {found}")


def none(build):
    found = sent(build, unknown="1", memory_max="")
    expect(found is None, f"sent: {found}")


def unsendable(build):
    """The daemon is told of them, and nothing gets into another field."""
    for value in ("x" * 65, "1G;tasks_max=1", "1\x1b[2J", "1\t", "ü", "\x7f"):
        found = sent(build, memory_max=value, tasks_max="7")
        expect(found == "memory_max=?;tasks_max=7", f"{value!r} is sent as {found}")
    longest = dict.fromkeys(NAMES, "x" * 64)
    found = sent(build, **longest)
    expect(found == ";".join(f"{name}={value}" for name, value in longest.items()), f"sent: {found}")


LIMITS = [("limits sent", all_of_them), ("no limits", none), ("unsendable limits", unsendable)]
