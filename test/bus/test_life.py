"""The bus goes and comes back, and the service with it."""

import os
import time

from harness import ALICE, Client, NAME, Probe, Service, equal, refused, true, wait_for


def test_the_bus_dies_in_the_middle_of_calls(service, bus):
    with Client(ALICE) as client:
        client.call("Watch")
        files = [os.open("/dev/null", os.O_RDONLY)]
        fds = len(service.fds())
        for _ in range(20):
            client.send("Slow", "u", [2000])
            client.send("KeepOne", "h", [0], fds=files)
        client.send("Flood", "u", [1000])
        os.close(files[0])
        time.sleep(0.05)
        bus.kill()
    wait_for("the service knows", lambda: service.lines()[-1] == "down")
    bus.start()
    service.wait_owned(2)
    with Client(ALICE) as client:
        true(":1." in client.call("Left")[0][-1], "the watched caller of the lost bus is not gone")
        equal(client.call("Who")[1], ALICE)
    wait_for("the descriptors are closed", lambda: len(service.fds()) <= fds)


def test_the_bus_is_away_for_a_while(service, bus):
    owned = service.lines().count(f"owns {NAME}")
    bus.kill()
    wait_for("the service knows", lambda: service.lines()[-1] == "down")
    time.sleep(1)
    equal(service.process.poll(), None)
    bus.start()
    service.wait_owned(owned + 1)
    with Probe(service), Client() as client:
        equal(client.call("Nop"), [])


def test_a_service_may_be_there_before_the_bus(service, bus):
    other = Service(service.program)
    other.log = "/tmp/other.log"
    bus.kill()
    other.start(wait=False)
    wait_for("it says so once", lambda: len(other.lines()) == 1)
    time.sleep(0.5)
    equal(len(other.lines()), 1)
    service.stop()
    bus.start()
    other.wait_owned()
    # a second one neither replaces it nor waits in line
    service.start(wait=False)
    wait_for("the second is told", lambda: any("another program has it" in line for line in service.lines()))
    with Client() as client:
        equal(client.driver("ListQueuedOwners", "s", NAME)[0], [client.driver("GetNameOwner", "s", NAME)[0]])
    other.stop()
    with Client() as client:
        refused("NameHasNoOwner", client.driver, "GetNameOwner", "s", NAME)
    service.wait_owned()


def test_a_stopped_bus_costs_no_memory(service, bus):
    """It takes nothing for a while: what was to be sent is there when it goes on."""
    with Client() as client:
        client.driver("AddMatch", "s", f"type='signal',interface='{NAME}',member='Counted'")
        client.call("Nop")
        bus.process.send_signal(19)
        client.send("Flood", "u", [20_000])
        time.sleep(0.3)
        bus.process.send_signal(18)
        for number in range(20_000):
            equal(client.signal("Counted")["body"], [number])


def test_forty_thousand_calls_leave_nothing(service, bus):
    """In pieces, because the bus does not let a client wait for so many."""
    with Client() as client, Client(ALICE) as alice:

        def calls(count):
            for _ in range(count // 100):
                serials = [each.send("Who") for each in (client, alice) for _ in range(50)]
                for each, serial in zip([client] * 50 + [alice] * 50, serials):
                    each.answer(serial)

        # until the heap has the size that it keeps
        calls(20_000)
        before, fds = service.memory(), service.fds()
        calls(40_000)
        true(service.memory() - before < 12 << 20, f"{service.memory() - before} bytes more")
        equal(service.fds(), fds)
