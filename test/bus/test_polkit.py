"""Questions to polkit, which a client plays here: it owns the name and answers as each test wants."""

import contextlib
import threading

from harness import ALICE, Client, ERROR, RETURN, equal, true, wait_for

POLKIT = "org.freedesktop.PolicyKit1"


class Polkit(contextlib.AbstractContextManager):
    """Answers each question by what it is asked."""

    def __init__(self):
        self.client = Client()
        self.client.driver("RequestName", "su", POLKIT, 4)
        self.asked, self.taken_back = [], []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            while True:
                message = self.client.read()
                if message.get("member") == "CheckAuthorization":
                    self.answer(message)
                elif message.get("member") == "CancelCheckAuthorization":
                    self.taken_back.append(message["body"][0])
        except (OSError, ConnectionError):
            pass

    def answer(self, message):
        self.asked.append(message)
        head = {"destination": message["sender"], "reply_to": message["serial"]}
        head |= {"member": None, "path": None, "interface": None}
        words = {"yes": (True, False, {}), "no": (False, False, {}), "ask": (False, True, {})}
        word = message["body"][1].split(".")[-1]
        if word in words:
            self.client.send(signature="(bba{ss})", values=[words[word]], kind=RETURN, **head)
        elif word == "malformed":
            self.client.send(signature="b", values=[True], kind=RETURN, **head)
        elif word == "error":
            self.client.send(signature="s", values=["no"], kind=ERROR, error=POLKIT + ".Error.Failed", **head)

    def __exit__(self, *_):
        self.client.socket.shutdown(2)
        self.thread.join()
        self.client.close()


def test_polkit_is_asked_about_the_caller_s_name():
    with Polkit() as polkit, Client(ALICE) as client:
        equal(client.call("Ask", "sb", "a.yes", False), ["yes"])
        equal(client.call("Ask", "sb", "a.no", False), ["no"])
        equal(client.call("Ask", "sb", "a.ask", True), ["challenge"])
        subject = ("system-bus-name", {"name": ("s", client.name)})
        expected = [(subject, "a.yes", {}, 0), (subject, "a.no", {}, 0), (subject, "a.ask", {}, 1)]
        equal([each["body"][:4] for each in polkit.asked], [list(each) for each in expected])


def test_everything_but_a_yes_is_a_no():
    with Client(ALICE) as client:
        equal(client.call("Ask", "sb", "a.yes", False), ["no"], "without polkit")
        with Polkit() as polkit:
            for word in ("malformed", "error"):
                equal(client.call("Ask", "sb", "a." + word, False), ["no"], word)
            serial = client.send("Ask", "sb", ["a.silent", False])
            wait_for("polkit is asked", lambda: len(polkit.asked) == 3)
        equal(client.answer(serial), ["no"], "polkit is gone")


def test_a_question_is_taken_back_when_its_caller_leaves():
    with Polkit() as polkit:
        with Client(ALICE) as client:
            client.send("Ask", "sb", ["a.silent", True])
            wait_for("polkit is asked", lambda: polkit.asked)
        wait_for("the question is taken back", lambda: polkit.taken_back)
        equal(polkit.taken_back, [polkit.asked[0]["body"][4]])


def test_sixteen_questions_of_a_user_at_once():
    with Polkit() as polkit, Client(ALICE) as client, Client(1001) as other:
        serials = [client.send("Ask", "sb", ["a.silent", False]) for _ in range(17)]
        equal(client.answer(serials[16]), ["no"])
        wait_for("the others are asked", lambda: len(polkit.asked) == 16)
        equal(other.call("Ask", "sb", "a.yes", False), ["yes"])


def test_an_answer_of_somebody_else_is_none():
    """Whoever guesses the serial of a question must not be able to answer it."""
    with Polkit() as polkit, Client(ALICE) as client:
        client.send("Ask", "sb", ["a.silent", False])
        wait_for("polkit is asked", lambda: polkit.asked)
        serial = polkit.asked[0]["serial"]
        client.send(None, "(bba{ss})", [(True, False, {})], kind=RETURN, reply_to=serial, path=None, interface=None)
        client.call("Nop")
        true(client.quiet(), "a forged answer counted")
