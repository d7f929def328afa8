"""Many switches between terminals, by every way there is, with a look at everything in between."""

import multiprocessing
import os
import random
import time

import dbus

import invariants
import system
from login1 import NAME, ROOT


def _sample(nodes, stop, found):
    """Looks at the ACLs all the time: never do two users have the same device, not even during a switch."""
    looks = 0
    while not stop.is_set():
        for node in nodes:
            users = system.granted(node)
            if len(users) > 1:
                found.put("I3: during a switch %s is open to the users %s" % (node, sorted(users)))
        looks += 1
        time.sleep(0.002)
    found.put(looks)


class Sampler:
    """A process of its own that looks while the switches go on."""

    def __enter__(self):
        nodes = [device.node for device in system.user_devices()]
        self._stop, self._found = multiprocessing.Event(), multiprocessing.Queue()
        self._process = multiprocessing.Process(target=_sample, args=(nodes, self._stop, self._found), daemon=True)
        self._process.start()
        self.looks, self.findings = 0, []
        return self

    def __exit__(self, *_):
        self._stop.set()
        while True:
            value = self._found.get(timeout=30)
            if isinstance(value, int):
                self.looks = value
                break
            self.findings.append(value)
        self._process.join()


def _one(login1, dice, terminals):
    """One switch by a way and to a place that the dice choose."""
    vt = dice.choice(terminals)
    way = dice.choice(("kernel", "seat", "session", "next", "previous"))
    try:
        if way == "seat":
            login1.call(ROOT + "/seat/seat0", NAME + ".Seat", "SwitchTo", dbus.UInt32(vt))
        elif way in ("next", "previous"):
            login1.call(ROOT + "/seat/seat0", NAME + ".Seat", "SwitchTo" + way.capitalize())
        elif way == "session":
            there = [of for of in login1.sessions().values() if of["VTNr"]]
            login1.call(dice.choice(there)["path"], NAME + ".Session", "Activate")
        else:
            system.switch(vt)
    except dbus.DBusException as error:
        return "%s to vt %d: %s" % (way, vt, error)
    return None


def run(login1, before, count, terminals, seed):
    """Bursts of one to five switches; after each of them nothing may be amiss."""
    dice = random.Random(seed)
    done, findings, slowest = 0, [], 0
    with Sampler() as sampler:
        while done < count and len(findings) < 5:
            burst = min(dice.randint(1, 5), count - done)
            for _ in range(burst):
                refused = _one(login1, dice, terminals)
                if refused:
                    findings.append(refused)
                if dice.random() < 0.5:
                    time.sleep(dice.random() * 0.1)
            done += burst
            found, took, _ = invariants.settled(login1, before, 10)
            findings += ["after %d switches: %s" % (done, finding) for finding in found]
            slowest = max(slowest, took)
    return {"switches": done, "findings": findings + sampler.findings[:5], "slowest": slowest, "looks": sampler.looks,
            "processes": os.getloadavg()}
