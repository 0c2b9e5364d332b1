#!/usr/bin/env python3
"""One finished build, written by hand from the formats: what the indexer must admit and,
told a crime, what it must refuse.

usage: make-incoming.py DIR IMAGE SERIAL [seed=TEXT] [note=TEXT] [crime=NAME] [pad=BYTES] [sbom=TEXT] [provenance=TEXT] [shell=FILE] [describe=TEXT] [packages=NAME=VERSION,...]

require: a requirement in metadata.yaml; times: the serial that dates the metadata
note: stands in etc/os-release and changes nothing else
pad: size of one more file of noise, so that artifacts are large enough to be linked
sbom, provenance: what sbom.spdx.json and provenance.json hold
shell: a static program to be /bin/sh, for clients that run what they pulled
"""
import calendar
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

top, image, serial = sys.argv[1:4]
options = dict(a.split("=", 1) for a in sys.argv[4:])
crime = options.get("crime", "")
distro, release, arch, variant = image.split("/")
base = os.path.join(top, distro, release, arch, variant, serial)
os.makedirs(base)
EPOCH = 1700000000
dated = options.get("times", serial)
KERNEL = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l", "i386": "i686", "ppc64el": "ppc64le"}
created = calendar.timegm(time.strptime(dated, "%Y%m%d_%H%M"))


def sha(data):
    return hashlib.sha256(data).digest()


def entry(kind, path, mode, content=b"", link="", gid=0):
    return {"type": kind, "path": path, "mode": mode, "uid": 0, "gid": gid, "link": link, "content": content}


noise = random.Random(options.get("seed", "")).randbytes(int(options.get("pad", "0")))
shell = open(options["shell"], "rb").read() if "shell" in options else b"x" * 10000
tree = [entry("5", d, 0o755) for d in ["", "bin", "etc", "sbin", "usr", "usr/lib", "usr/lib/systemd"]]
tree += [entry("0", "bin/sh", 0o755, shell), entry("1", "bin/dash", 0o755, link="bin/sh"),
         entry("0", "etc/empty", 0o644), entry("0", "etc/noise", 0o644, noise),
         entry("0", "etc/os-release", 0o644, ("ID=toy\nSEED=%s%s\n" % (options.get("seed", ""), options.get("note", ""))).encode()),
         entry("0", "etc/shadow", 0o640, b"root:*::\n", gid=42),
         entry("2", "sbin/init", 0o777, link="../usr/lib/systemd/systemd"),
         entry("0", "usr/lib/systemd/systemd", 0o755, b"S" * 70000)]


def header(e, owner=b""):
    name = "./" + e["path"] + ("/" if e["type"] == "5" and e["path"] else "")
    link = "./" + e["link"] if e["type"] == "1" else e["link"]
    h = bytearray(512)
    h[0:len(name)] = name.encode()

    def octal(at, width, value):
        h[at:at + width] = b"%0*o\0" % (width - 1, value)
    octal(100, 8, e["mode"])
    octal(108, 8, e["uid"])
    octal(116, 8, e["gid"])
    octal(124, 12, len(e["content"]))
    octal(136, 12, EPOCH)
    h[156] = ord(e["type"])
    h[157:157 + len(link)] = link.encode()
    h[257:265] = b"ustar\00000"
    h[265:265 + len(owner)] = owner
    octal(329, 8, 0)
    octal(337, 8, 0)
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def tar_of(entries, owner=b""):
    out = b"".join(header(e, owner) + e["content"] + b"\0" * (-len(e["content"]) % 512) for e in entries) + b"\0" * 1024
    return out + b"\0" * (-len(out) % 10240)


def manifest_of(entries, tar):
    out = b"RYMANIF1" + struct.pack("<IIQQ", 1, 0, len(entries), len(tar)) + sha(tar)
    for e in entries:
        path, link = e["path"].encode(), e["link"].encode()
        out += struct.pack("<BBHIIqQHH", ord(e["type"]), 0, e["mode"], e["uid"], e["gid"], EPOCH, len(e["content"]),
                           len(path), len(link)) + path + link
        if e["type"] == "0" and e["content"]:
            out += sha(e["content"])
    return out


def small(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in members:
            info = tarfile.TarInfo(name)
            if text is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(text, str):
                info.type, info.linkname, text = tarfile.SYMTYPE, text, None
            else:
                info.size = len(text)
            archive.addfile(info, io.BytesIO(text) if text is not None else None)
    return lzma.compress(out.getvalue(), preset=0)


in_tar = list(tree)
in_manifest = list(tree)
if crime == "traversal":
    in_tar = [entry("0", "../../evil", 0o644) if e["path"] == "etc/empty" else e for e in tree]
if crime == "device":
    in_tar = [entry("3", "etc/null", 0o666) if e["path"] == "etc/empty" else e for e in tree]
if crime == "big-id":
    in_tar = in_manifest = [dict(e, uid=70000) if e["path"] == "etc/empty" else e for e in tree]
if crime == "mode":
    in_manifest = [dict(e, mode=0o777) if e["path"] == "etc/shadow" else e for e in tree]
if crime == "order":
    in_tar = in_manifest = [tree[0]] + tree[2:] + [tree[1]]
tar = tar_of(in_tar, b"root" if crime == "dialect" else b"")
if crime == "longer":
    tar += b"\0" * 10240
manifest = manifest_of(in_manifest, tar[:-10240] if crime == "longer" else tar)
other_tar = tar_of([e for e in tree if e["path"] != "etc/noise"])

config = b"lxc.include = LXC_TEMPLATE_CONFIG/common.conf\nlxc.arch = x86_64\n"
meta = {"create-message": b"hello\n", "expiry": b"%d\n" % (created + 30 * 86400), "excludes-user": b"\n",
        "config": config, "config-user": b"lxc.include = LXC_TEMPLATE_CONFIG/userns.conf\n" + config,
        "templates": b"/etc/hostname\n"}
if crime == "no-config":
    del meta["config"]
if crime == "no-newline":
    meta["config-user"] = meta["config-user"][:-1]
if crime == "hook":
    meta["config"] += b"lxc.hook.pre-start = /bin/sh\n"
if crime == "expiry":
    meta["expiry"] = b"tomorrow\n"
if crime == "excludes":
    meta["excludes-user"] = b"--checkpoint-action=exec=sh\n"
if crime == "meta-link":
    meta["templates"] = "/etc/passwd"
if crime == "message":
    meta["create-message"] = b"\x1b]0;title\x07\n"

metadata = """architecture: %s
creation_date: %d
expiry_date: %d
properties:
  architecture: %s
  description: %s
  os: Toy
  release: "%s"
%stemplates:
  /etc/hostname:
    when:
      - create
      - copy
    create_only: false
    template: %s
    properties: {}
""" % ("aarch64" if crime == "arch" else KERNEL.get(arch, arch), created, created + 30 * 86400, arch,
       json.dumps(options.get("describe", "Toy %s (%s)" % (release, dated))), release,
       "  requirements.%s: \"%s\"\n" % tuple(options["require"].split("=")) if "require" in options else "",
       "../hostname.tpl" if crime == "template" else "hostname.tpl")
incus = [(("./" if crime == "dot" else "") + "metadata.yaml", metadata.encode()), ("templates/", None),
         ("templates/hostname.tpl", b"{{ container.name }}\n")]

packages = [dict(zip(["name", "version"], p.split("=")), arch=arch, installed_size=4096)
            for p in options.get("packages", "base=1").split(",") if p]
if crime == "packages":
    packages[0]["name"] = "base\n"

artifact = {
    "rootfs.tar.xz": lzma.compress(other_tar if crime == "two-tars" else tar, preset=0),
    "rootfs.tar.zst": subprocess.run(["zstd", "-q", "-1", "--check"], input=tar, stdout=subprocess.PIPE, check=True).stdout,
    "rootfs.man": manifest, "meta.tar.xz": small(meta.items()), "incus.tar.xz": small(incus),
    "packages.json": json.dumps({"schema": 1, "kind": "dpkg", "packages": packages}).encode(), "recipe.yaml": b"image: {}\n"}
if "sbom" in options:
    artifact["sbom.spdx.json"] = options["sbom"].encode()
if "provenance" in options:
    artifact["provenance.json"] = options["provenance"].encode()
if "squashfs" in options:
    image_file = base + "/rootfs.squashfs"
    subprocess.run(["mksquashfs", "-", image_file, "-tar", "-quiet", "-no-progress", "-comp", "zstd", "-processors", "1"],
                   input=tar, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    data = open(image_file, "rb").read()
    artifact["rootfs.squashfs"] = {"magic": b"x" + data[1:], "short": data[:-5000], "inodes": data[:4] + b"\x99" + data[5:],
                                   "tiny": data[:50]}.get(crime, data)
if crime == "missing":
    del artifact["incus.tar.xz"]
if crime == "unknown":
    artifact["disk.qcow2"] = b"QFI\n"
listed = [{"name": n, "size": len(d), "sha256": sha(d).hex()} for n, d in artifact.items()]
if crime == "digest":
    listed[0]["sha256"] = "0" * 64

for name, data in artifact.items():
    with open(os.path.join(base, name), "wb") as f:
        f.write(data[:-1] if crime == "truncated" and name == "rootfs.tar.zst" else data)
if crime == "symlink":
    os.rename(os.path.join(base, "rootfs.man"), os.path.join(base, "elsewhere"))
    os.symlink("elsewhere", os.path.join(base, "rootfs.man"))
if crime == "fifo":
    os.unlink(os.path.join(base, "meta.tar.xz"))
    os.mkfifo(os.path.join(base, "meta.tar.xz"))
with open(os.path.join(base, "build.log"), "w") as f:
    f.write("log\n")

failed = crime in ("failed", "test-failed")
build = {"schema": 1, "image": "toy/other/amd64/default" if crime == "name" else image, "serial": serial, "epoch": EPOCH,
         "tool": "rootyard 0.1.0", "recipe_sha256": "0" * 64, "result": "failed" if failed else "ok",
         "class": {"failed": "upstream", "test-failed": "test"}.get(crime, "ok"),
         "message": {"failed": "the mirror is down", "test-failed": "it did not boot"}.get(crime, ""),
         "test": {"result": {"failed": "not tested", "test-failed": "failed"}.get(crime, "passed"), "kind": "command"}, "sources": [],
         "artifacts": [] if failed else listed}
if not failed:
    build["tree"] = {"id": sha(manifest).hex(), "diff_id": sha(tar).hex(),
                     "entries": len(in_manifest) + (crime == "entries"),
                     "unpacked_size": sum(len(e["content"]) for e in in_manifest if e["type"] == "0")}
build["scrub"] = []
with open(os.path.join(base, "build.json"), "w") as f:
    f.write("{" if crime == "json" else json.dumps(build, separators=(",", ":")) + "\n")
for where, dirs, files in os.walk(top):
    os.chmod(where, 0o755)
