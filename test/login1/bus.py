"""A system bus of the test's own, of the kind and with the policy that the test is about."""

import os
import shutil
import socket
import subprocess

from basics import check, poll, Skip, TREE

DIRECTORY = "/run/dbus"
JOURNAL = "/run/systemd/journal/socket"
SOCKET = f"{DIRECTORY}/system_bus_socket"
POLICY = f"{TREE}/conf/dbus/org.freedesktop.login1.conf"
SERVICE = f"{TREE}/conf/dbus/org.freedesktop.login1.service"
ACTIONS = f"{TREE}/conf/polkit/org.freedesktop.login1.policy"

HEAD = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
"""
# what a distribution's own configuration of the system bus says
DISTRIBUTION = """<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
</policy>
<policy user="root"><allow own="*"/><allow send_destination="*"/></policy>
<include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
"""
OPEN = """<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy>
"""


class Bus:
    """dbus-daemon or dbus-broker."""

    def __init__(self, kind, policy):
        self.kind, self.policy = kind, policy
        self.process = None

    def start(self):
        os.makedirs(f"{DIRECTORY}/services", exist_ok=True)
        shutil.copy(SERVICE, f"{DIRECTORY}/services")
        rules = OPEN if self.policy == "open" else f"{DISTRIBUTION}<include>{POLICY}</include>"
        config = f"{DIRECTORY}/bus.conf"
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"{HEAD}{rules}<servicedir>{DIRECTORY}/services</servicedir></busconfig>")
        with open("/var/log/bus.log", "ab") as log:
            command = ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}"]
            if self.kind == "broker":
                self.process = self.start_broker(config, log)
            else:
                self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        poll("the bus answers", self.answers)

    @staticmethod
    def start_broker(config, log):
        """The launcher is given its listening socket as a supervisor would."""
        if shutil.which("dbus-broker-launch") is None:
            raise Skip("dbus-broker is not installed")
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)
        journal()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(SOCKET)
        os.chmod(SOCKET, 0o666)
        listener.listen()
        script = f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec dbus-broker-launch --scope system --config-file {config}'
        process = subprocess.Popen(
            ["bash", "-c", script], stdout=log, stderr=log, start_new_session=True, pass_fds=[listener.fileno()]
        )
        listener.close()
        return process

    def answers(self):
        check(self.process.poll() is None, f"the bus does not run:\n{self.log()}")
        command = ["busctl", "--system", "call", *["org.freedesktop.DBus"], "/", "org.freedesktop.DBus", "GetId"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @staticmethod
    def log():
        with open("/var/log/bus.log", encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def wait_for(self, name):
        poll(f"{name} is on the bus", lambda: self.has(name), 20)

    @staticmethod
    def has(name):
        arguments = ["/", "org.freedesktop.DBus", "NameHasOwner", "s", name]
        command = ["busctl", "--system", "call", "org.freedesktop.DBus", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "b true"


def journal():
    """The launcher wants somewhere to log to."""
    os.makedirs(os.path.dirname(JOURNAL), exist_ok=True)
    if not os.path.exists(JOURNAL):
        Bus.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        Bus.journal.bind(JOURNAL)


class Polkit:
    """polkitd with the actions of the tree."""

    def __init__(self):
        self.process = None

    def start(self):
        actions = "/run/polkit-actions"
        if not os.path.exists("/usr/lib/polkit-1/polkitd"):
            raise Skip("polkitd is not installed")
        os.makedirs(actions, exist_ok=True)
        shutil.copy(ACTIONS, actions)
        subprocess.run(["mount", "--bind", actions, "/usr/share/polkit-1/actions"], check=True)
        os.makedirs("/var/lib/polkit-1", exist_ok=True)
        with open("/var/log/polkitd.log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/lib/polkit-1/polkitd", "--no-debug"], stdout=log, stderr=log, start_new_session=True
            )

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            subprocess.run(["umount", "/usr/share/polkit-1/actions"], check=True)
            self.process = None
