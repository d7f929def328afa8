"""What each service manager wants a user service to look like. A kit makes a service of three lines of shell: what it
does first, how it says that it is up, and how it stays."""

import os

import harness

STAY = "exec sleep 1000"


class Kit:
    """name: as in the names of cases; backend: the script; programs: what has to be there."""

    name = backend = ""
    programs = turn_on = ()
    # Whether services start side by side.
    parallel = True
    # Whether the manager ends while a service of its is still starting.
    ends_while_starting = True
    # Whether it finds services in a home with a blank in its name.
    blanks = True
    # Whether services get the manager's own environment.
    profile = True

    def missing(self):
        for program in self.programs:
            if not any(os.access(f"{folder}/{program}", os.X_OK) for folder in harness.PATH.split(":")):
                return f"{program} is not here"
        return None

    def service(self, person, name, first="", stay=STAY, says="up", enabled=True, graphical=False):
        """says: "up" when it is, "nothing" although it could, or None if it has no way to."""
        script = f'#!/bin/sh\necho $$ >"$XDG_RUNTIME_DIR/{name}.pid"\n{first}\n{self.announce(name, says)}\n{stay}\n'
        path = person.write(f"services/{name}", script, executable=True)
        self.define(person, name, path, says, enabled, graphical)

    def announce(self, name, says):
        return "echo >&3" if says == "up" else ":"

    def example(self, person, name):
        """Turns on one of the example services as the manual tells users to."""
        examples = f"{harness.BACKENDS}/services/{self.backend}"
        for line in self.turn_on:
            person.shell(line.format(examples=examples, name=name))

    def define(self, person, name, path, says, enabled, graphical):
        raise NotImplementedError


class Runit(Kit):
    name = backend = "runit"
    turn_on = ("mkdir -p ~/.config/service", "cp -r {examples}/{name} ~/.config/service")
    programs = ("runsvdir", "sv", "chpst")

    def announce(self, name, says):
        return f': >"$XDG_RUNTIME_DIR/{name}.up"' if says == "up" else ":"

    def define(self, person, name, path, says, enabled, graphical):
        folder = f".config/service/{name}"
        run = f'#!/bin/sh\nexec chpst -e "$SESSIONMAN_ENV_DIR" "{path}"\n'
        person.write(f"{folder}/run", run, executable=True)
        if says:
            check = f'#!/bin/sh\n[ -e "$XDG_RUNTIME_DIR/{name}.up" ]\n'
            person.write(f"{folder}/check", check, executable=True)
        mark(person, folder, enabled, graphical)
        # runsvdir waits for a second if its directory has changed in this one.
        os.utime(f"{person.home}/.config/service", (0, 0))

    def start(self, backend, name):
        backend.person.shell(f'sv up "$HOME/.config/service/{name}"')


class S6(Kit):
    name = backend = "s6"
    turn_on = ("mkdir -p ~/.config/s6/service", "cp -r {examples}/{name} ~/.config/s6/service")
    programs = ("s6-svscan", "s6-svwait", "s6-svc")

    def define(self, person, name, path, says, enabled, graphical):
        folder = f".config/s6/service/{name}"
        run = f'#!/bin/sh\nexec s6-envdir -Lf "$SESSIONMAN_ENV_DIR" "{path}"\n'
        person.write(f"{folder}/run", run, executable=True)
        if says:
            person.write(f"{folder}/notification-fd", "3\n")
        mark(person, folder, enabled, graphical)

    def start(self, backend, name):
        backend.person.shell(f's6-svc -u "$HOME/.config/s6/service/{name}"')


def mark(person, folder, enabled, graphical):
    if graphical:
        person.write(f"{folder}/graphical", "")
    if graphical or not enabled:
        person.write(f"{folder}/down", "")


class S6Rc(Kit):
    name = "s6-rc"
    backend = "s6"
    programs = ("s6-svscan", "s6-rc", "s6-rc-init", "s6-rc-compile")
    source = ".local/share/s6/sv"
    compiling = "cd ~/.local/share/s6; mkdir -p rc; rm -rf rc/*; s6-rc-compile rc/compiled sv"
    turn_on = (
        "mkdir -p ~/.local/share/s6/sv/default/contents.d",
        "cp -r {examples}/{name} ~/.local/share/s6/sv",
        "cd ~/.local/share/s6/sv/default; echo bundle >type; : >contents.d/{name}",
        compiling,
    )

    def define(self, person, name, path, says, enabled, graphical):
        folder = f"{self.source}/{name}"
        run = f'#!/bin/sh\nexec s6-envdir -Lf "$SESSIONMAN_ENV_DIR" "{path}"\n'
        person.write(f"{folder}/run", run, executable=True)
        person.write(f"{folder}/type", "longrun\n")
        if says:
            person.write(f"{folder}/notification-fd", "3\n")
        for bundle, members in (("default", enabled and not graphical), ("graphical", graphical)):
            person.write(f"{self.source}/{bundle}/type", "bundle\n")
            person.shell(f"mkdir -p {self.source}/{bundle}/contents.d")
            if members:
                person.write(f"{self.source}/{bundle}/contents.d/{name}", "")
        person.shell(self.compiling)

    def start(self, backend, name):
        backend.person.shell(f's6-rc -l "$XDG_RUNTIME_DIR/s6-rc" -u change {name}')


class Dinit(Kit):
    name = backend = "dinit"
    programs = ("dinit", "dinitctl", "dinit-monitor")
    turn_on = (
        "mkdir -p ~/.config/dinit.d/boot.d",
        "cp {examples}/{name} ~/.config/dinit.d",
        "ln -s ../{name} ~/.config/dinit.d/boot.d",
    )
    ends_while_starting = False

    def define(self, person, name, path, says, enabled, graphical):
        lines = ["type = process", f'command = /bin/sh "{path}"']
        if says:
            lines.append("ready-notification = pipefd:3")
        lines.append("depends-on = graphical.target" if graphical else "before = login.target")
        person.write(f".config/dinit.d/{name}", "\n".join(lines) + "\n")
        if enabled:
            person.shell("mkdir -p .config/dinit.d/boot.d")
            person.link(f"../{name}", f".config/dinit.d/boot.d/{name}")

    def start(self, backend, name):
        backend.person.shell(f"dinitctl start {name}")


class OpenRc(Kit):
    name = backend = "openrc"
    programs = ()
    turn_on = (
        "mkdir -p ~/.config/rc/init.d ~/.config/rc/runlevels/default",
        "cp {examples}/{name} ~/.config/rc/init.d",
        "ln -s ../../init.d/{name} ~/.config/rc/runlevels/default",
    )
    parallel = False
    blanks = False
    profile = False

    def missing(self):
        return None if os.path.isdir("/mnt/share/openrc-new") else "no packages of OpenRC 0.60 or newer"

    def define(self, person, name, path, says, enabled, graphical):
        lines = ["#!/sbin/openrc-run", "supervisor=supervise-daemon", "command=/bin/sh"]
        lines.append(f"command_args=\"'{path}'\"")
        if says:
            lines.append("notify=fd:3")
        person.write(f".config/rc/init.d/{name}", "\n".join(lines) + "\n", executable=True)
        if enabled:
            level = "gui" if graphical else "default"
            person.shell(f"mkdir -p .config/rc/runlevels/{level}")
            person.link(f"../../init.d/{name}", f".config/rc/runlevels/{level}/{name}")

    def start(self, backend, name):
        backend.person.shell(f"PATH=$PATH:/usr/sbin:/sbin; rc-service --user {name} start")


KITS = [Dinit(), Runit(), S6(), S6Rc(), OpenRc()]
