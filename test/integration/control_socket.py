"""The daemon's answers: over Varlink in our own words, and through sessionctl."""

import json
import socket
import subprocess

from basics import CONTROL_SOCKET, LIBDIR, NODE, poll


class VarlinkError(Exception):
    def __init__(self, name, parameters):
        super().__init__(f"{name} {parameters}")
        self.name = name.rsplit(".", 1)[-1]
        self.parameters = parameters


class Varlink:
    """One connection to the control socket."""

    def __init__(self, timeout=5.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(CONTROL_SOCKET)
        self.buffer = b""

    def send(self, method, parameters=None, more=False):
        call = {"method": f"org.sessionman.Login.{method}", "parameters": parameters or {}}
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        while b"\0" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the control socket was closed")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            raise VarlinkError(reply["error"], reply.get("parameters", {}))
        return reply["parameters"]

    def call(self, method, parameters=None):
        self.send(method, parameters)
        return self.receive()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def call(method, **parameters):
    with Varlink() as connection:
        return connection.call(method, parameters)


def patient_call(method, **parameters):
    """The same while the daemon may be killed in the middle of it."""

    def attempt():
        try:
            return [call(method, **parameters)]
        except OSError:
            return None

    return poll(f"an answer to {method}", attempt, 15)[0]


def sessions():
    return {session["id"]: session for session in call("ListSessions")["sessions"]}


def users():
    return {user["uid"]: user for user in call("ListUsers")["users"]}


def session(identifier):
    return sessions().get(identifier)


def is_over(identifier):
    """Whether the session is on its way to its end, or there is none."""
    record = session(identifier)
    return record is None or record["state"] == "closing"


def sessionctl(*arguments, user=None, env=None, input=None):
    command = [NODE, f"{LIBDIR}/sessionctl.cjs", *arguments]
    if user:
        command = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *command]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=env, input=input, check=False
    )


def gone(*identifiers):
    """Waits until the sessions do not exist any more."""
    poll(f"sessions {identifiers} are gone", lambda: not set(identifiers) & set(sessions()))


def nobody():
    """Waits until there is no session and no user."""
    poll("no session and no user is left", lambda: not sessions() and not users())
