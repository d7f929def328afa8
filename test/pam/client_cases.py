"""client.c alone, with short limits: what takes 90 seconds in a login need not take them here."""

import os
import re
import subprocess

from harness import Room, expect, slack


def asker(behaviours, limits, text, fastest, slowest):
    """client.c with limits of its own: ACCEPT SILENCE TOTAL REFUSED RETRIES, in milliseconds."""

    def run(build):
        with Room(build, *behaviours) as room:
            command = [os.path.join(build, "asker"), room.socket, *map(str, limits)]
            output = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
            took = float(output.split()[2])
            expect(re.search(text, output), output.strip())
            expect(fastest - 0.05 <= took <= slowest + slack(), output.strip())

    return run


CLIENT = [
    ("client: heartbeat for ever", asker(["heartbeat"], (500, 600, 2000, 0, 3), "^failed 2 .*did not finish", 2, 2)),
    ("client: flood of heartbeats", asker(["flood"], (500, 600, 1500, 0, 3), "^failed 2 .*did not finish", 1.5, 1.5)),
    ("client: silence after heartbeat", asker(["accepted-silent"], (5000, 700, 9000, 0, 3), "^failed 2 .*did not finish", 0.7, 0.7)),
    ("client: heartbeats beat accept", asker(["slow=1.5"], (400, 600, 9000, 0, 3), "^answered 1", 1.5, 1.9)),
    ("client: dies after accepting", asker(["accept-close"], (300, 5000, 9000, 0, 3), "^failed 2 .*closed the connection", 1.6, 1.6)),
    ("client: dies once after accepting", asker(["retry:accept-close,slow=1"], (300, 1000, 9000, 0, 3), "^answered 1", 1.1, 1.5)),
    ("client: dies at the end of a silence", asker(["retry:accept-close=0.95,slow=1"], (300, 1000, 9000, 0, 3), "^answered 1", 2, 2.4)),
    ("client: total below accept", asker(["silent"], (3000, 3000, 1000, 0, 0), "^failed 2 .*did not answer", 1, 1)),
    ("client: no retries", asker(["close"], (3000, 3000, 3000, 0, 0), "^failed . .*closed the connection", 0, 0)),
]
