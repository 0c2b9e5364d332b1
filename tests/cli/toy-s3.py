#!/usr/bin/env python3
"""A small object store on loopback: path-style buckets, Signature Version 4 checked to the letter.

usage: toy-s3.py DIR [FAULTS]

Objects are files DIR/BUCKET/KEY. Every request must be signed by toy/secret with the digest of its
body. FAULTS is read at each request: lines "METHOD GLOB KIND" over the key, the first one decides:
  503    that status, before anything is done       reset  the connection ends before anything is done
Requests are logged to stderr as "METHOD KEY STATUS". A listing has PAGE keys (environment, 7).
"""
import fnmatch
import fnmatch
import hashlib
import hmac
import http.server
import os
import shutil
import sys
import urllib.parse
import xml.sax.saxutils as sax

DIR, FAULTS = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
KEY, SECRET, PAGE = "toy", "secret", int(os.environ.get("PAGE", "7"))


def quote(text, safe):
    return urllib.parse.quote(text, safe=safe + "-._~")


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body=b"", **fields):
        sys.stderr.write("%s %s %d\n" % (self.command, self.key, status))
        sys.stderr.flush()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.say(status, b"<Error><Code>%s</Code></Error>" % code.encode())

    def is_signed(self, url, body):
        head = self.headers.get("Authorization", "")
        if not head.startswith("AWS4-HMAC-SHA256 "):
            return False
        part = dict(p.strip().split("=", 1) for p in head[17:].split(","))
        who, scope = part["Credential"].split("/", 1)
        names = part["SignedHeaders"].split(";")
        sha = self.headers.get("x-amz-content-sha256", "")
        if any(self.headers[n] is None for n in names):
            return False
        if who != KEY or "x-amz-content-sha256" not in names or sha != hashlib.sha256(body).hexdigest():
            return False
        if "x-amz-copy-source" in self.headers and "x-amz-copy-source" not in names:
            return False
        query = sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        canonical = "\n".join([self.command, quote(urllib.parse.unquote(url.path), "/"),
                               "&".join("%s=%s" % (quote(k, ""), quote(v, "")) for k, v in query),
                               "".join("%s:%s\n" % (n, " ".join(self.headers[n].split())) for n in names),
                               part["SignedHeaders"], sha])
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + SECRET).encode()
        for word in scope.split("/"):
            key = mac(key, word)
        return hmac.compare_digest(mac(key, text).hex(), part["Signature"])

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        bucket, _, self.key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        top = os.path.join(DIR, bucket)
        path = os.path.join(top, self.key)
        if FAULTS and os.path.exists(FAULTS):
            for line in open(FAULTS):
                method, glob, kind = line.split()
                if method == self.command and fnmatch.fnmatch(self.key, glob):
                    if kind == "503":
                        return self.refuse(503, "SlowDown")
                    self.close_connection = True
                    return None
        if not self.is_signed(url, body):
            return self.refuse(403, "SignatureDoesNotMatch")
        if not os.path.isdir(top):
            return self.refuse(404, "NoSuchBucket")
        return getattr(self, "on_" + self.command.lower())(url, top, path, body)

    do_GET = do_PUT = do_DELETE = handle_any

    def on_get(self, url, top, path, body):
        if not self.key:
            return self.on_list(dict(urllib.parse.parse_qsl(url.query)), top)
        if not os.path.isfile(path):
            return self.refuse(404, "NoSuchKey")
        with open(path, "rb") as f:
            return self.say(200, f.read())

    def on_list(self, query, top):
        keys = sorted(os.path.relpath(os.path.join(d, f), top) for d, _, fs in os.walk(top) for f in fs)
        keys = [k for k in keys if k.startswith(query.get("prefix", "")) and k > query.get("continuation-token", "")]
        more = len(keys) > PAGE
        text = "".join("<Contents><Key>%s</Key><Size>%d</Size></Contents>" %
                       (sax.escape(k), os.path.getsize(os.path.join(top, k))) for k in keys[:PAGE])
        if more:
            text += "<NextContinuationToken>%s</NextContinuationToken>" % sax.escape(keys[PAGE - 1])
        self.say(200, ('<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                       "<IsTruncated>%s</IsTruncated>%s</ListBucketResult>" % (str(more).lower(), text)).encode())

    def on_put(self, url, top, path, body):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        source = self.headers.get("x-amz-copy-source")
        if source:
            try:
                shutil.copyfile(os.path.join(DIR, urllib.parse.unquote(source).lstrip("/")), path + ".new")
            except OSError:
                return self.refuse(404, "NoSuchKey")
        else:
            with open(path + ".new", "wb") as f:
                f.write(body)
        os.rename(path + ".new", path)
        return self.say(200, b"<CopyObjectResult/>" if source else b"")

    def on_delete(self, url, top, path, body):
        if os.path.isfile(path):
            os.remove(path)
        self.say(204)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("listening on http://127.0.0.1:%d/" % server.server_address[1], flush=True)
server.serve_forever()
