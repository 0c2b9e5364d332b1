#!/usr/bin/env python3
"""A small published tree, made by hand: what the client must accept, and, told so, what it
must not. Keys live in HOME (a GnuPG home with the keys root, root2, publish, timestamp, other).

usage: make-tree.py keys HOME
       make-tree.py tree HOME DIR [NAME=VALUE]...     everything
       make-tree.py current HOME DIR [NAME=VALUE]...  meta/2/current alone, again
       make-tree.py root HOME DIR N [NAME=VALUE]...   trust/root.N, signed by N-1 and N

NAME=VALUE: version generation created expires (seconds from now) root_version serial
  current_key catalog_key (names of keys)   catalog_generation   text (content of a file)
  tar=FILE (a tar to pack instead)   meta=FILE (a tar of metadata)   entries unpacked (signed numbers)
  repo   publish timestamp root_expires root_signers (comma separated)  revoke
  description   dots (appended to it)   pad (bytes of noise in a file)
"""
import base64
import hashlib
import io
import json
import lzma
import os
import random
import struct
import subprocess
import sys
import tarfile
import time

NOW = int(time.time())
EPOCH = 1700000000
IMAGE = "toy/1/amd64/default"


def gpg(home, *args, data=b""):
    done = subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
                           "--passphrase", ""] + list(args), input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("gpg %s: %s" % (" ".join(args), done.stderr.decode()))
    return done.stdout


def fpr(home, name):
    out = gpg(home, "--with-colons", "--list-keys", "=%s" % name).decode()
    return [l.split(":")[9] for l in out.splitlines() if l.startswith("fpr:")][0]


def armor(home, name):
    return gpg(home, "--armor", "--export-options", "export-minimal", "--export", fpr(home, name)).decode()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def dump(doc):
    return json.dumps(doc, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def pae(kind, body):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


def sign(home, name, kind, body):
    sig = gpg(home, "--digest-algo", "SHA512", "-u", fpr(home, name), "--detach-sign", "-o", "-", data=pae(kind, body))
    return {"fpr": fpr(home, name), "sig": base64.b64encode(sig).decode()}


def envelope(home, names, kind, body):
    return dump({"payloadType": kind, "payload": base64.b64encode(body).decode(),
                 "signatures": [sign(home, n, kind, body) for n in names]})


def put(top, path, data):
    full = os.path.join(top, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full + ".new", "wb") as f:
        f.write(data)
    os.rename(full + ".new", full)


def put_object(top, data):
    path = "meta/2/objects/" + sha(data)
    put(top, path, data)
    if len(data) >= 65536:
        put(top, path + ".zst", zst(data))
    return {"path": path, "size": len(data), "sha256": sha(data)}


def zst(raw):
    """zstd frames of stored blocks: content size in the header, no checksum."""
    out = b""
    for start in range(0, max(len(raw), 1), 4 << 20):
        frame = raw[start:start + (4 << 20)]
        out += struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(frame))
        for i in range(0, max(len(frame), 1), 1 << 17):
            block = frame[i:i + (1 << 17)]
            out += struct.pack("<I", (i + (1 << 17) >= len(frame)) | len(block) << 3)[:3] + block
    return out


def plain_tar(text, pad):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", format=tarfile.PAX_FORMAT) as t:
        def add(name, kind=tarfile.REGTYPE, mode=0o755, data=b"", link="", uid=0):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime, info.size = kind, mode, EPOCH, len(data)
            info.linkname, info.uid, info.gid = link, uid, uid
            t.addfile(info, io.BytesIO(data))
        for d in (".", "./bin", "./dev", "./etc", "./home", "./proc", "./run", "./sys", "./tmp"):
            add(d, tarfile.DIRTYPE, 0o1777 if d == "./tmp" else 0o755)
        add("./home/user", tarfile.DIRTYPE, 0o700, uid=1000)
        add("./etc/os-release", mode=0o644, data=b"ID=toy\nPRETTY_NAME=\"%s\"\n" % text.encode())
        add("./etc/alternative", tarfile.SYMTYPE, 0o777, link="os-release")
        add("./bin/su", mode=0o4755, data=b"#!/bin/sh\n")
        add("./bin/same", tarfile.LNKTYPE, 0o4755, link="./bin/su")
        add("./home/user/file", mode=0o600, data=b"mine\n", uid=1000)
        if pad:
            add("./home/user/noise", mode=0o644, data=random.Random(7).randbytes(pad), uid=1000)
    return buf.getvalue()


def manifest(raw):
    entries = []
    with tarfile.open(fileobj=io.BytesIO(raw)) as t:
        for m in t:
            path = m.name[2:] if m.name.startswith("./") else "" if m.name == "." else m.name
            kind = {tarfile.REGTYPE: b"0", tarfile.LNKTYPE: b"1", tarfile.SYMTYPE: b"2", tarfile.CHRTYPE: b"3",
                    tarfile.BLKTYPE: b"4", tarfile.DIRTYPE: b"5", tarfile.FIFOTYPE: b"6"}[m.type]
            link = m.linkname if kind in b"12" else ""
            if kind == b"1" and link.startswith("./"):
                link = link[2:]
            size = m.size if kind == b"0" else (m.devmajor << 32 | m.devminor) if kind in b"34" else 0
            p, l = path.encode(), link.encode()
            e = struct.pack("<cBHIIqQHH", kind, 0, m.mode & 0o7777, m.uid, m.gid, int(m.mtime), size, len(p), len(l))
            e += p + l
            if kind == b"0" and size:
                e += hashlib.sha256(t.extractfile(m).read()).digest()
            entries.append((e, size if kind == b"0" else 0))
    head = b"RYMANIF1" + struct.pack("<IIQQ", 1, 0, len(entries), len(raw)) + hashlib.sha256(raw).digest()
    return head + b"".join(e for e, _ in entries), len(entries), sum(s for _, s in entries)


def plain_meta():
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name, text in (("create-message", "hello\n"), ("expiry", "1800000000\n"), ("excludes-user", "\n"),
                           ("config", "lxc.include = LXC_TEMPLATE_CONFIG/common.conf\nlxc.arch = x86_64\n"
                                      "lxc.hook.start-host = /bin/evil\nlxc.mount.entry = / mnt none bind 0 0\n"),
                           ("config-user", "lxc.include = LXC_TEMPLATE_CONFIG/userns.conf\nlxc.arch = x86_64\n")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text.encode()))
    return buf.getvalue()


def make_root(home, top, n, o):
    names = ["root", "root2", "publish", "timestamp", "other"]
    roles = {"root": o.get("roots", "root"), "publish": o.get("publish", "publish"),
             "timestamp": o.get("timestamp", "timestamp")}
    used = [x for x in names if any(x in r.split(",") for r in roles.values())]
    doc = {"schema": 1, "version": n, "created": NOW - 60, "expires": NOW + int(o.get("root_expires", 86400 * 365)),
           "repo": o.get("repo", "0123456789abcdef0123456789abcdef"),
           "keys": {fpr(home, x): armor(home, x) for x in used},
           "roles": {r: {"keys": [fpr(home, x) for x in k.split(",")], "threshold": 1} for r, k in roles.items()},
           "valid": {fpr(home, x): {"from": NOW - 86400 * 30, "until": NOW + 86400 * 400} for x in used},
           "revoked": [{"fpr": fpr(home, o["revoke"]), "since": NOW, "reason": "leaked"}] if "revoke" in o else []}
    signers = o.get("root_signers", roles["root"]).split(",")
    put(top, "trust/root.%d" % n, envelope(home, signers, "rootyard/root+json;v=1", dump(doc)))


def make_current(home, top, o, catalog=None):
    record = os.path.join(top, "catalog.path")
    if catalog is None:
        with open(record) as f:
            catalog = json.load(f)
    else:
        put(top, "catalog.path", dump(catalog))
    with open(os.path.join(top, catalog["path"]), "rb") as f:
        text = f.read()
    generation = int(o.get("generation", 1))
    created = NOW + int(o.get("created", -60))
    files = put_object(top, b"[]\n")
    doc = {"schema": 1, "repo": o.get("repo", "0123456789abcdef0123456789abcdef"), "version": int(o.get("version", 1)),
           "generation": generation, "created": created, "expires": NOW + int(o.get("expires", 86400 * 7)),
           "root_version": int(o.get("root_version", 1)), "prev_sha256": "",
           "catalog": dict(catalog, signatures=[sign(home, o.get("catalog_key", "publish"),
                                                     o.get("catalog_type", "rootyard/catalog;v=1"), text)]),
           "files": files}
    put(top, "meta/2/current", envelope(home, [o.get("current_key", "timestamp")],
                                        o.get("current_type", "rootyard/current+json;v=1"), dump(doc)))


def read(name):
    with open(name, "rb") as f:
        return f.read()


def told(name, path, data, o):
    """How the image document tells of a file; pieces=yes, few (one too few), wrong (the last one) or other (the whole)."""
    file = {"name": name, "path": path, "size": len(data), "sha256": sha(data)}
    if name == "rootfs.tar.zst" and "pieces" in o:
        size = 1 << 20
        while len(data) > size * 16:
            size *= 2
        file["pieces"] = [sha(data[i:i + size]) for i in range(0, len(data), size)]
        if o["pieces"] == "few":
            file["pieces"].pop()
        elif o["pieces"] == "wrong":
            file["pieces"][-1] = sha(b"")
        elif o["pieces"] == "other":
            file["sha256"] = sha(b"")
    return file


def make_tree(home, top, o):
    serial = o.get("serial", "20260101_0000")
    raw = read(o["tar"]) if "tar" in o else plain_tar(o.get("text", "a toy"), int(o.get("pad", 0)))
    man, entries, size = manifest(raw)
    if "man_of" in o:
        man, entries, size = manifest(read(o["man_of"]))
    files = {"rootfs.man": man, "rootfs.tar.zst": zst(raw),
             "meta.tar.xz": lzma.compress(read(o["meta"]) if "meta" in o else plain_meta())}
    where = "images/%s/%s" % (IMAGE, serial)
    for name, data in files.items():
        put(top, "%s/%s" % (where, name), data)
    doc = {"schema": 1, "image": IMAGE, "state": "active", "aliases": ["toy/one"], "eol": "", "expiry_days": 30,
           "description": o.get("description", "a toy") + "." * int(o.get("dots", 0)),
           "builds": [{"serial": serial, "state": "active", "id": sha(man), "diff_id": sha(raw), "created": NOW - 600,
                       "epoch": EPOCH, "tested": "not tested", "origin": "rootyard", "entries": int(o.get("entries", entries)),
                       "unpacked_size": int(o.get("unpacked", size)), "max_uid": 1000, "max_gid": 1000, "init": "",
                       "stop_signal": "SIGTERM",
                       "files": [told(n, "%s/%s" % (where, n), d, o) for n, d in sorted(files.items())],
                       "deltas": []}],
           "history": [], "pins": [], "holds": []}
    image = put_object(top, dump(doc))
    generation = int(o.get("catalog_generation", o.get("generation", 1)))
    catalog = dump({"schema": 1, "generation": generation, "site": "test",
                    "mirrors": o["mirrors"].split(",") if "mirrors" in o else [], "images": 1})
    catalog += dump([IMAGE, serial, "active", image["size"], image["sha256"]]) + dump(["@toy/one", "toy/1"])
    put(top, "image.path", image["path"].encode())
    make_current(home, top, o, put_object(top, catalog))


def make_keys(home):
    os.makedirs(home, mode=0o700, exist_ok=True)
    for name in ("root", "root2", "publish", "timestamp", "other"):
        gpg(home, "--quick-gen-key", name, "ed25519", "sign", "never")


def main():
    verb, home = sys.argv[1:3]
    rest = sys.argv[3:]
    o = dict(a.split("=", 1) for a in rest if "=" in a)
    args = [a for a in rest if "=" not in a]
    if verb == "keys":
        make_keys(home)
    elif verb == "tree":
        make_root(home, args[0], 1, o)
        make_tree(home, args[0], o)
    elif verb == "current":
        make_current(home, args[0], o)
    elif verb == "root":
        make_root(home, args[0], int(args[1]), o)
    elif verb == "fingerprint":
        print(fpr(home, args[0]))
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


main()
