#!/usr/bin/env python3
"""What a power cut leaves: states of a disk whose unsynced writes were lost or reordered.

usage: lostwrites.py snapshot PUBLIC                        prints what readers can see, as JSON
       lostwrites.py states DIR MOUNTPOINT SEED COUNT CMD   DIR holds base, log, old.json, new.json

A state is: the base image, all that was written before the last sync ahead of a cut in the log,
and of the writes between that sync and the cut a random choice, block by block. It is mounted
(ext4 replays its journal), looked at as a reader would, and then CMD and fsck must succeed and
end in the new tree. What the file system made of two states is often the same; then the second
is looked at, but not recovered again. Prints findings, then: states N distinct N old N new N bad N
"""
import hashlib
import json
import os
import random
import shlex
import struct
import subprocess
import sys
import time

BLOCK = 4096
ROUND = 25
WRITE, SYNC, MARK = 1, 2, 3
AS_USER = shlex.split(os.environ.get("AS_USER", ""))


def entry(path):
    st = os.lstat(path)
    if os.path.islink(path):
        return ["link", os.readlink(path)], st
    if os.path.isdir(path):
        return ["dir", ""], st
    if not os.path.isfile(path):
        return ["socket", ""], st
    with open(path, "rb") as f:
        return ["file", hashlib.sha256(f.read()).hexdigest()], st


def snapshot(top, changed=None):
    """path -> [kind, content]; in `changed` the instant of the last change of each."""
    seen = {}
    for dirpath, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(dirpath, name)
            rel = os.path.relpath(path, top)
            seen[rel], st = entry(path)
            if changed is not None:
                changed[rel] = st.st_ctime_ns
    return seen


def read_log(path):
    data = open(path, "rb").read()
    at, log = 0, []
    while at < len(data):
        kind, offset, size = struct.unpack_from("<QQQ", data, at)
        at += 24
        log.append((kind, offset, data[at:at + size]))
        at += size
    return log


def blocks(offset, data):
    """A write, cut at block boundaries: each part may be lost by itself."""
    at = 0
    while at < len(data):
        size = min(BLOCK - (offset + at) % BLOCK, len(data) - at)
        yield offset + at, data[at:at + size]
        at += size


class Reader:
    """What may be seen in any state, by the trees before and after."""

    def __init__(self, old, new):
        self.old, self.new = old["seen"], new["seen"]
        self.flips = self.old[".live"] != self.new[".live"]
        flip = new["changed"][".live"]
        # written behind the switch: the index pages of an image and their like
        self.late = {p for p, t in new["changed"].items() if t > flip and self.old.get(p) != self.new.get(p)}

    def fault(self, seen, must_be_new):
        live = seen.get(".live")
        is_new = live == self.new[".live"] if self.flips else must_be_new
        if live not in (self.old[".live"], self.new[".live"]):
            return "no tree is live: %s" % live
        if must_be_new and not is_new:
            return "what was said to be done is not"
        base, other = (self.new, self.old) if is_new else (self.old, self.new)
        for path, want in base.items():
            if path.startswith(".gen/") and not (path + "/").startswith(live[1] + "/"):
                continue
            got = seen.get(path)
            if got == want:
                continue
            if must_be_new:
                return "'%s' is not what was said to be there" % path
            if path in other and got == other[path] and want[0] == "file":
                continue
            if path in self.late and got is None and path not in self.old:
                continue
            return "'%s' of the %s tree is %s" % (path, "new" if is_new else "old", "missing" if got is None else "another")
        return None


class Disk:
    """One state at a time, mounted."""

    def __init__(self, scratch, mountpoint):
        self.image = os.path.join(scratch, "state.%d" % os.getpid())
        self.mountpoint = mountpoint

    def mount(self, base, parts):
        with open(self.image, "wb") as f:
            f.write(base)
            for offset, data in parts:
                f.seek(offset)
                f.write(data)
        return subprocess.run(["mount", "-o", "loop", self.image, self.mountpoint], stderr=subprocess.PIPE, text=True)

    def agents(self):
        """Processes that keep the disk busy: GnuPG's, which end by themselves, and late."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                said = open("/proc/%s/cmdline" % pid, "rb").read()
            except OSError:
                continue
            if b"gpg-agent" in said and self.mountpoint.encode() in said:
                yield int(pid)

    def umount(self):
        for tries in range(200):
            if subprocess.run(["umount", self.mountpoint], stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.05)
            if tries in (20, 60, 100):
                for pid in self.agents():
                    os.kill(pid, 9)
        sys.exit("cannot unmount " + self.mountpoint)


def recover(command):
    """The same command once more, and then nothing is wrong."""
    for words in (shlex.split(command), ["rootyard-index", "fsck"]):
        ran = subprocess.run(AS_USER + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=120)
        if ran.returncode:
            return "'%s' fails: %s" % (" ".join(words), ran.stdout.strip()[:600])
    return None


def listed(public):
    return open(public + "/meta/1.0/index-user").read() if os.path.exists(public + "/meta/1.0/index-user") else ""


class Run:
    def __init__(self, where, mountpoint, seed, command):
        old, new = (json.load(open("%s/%s.json" % (where, n))) for n in ("old", "new"))
        self.reader, self.want = Reader(old, new), new["listed"]
        self.log = read_log(where + "/log")
        self.base = open(where + "/base", "rb").read()
        self.disk = Disk(where, mountpoint)
        self.tree, self.command = mountpoint + "/tree", command
        self.random = random.Random(seed)
        marks = {data.strip(): i for i, (kind, _, data) in enumerate(self.log) if kind == MARK}
        self.begin, self.done = marks[b"begin"], marks[b"done"]
        self.fates = {}
        self.count = {"states": 0, "distinct": 0, "old": 0, "new": 0, "bad": 0}

    def look(self, must_be_new):
        seen = snapshot(self.tree + "/public")
        self.count["new" if seen.get(".live") == self.reader.new[".live"] else "old"] += 1
        fault = self.reader.fault(seen, must_be_new)
        if fault:
            return fault
        mark = hashlib.sha256(json.dumps(snapshot(self.tree), sort_keys=True).encode()).digest()
        if mark not in self.fates:
            self.fates[mark] = self.recover()
        return self.fates[mark]

    def recover(self):
        self.count["distinct"] += 1
        fault = recover(self.command)
        if not fault and listed(self.tree + "/public") != self.want:
            fault = "after recovery the new build is not listed"
        return fault

    def state(self, cut, parts):
        self.count["states"] += 1
        mounted = self.disk.mount(self.image, parts)
        fault = "cannot be mounted: " + mounted.stderr.strip()
        if mounted.returncode == 0:
            try:
                fault = self.look(cut > self.done)
            finally:
                self.disk.umount()
        if fault:
            self.count["bad"] += 1
            print("cut %d of %d..%d..%d: %s" % (cut, self.begin, self.done, len(self.log), fault), flush=True)

    def round(self, count):
        """So many states, in the order of the log: the synced part of the disk only grows."""
        cuts = sorted(self.random.randint(self.begin, len(self.log)) for _ in range(count))
        at, loose, self.image = 0, [], bytearray(self.base)
        for cut in cuts:
            for kind, offset, data in self.log[at:cut]:
                if kind == WRITE:
                    loose.extend(blocks(offset, data))
                elif kind == SYNC:
                    for where, part in loose:
                        self.image[where:where + len(part)] = part
                    loose = []
            at = cut
            kept = self.random.choice((0, 0.2, 0.5, 0.8, 1))
            self.state(cut, [part for part in loose if self.random.random() < kept])
            if self.is_over():
                break

    def is_over(self):
        return time.monotonic() > self.until or ("UNTIL_BAD" in os.environ and self.count["bad"])

    def states(self, count):
        self.until = time.monotonic() + float(os.environ.get("BUDGET", "86400"))
        while self.count["states"] < count and not self.is_over():
            self.round(min(ROUND, count - self.count["states"]))
        print(" ".join("%s %d" % item for item in self.count.items()))


def main():
    if sys.argv[1:2] == ["snapshot"]:
        changed = {}
        seen = snapshot(sys.argv[2], changed)
        json.dump({"seen": seen, "changed": changed, "listed": listed(sys.argv[2])}, sys.stdout)
    else:
        where, mountpoint, seed, count, command = sys.argv[2:]
        Run(where, mountpoint, int(seed), command).states(int(count))


main()
