#!/usr/bin/env python3
"""Archives that try something. Prints one line for each: "refused NAME", "damaged NAME" or
"taken NAME"; the name is the crime. usage: hostile-archives.py DIR OUTSIDE (a directory that nobody may reach)
"""
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile

top, outside = sys.argv[1], sys.argv[2]
TIME = 1700000000
REG, DIR, SYM, LNK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def member(name, kind=REG, data=b"", link="", mode=0o644, uid=0, gid=0, dev=(0, 0), pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode = kind, len(data), link, mode
    info.uid, info.gid, info.mtime = uid, gid, TIME
    info.devmajor, info.devminor = dev
    info.pax_headers = pax or {}
    return info, data


def tar(members, fmt=tarfile.PAX_FORMAT):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w", format=fmt) as t:
        for info, data in members:
            t.addfile(info, io.BytesIO(data))
    return buf.getvalue()


def zst(raw):
    out = struct.pack("<IBQ", 0xFD2FB528, 0xE0, len(raw))
    step = 1 << 17
    blocks = [raw[i:i + step] for i in range(0, len(raw), step)]
    for i, block in enumerate(blocks):
        out += struct.pack("<I", (i == len(blocks) - 1) | len(block) << 3)[:3] + block
    return out


def emit(verdict, name, data, ext=".tar"):
    with open(os.path.join(top, name + ext), "wb") as f:
        f.write(data)
    print(verdict, name + ext)


def refused(name, members, **more):
    emit("refused", name, tar(members, **more))


def taken(name, members, **more):
    emit("taken", name, tar(members, **more))


def patch(raw, at, value):
    """Other bytes in the first header, with a right checksum."""
    head = bytearray(raw[:512])
    head[at:at + len(value)] = value
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + raw[512:]


d = member("./d", DIR, mode=0o755)
evil = b"evil\n"
up = "../" * 12

refused("dotdot", [member("../evil", data=evil)])
refused("dotdot-inside", [d, member("./d/../../evil", data=evil)])
refused("dotdot-alone", [member("..", DIR)])
refused("absolute", [member(outside + "/evil", data=evil)])
refused("absolute-symlink-then-file", [member("./l", SYM, link=outside), member("./l/evil", data=evil)])
refused("relative-symlink-then-file", [member("./l", SYM, link=up + outside[1:]), member("./l/evil", data=evil)])
refused("symlink-to-parent-then-file", [member("./l", SYM, link=".."), member("./l/evil", data=evil)])
refused("symlink-then-directory-below", [member("./l", SYM, link=outside), member("./l/evil", DIR, mode=0o755)])
refused("two-symlinks-then-file", [d, member("./d/up", SYM, link=".."), member("./d/up/up", SYM, link=".."),
                                   member("./d/up/up/evil", data=evil)])
refused("symlink-then-hardlink-below", [member("./f", data=b"x"), member("./l", SYM, link=outside),
                                        member("./l/evil", LNK, link="./f")])
refused("hardlink-outside", [member("./h", LNK, link=outside + "/secret")])
refused("hardlink-dotdot", [member("./h", LNK, link=up + outside[1:] + "/secret")])
refused("hardlink-through-symlink", [member("./l", SYM, link=outside), member("./h", LNK, link="./l/secret")])
refused("hardlink-to-symlink", [member("./l", SYM, link=outside + "/secret"), member("./h", LNK, link="./l")])
refused("hardlink-to-nothing", [member("./h", LNK, link="./not-there")])
refused("hardlink-to-itself", [member("./h", LNK, link="./h")])
refused("hardlink-to-directory", [d, member("./h", LNK, link="./d")])
refused("root-is-a-symlink", [member(".", SYM, link=outside)])
refused("file-below-a-file", [member("./f", data=b"x"), member("./f/evil", data=evil)])
for name, uid in (("uid-minus-one", 2**32 - 1), ("uid-2-to-32", 2**32), ("uid-beyond-the-map", 65536),
                  ("uid-huge", 2**60)):
    refused(name, [member("./f", data=b"x", mode=0o4755, uid=uid)])
refused("gid-beyond-the-map", [member("./f", data=b"x", mode=0o2755, gid=65536)])
refused("uid-negative", [member("./f", data=b"x", mode=0o4755, pax={"uid": "-1"})])
refused("size-8-eib", [member("./f", pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                                         "GNU.sparse.name": "./f", "GNU.sparse.realsize": str(2**62)},
                              data=b"1\n0\n0\n".ljust(512, b"\0"))])
refused("path-too-long", [member("./" + "/".join(["x" * 200] * 30), data=b"x")])
refused("component-too-long", [member("./" + "x" * 256, data=b"x")])
refused("too-deep", [member("./" + "/".join("x" * 300), data=b"x")])
refused("link-target-too-long", [member("./l", SYM, link="x" * 5000)])
refused("too-many-attributes", [member("./f", data=b"x", pax={"SCHILY.xattr.user.a%d" % i: "x" for i in range(65)})])
refused("empty-name", [member("", data=b"x")])

good = tar([d, member("./d/f", data=b"hello\n" * 1000)])
end = good.rstrip(b"\0")
end += b"\0" * (-len(end) % 512)
emit("damaged", "no-end-mark", end)
emit("damaged", "truncated-in-content", good[:2000])
emit("damaged", "truncated-in-header", good[:700])
emit("damaged", "bytes-behind-the-end", good + evil)
emit("damaged", "second-archive-behind-the-end", good + good)
emit("damaged", "bad-checksum", good[:148] + b"0000000\0" + good[156:])
emit("damaged", "bad-checksum-later", good[:512 + 148] + b"0000000\0" + good[512 + 156:])
emit("damaged", "empty", b"")
emit("damaged", "gzip-inside", gzip.compress(good))
emit("damaged", "xz-inside", lzma.compress(good))
emit("damaged", "mtree-text", b"#mtree\n./evil type=file mode=0644 contents=/etc/passwd\n")
emit("damaged", "cpio", b"070707000001000001100644000000000000000001000000000000000000000000500000000005evil\0evil\n")
emit("damaged", "xz-truncated", lzma.compress(good)[:-20], ".tar.xz")
emit("damaged", "xz-trailing", lzma.compress(good) + evil, ".tar.xz")
emit("damaged", "xz-is-zst", zst(good), ".tar.xz")
emit("damaged", "zst-truncated", zst(good)[:-20], ".tar.zst")
emit("damaged", "zst-trailing", zst(good) + evil, ".tar.zst")
emit("damaged", "zst-is-xz", lzma.compress(good), ".tar.zst")
xz = bytearray(lzma.compress(good))
xz[len(xz) // 2] ^= 1
emit("damaged", "xz-flipped", bytes(xz), ".tar.xz")
emit("refused", "dotdot-in-xz", lzma.compress(tar([member("../evil", data=evil)])), ".tar.xz")
emit("refused", "dotdot-in-zst", zst(tar([member("../evil", data=evil)])), ".tar.zst")

taken("good", [d, member("./d/f", data=b"hello\n")])
emit("taken", "good-xz", lzma.compress(good), ".tar.xz")
emit("taken", "good-zst", zst(good), ".tar.zst")
taken("devices", [d, member("./d/sda", tarfile.BLKTYPE, dev=(8, 0), mode=0o666),
                  member("./d/mem", tarfile.CHRTYPE, dev=(1, 1), mode=0o666)])
taken("whiteout-device", [member("./gone", tarfile.CHRTYPE, dev=(0, 0))])
taken("whiteout-names", [d, member("./d/f", data=b"stays\n"), member("./d/.wh.f"), member("./d/.wh..wh..opq")])
taken("setuid-root", [member("./su", data=b"x", mode=0o6755)])
taken("root-mode-6777", [member(".", DIR, mode=0o6777, uid=1000, gid=1000), member("./f", data=b"x")])
taken("symlinks-that-point-out", [member("./l", SYM, link=outside), member("./p", SYM, link="../../../..")])
taken("file-replaces-symlink", [member("./l", SYM, link=outside + "/secret"), member("./l", data=b"mine\n")])
taken("symlink-replaces-file", [member("./f", data=b"x"), member("./f", SYM, link=outside + "/secret"),
                                member("./g", data=b"y")])
taken("attributes", [member("./f", data=b"x", pax={"SCHILY.xattr.user.fine": "yes",
                                                  "SCHILY.xattr.user.overlay.opaque": "y",
                                                  "SCHILY.xattr.trusted.overlay.opaque": "y",
                                                  "SCHILY.xattr.security.selinux": "evil"})])
taken("closed-directories", [member("./c", DIR, mode=0), member("./c/d", DIR, mode=0), member("./c/d/f", data=b"x", mode=0)])
taken("fifo", [member("./p", tarfile.FIFOTYPE)])
emit("taken", "names-of-bytes", patch(tar([member("./nXme", data=b"x")], fmt=tarfile.USTAR_FORMAT), 0, b"./n\xff\x1bme"))
