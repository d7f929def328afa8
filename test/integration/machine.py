"""The keeper and the daemon of the build tree."""

import contextlib
import os
import select
import signal
import subprocess

from basics import alive, check, children, CONFIG, KEEPER, LIBDIR, LOG, NODE, poll, read, RUN, RUNNER
from control_socket import call, VarlinkError


class Daemon:
    """The keeper and the daemon of the build tree."""

    def __init__(self):
        self.keeper = None
        self.log_start = 0

    def start(self, config=None, prefix=(), wait=True):
        os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
        text = config or "log: {level: debug, format: json}\n"
        # Whether the machine has a service manager installed matters to the tests of services alone.
        if "user_services" not in text:
            text += "user_services: {backend: none}\n"
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(OSError):
            self.log_start = os.path.getsize(LOG)
        reader, writer = os.pipe()
        with open(LOG, "ab") as log:
            self.keeper = subprocess.Popen(
                [*prefix, KEEPER, "--node", NODE, "--daemon", f"{LIBDIR}/sessionmand.cjs", "--runner", RUNNER]
                + ["--config", CONFIG, "--run-dir", RUN, "--ready-fd", str(writer)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
                start_new_session=True,
            )
        os.close(writer)
        try:
            if wait:
                ready, _, _ = select.select([reader], [], [], 20)
                check(ready and os.read(reader, 1) == b"\n", f"not ready within 20 s:\n{self.log()[-2000:]}")
        finally:
            os.close(reader)

    @property
    def pid(self):
        """The Node process, 0 while there is none."""
        if self.keeper is None:
            return 0
        for child in children(self.keeper.pid):
            if alive(child) and "sessionmand.cjs" in read(f"/proc/{child}/cmdline"):
                return child
        return 0

    def wait_ready(self):
        def answers():
            try:
                return call("GetStatus")["pid"] == self.pid
            except (OSError, VarlinkError):
                return False

        poll("the daemon answers", answers, 20)

    def kill(self):
        """kill -9 of the daemon; returns when another one answers."""
        old = self.pid
        os.kill(old, signal.SIGKILL)
        poll("another daemon", lambda: self.pid not in (0, old), 10)
        self.wait_ready()

    def kill_keeper(self):
        old = self.pid
        self.keeper.kill()
        self.keeper.wait()
        poll("the daemon follows its keeper", lambda: not old or not alive(old), 10)

    def stop(self):
        self.keeper.terminate()
        self.keeper.wait(10)

    def log(self):
        with open(LOG, encoding="utf-8", errors="replace") as file:
            file.seek(self.log_start)
            return file.read()


daemon = Daemon()
