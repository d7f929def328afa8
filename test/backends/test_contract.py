"""What is true of every script in backends/, also of one that is added tomorrow."""

import glob
import os
import re
import subprocess

from harness import BACKENDS, Backend, Person, equal, read, true

WRONG = [
    [],
    [""],
    ["run"],
    ["run", "/nothing"],
    ["run", "/dev/null", "/tmp"],
    ["run", "/dev/null", "/tmp", "/etc"],
    ["run", "/dev/null", "/tmp", "/etc", "more"],
    ["ready"],
    ["ready", "a", "b"],
    ["stop"],
    ["stop", ""],
    ["stop", "0"],
    ["stop", "1"],
    ["stop", "-1"],
    ["stop", "12x"],
    ["stop", "12", "13"],
    ["graphical"],
    ["graphical", "maybe"],
    ["environment"],
]


def test_called_wrongly(script):
    backend = Backend(script, Person())
    for words in WRONG:
        status, out, _ = backend.act(*words)
        equal(status, 100, f"{words} exits, saying {out!r}")
        true(out.startswith(os.path.basename(script) + ": "), f"{words}: says what is wrong: {out!r}")


def test_an_action_that_it_does_not_have(script):
    backend = Backend(script, Person())
    for action in ("frobnicate", "--help", "graphical-notify", "dispatch", "die"):
        equal(backend.act(action, "x")[:2], (32, ""), action)


def test_a_name_that_is_none(script):
    person = Person()
    backend = Backend(script, person)
    for name in ("", "1A", "A B", "A=B", "../x", "A/B", "A\nB", "$(id)", "-x", "é"):
        status, out, _ = backend.act("environment", name)
        true(status in (100, 32), f"{name!r}: {status}, {out!r}")
    equal(os.listdir(person.runtime), [], "nothing was written")


def test_without_a_runtime_directory(script):
    person = Person()
    backend = Backend(script, person)
    del person.environment["XDG_RUNTIME_DIR"]
    equal(backend.act("ready", "x")[0], 100)


def test_what_it_is_written_like(script):
    name = os.path.basename(script)
    with open(script) as file:
        text = file.read()
    true(text.startswith("#!/bin/sh\n"), "is for sh")
    true(text.count("\n") < 60, f"{name} has {text.count(chr(10))} lines")
    true(not re.search(r"\beval\b", text), "no eval")
    equal(os.stat(script).st_mode & 0o777, 0o755, "mode")
    for shell in (["sh", "-n"], ["bash", "--posix", "-n"]):
        equal(subprocess.run([*shell, script]).returncode, 0, f"{shell[0]} reads it")


def test_what_they_share():
    for path in glob.glob(f"{BACKENDS}/*.sh"):
        with open(path) as file:
            text = file.read()
        true(text.count("\n") < 60, f"{path} has {text.count(chr(10))} lines")
        true(not re.search(r"\beval\b", text), f"{path}: no eval")
        equal(os.stat(path).st_mode & 0o111, 0, f"{path} is no backend")


def needs_a_manager(script):
    with open(script) as file:
        return "\tneed " in file.read()


def run_refused(script, configuration="", **environment):
    """What run says when it comes to nothing, for a user with nothing."""
    person = Person(**environment)
    person.configure(os.path.basename(script), configuration)
    fifo = f"{person.runtime}/fifo"
    os.mkfifo(fifo)
    status, out, _ = Backend(script, person).act("run", fifo, person.runtime, person.config, timeout=5)
    equal(status, 111, out)
    true(out.startswith(os.path.basename(script) + ": "), out)
    return out


def test_what_is_installed(script):
    name = os.path.basename(script)
    top = os.path.dirname(BACKENDS)
    true(f"'{name}'" in read(f"{BACKENDS}/meson.build"), "the build installs it")
    true(f"## {name}\n" in read(f"{BACKENDS}/sessionman-backend.7.scd"), "the manual explains it")
    if not needs_a_manager(script):
        return
    true(f"'{name}.conf'" in read(f"{top}/conf/meson.build"), "the build installs its configuration")
    code = "".join(map(read, [script, *glob.glob(f"{BACKENDS}/*.sh")]))
    for line in read(f"{top}/conf/backend/{name}.conf").splitlines():
        true(line.startswith("#") or not line, f"is a comment: {line}")
        if "=" in line and not line.startswith("# "):
            variable = line[1:].partition("=")[0]
            true(variable in code, f"knows {variable}")
            equal(subprocess.run(["sh", "-n", "-c", line[1:]]).returncode, 0, line)


def test_a_manager_that_is_not_installed(script):
    if not needs_a_manager(script):
        return "SKIP: needs none"
    folder = f"/run/test/bin-{os.path.basename(script)}"
    os.makedirs(folder)
    for program in ("mkdir", "rm", "mv", "cat", "sleep", "timeout", "printenv", "setpriv"):
        os.symlink(f"/usr/bin/{program}", f"{folder}/{program}")
    # OpenRC lives in sbin and is looked for there, too.
    if os.path.basename(script) == "openrc":
        return "SKIP: is looked for in /sbin, too"
    out = run_refused(script, PATH=folder)
    true(re.search(rf": \S+: not found in {folder}\n", out), out)


def test_a_home_that_cannot_be_entered(script):
    if not needs_a_manager(script):
        return "SKIP: needs no home"
    true("HOME=" in run_refused(script, HOME="/nowhere"), "says what is wrong with it")
    true("HOME=" in run_refused(script, HOME="/etc/passwd"), "says what is wrong with it")
    true("HOME=" in run_refused(script, HOME=""), "says what is wrong with it")
    true("HOME=" in run_refused(script, HOME="/home/root"), "says what is wrong with it")


def test_a_configuration_that_is_wrong(script):
    if not needs_a_manager(script):
        return "SKIP: has none"
    for value in ("soon", "-1", "1.5"):
        out = run_refused(script, f"ready_timeout={value}\n")
        true(f"ready_timeout={value}" in out, out)
