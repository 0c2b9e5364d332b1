#!/usr/bin/env python3
"""A user manager as far as a scope needs one: speaks D-Bus on a socket and moves the process.

  user-manager.py SOCKET PLACE UID MODE
PLACE  a directory of cgroup2 in which scopes are made and given to UID
MODE   grant, refuse (an error reply), late (a signal and another's answer first, then moves after a while)
Prints each unit's name, delegated or not, and whether the caller was asked for by its credentials."""
import os
import socket
import struct
import sys
import time

path, place, uid, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def pad(data, n):
    return data + b"\0" * (-len(data) % n)


def text(data, s):
    return pad(data, 4) + struct.pack("<I", len(s)) + s.encode() + b"\0"


def message(kind, serial, reply_to, body=b"", signature=""):
    fields = b"\x05\x01u\0" + struct.pack("<I", reply_to)
    if signature:
        fields = pad(fields, 8) + b"\x08\x01g\0" + bytes([len(signature)]) + signature.encode() + b"\0"
    return pad(struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), serial, len(fields)) + fields, 8) + body


def receive(conn):
    data = b""
    while len(data) < 16 or len(data) < (16 + struct.unpack_from("<I", data, 12)[0] + 7) // 8 * 8 + struct.unpack_from("<I", data, 4)[0]:
        chunk = conn.recv(4096)
        if not chunk:
            return None
        data += chunk
    begin = (16 + struct.unpack_from("<I", data, 12)[0] + 7) // 8 * 8
    return struct.unpack_from("<I", data, 8)[0], data[:begin], data[begin:]


def grant(body):
    length = struct.unpack_from("<I", body, 0)[0]
    unit = body[4:4 + length].decode()
    at = body.index(b"PIDs\0\x02au\0") + 9
    at = (at + 3) // 4 * 4
    assert struct.unpack_from("<I", body, at)[0] == 4, "one pid"
    pid = struct.unpack_from("<I", body, at + 4)[0]
    print(unit, "delegated" if b"Delegate\0\x01b\0" in body else "kept", flush=True)
    scope = os.path.join(place, unit)
    os.mkdir(scope)
    for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(os.path.join(scope, name), uid, uid)
    with open(os.path.join(scope, "cgroup.procs"), "w") as f:
        f.write(str(pid))


def serve(conn):
    creds = struct.unpack("3i", conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    line = b""
    while not line.endswith(b"BEGIN\r\n"):
        line += conn.recv(1)
    assert line == b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", line
    assert creds[1] == uid, "another user"
    conn.sendall(b"DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n")
    serial, head, body = receive(conn)
    assert b"Hello" in head
    conn.sendall(message(2, 1, serial, text(b"", ":1.1"), "s"))
    serial, head, body = receive(conn)
    assert b"StartTransientUnit" in head and b"ssa(sv)a(sa(sv))" in head
    if mode == "refuse":
        conn.sendall(message(3, 2, serial, text(b"", "there are too many\nunits"), "s"))
        return
    if mode == "late":
        conn.sendall(message(4, 2, 0, text(b"", "a signal"), "s") + message(2, 3, 77))
        time.sleep(0.2)
    reply = message(2, 4, serial, text(b"", "/org/freedesktop/systemd1/job/1"), "o")
    for i in range(len(reply)):
        conn.sendall(reply[i:i + 1])
    if mode == "late":
        time.sleep(0.2)
    grant(body)


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen(8)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    try:
        serve(connection)
    except (AssertionError, ValueError, struct.error, TypeError) as wrong:
        print("wrong:", wrong, flush=True)
    connection.close()
