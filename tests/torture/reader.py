#!/usr/bin/env python3
"""What readers of a published tree may see at any instant: one publication, whole.

usage: reader.py PUBLIC KEYRING INDEX...    one of the files INDEX is the LXC index that is shown

Index, streams, signatures, the signed metadata, its documents and every file that they name agree.
"""
import base64
import glob
import hashlib
import json
import os
import subprocess
import sys

public, keyring = sys.argv[1:3]
IMAGE = "images/toy/1/amd64/default"


def read(path):
    with open(os.path.join(public, path), "rb") as f:
        return f.read()


def load(o):
    data = read(o["path"])
    assert len(data) == o["size"] and hashlib.sha256(data).hexdigest() == o["sha256"], "'%s' is not what is signed for" % o["path"]
    return data


def named(document):
    """Everything in it that has a path, a size and a digest."""
    if isinstance(document, list):
        for part in document:
            yield from named(part)
    elif isinstance(document, dict):
        if {"path", "size", "sha256"} <= document.keys():
            yield document
        for part in document.values():
            yield from named(part)


def pairs():
    for pattern in ("meta/1.0/*.asc", "streams/v1/*.asc", IMAGE + "/*/*.asc"):
        for path in glob.glob(os.path.join(public, pattern)):
            assert subprocess.run(["gpgv", "-q", "--keyring", keyring, path, path[:-4]], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode == 0, "bad pair: " + path


def sums(serial):
    for line in read("%s/%s/SHA256SUMS" % (IMAGE, serial)).decode().splitlines():
        digest, name = line.split()
        name = name.lstrip("*")
        assert hashlib.sha256(read("%s/%s/%s" % (IMAGE, serial, name))).hexdigest() == digest, "SHA256SUMS and " + name


def metadata(serial):
    doc = json.loads(base64.b64decode(json.loads(read("meta/2/current"))["payload"]))
    lines = load(doc["catalog"]).decode().splitlines()
    assert json.loads(lines[0])["generation"] == doc["generation"], "catalog and current disagree"
    for line in lines[1:]:
        image, newest, _, size, sha256 = json.loads(line)
        assert newest == serial, "meta/2 and meta/1.0 disagree"
        for o in named(json.loads(load({"path": "meta/2/objects/" + sha256, "size": size, "sha256": sha256}))):
            load(o)
    for o in json.loads(load(doc["files"])):
        load(o)


def main():
    index = read("meta/1.0/index-user")
    assert index in [open(p, "rb").read() for p in sys.argv[3:]], "a third index: %s" % index
    serial = index.decode().split(";")[4]
    streams = json.loads(read("streams/v1/images.json"))
    assert serial in [v for p in streams["products"].values() for v in p["versions"]], "streams and meta/1.0 disagree"
    pairs()
    sums(serial)
    metadata(serial)


try:
    main()
except (AssertionError, OSError, ValueError, KeyError) as e:
    sys.exit("a reader sees a mixture: %s" % e)
