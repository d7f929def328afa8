"""Asks for the end of a session and prints what it is told."""

import json
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
call = {"method": "io.systemd.Login.ReleaseSession", "parameters": {"Id": sys.argv[2]}}
connection.sendall(json.dumps(call).encode() + b"\0")
answer = b""
while not answer.endswith(b"\0"):
    answer += connection.recv(4096)
print(json.loads(answer[:-1]).get("error", "ok"))
