"""Variables that are imported from a session are seen by services that start afterwards: exactly, or not at all."""

import os

from harness import Backend, Person, equal, read, true, wait_for

ODD = {
    "PLAIN": "word",
    "EMPTY": "",
    "BLANKS": "  two  in front",
    "QUOTES": """it's "quoted" `id` $(id) $HOME ${HOME} \\ \\n %s %n !! #no *""",
    "LINES": "one\ntwo\n\nfour",
    "LINE_AT_THE_END": "one\n\n",
    "ONLY_A_LINE": "\n",
    "EQUALS": "a=b=c",
    "ASSIGNS": "x'; touch /tmp/owned; '",
    "DASH": "-n -e",
    "TABS": "\ta\tb",
    "LATIN1": os.fsdecode(b"caf\xe9 \xff"),
    "UTF8": "äöü €",
    "CONTROL": "\x01\x1b[31m\x7f",
    "LONG": "0123456789" * 80,
    "_UNDERSCORE": "1",
}
BLANK_AT_THE_END = {"AT_THE_END": "blank ", "TAB_AT_THE_END": "tab\t"}
DUMP = 'env -0 >"$XDG_RUNTIME_DIR/$$.new"; mv "$XDG_RUNTIME_DIR/$$.new" "$XDG_RUNTIME_DIR/variables"'


def seen(kit, backend, name):
    """The environment of a service that is started now."""
    path = f"{backend.person.runtime}/variables"
    kit.start(backend, name)
    wait_for(f"{name} has started", lambda: os.path.exists(path))
    pairs = [entry.partition("=") for entry in read(path).split("\0") if entry]
    os.unlink(path)
    return {name: value for name, _, value in pairs}


def born(kit):
    person = Person()
    backend = Backend(kit.backend, person)
    for name in ("first", "second", "third"):
        kit.service(person, name, DUMP, enabled=False)
    backend.up()
    return person, backend


def tell(backend, variables, *unset):
    person = backend.person
    return backend.act("environment", *variables, *unset, environment={**person.environment, **variables})


def test_variables(kit):
    person, backend = born(kit)
    status, out, _ = tell(backend, ODD)
    equal(status, 0, out)
    got = seen(kit, backend, "first")
    equal({name: got.get(name) for name in ODD}, ODD, "set")
    status, out, _ = tell(backend, {"PLAIN": "another"}, "QUOTES", "NEVER_SET")
    equal(status, 0, out)
    got = seen(kit, backend, "second")
    equal(got.get("PLAIN"), "another", "set again")
    true("QUOTES" not in got and "NEVER_SET" not in got, "unset")
    equal(got.get("LINES"), ODD["LINES"], "left alone")
    true(not os.path.exists("/tmp/owned"), "nothing in a value was executed")


def test_values_that_cannot_be_handed_on(kit):
    _, backend = born(kit)
    equal(tell(backend, dict.fromkeys(BLANK_AT_THE_END, "before"))[0], 0)
    status, out, _ = tell(backend, {**BLANK_AT_THE_END, "AFTERWARDS": "is set"})
    got = seen(kit, backend, "first")
    equal(got.get("AFTERWARDS"), "is set", "what comes after them")
    if status == 0:
        equal({name: got.get(name) for name in BLANK_AT_THE_END}, BLANK_AT_THE_END, "are handed on")
        return "there are none"
    equal(status, 111, out)
    for name in BLANK_AT_THE_END:
        true(f"{name}:" in out, f"says which: {out}")
        equal(got.get(name), "before", f"{name} stays as it was")
    return "refused"


def test_many_variables(kit):
    _, backend = born(kit)
    many = {f"VARIABLE_{number}": "v" * 100 for number in range(512)}
    status, out, seconds = tell(backend, many)
    equal(status, 0, out)
    got = seen(kit, backend, "first")
    equal({name: got.get(name) for name in many}, many, "set")
    return f"{1000 * seconds:.0f} ms for {len(many)}"


def test_a_large_value(kit):
    _, backend = born(kit)
    large = {"LARGE": "x" * 4096}
    status, out, _ = tell(backend, {**large, "AFTERWARDS": "is set"})
    got = seen(kit, backend, "first")
    equal(got.get("AFTERWARDS"), "is set", "what comes after it")
    if status == 0:
        equal(got.get("LARGE"), large["LARGE"], "is handed on")
        return "handed on"
    equal((status, got.get("LARGE")), (111, None), f"is refused: {out}")
    return "refused"


def test_before_there_is_a_manager(kit):
    backend = Backend(kit.backend, Person())
    status, _, _ = tell(backend, {"A": "b"})
    true(status in (0, 111), f"exit {status}")
