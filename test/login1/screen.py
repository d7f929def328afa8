"""Three virtual terminals of this machine that nobody else has, for as long as a test needs them."""

import contextlib
import fcntl
import os

from basics import poll, Skip
from terminals import foreground, lacking, PROCESS, Terminal, terminals, VT_ACTIVATE

FIRST, SECOND, THIRD = 50, 51, 52


def facts(vt):
    """Screen and keyboard mode, whether a process has to agree to a switch, owner and permissions of the node."""
    terminal = Terminal(vt)
    try:
        picture, keyboard, mode = terminal.modes()
        owner, _, permissions = terminal.owner()
        return {"screen": picture, "keyboard": keyboard, "held": mode == PROCESS, "owner": owner, "mode": permissions}
    finally:
        os.close(terminal.fd)


def switch(vt):
    """As chvt does it."""
    with open("/dev/tty0", "rb+", buffering=0) as console:
        fcntl.ioctl(console, VT_ACTIVATE, vt)
    poll(f"terminal {vt} is shown", lambda: foreground() == vt)


@contextlib.contextmanager
def screen():
    """What is shown may be switched in here, and is put back."""
    reason = lacking()
    if reason:
        raise Skip(reason)
    with terminals(FIRST, SECOND, THIRD):
        yield
