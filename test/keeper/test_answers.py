"""CHANNEL_ANSWER: the answer to a request on a kept connection, which a dying daemon gives whole or not at all."""

from puppet import *

NUMBER = 7


def kept(keeper):
    """A connection that the keeper has, and the client's end of it."""
    mine, theirs = socket.socketpair()
    mine.settimeout(5)
    keeper.puppet.send(KEEP, value=NUMBER, fds=[theirs.fileno()])
    return mine, theirs


def answer(puppet, request, text, number=NUMBER, **fields):
    return puppet.order(ANSWER, value=number, uid=request, gid=len(text), text=text, **fields)[0]


def test_answer_takes_the_request_and_sends():
    keeper = Puppets()
    client, connection = kept(keeper)
    client.send(b"first" + b"second")
    equal(answer(keeper.puppet, len(b"first"), b"\0one\0"), "")
    equal(client.recv(100), b"\0one\0")
    equal(connection.recv(100, socket.MSG_PEEK), b"second", "what is still asked")
    read, write = os.pipe()
    equal(answer(keeper.puppet, len(b"second"), b"two", fds=[write]), "", "with a descriptor")
    os.close(write)
    text, fds, _, _ = socket.recv_fds(client, 100, 4)
    equal((text, len(fds)), (b"two", 1))
    os.write(fds[0], b"x")
    os.close(fds[0])
    equal(os.read(read, 10), b"x", "the descriptor that was sent")
    equal(os.read(read, 10), b"", "and the keeper has none of it")
    os.close(read)


def test_answer_to_a_peer_that_takes_no_more():
    keeper = Puppets()
    client, connection = kept(keeper)
    client.send(b"request")
    connection.setblocking(False)
    try:
        while True:
            connection.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    equal(answer(keeper.puppet, len(b"request"), b"late"), "EAGAIN")
    equal(connection.recv(100, socket.MSG_PEEK), b"request", "nothing was done")
    client.close()
    true(answer(keeper.puppet, len(b"request"), b"late") in ("EPIPE", "ECONNRESET", "EAGAIN"), "to nobody")


def test_answer_on_what_is_not_kept():
    keeper = Puppets()
    client, _ = kept(keeper)
    equal(answer(keeper.puppet, 1, b"text", number=NUMBER + 1), "ENOENT")
    equal(keeper.puppet.order(ANSWER, value=NUMBER, uid=0, gid=2028, text=b"x")[0], "EINVAL", "more than there is room for")
    client.setblocking(False)
    try:
        true(client.recv(100) is None, "it was sent something")
    except BlockingIOError:
        pass


def test_answer_of_a_daemon_that_dies():
    """Given before its death it is whole; the next daemon finds a request or its answer sent, and never neither."""
    keeper = Puppets()
    client, connection = kept(keeper)
    for turn in range(3):
        client.send(b"request")
        keeper.puppet.send(ANSWER, serial=1, value=NUMBER, uid=7, gid=4, text=b"done")
        keeper.next()
        client.setblocking(False)
        try:
            sent = client.recv(100)
        except BlockingIOError:
            sent = b""
        connection.setblocking(False)
        try:
            waits = connection.recv(100)
        except BlockingIOError:
            waits = b""
        true((sent, waits) in ((b"done", b""), (b"", b"request")), f"turn {turn}: sent {sent}, waiting {waits}")
