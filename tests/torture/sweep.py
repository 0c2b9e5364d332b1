#!/usr/bin/env python3
"""Kills, fails and starves one command at each of its file-changing calls.

usage: sweep.py NAME BASE TREE JUDGE CMD...

TREE is what CMD works on: before each run a fresh copy of BASE. JUDGE is a line of shell that must
succeed on what is left there; it says what is wrong. A kill leaves what is on disk between two
calls: so one run, stopped at each of its calls, has all kills in it. A failed call takes a run of
its own. What was judged once is not judged again, if it is the same to the last byte.

TORTURE  the program;  FAULTS  comma separated, all: kill,EIO,EIO+,ENOSPC+
EVERY, OFFSET  every k-th point only, from an offset;  BUDGET  no new point after so many seconds
Prints findings, then for each fault: FAULT calls N points N distinct N bad N
"""
import hashlib
import os
import random
import subprocess
import sys
import time

name, base, tree, judge = sys.argv[1:5]
command = sys.argv[5:]
TORTURE = os.environ["TORTURE"]
EVERY = int(os.environ.get("EVERY", "1"))
OFFSET = int(os.environ.get("OFFSET") or random.randrange(EVERY))
FAULTS = (os.environ.get("FAULTS") or "kill,EIO,EIO+,ENOSPC+").split(",")
LIMIT_S = 60    # gpg may go round for ever on a failed write of its own
KEPT = 100      # states of a run that are kept at once
BUDGET = float(os.environ.get("BUDGET", "86400"))


def copy(source, target):
    subprocess.run(["rm", "-rf", target], check=True)
    subprocess.run(["cp", "-a", source, target], check=True)


def entry(path, seen):
    """One line about it: equal lines, equal things."""
    st = os.lstat(path)
    said = "%o %d %d" % (st.st_mode, st.st_uid, st.st_gid)
    if os.path.islink(path):
        return said + " " + os.readlink(path)
    if os.path.isfile(path):
        said += " %d" % seen.setdefault(st.st_ino, len(seen))
        with open(path, "rb") as f:
            said += " " + hashlib.sha256(f.read()).hexdigest()
        said += "".join(" %s=%s" % (k, os.getxattr(path, k).hex()) for k in sorted(os.listxattr(path)))
    return said


def mark(top):
    """A digest of all that is below top, but its times."""
    h, seen = hashlib.sha256(), {}
    for where, dirs, files in os.walk(top):
        dirs.sort()
        for n in sorted(dirs + files):
            path = os.path.join(where, n)
            h.update(("%s %s\n" % (os.path.relpath(path, top), entry(path, seen))).encode("utf-8", "surrogateescape"))
    return h.digest()


class Sweep:
    def __init__(self):
        self.fates = {}
        self.counted = self.count_calls()

    def count_calls(self):
        copy(base, tree)
        ran = subprocess.run([TORTURE, "count", "--"] + command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace")
        if ran.returncode:
            sys.exit("%s fails when nobody disturbs it: %s" % (name, ran.stdout))
        return int(ran.stdout.splitlines()[-1])

    def judged(self, state, what, said=""):
        """Is what lies in TREE good?"""
        if state not in self.fates:
            ran = subprocess.run(["bash", "-c", judge], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace")
            self.fates[state] = ran.returncode
            self.count["distinct"] += 1
            if ran.returncode:
                print("%s, %s: %s; it had said: %s" % (name, what, ran.stdout.strip()[-1500:], said.strip()[-300:]), flush=True)
        self.count["points"] += 1
        self.count["bad"] += self.fates[state] != 0

    def is_over(self):
        return time.monotonic() > self.until

    def begin(self):
        self.until = time.monotonic() + BUDGET / len(FAULTS)
        self.count = {"calls": self.counted, "points": 0, "distinct": 0, "bad": 0}
        points = list(range(1 + OFFSET % min(EVERY, self.counted), self.counted + 1, EVERY))
        random.shuffle(points)
        return points

    def end(self, fault):
        print(fault, " ".join("%s %d" % item for item in self.count.items()), flush=True)

    def run_in_steps(self, points, keep):
        """Stops a run before each of the calls in points."""
        to_us, its_out = os.pipe()
        its_in, from_us = os.pipe()
        copy(base, tree)
        p = subprocess.Popen([TORTURE, "each", str(its_out), str(its_in), "--"] + command, pass_fds=(its_out, its_in),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(its_out), os.close(its_in)
        with os.fdopen(to_us) as asked, os.fdopen(from_us, "wb", buffering=0) as answers:
            for line in asked:
                if int(line) in points:
                    keep(int(line))
                if int(line) >= max(points):
                    break
                answers.write(b"\n")
        p.wait()

    def kills(self):
        points, kept = self.begin(), tree + ".kept"
        while points and not self.is_over():
            some, points, states = set(points[:KEPT]), points[KEPT:], []
            subprocess.run(["rm", "-rf", kept], check=True)
            os.mkdir(kept)

            def keep(k):
                state = mark(tree)
                if state not in self.fates and state not in (s for _, s in states):
                    copy(tree, "%s/%d" % (kept, k))
                states.append((k, state))

            self.run_in_steps(some, keep)
            random.shuffle(states)
            self.judge_kept(kept, states)
        self.end("kill")

    def judge_kept(self, kept, states):
        for k, state in states:
            if self.is_over() and self.count["points"]:
                break
            if state not in self.fates:
                first = next(n for n in sorted(n for n, s in states if s == state))
                copy("%s/%d" % (kept, first), tree)
            self.judged(state, "killed at %d" % k)

    def faults(self, fault):
        mode, error = ("fail+", fault[:-1]) if fault[-1] == "+" else ("fail", fault)
        for k in self.begin():
            if self.is_over():
                break
            copy(base, tree)
            ran = subprocess.run(["timeout", "-s", "KILL", str(LIMIT_S), TORTURE, mode, str(k), error, "--"] + command,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace")
            self.judged(mark(tree), "%s at %d" % (fault, k), ran.stdout)
        self.end(fault)


def main():
    sweep = Sweep()
    for fault in FAULTS:
        if fault == "kill":
            sweep.kills()
        else:
            sweep.faults(fault)


main()
