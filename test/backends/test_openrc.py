"""OpenRC before it knew of user services."""

import os

from harness import PATH, Backend, Person, equal, true

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
