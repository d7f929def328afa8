"""A program that logs in with another libpam than the system's: says what came of it, and does what it is told."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))

from login import Pam


def main():
    service, user, items, env = (json.loads(word) for word in sys.argv[1:])
    pam = Pam(service, user, items, env)

    def say(value):
        print(json.dumps(value), flush=True)

    say([pam.open_session(), pam.environment()])
    for line in sys.stdin:
        if line.strip() == "close":
            say(pam.close_session())


main()
