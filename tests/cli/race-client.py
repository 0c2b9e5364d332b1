#!/usr/bin/env python3
"""Reads as lxc-download does, over and over: index, its signature, then each file of the image
and its signature, every request on a connection of its own. A pair that does not match is
fetched once more, both halves; what does not match then is a finding.

usage: race-client.py URL KEYRING STOPFILE

A third of the rounds has one address each; in a third each request comes from an address never
used before, in a third from any of a pool of 248. Prints findings, then: rounds N retried N pairs N
"""
import http.client
import itertools
import os
import subprocess
import sys
import tempfile
import urllib.parse

url, keyring, stop = sys.argv[1:]
where = urllib.parse.urlsplit(url)
FILES = ["meta.tar.xz", "rootfs.tar.xz", "SHA256SUMS"]
count = {"rounds": 0, "retried": 0, "pairs": 0}
scratch = tempfile.mkdtemp()


def fetch(path, address):
    c = http.client.HTTPConnection(where.hostname, where.port, timeout=60, source_address=(address(), 0))
    c.request("GET", "/" + path, headers={"User-Agent": "Wget/1.21"})
    answer = c.getresponse()
    body = answer.read()
    c.close()
    return answer.status, body


def verifies(data, signature):
    for name, content in (("data", data), ("data.asc", signature)):
        with open(os.path.join(scratch, name), "wb") as f:
            f.write(content)
    return subprocess.run(["gpgv", "-q", "--keyring", keyring, scratch + "/data.asc", scratch + "/data"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def pair(path, address):
    """The verified bytes, or None; one retry."""
    for attempt in (0, 1):
        got = [fetch(path + end, address) for end in ("", ".asc")]
        for (status, _), end in zip(got, ("", ".asc")):
            if status != 200:
                print("status %d: %s%s" % (status, path, end), flush=True)
                return None
        if verifies(got[0][1], got[1][1]):
            count["pairs"] += 1
            return got[0][1]
        count["retried"] += attempt == 0
    print("bad pair after the retry:", path, flush=True)
    return None


def read_image(index, address):
    for line in index.decode().splitlines():
        base = line.split(";")[5].strip("/")
        for name in FILES:
            pair(base + "/" + name, address)


first = None
pool = ("127.200.0.%d" % (n % 248 + 1) for n in itertools.count())
fresh = ("127.%d.%d.%d" % (n >> 16 & 255, n >> 8 & 255, n & 255) for n in itertools.count(0x010001))
while not os.path.exists(stop) or count["rounds"] == 0:
    home = next(fresh)
    address = (lambda: home, lambda: next(fresh), lambda: next(pool))[count["rounds"] % 3]
    index = pair("meta/1.0/index-user", address)
    if index:
        first = first or index
        read_image(index, address)
    count["rounds"] += 1
# who read the very first index and comes late still finds what it named
read_image(first, lambda: "127.0.0.1")
print("rounds", count["rounds"], "retried", count["retried"], "pairs", count["pairs"])
