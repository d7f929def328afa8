"""PAM stacks in which another module leaves limits for the session, as those of other projects do."""

import json
import os
import subprocess

from basics import cgroup_root, check, equal, poll, read, RUN, TREE

MODULE = "/tmp/set_data.so"


def leaves(**limits):
    """The line of a stack with the module that leaves them."""
    if not os.path.exists(MODULE):
        command = ["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", MODULE, f"{TREE}/test/pam/set_data.c", "-lpam"]
        subprocess.run(command, check=True)
    return f"session required {MODULE}" + "".join(f" [systemd.{name}={value}]" for name, value in limits.items()) + "\n"


def stack(service, **limits):
    """A service like pamtester with such a module; its name."""
    with open(f"/etc/pam.d/{service}", "w", encoding="utf-8") as file:
        file.write(leaves(**limits) + read("/etc/pam.d/pamtester"))
    return service


def foreign_stack(service, module, **limits):
    """A service whose sessions another project's module opens; its name."""
    with open(f"/etc/pam.d/{service}", "w", encoding="utf-8") as file:
        file.write("auth required pam_permit.so\naccount required pam_permit.so\n")
        file.write((leaves(**limits) if limits else "") + f"session required {module}\n")
    return service


def limits_of(identifier):
    """What is recorded of the session's limits, and for how many microseconds it may last."""
    record = json.loads(read(f"{RUN}/sessions/{identifier}"))["record"]
    return record["limits"], record["runtimeMax"]


def hold(identifier, uid, log, expected):
    """The scope has the limits, or the log says once that this system has none of the kind."""
    equal(limits_of(identifier)[0], expected, f"recorded limits of session {identifier}")
    scope = f"{cgroup_root()}/user.slice/user-{uid}.slice/session-{identifier}.scope"
    check(os.path.isdir(scope), f"{scope} exists")
    for name, value in expected.items():
        if os.path.exists(f"{scope}/{name}"):
            equal(read(f"{scope}/{name}").split()[-1], value, f"{name} of session {identifier}")
        else:
            complaint = f"no {name} in the control groups"
            poll(f"the log says: {complaint}", lambda text=complaint: text in log())
            equal(log().count(complaint), 1, f"complaints about {name}")
