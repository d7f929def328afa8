"""
Runs every function named test_* of the files beside this one, inside the sandbox, on dbus-daemon and on dbus-broker.
usage: main.py NODE SERVICE ADDON [WORD]...
"""

import inspect
import sys

import harness
from checks import close, FAILED, outcome, Skipped, tell, tests


def cases(words):
    for name, function in tests(harness.HERE):
        if not words or any(word in name for word in words):
            yield name, function


def run(name, function, given):
    wanted = inspect.signature(function).parameters
    return tell(*outcome(name, lambda: function(*(given[each] for each in wanted))))


def uses_bus(function):
    """Whether it starts and stops the bus, as it knows how to with one of them."""
    return "bus" in inspect.signature(function).parameters


def on(bus, chosen):
    """The results of these cases with a service of their own on that bus."""
    service = harness.Service(sys.argv[1:4])
    bus.start()
    service.start()
    results = [run(name, function, {"bus": bus, "service": service}) for name, function in chosen]
    ended = service.process.poll()
    if ended is not None:
        print(f"FAIL the service has ended with {ended}")
        results.append(FAILED)
    if FAILED in results:
        print("the service's last lines:\n" + "\n".join(service.lines()[-20:]))
    service.stop()
    bus.kill()
    return results


def main():
    chosen = list(cases(sys.argv[4:]))
    results = on(harness.Bus(), chosen)
    again = [(f"{name}, dbus-broker", function) for name, function in chosen if not uses_bus(function)]
    try:
        results += on(harness.Broker(), again)
    except Skipped as reason:
        print(f"SKIP dbus-broker: {reason}")
    return close(results)


sys.exit(main())
