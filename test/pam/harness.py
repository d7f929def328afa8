"""A directory, a daemon and a driver: what every case is made of."""

import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


lateness = collections.deque([0.0], 3000)


def watch_lateness():
    while True:
        begin = time.monotonic()
        time.sleep(0.01)
        lateness.append(time.monotonic() - begin - 0.01)


threading.Thread(target=watch_lateness, daemon=True).start()


def slack():
    """What a call may take longer than its deadline: half a second, where the machine is not late itself.

    A login is a dozen turns between driver and daemon, each of which waits for a busy machine.
    """
    return 0.5 + 12 * max(lateness)


class Wrong(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Wrong(message)


class Login:
    def __init__(self):
        self.env, self.logs, self.child, self.state = {}, [], None, None


def parse(output):
    logins, login = [], Login()
    for line in output.splitlines():
        key, _, rest = line.partition(" ")
        if key in ("open", "close"):
            code, took = rest.split()
            setattr(login, key, (int(code), float(took)))
        elif key == "kept":
            login.kept = rest.split()[1:]
        elif key == "env":
            name, _, value = rest.partition("=")
            login.env[name] = value
        elif key == "log":
            priority, _, text = rest.partition(" ")
            login.logs.append((int(priority), text))
        elif key == "after":
            login.after, login.bad_closes = map(int, rest.split())
        elif key in ("closed", "failed"):
            setattr(login, key, int(rest))
        elif key == "end":
            logins.append(login)
            login = Login()
        elif key in ("state", "child"):
            setattr(login, key, rest)
        else:
            raise Wrong("driver: " + line)
    logins.append(login)
    return logins


class Room:
    """A directory with a socket, a PAM configuration and, if behaviours are named, a daemon.

    build is the directory of the variant under test.
    """

    def __init__(self, build, *behaviours, daemon=()):
        self.build, self.behaviours, self.daemon_options = build, behaviours, daemon
        # lines of the stack above the module's
        self.before = ""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="pam-case-")
        self.socket = os.path.join(self.dir, "sock")
        self.record_path = os.path.join(self.dir, "record")
        self.conf = os.path.join(self.dir, "conf")
        os.mkdir(self.conf)
        open(os.path.join(self.conf, "other"), "w", encoding="utf-8").close()
        self.process = None
        if self.behaviours:
            command = [sys.executable, os.path.join(HERE, "fake_daemon.py"), "--record", self.record_path]
            command += [*self.daemon_options, self.socket, *self.behaviours]
            environment = dict(os.environ, TMPDIR=self.dir)
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
            expect(self.process.stdout.readline() == b"ready\n", "the fake daemon did not start")
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
        shutil.rmtree(self.dir)

    def driver(self, options=(), arguments="timeout=9", user="root", wait=60, environment=None):
        valgrind = self.build.endswith("/valgrind")
        build = os.path.join(os.path.dirname(self.build), "plain") if valgrind else self.build
        module = os.path.join(build, "pam_sessionman.so")
        command = [os.path.join(build, "driver")]
        if valgrind:
            command = ["valgrind", "-q", "--track-fds=yes", "--leak-check=full", "--error-exitcode=9"]
            command += ["--log-file=" + os.path.join(self.dir, "valgrind.%p")]
            command += [os.path.join(build, "driver")]
        with open(os.path.join(self.conf, "test"), "w", encoding="utf-8") as file:
            file.write(f"{self.before}session required {module} socket={self.socket} {arguments}\n")
        result = subprocess.run(
            [*command, *options, self.conf, "test", user],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=wait,
            check=False,
            env=dict(os.environ, **(environment or {})),
        )
        logs = "".join(open(path, encoding="utf-8").read() for path in glob.glob(self.dir + "/valgrind.*"))
        expect(result.returncode == 0, f"driver exit {result.returncode}: {result.stderr[-2000:]}{logs[-3000:]}")
        if valgrind:
            for block in logs.split("Open ")[1:]:
                known = "inherited from parent" in block or block.startswith("file descriptor 90:")
                expect(known, f"valgrind: fd left open: {block}")
        return parse(result.stdout)

    def record(self):
        time.sleep(0.1)
        with open(self.record_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
