"""The records of the channel, as daemon/keeper/channel.h lays them out."""

import socket
import struct

RECORD = struct.Struct("=IIiII2028s")
READY, EMPTY_DIRECTORY, DONE, RUN = 1, 2, 3, 4
VERSION = 2
OPEN, PAUSE, RESUME, CLOSE, TAKE, RELEASE, LEFT, KEEP, FORGET, HELD, GETTY, GETTY_ENDED, ANSWER = range(5, 18)


def send(channel, op, serial=0, value=0, uid=0, gid=0, text=b"", fds=()):
    socket.send_fds(channel, [RECORD.pack(op, serial, value, uid, gid, text)], fds)


def receive(channel):
    """The next record of the keeper's, (op, serial, value, uid, gid, text), and the descriptors that came with it."""
    data, fds, _, _ = socket.recv_fds(channel, RECORD.size, 200)
    return RECORD.unpack(data), fds


def read_held(channel):
    """What the keeper holds since before this daemon."""
    found = {"devices": {}, "vts": [], "gettys": [], "connections": {}}
    while True:
        (op, _, count, kind, _, text), fds = receive(channel)
        assert op == HELD, op
        if kind == 0:
            assert count == VERSION, count
            return found
        if kind == 1:
            found["devices"].update(struct.unpack_from("=II", text, 8 * i) for i in range(count))
        if kind in (2, 4):
            found["vts" if kind == 2 else "gettys"] += struct.unpack_from(f"={count}I", text)
        if kind == 3:
            found["connections"].update(zip(struct.unpack_from(f"={count}I", text), fds))
