"""What programs are told over the bus: org.freedesktop.login1, and the state files beside it."""

import dbus

from system import read

NAME = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"


def plain(value):
    """Values of dbus-python as those of JSON."""
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (dbus.Byte, dbus.Int16, dbus.UInt16, dbus.Int32, dbus.UInt32, dbus.Int64, dbus.UInt64)):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {plain(key): plain(of) for key, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(of) for of in value]
    return value


class Login1:
    """A connection of its own, made again when the bus lost it."""

    def __init__(self):
        self._bus = None

    def call(self, path, interface, member, *arguments, timeout=60):
        for attempt in (1, 2):
            if self._bus is None:
                self._bus = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM)
                self._bus.set_exit_on_disconnect(False)
            try:
                proxy = self._bus.get_object(NAME, path, introspect=False)
                return plain(proxy.get_dbus_method(member, interface)(*arguments, timeout=timeout))
            except dbus.DBusException as error:
                if attempt == 2 or error.get_dbus_name() != "org.freedesktop.DBus.Error.Disconnected":
                    raise
                self._bus = None

    def manager(self, member, *arguments):
        return self.call(ROOT, NAME + ".Manager", member, *arguments)

    def properties(self, path, interface):
        return self.call(path, "org.freedesktop.DBus.Properties", "GetAll", NAME + "." + interface)

    def sessions(self):
        """Every session by its id, with its properties and its path."""
        found = {}
        for name, _, _, _, path in self.manager("ListSessions"):
            try:
                found[name] = {**self.properties(path, "Session"), "path": path}
            except dbus.DBusException:
                continue  # it ended while we looked
        return found

    def seat(self, name="seat0"):
        return self.properties(self.manager("GetSeat", name), "Seat")


def state_file(kind, name):
    """One of the files that sd-login reads."""
    found = {}
    for line in read("/run/systemd/%s/%s" % (kind, name)).splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key] = value
    return found
