"""The example services: each is turned on as the manual says, and really works when a login goes on."""

import os
import shutil

from harness import BACKENDS, Backend, Person, equal, read, true, wait_for

NAMES = ["dbus", "pipewire", "pipewire-pulse", "ssh-agent", "wireplumber"]
DUMP = 'env >"$XDG_RUNTIME_DIR/later.new"; mv "$XDG_RUNTIME_DIR/later.new" "$XDG_RUNTIME_DIR/later"'
ACTIVATED = "[D-BUS Service]\nName=org.example.Activated\nExec=/bin/sh -c 'env >\"$XDG_RUNTIME_DIR/activated\"'\n"


def with_examples(kit, *names):
    person = Person()
    for name in names:
        kit.example(person, name)
    kit.service(person, "later", DUMP, enabled=False)
    backend = Backend(kit.backend, person)
    backend.up()
    return person, backend


def later(kit, backend):
    """The environment of a service that starts now."""
    kit.start(backend, "later")
    path = f"{backend.person.runtime}/later"
    wait_for("a service has started", lambda: os.path.exists(path))
    return read(path).splitlines()


def test_every_manager_has_the_same(script):
    folder = f"{BACKENDS}/services/{os.path.basename(script)}"
    if os.path.basename(script) == "none":
        return "SKIP: has no services"
    equal(sorted(os.listdir(folder)), NAMES)


def test_the_session_bus(kit):
    person, backend = with_examples(kit, "dbus")
    address = f"unix:path={person.runtime}/bus"
    person.environment["DBUS_SESSION_BUS_ADDRESS"] = address
    person.shell("dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames")
    true(f"DBUS_SESSION_BUS_ADDRESS={address}" in later(kit, backend), "services know the address")
    person.write(".local/share/dbus-1/services/org.example.Activated.service", ACTIVATED)
    environment = {**person.environment, "WAYLAND_DISPLAY": "wayland-7"}
    backend.done("environment", "WAYLAND_DISPLAY", "DISPLAY", environment=environment)
    person.run("dbus-send", "--session", "--dest=org.example.Activated", "/", "org.example.Activated.Go")
    seen = wait_for("the bus has started it", lambda: read(f"{person.runtime}/activated", "")).splitlines()
    true("WAYLAND_DISPLAY=wayland-7" in seen, f"what the bus starts sees variables, too: {seen}")
    backend.stop()
    backend.ended()


def test_the_agent_of_ssh(kit):
    person, backend = with_examples(kit, "ssh-agent")
    person.environment["SSH_AUTH_SOCK"] = f"{person.runtime}/ssh-agent"
    wait_for("an agent without keys answers", lambda: person.run("ssh-add", "-l")[0] == 1, 1)
    true(f"SSH_AUTH_SOCK={person.runtime}/ssh-agent" in later(kit, backend), "services know of it")


def test_pipewire(kit):
    if not all(shutil.which(program) for program in ("pipewire", "wireplumber", "pipewire-pulse", "pw-cli")):
        return "SKIP: PipeWire is not here"
    person, _ = with_examples(kit, *NAMES)
    wait_for("PulseAudio's socket", lambda: os.path.exists(f"{person.runtime}/pulse/native"))
    true("PipeWire:Interface:Core" in person.shell("pw-cli info 0"), "PipeWire answers")
