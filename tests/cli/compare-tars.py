#!/usr/bin/python3
"""What differs between two trees in archives: compare-tars.py A.tar.zst B.tar.zst
One line each: "only-in-1 PATH", "only-in-2 PATH", or "PATH: FIELD A B" for each field that differs."""
import hashlib
import subprocess
import sys
import tarfile


def read(path):
    tree = {}
    with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE) as zstd:
        with tarfile.open(fileobj=zstd.stdout, mode="r|") as tar:
            for m in tar:
                content = hashlib.sha256(tar.extractfile(m).read()).hexdigest() if m.isreg() else ""
                tree[m.name.removeprefix("./").rstrip("/") or "."] = {
                    "type": m.type.decode(), "mode": f"{m.mode:o}", "owner": f"{m.uid}:{m.gid}",
                    "time": m.mtime, "link": m.linkname, "content": content,
                }
    return tree


a, b = (read(p) for p in sys.argv[1:3])
for path in sorted(a.keys() | b.keys()):
    if path not in b:
        print("only-in-1", path)
    elif path not in a:
        print("only-in-2", path)
    else:
        for field, value in a[path].items():
            if value != b[path][field]:
                print(f"{path}: {field} {value} {b[path][field]}")
