"""
D-Bus bytes, made and read here alone: also those that no library would send.
A value of "v" is (signature, value).
"""

import struct

FIXED = {"y": (1, "B"), "n": (2, "h"), "q": (2, "H"), "i": (4, "i"), "u": (4, "I"), "x": (8, "q"), "t": (8, "Q")}
FIXED |= {"d": (8, "d"), "h": (4, "I"), "b": (4, "I")}
FIELDS = {1: "o", 2: "s", 3: "s", 4: "s", 5: "u", 6: "s", 7: "s", 8: "g", 9: "u"}
NAMES = {1: "path", 2: "interface", 3: "member", 4: "error", 5: "reply_to", 6: "destination", 7: "sender"}
NAMES |= {8: "signature", 9: "fds"}


def one(signature):
    """The first complete type, and what follows it."""
    if signature[0] == "a":
        inner, rest = one(signature[1:])
        return "a" + inner, rest
    if signature[0] not in "({":
        return signature[0], signature[1:]
    depth = 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0:
            return signature[: at + 1], signature[at + 1 :]
    raise ValueError(signature)


def split(signature):
    while signature:
        first, signature = one(signature)
        yield first


def alignment(signature):
    if signature[0] in FIXED:
        return FIXED[signature[0]][0]
    return {"s": 4, "o": 4, "a": 4, "g": 1, "v": 1}.get(signature[0], 8)


class Writer:
    def __init__(self, order="<"):
        self.order, self.bytes = order, bytearray()

    def align(self, size):
        self.bytes += bytes(-len(self.bytes) % size)

    def put(self, signature, value):
        code = signature[0]
        self.align(alignment(signature))
        if code in FIXED:
            self.bytes += struct.pack(self.order + FIXED[code][1], value)
        elif code in "so":
            data = value.encode()
            self.bytes += struct.pack(self.order + "I", len(data)) + data + b"\0"
        elif code == "g":
            self.bytes += bytes([len(value)]) + value.encode() + b"\0"
        elif code == "v":
            self.put("g", value[0])
            self.put(*value)
        elif code == "a":
            self.array(signature[1:], value)
        else:
            for inner, each in zip(split(signature[1:-1]), value, strict=True):
                self.put(inner, each)

    def array(self, inner, values):
        at = len(self.bytes)
        self.bytes += b"\0\0\0\0"
        self.align(alignment(inner))
        begin = len(self.bytes)
        for each in values.items() if isinstance(values, dict) else values:
            self.put(inner, each)
        struct.pack_into(self.order + "I", self.bytes, at, len(self.bytes) - begin)


def body(signature, values, order="<"):
    writer = Writer(order)
    for inner, value in zip(split(signature), values, strict=True):
        writer.put(inner, value)
    return bytes(writer.bytes)


def message(kind=1, serial=1, flags=0, order="<", content=b"", **fields):
    """Fields by their names; content is the body's bytes."""
    numbers = {name: number for number, name in NAMES.items()}
    listed = sorted((numbers[name], value) for name, value in fields.items() if value is not None)
    writer = Writer(order)
    head = [0x6C if order == "<" else 0x42, kind, flags, 1, len(content), serial]
    for signature, value in zip("yyyyuu", head):
        writer.put(signature, value)
    writer.put("a(yv)", [(number, (FIELDS[number], value)) for number, value in listed])
    writer.align(8)
    return bytes(writer.bytes) + content


class Reader:
    def __init__(self, data, order):
        self.data, self.order, self.at = data, order, 0

    def get(self, signature):
        code = signature[0]
        self.at += -self.at % alignment(signature)
        if code in FIXED:
            size, form = FIXED[code]
            (value,) = struct.unpack_from(self.order + form, self.data, self.at)
            self.at += size
            return bool(value) if code == "b" else value
        if code in "sog":
            length = self.get("y" if code == "g" else "u")
            self.at += length + 1
            return self.data[self.at - length - 1 : self.at - 1].decode()
        if code == "v":
            inner = self.get("g")
            return (inner, self.get(inner))
        if code == "a":
            return self.array(signature[1:])
        return tuple(self.get(inner) for inner in split(signature[1:-1]))

    def array(self, inner):
        length = self.get("u")
        self.at += -self.at % alignment(inner)
        end, values = self.at + length, []
        while self.at < end:
            values.append(self.get(inner))
        return dict(values) if inner[0] == "{" else values


def read(data):
    """The first message of the bytes and how long it is, or None if it has not come whole."""
    if len(data) < 16:
        return None
    order = "<" if data[0] == 0x6C else ">"
    length, serial, fields = struct.unpack_from(order + "III", data, 4)
    begin = 16 + fields + (-fields % 8)
    if len(data) < begin + length:
        return None
    head = Reader(data, order)
    head.at = 12
    found = {NAMES[number]: value[1] for number, value in head.get("a(yv)") if number in NAMES}
    content = Reader(data[begin : begin + length], order)
    values = [content.get(inner) for inner in split(found.get("signature", ""))]
    return {"kind": data[1], "flags": data[2], "serial": serial, "body": values, **found}, begin + length
