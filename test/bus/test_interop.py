"""Real programs and libraries, as they are, talk to the service."""

import os
import random
import re
import shutil
import subprocess

import dbus
import dbus.bus

import wire
from harness import ALICE, BUS, Client, NAME, ROOT, SIGNAL, Skipped, equal, refused, true

EVERYTHING = "ybnqiuxtdsogvasay(si)a{sv}a(uso)aaia{ta{ss}}"
ENVIRONMENT = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + BUS, "LC_ALL": "C.UTF-8"}


def output(*command):
    if shutil.which(command[0]) is None:
        raise Skipped(f"no {command[0]} here")
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    equal(done.returncode, 0, f"{command}: {done.stdout.decode()}")
    return done.stdout.decode()


def test_busctl_lists_every_row():
    shown = output("busctl", "--no-pager", "--no-legend", "introspect", NAME, ROOT)
    rows = {tuple(line.split()[:4]) + (line.split()[-1],) for line in shown.splitlines()}
    for expected in [
        ("org.freedesktop.DBus.Peer", "interface", "-", "-", "-"),
        (".Everything", "method", EVERYTHING, EVERYTHING, "-"),
        (".OpenText", "method", "s", "hbh", "-"),
        (".Old", "method", "-", "-", "deprecated"),
        (".Constant", "property", "s", '"always"', "const"),
        (".Time", "property", "t", "18446744073709551615", "-"),
        (".Count", "property", "u", "0", "emits-change"),
        (".Given", "signal", "uh", "-", "-"),
    ]:
        true(expected in rows, f"no {expected} in {shown}")
    true(re.search(r"^\.Text .* emits-change writable$", shown, re.M), shown)
    true(re.search(r"^\.Pairs .* emits-invalidation$", shown, re.M), shown)
    true(".Secret" not in shown and ".Hidden" not in shown, "hidden rows are shown")


def test_busctl_walks_the_tree():
    paths = output("busctl", "--no-pager", "--list", "tree", NAME).split()
    below = [f"{ROOT}/item/{label}" for label in ("_31", "_c3_bcn_c3_af", "c2", "sea_2dt", "self")]
    equal(paths, ["/", "/org", "/org/sessionman", ROOT, ROOT + "/item", *below])


def test_busctl_calls_and_reads():
    equal(output("busctl", "call", NAME, ROOT, NAME, "Prepared"), 'as 2 "one" "two"\n')
    equal(output("busctl", "get-property", NAME, ROOT, NAME, "Text", "Hidden"), 's "first"\n(so) "" "/"\n')
    output("busctl", "set-property", NAME, ROOT, NAME, "Text", "s", "second")
    equal(output("busctl", "get-property", NAME, ROOT, NAME, "Text"), 's "second"\n')
    output("busctl", "set-property", NAME, ROOT, NAME, "Text", "s", "first")


def test_gdbus_introspects_and_calls():
    shown = output("gdbus", "introspect", "--system", "-d", NAME, "-o", f"{ROOT}/item/self")
    true("readonly s Id = '1';" in shown, shown)
    given = output("gdbus", "call", "--system", "-d", NAME, "-o", ROOT, "-m", f"{NAME}.Echo", "<(1, 'two', [3.5])>")
    equal(given, "(<(1, 'two', [3.5])>,)\n")


def python_proxy():
    """Of a connection of its own: the usual one outlives its bus."""
    connection = dbus.bus.BusConnection(ENVIRONMENT["DBUS_SYSTEM_BUS_ADDRESS"])
    return dbus.Interface(connection.get_object(NAME, ROOT, introspect=False), NAME)


def random_value(rng, signature, depth=0):
    code = signature[0]
    if code == "a":
        if signature == "ay":
            return dbus.ByteArray(rng.randbytes(rng.randrange(40)))
        count = rng.randrange(4)
        if signature[1] == "{":
            entries = [random_value(rng, signature[1:], depth + 1) for _ in range(count)]
            return dbus.Dictionary(dict(entries), signature=signature[2:-1])
        return dbus.Array([random_value(rng, signature[1:], depth + 1) for _ in range(count)], signature=signature[1:])
    if code in "({":
        made = [random_value(rng, each, depth + 1) for each in wire.split(signature[1:-1])]
        return made if code == "{" else dbus.Struct(made, signature=signature[1:-1])
    if code == "v":
        inner = rng.choice("ybnqiuxtdso") if depth > 2 else rng.choice(["as", "(ix)", "a{sv}", "s"])
        return random_value(rng, inner, depth + 1)
    text = "".join(rng.choice("az09 _é€😀") for _ in range(rng.randrange(30)))
    return {
        "y": lambda: dbus.Byte(rng.randrange(256)),
        "b": lambda: dbus.Boolean(rng.randrange(2)),
        "n": lambda: dbus.Int16(rng.randrange(-(1 << 15), 1 << 15)),
        "q": lambda: dbus.UInt16(rng.randrange(1 << 16)),
        "i": lambda: dbus.Int32(rng.randrange(-(1 << 31), 1 << 31)),
        "u": lambda: dbus.UInt32(rng.randrange(1 << 32)),
        "x": lambda: dbus.Int64(rng.randrange(-(1 << 63), 1 << 63)),
        "t": lambda: dbus.UInt64(rng.randrange(1 << 64)),
        "d": lambda: dbus.Double(rng.uniform(-1e9, 1e9)),
        "s": lambda: dbus.String(text),
        "o": lambda: dbus.ObjectPath("/" + "/".join(str(rng.randrange(99)) for _ in range(rng.randrange(4)))),
        "g": lambda: dbus.Signature(rng.choice(["", "s", "a{sv}"])),
    }[code]()


def typed(value):
    """A value with the types in it, so that 1 is not True and a string no path."""
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [typed(each) for each in value]
    return (type(value).__name__, value)


def test_python_dbus_gets_every_type_back():
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    proxy = python_proxy()
    for _ in range(150):
        sent = [random_value(rng, each) for each in wire.split(EVERYTHING)]
        got = proxy.Everything(*sent, signature=EVERYTHING, byte_arrays=True)
        equal(typed(got), typed(sent), f"seed {seed}")


def test_python_dbus_passes_descriptors_both_ways():
    proxy = python_proxy()
    first, flag, second = proxy.OpenText("hello")
    texts = []
    for each in (first, second):
        with os.fdopen(each.take()) as file:
            texts.append(file.read())
    # the service sends 0 and 1 the other way round
    equal((texts, flag), (["hello 1", "hello 0"], True))
    files = [open("/etc/hostname"), open("/etc/nsswitch.conf")]
    got = proxy.ReadText(dbus.types.UnixFd(files[0]), "between", dbus.types.UnixFd(files[1]))
    # the other end has moved the offset that it shares with us
    equal([file.seek(0) for file in files], [0, 0])
    equal(list(got), [file.read() for file in files])
    for file in files:
        file.close()


def test_a_caller_is_who_the_bus_says():
    with Client(ALICE) as client:
        equal(client.call("Who"), [client.name, ALICE, os.getpid(), False])
        equal(client.call("Who", flags=4), [client.name, ALICE, os.getpid(), True])
        equal(client.call("LookUp", "s", client.name), [[ALICE]])
        equal(client.call("LookUp", "s", ":1.99999"), [[]])


def test_paths_are_resolved_for_the_caller():
    item = {"interface": "org.sessionman.Test.Item"}
    with Client() as root, Client(ALICE) as alice:
        equal(root.call("Name", path=ROOT + "/item/self", **item), ["1"])
        refused("UnknownObject", alice.call, "Name", path=ROOT + "/item/self", **item)
        equal(alice.call("Name", path=ROOT + "/item/_c3_bcn_c3_af", **item), ["ünï"])
        for path in ("/item/_3", "/item/_31/", "/item/99", "/item/_C3_BC", "/nothing"):
            if not path.endswith("/"):
                refused("UnknownObject", alice.call, "Name", path=ROOT + path, **item)
        xml = alice.call("Introspect", path=ROOT + "/item", interface="org.freedesktop.DBus.Introspectable")[0]
        true('"c2"' in xml and '"self"' not in xml, xml)


def test_properties_behave_as_they_must():
    names = ["Constant", "Text", "Count", "Pairs", "Time", "Hidden", "Broken"]
    with Client() as client, Client(ALICE) as alice:
        equal(list(client.properties("GetAll", "s", "")[0]), names)
        equal(list(client.properties("GetAll", "s", NAME)[0]), names)
        equal(client.properties("GetAll", "s", "org.freedesktop.DBus.Properties"), [{}])
        refused("UnknownInterface", client.properties, "GetAll", "s", "a.b")
        equal(client.properties("Get", "ss", NAME, "Time"), [("t", (1 << 64) - 1)])
        equal(client.properties("Get", "ss", "", "Time"), [("t", (1 << 64) - 1)])
        refused("UnknownProperty", client.properties, "Get", "ss", NAME, "Nope")
        refused("PropertyReadOnly", client.properties, "Set", "ssv", NAME, "Time", ("t", 1))
        refused("InvalidArgs", client.properties, "Set", "ssv", NAME, "Text", ("u", 1))
        refused("AccessDenied", alice.properties, "Set", "ssv", NAME, "Text", ("s", "x"))
        client.properties("Set", "ssv", NAME, "Text", ("s", "broken"))
        refused("Failed", client.properties, "GetAll", "s", "")
        client.properties("Set", "ssv", NAME, "Text", ("s", "first"))
        refused("UnknownObject", client.properties, "GetAll", "s", "", path="/org")


def test_changes_are_told_as_their_rows_say():
    with Client() as client:
        client.driver("AddMatch", "s", "type='signal',member='PropertiesChanged'")
        client.call("Change", "as", ["Constant", "Count", "Time", "Pairs", "Text"])
        interface, changed, invalidated = client.signal("PropertiesChanged")["body"]
        equal((interface, list(changed), invalidated), (NAME, ["Count", "Text"], ["Pairs"]))
        equal(changed["Text"], ("s", "first"))
        client.call("Change", "as", ["Constant", "Time"])
        true(client.quiet(), "a signal without anything in it")


def test_answers_and_signals_keep_their_order():
    with Client() as client:
        client.driver("AddMatch", "s", f"type='signal',interface='{NAME}'")
        serial = client.send("Later", "u", [5])
        got = [client.read() for _ in range(3)]
        equal([each.get("member", each["body"]) for each in got], ["Before", ["later"], "After"])
        equal(got[1]["reply_to"], serial)
        true(client.quiet(), "the second answer was sent")


def test_a_unicast_signal_reaches_one():
    with Client() as client, Client() as other:
        for each in (client, other):
            each.driver("AddMatch", "s", f"type='signal',interface='{NAME}'")
        other.call("Tell", "s", client.name)
        given = client.signal("Given")
        equal((given["kind"], given["body"], given["destination"]), (SIGNAL, [7, 0], client.name))
        with os.fdopen(given["fds"][0]) as file:
            equal(file.read(), "given")
        true(other.quiet(), "the signal reached somebody else")


def test_errors_have_names_and_no_stack():
    with Client(ALICE) as client:
        for method in ("Fail", "FailLater"):
            equal(refused("org.sessionman.Error.Busy", client.call, method, "s", "bus"), "busy as asked")
            refused("System.Error.ENODEV", client.call, method, "s", "kernel")
            text = refused("Failed", client.call, method, "s", "bug")
            true("/" not in text and "as asked" not in text, text)
        refused("Failed", client.call, "WrongAnswer")
        refused("Failed", client.call, "WrongPath")
        equal(client.call("Nop"), [])


def test_peer_answers_on_any_path():
    with Client(ALICE) as client:
        equal(client.call("Ping", path="/no/where", interface="org.freedesktop.DBus.Peer"), [])
        refused("UnknownMethod", client.call, "Pong", path="/", interface="org.freedesktop.DBus.Peer")


def test_big_endian_callers_are_understood():
    with Client(ALICE) as client:
        equal(client.call("Echo", "v", ("a{sv}", {"k": ("x", -5)}), order=">"), [("a{sv}", {"k": ("x", -5)})])
        values = ["x", (1 << 63) + 1]
        equal(client.call("Echo", "v", ("(st)", values), order=">"), [("(st)", tuple(values))])
