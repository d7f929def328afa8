"""What the bus is told of sessions and users that come, change and go, and in which order."""

from basics import check, equal, setting
from client import Client, MANAGER_PATH, Monitor, session_path, user_path
from login import Login


def names(signals):
    return [member for member, _, _ in signals]


def test_a_login_and_a_logout(place):
    monitor = Monitor()
    try:
        login = Login("alice", tty="/dev/tty2")
        new = [
            ("UserNew", MANAGER_PATH, [1000, user_path(1000)]),
            ("SessionNew", MANAGER_PATH, [login.id, session_path(login.id)]),
        ]
        monitor.wait("both are new", lambda signals: [each for each in signals if each[0].endswith("New")] == new)
        login.close()
        monitor.wait("UserRemoved", lambda signals: "UserRemoved" in names(signals))
    finally:
        monitor.stop()
    signals = monitor.signals()
    comings = [each for each in signals if each[0] != "PropertiesChanged"]
    gone = [
        ("SessionRemoved", MANAGER_PATH, [login.id, session_path(login.id)]),
        ("UserRemoved", MANAGER_PATH, [1000, user_path(1000)]),
    ]
    equal(comings, new + gone, "who came and went")
    paths = [path for member, path, _ in signals if member == "PropertiesChanged"]
    session = [i for i, each in enumerate(signals) if each[1] == session_path(login.id)]
    check(all(i > names(signals).index("SessionNew") for i in session), f"nothing of a session before it is new: {signals}")
    check(user_path(1000) in paths, "the user's display has gone")


def test_a_second_session_of_a_user(place):
    first = Login("alice")
    monitor = Monitor()
    try:
        second = Login("alice", tty="/dev/tty3")
        second.close()
        monitor.wait("SessionRemoved", lambda signals: "SessionRemoved" in names(signals))
    finally:
        monitor.stop()
    comings = [each for each in monitor.signals() if each[0] != "PropertiesChanged"]
    paths = [second.id, session_path(second.id)]
    equal(comings, [("SessionNew", MANAGER_PATH, paths), ("SessionRemoved", MANAGER_PATH, paths)], "only the session")
    check(first.pid, "the first session stays")


def changes(signals, path):
    """What was said of the object: the last value of each property."""
    known = {}
    for member, where, data in signals:
        if member == "PropertiesChanged" and where == path:
            known |= {name: value["data"] for name, value in data[1].items()}
            equal(data[2], [], "invalidated properties")
    return known


def test_changes_are_told_with_their_values(place):
    login = Login("alice", tty="/dev/tty2")
    client = Client()
    path = session_path(login.id)
    before = client.all_of(path)
    monitor = Monitor()
    try:
        child = login.spawn(["sleep", "1000"], 1000)
        login.close()
        monitor.wait("the state", lambda signals: changes(signals, path).get("State") == "closing")
        after = client.all_of(path)
        constant = {"Seat", "VTNr"}
        different = {name: value for name, value in after.items() if value != before[name] and name not in constant}
        monitor.wait("all of that", lambda signals: len(changes(signals, path)) >= len(different))
        equal(changes(monitor.signals(), path), different, "what changed")
        import os
        import signal

        os.kill(child, signal.SIGKILL)
        monitor.wait("its end", lambda signals: "SessionRemoved" in names(signals))
    finally:
        monitor.stop()


@setting(policies=("shipped",))
def test_a_signal_comes_before_the_answer_that_it_belongs_to(place):
    """CreateSession: SessionNew is on the bus before the reply."""
    root = Client()
    from tests.create import create, leader

    process = leader()
    monitor = Monitor()
    try:
        identifier = create(root, process.pid)[0]
        messages = monitor.wait("SessionNew", lambda signals: "SessionNew" in names(signals)) and monitor.messages()
    finally:
        monitor.stop()
        process.kill()
        process.wait()
    kinds = [(each["type"], each.get("member")) for each in messages]
    news = kinds.index(("signal", "SessionNew"))
    replies = [i for i, each in enumerate(messages) if each["type"] == "method_return" and each["payload"]["type"] == "soshusub"]
    check(len(replies) == 1 and news < replies[0], f"SessionNew of {identifier} before the reply: {kinds}")
