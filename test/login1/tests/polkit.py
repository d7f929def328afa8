"""polkit's part: the actions, and what becomes of a call that takes an authorization."""

import os
import re
import subprocess

from basics import cgroup_root, check, equal, poll, Skip
from client import Client, error_of, MANAGER_PATH, PREFIX, run
from login import Login
from tests.names import leave, service
from tests.requests import shown_vt
from terminals import nobody_switches

RULES = "/etc/polkit-1/rules.d/50-test.rules"

KEEP = "auth_admin_keep"
DELAYS = "inhibit-delay-shutdown inhibit-block-sleep inhibit-delay-sleep inhibit-block-idle"
KEYS = "inhibit-handle-suspend-key inhibit-handle-hibernate-key inhibit-handle-lid-switch"

# action: any, inactive, active, what it implies; written by hand from the documentation of login1
ACTIONS = {
    "inhibit-block-shutdown": (KEEP, "yes", "yes", DELAYS),
    "inhibit-delay-shutdown": ("yes", "yes", "yes", "inhibit-delay-sleep"),
    "inhibit-block-sleep": (KEEP, "yes", "yes", "inhibit-delay-sleep inhibit-block-idle"),
    "inhibit-delay-sleep": ("yes", "yes", "yes", ""),
    "inhibit-block-idle": ("yes", "yes", "yes", ""),
    "inhibit-handle-power-key": ("no", "yes", "yes", KEYS),
    "inhibit-handle-suspend-key": ("no", "yes", "yes", "inhibit-handle-hibernate-key inhibit-handle-lid-switch"),
    "inhibit-handle-hibernate-key": ("no", "yes", "yes", ""),
    "inhibit-handle-lid-switch": ("no", "yes", "yes", ""),
    "inhibit-handle-reboot-key": ("no", "yes", "yes", KEYS),
    "set-self-linger": ("yes", "yes", "yes", ""),
    "set-user-linger": (KEEP, KEEP, KEEP, ""),
    "flush-devices": (KEEP, KEEP, KEEP, ""),
    "manage": (KEEP, KEEP, KEEP, ""),
    "lock-sessions": (KEEP, KEEP, KEEP, ""),
    "set-wall-message": (KEEP, KEEP, KEEP, ""),
    "attach-device": (KEEP, KEEP, KEEP, "flush-devices"),
    "power-off": (KEEP, KEEP, "yes", "set-wall-message"),
    "reboot": (KEEP, KEEP, "yes", "set-wall-message"),
    "power-off-multiple-sessions": (KEEP, KEEP, "yes", "power-off"),
    "reboot-multiple-sessions": (KEEP, KEEP, "yes", "reboot"),
    "power-off-ignore-inhibit": (KEEP, KEEP, KEEP, "power-off"),
    "reboot-ignore-inhibit": (KEEP, KEEP, KEEP, "reboot"),
    "halt": (KEEP, KEEP, KEEP, "set-wall-message"),
    "halt-multiple-sessions": (KEEP, KEEP, KEEP, "halt"),
    "halt-ignore-inhibit": (KEEP, KEEP, KEEP, "halt"),
    "suspend": (KEEP, KEEP, "yes", ""),
    "hibernate": (KEEP, KEEP, "yes", ""),
    "suspend-multiple-sessions": (KEEP, KEEP, "yes", "suspend"),
    "hibernate-multiple-sessions": (KEEP, KEEP, "yes", "hibernate"),
    "suspend-ignore-inhibit": (KEEP, KEEP, KEEP, "suspend"),
    "hibernate-ignore-inhibit": (KEEP, KEEP, KEEP, "hibernate"),
    "set-reboot-parameter": (KEEP, KEEP, "yes", "reboot"),
    "set-reboot-to-firmware-setup": (KEEP, KEEP, "yes", "reboot"),
    "set-reboot-to-boot-loader-menu": (KEEP, KEEP, "yes", "reboot"),
    "set-reboot-to-boot-loader-entry": (KEEP, KEEP, "yes", "reboot"),
    "chvt": (KEEP, "yes", "yes", ""),
    "reload": ("auth_admin", "auth_admin", KEEP, ""),
}


def needs(place):
    if place.polkit.process is None:
        raise Skip("polkitd is not installed")


def test_polkit_knows_exactly_these_actions(place):
    needs(place)
    found = {}
    for text in re.split(r"\n(?=\S)", run("pkaction", "--verbose").strip()):
        name = text.splitlines()[0].rstrip(":")
        if not name.startswith(f"{PREFIX}."):
            continue
        value = lambda key, text=text: match.group(1) if (match := re.search(rf"{key}:\s+(\S+)$", text, re.M)) else ""
        implied = re.search(r"annotation:\s+org\.freedesktop\.policykit\.imply -> (.*)$", text, re.M)
        names = " ".join(each.removeprefix(f"{PREFIX}.") for each in implied.group(1).split()) if implied else ""
        found[name.removeprefix(f"{PREFIX}.")] = (value("implicit any"), value("implicit inactive"), value("implicit active"), names)
    equal(found, ACTIONS, "actions")


def call_of_bob(interactive, *call):
    """What busctl prints, with or without the leave to ask."""
    command = ["busctl", "--system", f"--allow-interactive-authorization={interactive}", "call", PREFIX, MANAGER_PATH, f"{PREFIX}.Manager"]
    result = subprocess.run([*command, *call], capture_output=True, text=True, check=False, user=1001, group=1001, extra_groups=[])
    return result.stderr.strip()


def test_a_question_that_nobody_answers(place):
    needs(place)
    login = Login("alice")
    bob = Client(1001)
    terminate = lambda: bob.call("TerminateSession", "s", login.id)
    equal(error_of(terminate), "InteractiveAuthorizationRequired", "without the leave to ask")
    denied = call_of_bob("yes", "TerminateSession", "s", login.id)
    check("denied" in denied, f"with it, and no agent: {denied}")
    equal(error_of(lambda: bob.call("SetUserLinger", "ubb", 1000, True, True)), "AccessDenied", "asked for by the argument")


def test_a_rule_that_allows(place):
    needs(place)
    with open(RULES, "w", encoding="utf-8") as file:
        file.write(
            'polkit.addRule(function(action, subject) { if (action.id == "org.freedesktop.login1.manage" &&'
            ' subject.user == "bob") return polkit.Result.YES; });\n'
        )
    try:
        login = Login("alice")
        bob, carol = Client(1001), Client(1002)
        poll("the rule holds", lambda: error_of(lambda: bob.call("KillSession", "ssi", login.id, "leader", 18)) == "")
        equal(error_of(lambda: carol.call("TerminateSession", "s", login.id)), "InteractiveAuthorizationRequired", "carol")
        equal(bob.call("TerminateSession", "s", login.id), [], "bob")
        login.reap()
    finally:
        os.unlink(RULES)
        poll("the rule is gone", lambda: error_of(lambda: Client(1001).call("KillUser", "ui", 1000, 18)) != "")


def check_of(pid, action):
    """What polkit says of the process: yes, challenge or no."""
    result = subprocess.run(
        ["pkcheck", "--action-id", f"{PREFIX}.{action}", "--process", str(pid)], capture_output=True, text=True, check=False
    )
    return {0: "yes", 1: "no", 2: "challenge"}.get(result.returncode, result.stderr)


def standing(pid):
    """Where polkit takes the process to be."""
    answers = (check_of(pid, "inhibit-handle-lid-switch"), check_of(pid, "power-off"))
    return {("no", "challenge"): "elsewhere", ("yes", "challenge"): "here, not active", ("yes", "yes"): "here and active"}.get(answers, answers)


@nobody_switches()
def test_a_user_service_is_as_local_as_the_user(place):
    needs(place)
    if not os.path.isdir("/run/systemd/sessions"):
        raise Skip("the state files are not exported")
    remote = Login("alice", tty="ssh", rhost="192.0.2.1")
    client, group = service(1000)
    equal(standing(client.pid), "elsewhere", "with a remote session alone")
    active = Login("alice", tty=f"/dev/tty{shown_vt()}")
    equal(standing(client.pid), "here and active", "with an active session on a seat")
    inside = lambda login: login.spawn(["sleep", "1000"], 1000)
    equal(standing(inside(active)), "here and active", "the session itself")
    equal(standing(inside(remote)), "elsewhere", "the remote session")
    equal(client.call("SetWallMessage", "sb", "", True), [], "a call over the bus")
    active.close()
    poll("the services are elsewhere again", lambda: standing(client.pid) == "elsewhere")
    other = Login("alice", tty="/dev/tty9")
    equal(standing(client.pid), "here, not active", "with a session in the background of a seat")
    other.close()
    leave(client, group)
    check(cgroup_root(), "control groups")
