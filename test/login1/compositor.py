"""Compositors and their sessions, as far as the session manager sees them."""

from basics import equal
from client import Client, CONTROLLER, SEAT_PATH, session_path
from control_socket import call
from login import Login

# what seat0 may take to leave a terminal, whatever its controller does
LEAVES = 2.0


class Controller(Client):
    """A compositor, as far as the session manager sees it."""

    def __init__(self, uid, login):
        super().__init__(uid, login, program=CONTROLLER)
        self.path = session_path(login.id)

    def ask(self, member, signature="", *args, **more):
        return self.order(path=self.path, interface="org.freedesktop.login1.Session", member=member, signature=signature, args=args, **more)

    def take_control(self):
        equal(self.ask("TakeControl", "b", False), [], "TakeControl")

    def signals(self, which="all"):
        """What it was told since it was asked last, or only what came "before" the last answer."""
        return self.order(signals=which)

    def hears(self, name):
        """What it was told of that property of its session since it was asked last, or None."""
        told = [body[1][name][1] for path, member, body, _ in self.signals() if path == self.path and member == "PropertiesChanged" and name in body[1]]
        return told[-1] if told else None


def on(user, vt):
    return Login(user, tty=f"/dev/tty{vt}")


def in_front(client):
    """Session in the foreground; None while those who may say it do not say the same."""
    identifier = client.get(SEAT_PATH, "ActiveSession")[0]
    (seat,) = [each for each in call("ListSeats")["seats"] if each["id"] == "seat0"]
    return identifier if (seat["activeSession"] or "") == identifier else None
