"""Every member, its signature and what it says of changes, against the list written by hand."""

import json
import xml.etree.ElementTree as tree

from basics import check, equal
from client import Client, LOG_PATH, MANAGER_PATH, PREFIX, PROPERTIES, run, SEAT_PATH, session_path, user_path
from expected import LOG_CONTROL, MANAGER, SEAT, SESSION, USER
from login import Login

ANNOTATION = "org.freedesktop.DBus.Property.EmitsChangedSignal"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


def objects():
    """(path, what is expected there) of one object of each kind."""
    login = Login("alice", tty="/dev/tty2")
    return [
        (MANAGER_PATH, MANAGER),
        (SEAT_PATH, SEAT),
        (session_path(login.id), SESSION),
        (user_path(1000), USER),
        (LOG_PATH, LOG_CONTROL),
    ]


def shown(client, path):
    return tree.fromstring(client.call("Introspect", path=path, interface=INTROSPECTABLE))


def direction(method, wanted):
    return "".join(each.get("type") for each in method.findall("arg") if each.get("direction", "in") == wanted)


def emits(member, default="true"):
    found = [each.get("value") for each in member.findall("annotation") if each.get("name") == ANNOTATION]
    return found[0] if found else default


def test_introspection_shows_exactly_these(place):
    client = Client()
    for path, expected in objects():
        (interface,) = [each for each in shown(client, path) if each.get("name") == expected.name]
        methods = {each.get("name"): (direction(each, "in"), direction(each, "out")) for each in interface.findall("method")}
        equal(methods, expected.methods, f"methods of {expected.name}")
        signals = {each.get("name"): direction(each, "in") for each in interface.findall("signal")}
        equal(signals, expected.signals, f"signals of {expected.name}")
        properties = {
            each.get("name"): (each.get("type"), each.get("access"), emits(each)) for each in interface.findall("property")
        }
        visible = {name: row for name, row in expected.properties.items() if name not in expected.hidden}
        equal(properties, visible, f"properties of {expected.name}")
        for method in interface.findall("method"):
            for way in ("in", "out"):
                names = [each.get("name") for each in method.findall("arg") if each.get("direction", "in") == way]
                check(all(names) and len(set(names)) == len(names), f"arguments of {method.get('name')}: {names}")


def test_getall_gives_exactly_these_with_their_types(place):
    for path, expected in objects():
        command = ["busctl", "--system", "--json=short", "call", PREFIX, path, PROPERTIES, "GetAll", "s"]
        found = json.loads(run(*command, expected.name))["data"][0]
        wanted = {name: row[0] for name, row in expected.properties.items()}
        equal({name: value["type"] for name, value in found.items()}, wanted, f"properties of {expected.name}")
        same = json.loads(run(*command, ""))["data"][0]
        equal(set(same), set(wanted), f"GetAll of the empty interface at {path}")


def test_get_gives_what_getall_gives(place):
    client = Client()
    for path, expected in objects():
        everything = client.all_of(path)
        for name in expected.properties:
            equal(client.get(path, name), everything[name], f"{name} of {path}")


def test_policy_names_every_method_that_is_not_root_s_alone(place):
    from bus import POLICY

    named = {}
    for rule in tree.parse(POLICY).iter("allow"):
        if rule.get("send_member") is not None:
            named.setdefault(rule.get("send_interface"), set()).add(rule.get("send_member"))
    root_only = {"CreateSession", "CreateSessionWithPIDFD", "SendPrepareForSleep"}
    for expected in (MANAGER, SEAT, SESSION, USER):
        equal(named[expected.name], set(expected.methods) - root_only, f"methods of {expected.name} in the policy")
