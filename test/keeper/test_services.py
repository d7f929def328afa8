"""The service files under the real supervisors, with the keeper's path filled in as at installation."""

import time
import shutil

import harness
from harness import *

SERVICES = os.path.join(HERE, "../../conf/services")


class Service:
    """A service file whose keeper runs a stand-in daemon below a directory of its own."""

    def __init__(self, code=SERVE):
        self.home = tempfile.mkdtemp(dir=harness.TOP)
        self.run_dir = f"{self.home}/run"
        self.bundle = f"{self.home}/bundle"
        with open(self.bundle, "w") as bundle:
            bundle.write(code)
        self.options = f"--run-dir {self.run_dir} --node {NODE} --daemon {self.bundle}"
        self.supervisor = None

    def fill(self, source, target, program=None, **replacements):
        text = read(os.path.join(SERVICES, source))
        text = text.replace("@SESSIONMAND@", program or f"{harness.SESSIONMAND} {self.options}")
        for old, new in replacements.values():
            true(old in text, f"{source} has no {old}")
            text = text.replace(old, new)
        os.makedirs(os.path.dirname(f"{self.home}/{target}"), exist_ok=True)
        with open(f"{self.home}/{target}", "w") as file:
            file.write(text)
        os.chmod(f"{self.home}/{target}", 0o755)
        return f"{self.home}/{target}"

    def supervise(self, *command):
        self.supervisor = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def keeper_pid(self):
        return int(read(f"{self.run_dir}/lock"))

    def greeting(self):
        return Keeper.greeting(self)

    def serves(self):
        try:
            return self.greeting()
        except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
            return None

    def survives_kill_9(self):
        first = self.keeper_pid()
        os.kill(first, signal.SIGKILL)
        wait_for("another keeper", lambda: read(f"{self.run_dir}/lock") not in ("", f"{first}\n"))
        wait_for("its answer", self.serves)

    def is_gone(self):
        wait_for("the end of the sockets", lambda: not os.path.exists(f"{self.run_dir}/pam.sock"), 8)

    def end(self):
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.kill()
            self.supervisor.wait()
        if os.path.exists(f"{self.run_dir}/pam.sock"):
            os.kill(self.keeper_pid(), signal.SIGKILL)


def needs(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    return f"SKIP: no {', '.join(missing)} here" if missing else None


def test_service_s6():
    if skip := needs("s6-supervise", "s6-svwait", "s6-svc"):
        return skip
    service = Service("time.sleep(0.5)\n" + SERVE)
    try:
        service.fill("s6/run.in", "sv/run")
        service.fill("s6/notification-fd", "sv/notification-fd")
        os.chmod(f"{service.home}/sv", 0o755)
        started = time.monotonic()
        service.supervise("s6-supervise", f"{service.home}/sv")
        wait_for("the supervisor", lambda: os.path.exists(f"{service.home}/sv/supervise/control"))
        subprocess.run(["s6-svwait", "-U", "-t", "5000", f"{service.home}/sv"], check=True, timeout=10)
        true(time.monotonic() - started >= 0.5, "ready when the daemon is")
        true(service.serves(), "served")
        service.survives_kill_9()
        subprocess.run(["s6-svwait", "-U", "-t", "5000", f"{service.home}/sv"], check=True, timeout=10)
        subprocess.run(["s6-svc", "-d", f"{service.home}/sv"], check=True)
        service.is_gone()
    finally:
        service.end()


def test_service_runit():
    if skip := needs("runsv", "sv"):
        return skip
    service = Service()
    try:
        service.fill("runit/run.in", "sv/run")
        service.supervise("runsv", f"{service.home}/sv")
        wait_for("an answer", service.serves)
        service.survives_kill_9()
        subprocess.run(["sv", "stop", f"{service.home}/sv"], check=True, capture_output=True)
        service.is_gone()
    finally:
        service.end()


def test_service_dinit():
    if skip := needs("dinit", "dinitctl"):
        return skip
    service = Service("time.sleep(0.5)\n" + SERVE)
    control = f"{service.home}/control"
    try:
        service.fill("dinit/sessionmand.in", "dinit.d/sessionmand")
        started = time.monotonic()
        service.supervise("dinit", "-m", "-d", f"{service.home}/dinit.d", "-p", control, "sessionmand")
        wait_for("dinit", lambda: os.path.exists(control))

        def state(word):
            done = subprocess.run(["dinitctl", "-p", control, "status", "sessionmand"], capture_output=True, text=True)
            return word in done.stdout

        wait_for("STARTED", lambda: state("State: STARTED"))
        true(time.monotonic() - started >= 0.5, "ready when the daemon is")
        service.survives_kill_9()
        wait_for("STARTED again", lambda: state("State: STARTED"))
        subprocess.run(["dinitctl", "-p", control, "stop", "sessionmand"], check=True, capture_output=True, timeout=10)
        service.is_gone()
    finally:
        service.end()


def test_service_sysvinit():
    if skip := needs("start-stop-daemon"):
        return skip
    service = Service("signal.signal(signal.SIGHUP, lambda *_: say(hup=1))\n" + SERVE)
    defaults = f"{service.home}/default"
    log = f"{service.home}/log"
    with open(defaults, "w") as file:
        file.write(f'arguments="{service.options}"\n')
    script = service.fill(
        "sysvinit/sessionmand.in", "init.d/sessionmand", harness.SESSIONMAND,
        defaults=("/etc/default/sessionmand", defaults),
        pidfile=("/run/sessionmand.pid", f"{service.home}/pid"),
        logfile=("/var/log/sessionmand.log", log),
        check=('"$program" --check-config', "true"),
    )

    def act(verb):
        return subprocess.run([script, verb], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20).returncode

    try:
        equal(act("status"), 3, "status before")
        equal(act("stop"), 0, "stop when stopped")
        equal(act("start"), 0)
        wait_for("an answer", service.serves)
        equal(act("status"), 0)
        first = service.keeper_pid()
        equal(act("start"), 0, "start when started")
        equal(service.keeper_pid(), first)
        equal(act("reload"), 0)
        wait_for("the daemon's word", lambda: '"hup"' in read(log))
        equal(act("restart"), 0)
        wait_for("an answer", service.serves)
        true(service.keeper_pid() != first, "another keeper")
        os.kill(service.keeper_pid(), signal.SIGKILL)
        wait_for("its end", lambda: not alive(service.keeper_pid()))
        equal(act("status"), 1, "status of a dead one")
        equal(act("start"), 0, "start after a crash")
        wait_for("an answer", service.serves)
        equal(act("stop"), 0)
        service.is_gone()
        equal(act("status"), 3, "status after")
        equal(act("nonsense"), 2)
    finally:
        service.end()
