"""Programs on a terminal, virtual or pseudo."""

import contextlib
import fcntl
import os
import re
import select
import signal
import termios
import time

from basics import check


def on_terminal(path, command, env=None):
    """Starts a command as the leader of a kernel session whose controlling terminal is path."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(fd, termios.TIOCSCTTY, 1)
        for target in (0, 1, 2):
            os.dup2(fd, target)
        os.closerange(3, 4096)
        os.execvpe(command[0], command, env or {"PATH": os.environ["PATH"], "TERM": "linux"})
    finally:
        os._exit(127)


@contextlib.contextmanager
def pseudo_terminal(command, env=None):
    """A command on a new pty: yields (pid, master)."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    pid = on_terminal(name, command, env)
    os.close(slave)
    try:
        yield pid, master
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        os.close(master)


def expect(master, pattern, seconds=10.0):
    """Reads the terminal until the pattern appears; everything read so far."""
    text = ""
    end = time.monotonic() + seconds
    while not re.search(pattern, text, re.M):
        ready, _, _ = select.select([master], [], [], max(0, end - time.monotonic()))
        check(ready, f"{pattern!r} does not appear within {seconds:g} s in {text!r}")
        try:
            data = os.read(master, 65536)
        except OSError:
            data = b""
        check(data, f"the terminal ended before {pattern!r}: {text!r}")
        text += data.decode(errors="replace")
    return text
