#!/usr/bin/env python3
"""Serves DIR, well or badly: source-server.py DIR LOG

/WAY/PATH answers with DIR/PATH in the way of WAY: ok, cut (the first answer ends at half), whole (the same, and a
range is answered by all of it), moved (the same, and the file is another one by then), astray (a range that nobody asked
for), stall (the first answer stops at half), trunc (every one ends at half), loop, page, busy (503 twice), down (503),
slow (a second to begin with), coded. What stands behind a ? is there to count anew.
/v2/ is a container registry of DIR/registry that wants a token for what is called private, and answers for WAY/NAME in the
way of WAY. Every request becomes a line of LOG.
"""
import hashlib
import html
import http.server
import json
import os
import sys
import threading
import time

top, log_path = sys.argv[1:3]
lock = threading.Lock()
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def log(self, status):
        with lock, open(log_path, "a") as f:
            f.write("%d %s range=%s\n" % (status, self.path, self.headers.get("Range", "")))

    def send(self, status, body, fields=(), length=None, shown=None):
        self.log(status)
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        try:
            self.wfile.write(body if shown is None else body[:shown])
            self.wfile.flush()
        except OSError:
            pass

    def hang_up(self):
        self.close_connection = True

    def times(self):
        with lock:
            seen[self.path] = seen.get(self.path, 0) + 1
            return seen[self.path]

    def read(self, path):
        try:
            with open(os.path.join(top, path), "rb") as f:
                return f.read()
        except OSError:
            return None

    def whole(self, data, shown=None, etag=None):
        etag = etag or '"%s"' % hashlib.md5(data).hexdigest()
        first = 0
        wanted = self.headers.get("Range", "")
        if self.headers.get("If-None-Match") == etag:
            return self.send(304, b"", [("ETag", etag)], length=0)
        if wanted.startswith("bytes=") and self.headers.get("If-Range", etag) == etag:
            first = int(wanted[6:].split("-")[0])
            if first >= len(data):
                return self.send(416, b"", [("Content-Range", "bytes */%d" % len(data))])
            return self.send(206, data[first:], [("ETag", etag), ("Content-Range", "bytes %d-%d/%d" % (first, len(data) - 1, len(data)))])
        self.send(200, data, [("ETag", etag)], shown=shown)

    def listing(self, path):
        names = sorted(os.listdir(os.path.join(top, path)))
        rows = "".join('<a href="%s">%s</a>\n' % (html.escape(n), html.escape(n)) for n in names)
        self.send(200, ("<html><body>" + rows + "</body></html>").encode(), [("Content-Type", "text/html")])

    def do_GET(self):
        if self.path.startswith("/v2/") or self.path.startswith("/token"):
            return self.registry()
        way, _, path = self.path.lstrip("/").partition("?")[0].partition("/")
        if os.path.isdir(os.path.join(top, path)) and way == "ok":
            return self.listing(path)
        data = self.read(path)
        if data is None:
            return self.send(404, b"<html>no such file</html>")
        getattr(self, "way_" + way, self.way_ok)(data)

    def way_ok(self, data):
        self.whole(data)

    def way_cut(self, data):
        if self.times() > 1:
            return self.whole(data)
        self.whole(data, shown=len(data) // 2)
        self.hang_up()

    def way_whole(self, data):
        if self.times() > 1:
            return self.send(200, data, [("ETag", '"x"')])
        self.send(200, data, [("ETag", '"x"')], shown=len(data) // 2)
        self.hang_up()

    def way_moved(self, data):
        if self.times() > 1:
            return self.whole(data, etag='"new"')
        other = bytes(b ^ 255 for b in data)
        self.send(200, other, [("ETag", '"old"')], shown=len(data) // 2)
        self.hang_up()

    def way_astray(self, data):
        if self.times() > 1:
            return self.send(206, data[10:], [("ETag", '"x"'), ("Content-Range", "bytes 10-%d/%d" % (len(data) - 1, len(data)))])
        self.send(200, data, [("ETag", '"x"')], shown=len(data) // 2)
        self.hang_up()

    def way_stall(self, data):
        if self.times() > 1:
            return self.whole(data, etag='"x"')
        self.send(200, data, [("ETag", '"x"')], shown=len(data) // 2)
        time.sleep(8)
        self.hang_up()

    def way_trunc(self, data):
        self.send(200, data, shown=len(data) // 2)
        self.hang_up()

    def way_loop(self, data):
        self.send(302, b"", [("Location", self.path)])

    def way_page(self, data):
        self.send(200, b"<!DOCTYPE html><html>please log in</html>", [("Content-Type", "text/html")])

    def way_busy(self, data):
        if self.times() > 2:
            return self.whole(data)
        self.send(503, b"busy")

    def way_down(self, data):
        self.send(503, b"<html>down</html>")

    def way_slow(self, data):
        time.sleep(1)
        self.whole(data)

    def way_coded(self, data):
        self.send(200, data, [("Content-Encoding", "br")])

    # ---- a container registry

    def registry(self):
        name, _, rest = self.path.partition("?")[0].partition("/manifests/")
        kind = "manifests"
        if kind not in self.path:
            name, _, rest = self.path.partition("?")[0].partition("/blobs/")
            kind = "blobs"
        if self.path.startswith("/token"):
            return self.send(200, json.dumps({"token": "let.me-in"}).encode())
        if "private" in name and self.headers.get("Authorization") != "Bearer let.me-in":
            realm = "http://%s/token" % self.headers["Host"]
            challenge = 'Bearer realm="%s",service="toy",scope="repository:%s:pull"' % (realm, name[4:])
            return self.send(401, b"{}", [("WWW-Authenticate", challenge)])
        data = self.read("registry/%s/%s" % (kind, rest.replace(":", "-")))
        if data is None:
            return self.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        fields = []
        if kind == "manifests":
            doc = json.loads(data)
            types = ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json")
            fields = [("Content-Type", doc.get("mediaType", types["layers" in doc]))]
        way = "way_" + name.split("/")[2]
        if hasattr(self, way):
            return getattr(self, way)(data)
        self.send(200, data, fields)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("listening on http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
