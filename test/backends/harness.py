"""Runs backends as sessionman-run does: as the user, with an environment from zero, in a control group of the user's."""

import glob
import os
import pwd
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import equal, true, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
BACKENDS = os.path.realpath(os.path.join(HERE, "../../backends"))
GROUPS = "/sys/fs/cgroup"
PATH = "/mnt/share/bin:/usr/local/bin:/usr/bin:/bin"
case = threading.local()
people = queue.SimpleQueue()
for entry in pwd.getpwall():
    if 2000 <= entry.pw_uid < 3000:
        people.put(entry)


def scripts():
    """Every backend: what can be executed in the folder."""
    found = sorted(glob.glob(os.path.join(BACKENDS, "*")))
    return [path for path in found if os.path.isfile(path) and os.access(path, os.X_OK)]


def begin():
    case.persons = []


def end():
    for person in case.persons:
        person.leave()


def said():
    return "".join(f"--- {person.name}'s log:\n{person.log_text()}" for person in case.persons)


def read(path, default=None):
    try:
        with open(path, errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        if default is None:
            raise
        return default


class Person:
    """A user with a home, a runtime directory and a control group, all new."""

    def __init__(self, home=None, **environment):
        self.entry = people.get()
        self.name, self.uid = self.entry.pw_name, self.entry.pw_uid
        self.home = home or self.entry.pw_dir
        self.runtime = f"/run/user/{self.uid}"
        self.config = f"/run/test/{self.uid}"
        self.group = f"{GROUPS}/{self.name}"
        self.log = f"/run/test/{self.uid}.log"
        for directory in (self.home, self.runtime):
            os.makedirs(directory, mode=0o700, exist_ok=True)
            os.chown(directory, self.uid, self.entry.pw_gid)
        shutil.rmtree(self.config, ignore_errors=True)
        os.makedirs(self.config)
        open(self.log, "w").close()
        os.makedirs(self.group, exist_ok=True)
        self.environment = {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": "/bin/sh",
            "UID": str(self.uid),
            "GID": str(self.entry.pw_gid),
            "PATH": PATH,
            "XDG_RUNTIME_DIR": self.runtime,
            **environment,
        }
        case.persons.append(self)

    def start(self, arguments, environment=None, **options):
        """A process of the user's, as clean as sessionman-run makes it."""
        begin_in = 'echo 0 >"$0/cgroup.procs" && exec /usr/bin/setpriv "$@"'
        ids = [f"--reuid={self.uid}", f"--regid={self.entry.pw_gid}", "--init-groups", "--inh-caps=-all"]
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", begin_in, self.group, *ids, "--", *arguments],
                **{
                    "stdin": subprocess.DEVNULL,
                    "stdout": log,
                    "stderr": log,
                    "cwd": self.home if os.path.isdir(self.home) else "/",
                    "env": self.environment if environment is None else environment,
                    "start_new_session": True,
                    **options,
                },
            )

    def run(self, *arguments, timeout=25, **options):
        """The exit status and what was said. What the process leaves behind may say more, and is not waited for."""
        with tempfile.TemporaryFile(dir="/run/test") as out:
            process = self.start(arguments, stdout=out, stderr=out, **options)
            try:
                process.wait(timeout)
            finally:
                out.seek(0)
                text = out.read()
                with open(self.log, "ab") as log:
                    log.write(text)
        return process.returncode, text.decode(errors="replace")

    def shell(self, text, **options):
        status, out = self.run("/bin/sh", "-c", text, **options)
        equal(status, 0, f"{text}: {out}")
        return out

    def write(self, path, text, executable=False):
        """A file of the user's own, below HOME unless the path is absolute."""
        path = os.path.join(self.home, path)
        directory = os.path.dirname(path)
        if not os.path.isdir(directory):
            self.run("/bin/mkdir", "-p", directory)
        with open(path, "w") as file:
            file.write(text)
        os.chown(path, self.uid, self.entry.pw_gid)
        os.chmod(path, 0o755 if executable else 0o644)
        return path

    def link(self, target, path):
        os.makedirs(os.path.dirname(os.path.join(self.home, path)), exist_ok=True)
        os.symlink(target, os.path.join(self.home, path))

    def configure(self, backend, text):
        with open(f"{self.config}/{backend}.conf", "w") as file:
            file.write(text)

    def processes(self):
        return [int(pid) for pid in read(f"{self.group}/cgroup.procs", "").split()]

    def kill_all(self):
        with open(f"{self.group}/cgroup.kill", "w") as file:
            file.write("1")
        wait_for("the group is empty", lambda: not self.processes())

    def log_text(self):
        return read(self.log, "")

    def leave(self):
        self.kill_all()
        for directory in (self.runtime, self.home, self.entry.pw_dir):
            shutil.rmtree(directory, ignore_errors=True)
        people.put(self.entry)


class Backend:
    """One life of a manager: run, and the actions about it."""

    def __init__(self, script, person):
        self.script, self.person = os.path.join(BACKENDS, script), person
        self.fifo = f"/run/test/{person.uid}.ready"
        self.state = f"{person.runtime}/sessionman/{person.uid}-{time.monotonic_ns()}"
        self.data = None
        self.process = None

    def run(self):
        """Starts the manager and waits for what it writes to the FIFO."""
        person = self.person
        person.shell(f'mkdir -p "{self.state}" && chmod 700 "{self.state}"')
        if os.path.exists(self.fifo):
            os.unlink(self.fifo)
        os.mkfifo(self.fifo, 0o600)
        os.chown(self.fifo, person.uid, person.entry.pw_gid)
        reader = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.process = person.start([self.script, "run", self.fifo, self.state, person.config])
        self.data = self._read_data(reader)
        return self

    def _read_data(self, reader):
        data, written = b"", False
        limit = time.monotonic() + 5
        with os.fdopen(reader, "rb", buffering=0) as fifo:
            while time.monotonic() < limit and b"\0" not in data:
                piece = fifo.read(4096)
                if piece:
                    data, written = data + piece, True
                elif piece == b"" and written:
                    break
                elif self.process.poll() is not None:
                    break
                else:
                    time.sleep(0.002)
        true(data, f"{self.script} wrote nothing to its FIFO (exit {self.process.poll()})")
        true(len(data) <= 4096, f"{len(data)} bytes of readiness data")
        return data.split(b"\0")[0].removesuffix(b"\n")

    def act(self, *words, timeout=25, **options):
        """The exit status of an action, what it said and how long it took."""
        began = time.monotonic()
        status, out = self.person.run(self.script, *words, timeout=timeout, **options)
        return status, out, time.monotonic() - began

    def done(self, *words, **options):
        status, out, seconds = self.act(*words, **options)
        equal(status, 0, f"{' '.join(map(str, words))}: {out}")
        return seconds

    def ready(self, **options):
        return self.act("ready", self.data, **options)

    def up(self):
        """Runs, and is ready without a complaint."""
        self.run()
        status, out, seconds = self.ready()
        equal(status, 0, f"ready: {out}")
        return seconds

    def stop(self):
        return self.done("stop", str(self.process.pid))

    def ended(self, timeout=5.0):
        wait_for("the manager has ended", lambda: self.process.poll() is not None, timeout)
