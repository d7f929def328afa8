"""Programs that use the real libseat, inside of sessions."""

import contextlib
import glob
import os
import signal
import subprocess
import time

from basics import equal, poll

# Where a system's libraries are, which is where the daemon looks into them.
PLACE = "/usr/local/lib"
OLD, NEW = "bookworm", "trixie"
BOTH = (OLD, NEW)
clients = []


def install():
    """Both releases of libseat become part of this sandbox."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "libraries", PLACE], check=True)
    for name, variable in ((OLD, "SEATD_OLD"), (NEW, "SEATD_NEW")):
        os.mkdir(f"{PLACE}/{name}")
        subprocess.run(["mount", "--bind", os.environ[variable], f"{PLACE}/{name}"], check=True)


def command(release, *arguments):
    root = f"{PLACE}/{release}"
    loader = min(glob.glob(f"{root}/**/ld-linux*.so.*", recursive=True), key=len)
    paths = {os.path.dirname(path) for path in glob.glob(f"{root}/**/*.so.*", recursive=True)}
    return [loader, "--library-path", ":".join(sorted(paths)), os.environ["SEATD_CLIENT"], *arguments]


class Libseat:
    """A process in a session that uses that release's libseat; its orders are those of client.c."""

    def __init__(self, login, uid, release, *arguments, backend="seatd", environment=()):
        variables = [f"LIBSEAT_BACKEND={backend}"] if backend else []
        # A login program passes no pipes on.
        self.fifos = [f"/tmp/libseat-{os.getpid()}-{len(clients)}-{name}" for name in ("in", "out")]
        for fifo in self.fifos:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fifo)
            os.mkfifo(fifo)
            os.chown(fifo, uid, uid)
        self.orders = os.open(self.fifos[0], os.O_RDWR)
        self.words_end = os.open(self.fifos[1], os.O_RDWR | os.O_NONBLOCK)
        self.text = ""
        self.heard = 0
        self.log = f"{self.fifos[1]}.log"
        script = f'exec "$@" <{self.fifos[0]} >{self.fifos[1]} 2>{self.log}'
        line = ["env", *variables, *environment, "sh", "-c", script, "client", *command(release, *arguments)]
        self.pid = login.spawn(line, uid)
        clients.append(self)

    def lines(self):
        """All that it has said."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.words_end, 65536):
                self.text += data.decode()
        return self.text.splitlines()

    def order(self, *words, seconds=5.0):
        """What it says from the order to its end."""
        before = len(self.lines())
        os.write(self.orders, (" ".join(map(str, words)) + "\n").encode())
        poll(f"{words} is done; it said {self.lines()[before:]}", lambda: "done" in self.lines()[before:], seconds)
        # what libseat has read besides is told right after
        time.sleep(0.05)
        return [line for line in self.lines()[before:] if line != "done"]

    def hears(self, *words, seconds=5.0):
        """Waits until it has said these, in this order, since it was asked last."""
        began = self.heard
        poll(f"the client says {words}; it said {self.lines()[began:]}", lambda: follows(self.lines()[began:], words), seconds)
        self.heard = len(self.lines())

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        for fd in (self.orders, self.words_end):
            os.close(fd)
        for fifo in (*self.fifos, self.log):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fifo)


def seated(login, release, *arguments, uid=1000, **more):
    """One in the foreground that has its seat."""
    client = Libseat(login, uid, release, *arguments, **more)
    equal(client.order("open")[:1], ["open: seat0"], f"the seat of libseat of {release}")
    client.hears("ENABLE")
    return client


def follows(lines, words):
    rest = iter(lines)
    return all(word in rest for word in words)


def end_all():
    while clients:
        clients.pop().end()
