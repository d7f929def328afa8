"""What every object on the bus has: properties, introspection, peer; and the errors for what is not there."""

from basics import check, equal
from client import Client, error_of, MANAGER_PATH, PROPERTIES, SEAT_PATH, session_path
from login import Login
from tests.members import INTROSPECTABLE, shown

PEER = "org.freedesktop.DBus.Peer"


def children(client, path):
    return {each.get("name") for each in shown(client, path).findall("node")}


def test_introspection_of_all_nodes(place):
    login = Login("alice")
    client = Client()
    for path, below in (("/", {"org"}), ("/org", {"freedesktop"}), ("/org/freedesktop", {"login1", "LogControl1"})):
        equal(children(client, path), below, f"children of {path}")
    equal(children(client, MANAGER_PATH), {"seat", "session", "user"}, "children of the manager")
    equal(children(client, f"{MANAGER_PATH}/session"), {f"_3{login.id}"}, "sessions for a caller without one")
    equal(children(client, f"{MANAGER_PATH}/user"), {"_1000"}, "users")
    equal(children(client, f"{MANAGER_PATH}/seat"), {"seat0"}, "seats")


def test_aliases_are_shown_to_whom_they_mean_something(place):
    login = Login("alice", tty="/dev/tty2")
    inside = Client(1000, login)
    equal(children(inside, f"{MANAGER_PATH}/session"), {f"_3{login.id}", "self", "auto"}, "sessions for one inside")
    equal(children(inside, f"{MANAGER_PATH}/seat"), {"seat0", "self", "auto"}, "seats for one inside")
    equal(children(inside, f"{MANAGER_PATH}/user"), {"_1000", "self"}, "users for one inside")


def test_peer_answers_on_any_path(place):
    client = Client()
    for path in ("/", MANAGER_PATH, SEAT_PATH, "/there/is/none"):
        equal(client.call("Ping", path=path, interface=PEER), [], f"Ping of {path}")
        check(len(client.call("GetMachineId", path=path, interface=PEER)) == 32, f"machine id at {path}")


def test_properties_of_other_interfaces(place):
    client = Client()
    for interface in (PROPERTIES, INTROSPECTABLE, PEER):
        equal(client.all_of(MANAGER_PATH, interface), {}, f"properties of {interface}")
    equal(error_of(lambda: client.all_of(MANAGER_PATH, "org.example.None")), "UnknownInterface", "GetAll of no interface")
    equal(error_of(lambda: client.get(MANAGER_PATH, "Nothing")), "UnknownProperty", "Get of no property")


def set_property(client, path, interface, name, value):
    return client.call("Set", "ssv", interface, name, value, path=path, interface=PROPERTIES)


def test_set(place):
    from client import interface_of

    root = Client()
    manager = interface_of(MANAGER_PATH)
    equal(error_of(lambda: set_property(root, MANAGER_PATH, manager, "IdleHint", True)), "PropertyReadOnly", "Set of IdleHint")
    equal(error_of(lambda: set_property(root, MANAGER_PATH, manager, "None", True)), "UnknownProperty", "Set of no property")
    equal(set_property(root, MANAGER_PATH, manager, "WallMessage", "Feierabend"), [], "Set of WallMessage")
    equal(root.get(MANAGER_PATH, "WallMessage"), "Feierabend", "WallMessage")
    equal(error_of(lambda: set_property(root, MANAGER_PATH, manager, "WallMessage", 5)), "InvalidArgs", "Set of a number")
    equal(error_of(lambda: set_property(root, MANAGER_PATH, manager, "WallMessage", "x" * 5000)), "InvalidArgs", "a long one")
    equal(set_property(root, MANAGER_PATH, manager, "WallMessage", ""), [], "Set of WallMessage")
    alice = Client(1000)
    equal(error_of(lambda: set_property(alice, MANAGER_PATH, manager, "WallMessage", "x")), "AccessDenied", "Set by a user")


def test_what_is_not_there(place):
    client = Client()
    login = Login("alice")
    gone = session_path("999")
    equal(error_of(lambda: client.call("Lock", path=gone)), "UnknownObject", "a session that is none")
    for path in ("/org/freedesktop/login1/session/self", f"{MANAGER_PATH}/user/_4711", f"{MANAGER_PATH}/seat/seat7"):
        equal(error_of(lambda each=path: client.all_of(each)), "UnknownObject", path)
    equal(error_of(lambda: client.call("NoSuchMethod")), "UnknownMethod", "no such method")
    wrong = error_of(lambda: client.call("Lock", path=session_path(login.id), interface="org.freedesktop.login1.Seat"))
    equal(wrong, "UnknownMethod", "a method of another interface")
    equal(error_of(lambda: client.call("GetSession", "u", 1)), "InvalidArgs", "a wrong signature")
