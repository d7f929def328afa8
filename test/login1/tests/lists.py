"""The lists of the manager."""

from basics import equal
from client import Client, MANAGER_PATH, SEAT_PATH, session_path, user_path
from login import Login


def test_sessions(place):
    one, two = Login("alice", tty="/dev/tty2"), Login("bob", tty="pts/5")
    client = Client()
    expected = [
        [one.id, 1000, "alice", "seat0", session_path(one.id)],
        [two.id, 1001, "bob", "", session_path(two.id)],
    ]
    equal(client.call("ListSessions"), expected, "ListSessions")
    more = [
        [one.id, 1000, "alice", "seat0", one.pid, "user", "tty2", False, 0, session_path(one.id)],
        [two.id, 1001, "bob", "", two.pid, "user", "pts/5", False, 0, session_path(two.id)],
    ]
    equal(client.call("ListSessionsEx"), more, "ListSessionsEx")
    equal(client.get(MANAGER_PATH, "NCurrentSessions"), 2, "NCurrentSessions")


def test_users_and_seats(place):
    Login("bob"), Login("alice")
    client = Client()
    equal(client.call("ListUsers"), [[1000, "alice", user_path(1000)], [1001, "bob", user_path(1001)]], "ListUsers")
    equal(client.call("ListSeats"), [["seat0", SEAT_PATH]], "ListSeats")


def test_nobody(place):
    client = Client()
    equal(client.call("ListSessions"), [], "ListSessions")
    equal(client.call("ListSessionsEx"), [], "ListSessionsEx")
    equal(client.call("ListUsers"), [], "ListUsers")
    equal(client.call("ListInhibitors"), [], "ListInhibitors")
