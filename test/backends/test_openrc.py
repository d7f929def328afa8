"""OpenRC before it knew of user services, and what it believes of its own files."""

import os

from harness import PATH, Backend, Person, equal, true, wait_for
from kits import OpenRc
from test_services import pid_of

OLD = "/mnt/share/openrc-old"


def test_openrc_that_is_too_old():
    if not os.path.isdir(OLD):
        return "SKIP: no packages of OpenRC before 0.60"
    person = Person(PATH=f"{OLD}/sbin:{PATH}", LD_LIBRARY_PATH=f"{OLD}/lib/x86_64-linux-gnu")
    backend = Backend("openrc", person)
    os.mkfifo(f"{person.runtime}/fifo")
    words = ("run", f"{person.runtime}/fifo", person.runtime, person.config)
    status, out, _ = backend.act(*words, timeout=5)
    equal(status, 111, out)
    true("OpenRC 0.60 or newer" in out and "0.45" in out, f"says what is needed and what is here: {out}")
    return out.strip()


def test_a_number_that_is_another_process_now():
    kit = OpenRc()
    if kit.missing():
        return f"SKIP: {kit.missing()}"
    person = Person()
    kit.service(person, "web")
    other = person.start(["/bin/sleep", "1000"])
    wait_for("it runs", lambda: other.pid in person.processes())
    person.write(f"{person.runtime}/supervise-web.pid", f"{other.pid}\n")
    Backend("openrc", person).up()
    true(pid_of(person, "web"), "the service runs all the same")
    equal(other.poll(), None, "the other process was left alone")
