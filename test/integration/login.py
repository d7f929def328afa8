"""Programs that log in: libpam called by a process of its own."""

import contextlib
import ctypes
import ctypes.util
import fcntl
import json
import os
import select
import signal
import subprocess
import time

from basics import cgroup_of, check


class Pam:
    """libpam, called from this process."""

    ITEMS = {"service": 1, "user": 2, "tty": 3, "rhost": 4, "ruser": 8, "xdisplay": 11}

    class Conversation(ctypes.Structure):
        _fields_ = [("function", ctypes.c_void_p), ("data", ctypes.c_void_p)]

    library = ctypes.CDLL(ctypes.util.find_library("pam"))
    CONVERSE = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
    )
    refuse = CONVERSE(lambda *_: 19)

    def __init__(self, service, user, items, env):
        self.handle = ctypes.c_void_p()
        self.conversation = self.Conversation(ctypes.cast(self.refuse, ctypes.c_void_p), None)
        library = self.library
        library.pam_getenvlist.restype = ctypes.POINTER(ctypes.c_char_p)
        library.pam_start(
            service.encode(), user.encode(), ctypes.byref(self.conversation), ctypes.byref(self.handle)
        )
        for name, value in items.items():
            if value is not None:
                library.pam_set_item(self.handle, self.ITEMS[name], os.fsencode(value))
        for name, value in env.items():
            library.pam_putenv(self.handle, f"{name}={value}".encode())

    def open_session(self):
        return self.library.pam_open_session(self.handle, 0)

    def close_session(self):
        return self.library.pam_close_session(self.handle, 0)

    def end(self):
        self.library.pam_end(self.handle, 0)

    def environment(self):
        listed = self.library.pam_getenvlist(self.handle)
        environment = {}
        index = 0
        while listed[index]:
            name, _, value = os.fsdecode(listed[index]).partition("=")
            environment[name] = value
            index += 1
        return environment


class Login:
    """A process that opened a PAM session and holds it until told otherwise."""

    all = []

    def __init__(self, user, service="pamtester", env=None, wait=True, **items):
        commands, self.commands = os.pipe()
        self.results, results = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self.become_login(user, service, items, env or {}, commands, results)
        os.close(commands)
        os.close(results)
        self.buffer = b""
        self.rc = self.id = None
        self.env = {}
        Login.all.append(self)
        if wait:
            self.wait_open()

    def wait_open(self, seconds=20):
        self.rc, self.env, self.seconds, self.scope = self.result(seconds)
        self.id = self.env.get("XDG_SESSION_ID")
        return self

    @staticmethod
    def become_login(user, service, items, env, commands, results):
        try:
            # Above both targets first, so that neither overwrites the other's source.
            commands, results = (fcntl.fcntl(fd, fcntl.F_DUPFD, 1000) for fd in (commands, results))
            os.setsid()
            commands, results = os.dup2(commands, 200), os.dup2(results, 201)
            os.closerange(3, 200)
            os.closerange(202, 4096)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

            def answer(value):
                os.write(results, json.dumps(value).encode() + b"\n")

            pam = Pam(service, user, items, env)
            begin = time.monotonic()
            rc = pam.open_session()
            answer([rc, pam.environment(), time.monotonic() - begin, cgroup_of(os.getpid())])
            with os.fdopen(commands) as stream:
                for line in stream:
                    command, *arguments = json.loads(line)
                    if command == "close":
                        begin = time.monotonic()
                        answer([pam.close_session(), time.monotonic() - begin])
                    elif command == "spawn":
                        environment = {**pam.environment(), "PATH": os.environ["PATH"]}
                        child = subprocess.Popen(
                            arguments[0],
                            env=environment,
                            user=arguments[1],
                            group=arguments[1],
                            extra_groups=[],
                            start_new_session=True,
                            stdin=subprocess.DEVNULL,
                            cwd=arguments[2],
                        )
                        answer(child.pid)
                    elif command == "again":
                        inner = Pam(*arguments, {}, {})
                        answer([inner.open_session(), inner.environment()])
                    elif command == "close-fd":
                        os.close(arguments[0])
                        answer(0)
                    elif command == "exit":
                        os._exit(0)
        finally:
            os._exit(70)

    def result(self, seconds=20):
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.results], [], [], max(0, end - time.monotonic()))
            check(ready, f"login process {self.pid} gives no answer within {seconds:g} s")
            data = os.read(self.results, 65536)
            check(data, f"login process {self.pid} ended without an answer")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def order(self, *command):
        os.write(self.commands, json.dumps(command).encode() + b"\n")

    def spawn(self, command, uid, cwd="/"):
        self.order("spawn", command, uid, cwd)
        return self.result()

    def close(self):
        """pam_close_session and the end of the login program, as at any logout."""
        self.order("close")
        rc, self.close_seconds = self.result()
        self.leave()
        return rc

    def close_only(self):
        self.order("close")
        rc, self.close_seconds = self.result()
        return rc

    def leave(self):
        """The login program ends without pam_close_session."""
        with contextlib.suppress(OSError):
            self.order("exit")
        self.reap()

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)
        if number == signal.SIGKILL:
            self.reap()

    def reap(self):
        if self.pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.forget()

    def forget(self):
        for fd in (self.commands, self.results):
            with contextlib.suppress(OSError):
                os.close(fd)
        self.pid = 0
        if self in Login.all:
            Login.all.remove(self)

    @classmethod
    def end_all(cls):
        for login in list(cls.all):
            with contextlib.suppress(ProcessLookupError):
                os.kill(login.pid, signal.SIGKILL)
            login.reap()
