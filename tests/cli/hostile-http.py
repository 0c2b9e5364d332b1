#!/usr/bin/env python3
"""Requests that mean harm, mixed with ordinary ones, and a judge of every answer.

hostile-http.py storm PORT ROOT REQUESTS [SECONDS]   a mix from many threads; 0 requests: as many as SECONDS allow
hostile-http.py crowd PORT COUNT SECONDS [SOURCE]    so many connections that say nothing, held
hostile-http.py honest PORT ROOT FILE SECONDS [SOURCE]  asks for FILE again and again; counts what failed

One JSON object on stdout; exit 1 when an answer was wrong."""
import errno
import json
import os
import random
import re
import selectors
import socket
import sys
import threading
import time

HOST = b"Host: x\r\n"


class Wrong(Exception):
    pass


def connect(port, source=None, timeout=20):
    s = socket.socket()
    s.settimeout(timeout)
    if source:
        s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    return s


class Reader:
    """Replies of one connection, one after the other."""

    def __init__(self, sock):
        self.sock, self.held = sock, b""

    def more(self):
        part = self.sock.recv(262144)
        if not part:
            raise Wrong("closed after %r" % self.held[:60])
        self.held += part

    def reply(self, is_head=False):
        while b"\r\n\r\n" not in self.held:
            self.more()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        fields = {k.lower(): v for k, v in (l.split(b": ", 1) for l in lines[1:])}
        length = int(fields.get(b"content-length", b"0"))
        if is_head or status == 304:
            return status, fields, b""
        while len(self.held) < length:
            self.more()
        body, self.held = self.held[:length], self.held[length:]
        return status, fields, body

    def ends(self):
        try:
            while True:
                part = self.sock.recv(65536)
                if not part:
                    return
                self.held += part
        except ConnectionResetError:
            pass


def expect(what, got, want):
    if got != want:
        raise Wrong("%s: got %r, want %r" % (what, got, want))


TRAVERSALS = [
    b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/..%2f..%2fetc/passwd", b"/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"/.%2e/.%2e/etc/passwd", b"/..%5c..%5cetc%5cpasswd", b"/..\\..\\etc\\passwd", b"/%252e%252e/%252e%252e/etc/passwd",
    b"/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd", b"/%u002e%u002e/etc/passwd", b"/....//....//etc/passwd", b"/.%00./etc/passwd",
    b"/file0%00.txt", b"/file0%00/../../etc/passwd", b"//etc/passwd", b"/%2fetc%2fpasswd", b"/./.././../etc/passwd",
    b"/dir/../../etc/passwd", b"/dir/..", b"/.git/config", b"/.live/x", b"/.gen", b"/%2elive", b"/dir/.hidden", b"/link",
    b"/linkdir/passwd", b"/link/", b"/linkdir/../file0", b"/fifo", b"/%", b"/%2", b"/%zz", b"/file0%2f..%2f..%2fetc%2fpasswd",
    b"/\xc0\xae\xc0\xae/etc/passwd", b"/;/../etc/passwd", b"/..;/etc/passwd", b"/file0/../file1", b"/file0/", b"/file0/x",
    b"http://127.0.0.1/../etc/passwd", b"http:///etc/passwd", b"file:///etc/passwd", b"*", b"?", b"/?/../../etc/passwd\x7f",
]
SMUGGLED = [
    HOST + b"Content-Length: 5\r\n\r\nhello", HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", HOST + HOST + b"\r\n", b"\r\n",
    HOST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", HOST + b"Content-Length: +5\r\n\r\nhello",
    HOST + b"Content-Length: 0x5\r\n\r\nhello", HOST + b"Content-Length:\r\n 5\r\n\r\nhello", HOST + b"X: a\n\nGET /file1 HTTP/1.1\r\n" + HOST + b"\r\n",
    HOST + b"X: a\r\n b\r\n\r\n", HOST + b"X : a\r\n\r\n", HOST + b"X: a\0b\r\n\r\n", HOST + b"X: a\rY: b\r\n\r\n", HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n",
    HOST + b"Transfer_Encoding\x00: chunked\r\n\r\n", b"Host: x\n\n", HOST + b"\nGET /file1 HTTP/1.1\r\n" + HOST + b"\r\n",
]


class Storm:
    def __init__(self, port, root, count, seconds):
        self.port, self.count = port, count
        self.end = time.time() + seconds if seconds else None
        self.files = {}
        for name in sorted(os.listdir(root)):
            path = os.path.join(root, name)
            if os.path.isfile(path) and not os.path.islink(path) and name.startswith("file"):
                with open(path, "rb") as f:
                    self.files["/" + name] = f.read()
        self.small = [n for n, data in self.files.items() if len(data) <= 100000]
        self.big = max(self.files, key=lambda n: len(self.files[n]))
        self.lock, self.done, self.kinds, self.wrong = threading.Lock(), 0, {}, []

    def take(self, kind):
        with self.lock:
            self.done += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def over(self):
        return (self.count and self.done >= self.count) or (self.end and time.time() > self.end) or len(self.wrong) > 20

    # Ordinary requests, many on one connection.
    def ordinary(self, rng):
        with connect(self.port) as s:
            r = Reader(s)
            for _ in range(rng.randrange(1, 60)):
                getattr(self, rng.choice(("whole", "part", "ranges", "same", "head", "missing", "method", "several")))(rng, s, r)

    def ask(self, s, name, fields=b"", method=b"GET"):
        s.sendall(method + b" " + name.encode() + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n")

    def whole(self, rng, s, r):
        name = rng.choice(self.small)
        self.ask(s, name, b"Range: bytes=5-1,1-5\r\n" if rng.random() < 0.1 else b"")
        status, _, body = r.reply()
        expect("whole " + name, (status, body == self.files[name]), (200, True))
        self.take("whole")

    def part(self, rng, s, r):
        name = rng.choice(list(self.files))
        size = len(self.files[name])
        first = rng.randrange(0, size + size // 4 + 2)
        last = first + rng.randrange(0, 5000)
        form = rng.randrange(3)
        text = (b"bytes=%d-%d" % (first, last), b"bytes=%d-" % max(first, size - 4000), b"bytes=-%d" % min(first, 3000))[form]
        self.ask(s, name, b"Range: " + text + b"\r\n")
        status, fields, body = r.reply()
        if form == 1:
            first, last = max(first, size - 4000), size - 1
        elif form == 2:
            n = min(first, 3000)
            first, last = (max(0, size - n), size - 1) if n else (size, size)
        if first >= size:
            expect("beyond %s %r" % (name, text), (status, fields[b"content-range"]), (416, b"bytes */%d" % size))
        else:
            last = min(last, size - 1)
            expect("part %s %r" % (name, text), (status, fields[b"content-range"], body == self.files[name][first:last + 1]),
                   (206, b"bytes %d-%d/%d" % (first, last, size), True))
        self.take("range")

    def ranges(self, rng, s, r):
        name = rng.choice(self.small)
        self.ask(s, name, b"Range: bytes=" + b",".join(b"%d-" % (i % 10) for i in range(1000)) + b"\r\n")
        status, _, body = r.reply()
        expect("1000 ranges", (status, body == self.files[name]), (200, True))
        self.take("1000 ranges")

    def same(self, rng, s, r):
        name = rng.choice(self.small)
        self.ask(s, name, method=b"HEAD")
        _, fields, _ = r.reply(True)
        self.ask(s, name, b'If-None-Match: W/"x", ' + fields[b"etag"] + b"\r\n")
        status, again, _ = r.reply()
        expect("same " + name, (status, again[b"etag"]), (304, fields[b"etag"]))
        self.take("head")
        self.take("304")

    def head(self, rng, s, r):
        name = rng.choice(list(self.files))
        self.ask(s, name, method=b"HEAD")
        status, fields, _ = r.reply(True)
        expect("head " + name, (status, int(fields[b"content-length"])), (200, len(self.files[name])))
        self.take("head")

    def missing(self, rng, s, r):
        self.ask(s, "/none%d" % rng.randrange(3000))
        expect("missing", r.reply()[0], 404)
        self.take("404")

    def method(self, rng, s, r):
        self.ask(s, rng.choice(self.small), method=rng.choice((b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"FOO")))
        expect("method", r.reply()[0], 405)
        self.take("405")

    def several(self, rng, s, r):
        names = [rng.choice(self.small + ["/none"]) for _ in range(rng.randrange(2, 8))]
        s.sendall(b"".join(b"GET " + n.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n" for n in names))
        for n in names:
            status, _, body = r.reply()
            expect("pipelined " + n, (status, n not in self.files or body == self.files[n]), (200 if n in self.files else 404, True))
            self.take("pipelined")

    # Each of these ends its connection.
    def traversal(self, rng):
        target = rng.choice(TRAVERSALS)
        with connect(self.port) as s:
            s.sendall(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            r = Reader(s)
            status, _, body = r.reply()
            if status not in (400, 404) or b"root:" in body or b"secret" in body:
                raise Wrong("traversal %r: %d %r" % (target, status, body[:40]))
        self.take("traversal")

    def smuggling(self, rng):
        rest = rng.choice(SMUGGLED)
        with connect(self.port) as s:
            s.sendall(b"GET " + rng.choice(self.small).encode() + b" HTTP/1.1\r\n" + rest)
            r = Reader(s)
            r.ends()
            # A reset may have overtaken the answer: then nothing was smuggled either. Of lengths that are none
            # the library sends the head of its refusal twice.
            if set(re.findall(rb"HTTP/1\.1 (\d\d\d) ", r.held)) - {b"400"}:
                raise Wrong("framing %r: %r" % (rest, r.held[:80]))
        self.take("framing")

    def flood(self, rng):
        with connect(self.port) as s:
            fields = rng.choice((b"X: y\r\n" * 70, b"X: " + b"y" * 7000 + b"\r\n", b"".join(b"X%d: %s\r\n" % (i, b"y" * 60) for i in range(120))))
            try:
                s.sendall(b"GET /file0 HTTP/1.1\r\n" + HOST + fields + b"\r\n")
            except OSError:
                pass
            r = Reader(s)
            r.ends()
            if r.held and r.held[9:12] != b"431":
                raise Wrong("flood: %r" % r.held[:60])
        self.take("header flood")

    def long_target(self, rng):
        with connect(self.port) as s:
            try:
                s.sendall(b"GET /" + b"a" * rng.choice((6200, 9000, 60000)) + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            except OSError:
                pass
            r = Reader(s)
            r.ends()
            if r.held and r.held[9:12] not in (b"414", b"431"):
                raise Wrong("long target: %r" % r.held[:60])
        self.take("long target")

    def noise(self, rng):
        with connect(self.port) as s:
            try:
                s.sendall(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400))) + b"\r\n\r\n")
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            r = Reader(s)
            r.ends()
            if r.held and r.held[9:12] not in (b"400", b"405", b"505", b"414", b"431"):
                raise Wrong("noise: %r" % r.held[:60])
        self.take("noise")

    def leaves(self, rng):
        with connect(self.port) as s:
            self.ask(s, self.big)
            if rng.random() < 0.7:
                s.recv(rng.randrange(1, 200000))
            if rng.random() < 0.5:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.take("left in mid body")

    def comes_and_goes(self, rng):
        with connect(self.port) as s:
            s.sendall(rng.choice((b"G", b"GET /file0 HT", b"GET /file0 HTTP/1.1\r\nHost: x\r\n", b"\r\n", b"\x16\x03\x01\0\5")))
        self.take("left in mid head")

    def slow_writer(self, rng):
        name = rng.choice(self.small)
        with connect(self.port) as s:
            for c in b"GET " + name.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n":
                s.sendall(bytes((c,)))
                time.sleep(0.001)
            status, _, body = Reader(s).reply()
            expect("slow writer", (status, body == self.files[name]), (200, True))
        self.take("slow writer")

    def slow_reader(self, rng):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(20)
        s.connect(("127.0.0.1", self.port))
        with s:
            self.ask(s, self.big, b"Range: bytes=0-199999\r\n")
            r = Reader(s)
            while len(r.held) < 200000:
                part = s.recv(20000)
                if not part:
                    raise Wrong("slow reader: cut off")
                r.held += part
                time.sleep(0.002)
            status, _, body = r.reply()
            expect("slow reader", (status, body == self.files[self.big][:200000]), (206, True))
        self.take("slow reader")

    def work(self, seed):
        rng = random.Random(seed)
        kinds = ([self.ordinary] * 8 + [self.traversal] * 6 + [self.smuggling] * 6 + [self.flood] * 2 + [self.long_target] +
                 [self.noise] * 2 + [self.leaves] * 2 + [self.comes_and_goes] * 2 + [self.slow_writer, self.slow_reader])
        while not self.over():
            kind = rng.choice(kinds)
            try:
                kind(rng)
            except (Wrong, OSError) as e:
                # A peer that was sent on purpose what it refuses may be reset early.
                if isinstance(e, ConnectionError) and kind not in (self.ordinary, self.slow_writer, self.slow_reader):
                    continue
                with self.lock:
                    self.wrong.append("%s: %s" % (kind.__name__, e))

    def run(self):
        threads = [threading.Thread(target=self.work, args=(i,)) for i in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return {"requests": self.done, "kinds": self.kinds, "wrong": self.wrong}


def crowd(port, count, seconds, source):
    """Connects without waiting for anything, holds what stands, counts what was hung up."""
    select, held, refused = selectors.DefaultSelector(), set(), 0
    end = time.time() + seconds
    started = 0
    while time.time() < end:
        for _ in range(200):
            if started == count:
                break
            s = socket.socket()
            s.setblocking(False)
            s.bind((source, 0))
            rc = s.connect_ex(("127.0.0.1", port))
            started += 1
            if rc not in (0, errno.EINPROGRESS):
                refused += 1
                s.close()
                continue
            held.add(s)
            select.register(s, selectors.EVENT_READ)
        for key, _ in select.select(0.05):
            try:
                gone = not key.fileobj.recv(100)
            except OSError:
                gone = True
            if gone:
                select.unregister(key.fileobj)
                held.discard(key.fileobj)
                key.fileobj.close()
                refused += 1
    result = {"started": started, "hung_up": refused, "held": len(held)}
    for s in held:
        s.close()
    return result


def honest(port, root, name, seconds, source):
    with open(os.path.join(root, name), "rb") as f:
        want = f.read()
    end, good, wrong, worst = time.time() + seconds, 0, [], 0.0
    while time.time() < end:
        began = time.time()
        try:
            with connect(port, source) as s:
                s.sendall(b"GET /" + name.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
                status, _, body = Reader(s).reply()
                expect("honest", (status, body == want), (200, True))
                good += 1
        except (Wrong, OSError) as e:
            wrong.append(str(e))
        worst = max(worst, time.time() - began)
        time.sleep(0.02)
    return {"good": good, "wrong": wrong, "worst_s": round(worst, 3)}


def main(argv):
    what, port = argv[1], int(argv[2])
    if what == "storm":
        result = Storm(port, argv[3], int(argv[4]), int(argv[5]) if len(argv) > 5 else 0).run()
    elif what == "crowd":
        result = crowd(port, int(argv[3]), int(argv[4]), argv[5] if len(argv) > 5 else "127.0.0.1")
    else:
        result = honest(port, argv[3], argv[4], float(argv[5]), argv[6] if len(argv) > 6 else "127.0.0.1")
    print(json.dumps(result))
    return 1 if result.get("wrong") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
