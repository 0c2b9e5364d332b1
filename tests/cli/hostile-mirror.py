#!/usr/bin/env python3
"""A static server on loopback that lies on demand.

usage: hostile-mirror.py DIR RULES

RULES is read again at every request: lines "GLOB KIND", the first glob that matches the
path (without its slash) decides. Kinds:
  flip        one byte in the middle is another       truncate   half of it, Content-Length too
  cut         half of it, then the connection ends    cutweak    the same with a weak ETag
  long        as many bytes again behind it           endless    no Content-Length, no end
  loop        redirects to itself                     leave      redirects to a file: URL
  gzip        Content-Encoding: gzip, unasked         html200    an error page with status 200
  norange     200 for a range request                 badrange   another range than asked for
  stall       half of it, then silence                drip        a byte every second
  reset       half of it, then the connection is reset
  parts       multipart/byteranges for a range        norangehead 206 without Content-Range
  short       a Content-Length that is too small      slow        20 kB a second
  404 503     that status                             header     a header without end
KIND+OTHER is KIND for the first request of a path and OTHER (or nothing) from then on.
Requests are logged to stderr as "METHOD PATH STATUS RANGE".
"""
import fnmatch
import gzip
import hashlib
import http.server
import os
import socket
import struct
import sys
import time

DIR, RULES = sys.argv[1], sys.argv[2]
seen = set()
PAGE = b"<html><body>This page could not be found.</body></html>\n"


def rule_for(path):
    try:
        with open(RULES) as f:
            for line in f:
                glob, _, kind = line.strip().partition(" ")
                if glob and fnmatch.fnmatch(path, glob):
                    return kind
    except FileNotFoundError:
        pass
    return ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "hostile"

    def log_message(self, *args):
        pass

    def note(self, status):
        sys.stderr.write("%s %s %s %s\n" % (self.command, self.path, status, self.headers.get("Range", "-")))
        sys.stderr.flush()

    def head(self, status, length=None, **fields):
        self.note(status)
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def reply(self, status, body, **fields):
        self.head(status, len(body), **fields)
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.lstrip("/")
        kind, plus, later = rule_for(path).partition("+")
        if plus and (kind, path) in seen:
            kind = later
        elif plus:
            seen.add((kind, path))
        try:
            with open(os.path.join(DIR, path), "rb") as f:
                body = f.read()
        except OSError:
            return self.reply(404, b"not found\n")
        try:
            self.answer(kind, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, kind, body):
        etag = '"%s"' % hashlib.sha256(body).hexdigest()
        if kind == "flip":
            at = len(body) // 2
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        elif kind == "truncate":
            body = body[:len(body) // 2]
        elif kind == "long":
            body = body + body
        elif kind in ("404", "503"):
            return self.reply(int(kind), b"no\n")
        elif kind == "html200":
            return self.reply(200, PAGE, Content_Type="text/html")
        elif kind == "gzip":
            return self.reply(200, gzip.compress(body), Content_Encoding="gzip")
        elif kind == "loop":
            return self.reply(302, b"", Location=self.path)
        elif kind == "leave":
            return self.reply(302, b"", Location="file:///etc/passwd")
        elif kind == "endless":
            self.head(200)
            while True:
                self.wfile.write(body or b"x" * 4096)
        elif kind == "header":
            self.note(200)
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.wfile.write(b"X-Long: " + b"x" * 4000 + b"\r\n")
        elif kind in ("stall", "reset", "drip", "slow"):
            self.head(200, len(body), ETag=etag)
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            step = {"drip": 1, "slow": 5000}.get(kind, 0)
            at = len(body) // 2
            while kind != "reset" and at < len(body):
                time.sleep(1 if kind != "slow" else 0.25)
                self.wfile.write(body[at:at + step])
                self.wfile.flush()
                at += step
            if kind == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            return None
        elif kind == "short":
            return self.reply(200, body[:-10], ETag=etag)
        elif kind in ("cut", "cutweak"):
            self.head(200, len(body), ETag="W/" + etag if kind == "cutweak" else etag)
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return None
        self.ranged(kind, body, {"ETag": etag})
        return None

    def ranged(self, kind, body, fields):
        asked = self.headers.get("Range", "")
        first = asked[6:-1] if asked.startswith("bytes=") and asked.endswith("-") else ""
        valid = first.isdigit() and self.headers.get("If-Range", fields.get("ETag")) == fields.get("ETag")
        if not valid or kind == "norange":
            return self.reply(200, body, **fields)
        at = int(first)
        if at >= len(body):
            return self.reply(416, b"", Content_Range="bytes */%d" % len(body))
        if kind == "badrange":
            at = 0
        if kind == "parts":
            part = b"--x\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" % (at, len(body) - 1, len(body)) + body[at:] + b"\r\n--x--\r\n"
            return self.reply(206, part, Content_Type="multipart/byteranges; boundary=x")
        if kind == "norangehead":
            return self.reply(206, body[at:], **fields)
        fields["Content_Range"] = "bytes %d-%d/%d" % (at, len(body) - 1, len(body))
        return self.reply(206, body[at:], **fields)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("listening on http://127.0.0.1:%d/" % server.server_address[1], flush=True)
server.serve_forever()
