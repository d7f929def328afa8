"""A user's services under each service manager that is here."""

import time

from harness import Backend, Person, equal, read, true, wait_for

# The bound of `ready` in these cases, in seconds; and what a busy machine adds.
BOUND = 2
SLACK = 2


def born(kit, **options):
    person = Person(**options)
    person.configure(kit.backend, f"ready_timeout={BOUND}\n")
    return person, Backend(kit.backend, person)


def pid_of(person, name):
    """The process of a service that runs."""
    pid = read(f"{person.runtime}/{name}.pid", "").strip()
    return int(pid) if pid and int(pid) in person.processes() else None


def test_a_service_runs_when_a_login_goes_on(kit):
    person, backend = born(kit)
    kit.service(person, "web", 'env >"$XDG_RUNTIME_DIR/web.env"; sleep 0.2')
    seconds = backend.up()
    true(pid_of(person, "web"), "it runs")
    variables = read(f"{person.runtime}/web.env").splitlines()
    true(f"XDG_RUNTIME_DIR={person.runtime}" in variables, f"has its runtime directory: {variables}")
    true(f"HOME={person.home}" in variables, f"has its home: {variables}")
    if kit.profile:
        true("FROM_PROFILE=yes" in variables, f"has what /etc/profile sets: {variables}")
    return f"ready after {1000 * seconds:.0f} ms, 200 of them the service's"


def test_without_any_services(kit):
    person, backend = born(kit)
    seconds = backend.up()
    true(backend.process.poll() is None, "the manager runs")
    backend.stop()
    backend.ended()
    return f"ready after {1000 * seconds:.0f} ms"


def test_services_that_say_nothing(kit):
    person, backend = born(kit)
    for name in ("a", "b", "c"):
        kit.service(person, name, says=None)
    seconds = backend.up()
    wait_for("all of them run", lambda: all(pid_of(person, name) for name in "abc"))
    return f"ready after {1000 * seconds:.0f} ms"


def test_a_service_that_fails(kit):
    person, backend = born(kit)
    kit.service(person, "bad", "exit 1")
    kit.service(person, "good")
    backend.run()
    _, _, seconds = backend.ready()
    true(seconds < BOUND + SLACK, f"a login waited {seconds:.1f} s")
    wait_for("the other one runs", lambda: pid_of(person, "good"))


def test_a_service_that_is_never_up(kit):
    person, backend = born(kit)
    kit.service(person, "slow", says="nothing")
    kit.service(person, "well")
    backend.run()
    status, out, seconds = backend.ready()
    true(seconds < BOUND + SLACK, f"a login waited {seconds:.1f} s")
    equal(status, 111, f"says that it is not up: {out}")
    # BusyBox's shell says "Terminated" before.
    true(any(line.startswith(f"{kit.backend}: ") for line in out.splitlines()), out)
    if kit.parallel:
        wait_for("the other one runs", lambda: pid_of(person, "well"))


def test_the_end(kit):
    person, backend = born(kit)
    stay = """trap 'echo bye >"$XDG_RUNTIME_DIR/bye"; exit 0' TERM\nwhile :; do sleep 0.1; done"""
    kit.service(person, "polite", stay=stay)
    kit.service(person, "plain")
    backend.up()
    asked = backend.stop()
    true(asked < 3, f"asking took {asked:.1f} s")
    backend.ended()
    equal(read(f"{person.runtime}/bye", "nothing"), "bye\n", "the service could put its things in order")
    true(not pid_of(person, "polite") and not pid_of(person, "plain"), "the services are gone")


def test_the_end_before_it_was_ready(kit):
    person, backend = born(kit)
    kit.service(person, "slow", says="nothing")
    backend.run()
    backend.stop()
    if not kit.ends_while_starting:
        return "SKIP: the manager waits for the service until its start-timeout"
    backend.ended(15)


def test_a_service_that_ignores_the_end(kit):
    person, backend = born(kit)
    kit.service(person, "deaf", stay="trap '' TERM\nwhile :; do sleep 1; done")
    backend.up()
    asked = backend.stop()
    true(asked < 3, f"asking took {asked:.1f} s")
    try:
        backend.ended(3)
        note = "the manager does not wait for it"
    except AssertionError:
        note = "the manager is still there after 3 s"
    person.kill_all()
    return note


def test_a_manager_that_was_killed(kit):
    person, backend = born(kit)
    kit.service(person, "web", 'echo x >>"$XDG_RUNTIME_DIR/starts"')
    backend.up()
    person.kill_all()
    # By these the services would say that they are up before they are.
    person.shell('rm -f "$XDG_RUNTIME_DIR"/*.up')
    again = Backend(kit.backend, person)
    again.up()
    true(pid_of(person, "web"), "the service runs again when a login goes on")
    equal(read(f"{person.runtime}/starts"), "x\nx\n", "times it was started")


def test_a_home_with_blanks(kit):
    if not kit.blanks:
        return "SKIP: the manager itself takes a blank for a separator"
    person, backend = born(kit, home="/home/with some  blanks " + kit.name)
    kit.service(person, "web")
    backend.up()
    true(pid_of(person, "web"), "it runs")
    backend.stop()
    backend.ended()


def test_what_the_user_configures(kit):
    person, backend = born(kit)
    person.configure(kit.backend, "ready_timeout=20\n")
    kit.service(person, "slow", says="nothing")
    person.write(f".config/sessionman/{kit.backend}.conf", "ready_timeout=1\n")
    backend.run()
    status, out, seconds = backend.ready()
    equal(status, 111, f"not up: {out}")
    true(seconds < 10, f"a login waited {seconds:.1f} s and not 1")


def test_a_login_that_shall_not_wait(kit):
    person, backend = born(kit)
    person.configure(kit.backend, "ready_timeout=0\n")
    kit.service(person, "slow", says="nothing")
    backend.run()
    _, _, seconds = backend.ready()
    true(seconds < 5, f"a login waited {seconds:.1f} s")
    wait_for("it is started all the same", lambda: pid_of(person, "slow"))


def test_graphical_services(kit):
    person, backend = born(kit)
    kit.service(person, "panel", says=None, graphical=True)
    kit.service(person, "web")
    backend.up()
    for _ in range(2):
        equal(pid_of(person, "panel"), None, "a service that runs without a display")
        backend.done("graphical", "start")
        wait_for("it runs", lambda: pid_of(person, "panel"))
        backend.done("graphical", "start")
        backend.done("graphical", "stop")
        wait_for("it has ended", lambda: not pid_of(person, "panel"))
        backend.done("graphical", "stop")
    true(pid_of(person, "web"), "the others stay")
    time.sleep(0.5)
    equal(pid_of(person, "panel"), None, "a service that was stopped and runs")


def test_logs_of_services(kit):
    person, backend = born(kit)
    if kit.name in ("dinit", "openrc"):
        return "SKIP: the manager does not hand on what services say"
    kit.service(person, "web", "echo I am the web")
    backend.up()
    wait_for("what it says is in the user's log", lambda: "I am the web\n" in person.log_text())
