"""
What a compositor is to the session manager, in somebody's shoes: takes control and devices, keeps their descriptors,
hears signals. Takes orders as lines of JSON on a socket, as agent.py does, and answers each.
usage: controller.py SOCKET
"""

import json
import os
import select
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../bus")]

import wire
from harness import Client, Refused, SIGNAL

SERVICE = "org.freedesktop.login1"


class Controller:
    def __init__(self):
        self.bus = Client(os.getuid())
        self.bus.driver("AddMatch", "s", f"type='signal',sender='{SERVICE}'")

    def call(self, order):
        try:
            body = self.bus.call(
                order["member"], order["signature"], *order["args"],
                destination=SERVICE, path=order["path"], interface=order["interface"],
            )
        except Refused as error:
            return {"error": error.name, "message": error.text}
        values = [self.bus.given[value] if order.get("fd") == at else value for at, value in enumerate(body)]
        return {"value": values[0] if len(values) == 1 else values}

    def signals(self, order):
        """
        Those that have come since this was asked last: [path, member, body], descriptors by their numbers here. "before":
        only those that came before the last answer.
        """
        while order["signals"] != "before" and (wire.read(self.bus.data) or select.select([self.bus.socket], [], [], 0.02)[0]):
            self.bus.kept.append(self.bus.read())
        found = [each for each in self.bus.kept if each["kind"] == SIGNAL and each["path"].startswith("/org/freedesktop/login1")]
        self.bus.kept = []
        return {"value": [[each["path"], each["member"], list(each["body"]), each["fds"]] for each in found]}


def main():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    controller = Controller()
    with connection.makefile("rw") as stream:
        def say(value):
            stream.write(json.dumps(value) + "\n")
            stream.flush()

        say({"name": controller.bus.name, "pid": os.getpid()})
        for line in stream:
            order = json.loads(line)
            if "close" in order:
                os.close(order["close"])
            say({"value": None} if "close" in order else (controller.signals if "signals" in order else controller.call)(order))


main()
