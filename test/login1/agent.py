"""A client of the bus in somebody's shoes: takes calls as lines of JSON on a socket and answers with what came of them."""

import json
import os
import socket
import sys

import dbus
import dbus.lowlevel

BUS = "unix:path=/run/dbus/system_bus_socket"
SERVICE = "org.freedesktop.login1"


def plain(value):
    """The value in types of JSON; a descriptor is kept open and becomes its number."""
    if isinstance(value, dbus.types.UnixFd):
        return value.take()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dbus.Boolean):
        return bool(value)
    return str(value) if isinstance(value, str) else int(value)


def given(value):
    if isinstance(value, dict) and "open" in value:
        fd = os.open(value["open"], value["flags"] | os.O_NOCTTY)
        return dbus.types.UnixFd(fd)
    if isinstance(value, dict) and "pidfd" in value:
        return dbus.types.UnixFd(os.pidfd_open(value["pidfd"] or os.getpid()))
    if isinstance(value, dict) and "variant" in value:
        return {"t": dbus.UInt64, "u": dbus.UInt32}[value["variant"]](value["of"])
    if isinstance(value, list):
        return [given(each) for each in value]
    return value


def carry_out(bus, order):
    if "close" in order:
        os.close(order["close"])
        return {"value": None}
    message = dbus.lowlevel.MethodCallMessage(SERVICE, order["path"], order["interface"], order["member"])
    message.append(*[given(each) for each in order["args"]], signature=order["signature"])
    try:
        reply = bus.send_message_with_reply_and_block(message, 15)
    except dbus.DBusException as error:
        return {"error": error.get_dbus_name(), "message": str(error)}
    values = [plain(each) for each in reply.get_args_list(byte_arrays=True)]
    return {"value": values[0] if len(values) == 1 else values}


def main():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    bus = dbus.bus.BusConnection(BUS)
    with connection.makefile("rw") as stream:
        def say(value):
            stream.write(json.dumps(value) + "\n")
            stream.flush()

        say({"name": bus.get_unique_name(), "pid": os.getpid()})
        for line in stream:
            say(carry_out(bus, json.loads(line)))


main()
