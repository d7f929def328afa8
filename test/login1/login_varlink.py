"""A client of io.systemd.Login that says what it is told, byte by byte."""

import json
import socket
import subprocess

SOCKET = "/run/systemd/io.systemd.Login"
LOGIN = "io.systemd.Login"
SERVICE = "org.varlink.service"


class Speaker:
    """A connection that says what it is told."""

    def __init__(self):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        self.connection.connect(SOCKET)

    def say(self, data):
        self.connection.sendall(data)

    def hear(self):
        data = b""
        while not data.endswith(b"\0"):
            more = self.connection.recv(65536)
            if not more:
                return None
            data += more
        return json.loads(data[:-1])

    def call(self, method, **parameters):
        self.say(json.dumps({"method": method, "parameters": parameters}).encode() + b"\0")
        return self.hear()


def ask(method, **parameters):
    return Speaker().call(f"{LOGIN}.{method}", **parameters)


def leader():
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


def create(pid, **changed):
    row = {"UID": 1000, "PID": {"pid": pid}, "Service": "lightdm", "Type": "x11", "Class": "user"}
    return ask("CreateSession", **(row | changed))


def error_of(answer):
    """The error's name after the interface's, and the parameter it is about."""
    name = answer["error"].removeprefix(f"{LOGIN}.").removeprefix(f"{SERVICE}.")
    return f"{name} {answer['parameters']['parameter']}" if name == "InvalidParameter" else name
