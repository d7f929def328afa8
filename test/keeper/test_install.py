"""What `meson install` puts where. The bundle needs more tools than C does and is left out."""

import shutil

import harness
from harness import *

TREE = os.path.realpath(os.path.join(HERE, "../.."))
FILES = {
    "etc/dinit.d/sessionmand": 0o644,
    "etc/init.d/sessionmand": 0o755,
    "etc/pam.d/sessionman-user": 0o644,
    "etc/s6/sv/sessionmand/notification-fd": 0o644,
    "etc/s6/sv/sessionmand/run": 0o755,
    "etc/s6/sv/sessionmand/type": 0o644,
    "etc/sessionman/sessionman.yaml": 0o644,
    "etc/sv/sessionmand/log/run": 0o755,
    "etc/sv/sessionmand/run": 0o755,
    "pam/pam_sessionman.so": 0o755,
    "udev/70-sessionman.rules": 0o644,
    "udev/73-sessionman.rules": 0o644,
    "usr/bin/sessionctl": 0o755,
    "usr/lib/sessionman/sessionman-run": 0o755,
    "usr/sbin/sessionmand": 0o755,
    "usr/share/bash-completion/completions/sessionctl": 0o644,
    "usr/share/dbus-1/system-services/org.freedesktop.login1.service": 0o644,
    "usr/share/dbus-1/system.d/org.freedesktop.login1.conf": 0o644,
    "usr/share/doc/sessionman/examples/sessionman.yaml": 0o644,
    "usr/share/fish/vendor_completions.d/sessionctl.fish": 0o644,
    "usr/share/polkit-1/actions/org.freedesktop.login1.policy": 0o644,
    "usr/share/sessionman/org.sessionman.Login.varlink": 0o644,
    "usr/share/zsh/site-functions/_sessionctl": 0o644,
}
BACKENDS = ("dinit", "none", "openrc", "runit", "s6")
FILES |= {f"usr/lib/sessionman/backends/{name}": 0o755 for name in BACKENDS}
FILES |= {f"usr/lib/sessionman/backends/{name}.sh": 0o644 for name in ("common", "environment", "patience")}
FILES |= {f"etc/sessionman/backend/{name}.conf": 0o644 for name in BACKENDS if name != "none"}
MANUALS = ("man1/sessionctl.1", "man5/sessionman.yaml.5", "man7/sessionman-backend.7", "man8/pam_sessionman.8", "man8/sessionmand.8")


def files_below(top):
    """Each file's path below top, with its mode."""
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, top)] = os.stat(path).st_mode & 0o7777
    return found


def meson(*arguments):
    done = subprocess.run(["meson", *arguments], capture_output=True, text=True)
    equal(done.returncode, 0, done.stdout + done.stderr)


def install(option):
    """Installs the tree, configured so; the build directory and the root that it was installed to."""
    home = tempfile.mkdtemp(dir=harness.TOP)
    build, root = f"{home}/build", f"{home}/root"
    meson("setup", build, TREE, "-Djavascript=false", "-Dpam_module_dir=/pam", "-Dudev_rules_dir=/udev", option)
    meson("install", "-C", build, "--destdir", root)
    return build, root


@waits
def test_install_puts_everything_in_its_place():
    if shutil.which("meson") is None:
        return "SKIP: no meson here"
    build, root = install("-Dservices=dinit,runit,s6,openrc")
    expected = dict(FILES)
    if shutil.which("scdoc") is not None:
        expected |= {f"usr/share/man/{manual}": 0o644 for manual in MANUALS}
    examples = "usr/share/sessionman/services"
    expected |= {f"{examples}/{path}": mode for path, mode in files_below(f"{TREE}/backends/services").items()}
    equal(files_below(root), expected)
    for service in ("dinit.d/sessionmand", "init.d/sessionmand", "s6/sv/sessionmand/run", "sv/sessionmand/run"):
        text = read(f"{root}/etc/{service}")
        true("/usr/sbin/sessionmand" in text and "@" not in text, f"{service} names the installed path")

    mine = ("sessionman/sessionman.yaml", "sessionman/backend/runit.conf", "pam.d/sessionman-user")
    for name in mine:
        with open(f"{root}/etc/{name}", "w") as file:
            file.write("# mine\n")
    meson("install", "-C", build, "--destdir", root)
    for name in mine:
        equal(read(f"{root}/etc/{name}"), "# mine\n", "an administrator's file")


@waits
def test_another_run_directory_is_known_to_every_program():
    if shutil.which("meson") is None:
        return "SKIP: no meson here"
    _, root = install("-Drun_dir=/run/elsewhere")
    for program, named in (
        ("usr/bin/sessionctl", b"--socket /run/elsewhere/control.sock"),
        ("usr/sbin/sessionmand", b"/run/elsewhere"),
        ("pam/pam_sessionman.so", b"/run/elsewhere/pam.sock"),
    ):
        with open(f"{root}/{program}", "rb") as file:
            true(named in file.read(), f"{program} names {named.decode()}")
