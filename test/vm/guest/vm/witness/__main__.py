"""The witness: answers the driver's questions over a virtio port with what it sees in the system.

It shares nothing with the session manager but what every program may ask: the bus, the state files, the
kernel. A question is a line of JSON, {"id", "do", ...}; so is the answer, {"id", "value"} or {"id", "error"}.

usage: python3 /vm/witness PORT
"""

import json
import os
import sys
import time
import traceback

import invariants
import switches
import system
from login1 import Login1
from speed import Speed


class Witness:
    def __init__(self):
        self.login1 = Login1()
        self.copies, self.speed = [], None
        self.before = {vt: system.terminal(vt) for vt in invariants.TERMINALS}

    def look(self, _):
        """The facts that scenarios reason about."""
        scene = invariants.Scene(self.login1)
        return {
            "vt": scene.vt,
            "active": scene.seat["ActiveSession"][0],
            "graphical": scene.seat["CanGraphical"],
            "sessions": [
                {"id": name, "path": of["path"], "uid": of["User"][0], "user": of["Name"], "seat": of["Seat"][0],
                 "vtnr": of["VTNr"], "tty": of["TTY"], "type": of["Type"], "class": of["Class"],
                 "active": of["Active"], "state": of["State"], "remote": of["Remote"], "leader": of["Leader"],
                 "service": of["Service"]}
                for name, of in scene.sessions.items()],
            "access": {device.node: sorted(users) for device, users in scene.devices},
            "held": [vars(held) for held in scene.holdings],
            "clients": scene.clients,
            "terminals": scene.terminals,
        }

    def ignore(self, question):
        """Leaves one mode of terminals out of what is compared: some brokers do not give it back."""
        for before in self.before.values():
            before.pop(question["mode"], None)

    def check(self, question):
        """Every invariant, and that every way to ask tells the same."""
        findings, took, scene = invariants.settled(self.login1, self.before, question["patience"],
                                                   [invariants.tools] if question.get("tools") else [])
        return {"findings": findings, "took": took, "devices": len(scene.devices), "sessions": len(scene.sessions)}

    def hold(self, question):
        """Keeps what a process has open of displays and input devices, whatever the process does with it."""
        self.drop(question)
        self.copies = [(held.node, system.copy(held.pid, held.fd))
                       for held in system.holdings() if held.pid == question["pid"]]
        return [node for node, _ in self.copies]

    def held(self, _):
        """What can still be done with it."""
        return [{"node": node, "says": system.state(fd, True) if "/dri/" in node else system.read_error(fd)}
                for node, fd in self.copies]

    def drop(self, _):
        for _, fd in self.copies:
            os.close(fd)
        self.copies = []

    def switches(self, question):
        return switches.run(self.login1, self.before, question["count"], question["terminals"], question["seed"])

    def plug(self, question):
        """Makes that many devices, for measurements."""
        self.speed = Speed(self.login1, question["count"])

    def rounds(self, question):
        return self.speed.rounds(question["count"])

    def unplug(self, _):
        self.speed.end()


def serve(port):
    witness, rest = Witness(), b""
    while True:
        chunk = os.read(port, 65536)
        if not chunk:
            time.sleep(0.05)  # nobody is connected
        rest += chunk
        while b"\n" in rest:
            line, rest = rest.split(b"\n", 1)
            question = json.loads(line)
            try:
                answer = {"value": getattr(witness, question["do"])(question)}
            except Exception:  # the driver has to be told whatever it is
                answer = {"error": traceback.format_exc()}
            data = json.dumps({"id": question["id"], **answer}).encode() + b"\n"
            while data:
                data = data[os.write(port, data):]


serve(os.open(sys.argv[1], os.O_RDWR))
