#!/usr/bin/env python3
"""Clients that read an index and its signature while generations follow each other; a pair that does not match is read
once more, both halves.

usage: pair-clients.py URL PUBLIC SECONDS

Lone clients have an address each, others share one, others come from any address of a pool, request by request. Each
half says which generation it is of. Prints for each kind: NAME pairs N torn N bad N last N, where torn counts first
readings that did not match, bad those that did not match the second time either, and last is the newest one read.
"""
import http.client
import os
import random
import sys
import threading
import time
import urllib.parse

url, public, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
where = urllib.parse.urlsplit(url)
over = threading.Event()
lock = threading.Lock()
count = {}


def publish(n):
    home = "%s/.gen/%d/meta/1.0" % (public, n)
    os.makedirs(home)
    for end in ("", ".asc"):
        with open("%s/index-user%s" % (home, end), "w") as f:
            f.write("%d\n" % n)
    os.symlink(".gen/%d" % n, public + "/.live.new")
    os.rename(public + "/.live.new", public + "/.live")


def read(path, address):
    c = http.client.HTTPConnection(where.hostname, where.port, timeout=20, source_address=(address(), 0))
    c.request("GET", "/meta/1.0/index-user" + path)
    got = c.getresponse().read()
    c.close()
    return int(got)


def read_pair(address, dice):
    index = read("", address)
    time.sleep(dice.random() / 50)
    return index, read(".asc", address)


def client(kind, address, seed):
    dice = random.Random(seed)
    choose = lambda: address(dice)
    while not over.is_set():
        first = read_pair(choose, dice)
        torn = first[0] != first[1]
        again = read_pair(choose, dice) if torn else first
        with lock:
            c = count[kind]
            c["pairs"] += 1
            c["torn"] += torn
            c["bad"] += again[0] != again[1]
            c["last"] = max(c["last"], *again)
        time.sleep(dice.random() / 50)


KINDS = {
    "lone": (4, lambda i: lambda dice: "127.1.%d.1" % i),
    "shared": (3, lambda i: lambda dice: "127.2.0.1"),
    "pool": (3, lambda i: lambda dice: "127.3.0.%d" % dice.randint(1, 200)),
}
publish(1)
threads = []
for kind, (clients, address) in KINDS.items():
    count[kind] = {"pairs": 0, "torn": 0, "bad": 0, "last": 0}
    threads += [threading.Thread(target=client, args=(kind, address(i), i)) for i in range(clients)]
for t in threads:
    t.start()
time.sleep(1)
n, end = 1, time.monotonic() + seconds
while time.monotonic() < end:
    n += 1
    publish(n)
    time.sleep(0.1)
over.set()
for t in threads:
    t.join()
for kind, c in count.items():
    print(kind, *("%s %d" % item for item in c.items()))
print("published", n)
