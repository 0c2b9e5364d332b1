#!/usr/bin/env python3
"""An OCI layout with one image of two layers and an attestation beside it: make-oci.py DIR"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

top = sys.argv[1]
os.makedirs(os.path.join(top, "blobs/sha256"))


def blob(data, kind, **more):
    name = hashlib.sha256(data).hexdigest()
    with open(os.path.join(top, "blobs/sha256", name), "wb") as f:
        f.write(data)
    return dict({"mediaType": kind, "digest": "sha256:" + name, "size": len(data)}, **more)


def layer(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, text in files:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text))
    return out.getvalue()


OCI = "application/vnd.oci.image."
tars = [layer([("etc/kept", b"kept"), ("etc/replaced", b"one"), ("etc/removed", b"x"), ("opaque/old", b"x"), ("gone/deep/x", b"x")]),
        layer([("etc/replaced", b"two"), ("etc/.wh.removed", b""), ("opaque/.wh..wh..opq", b""), ("opaque/new", b"new"), (".wh.gone", b"")])]
layers = [blob(gzip.compress(tars[0], mtime=0), OCI + "layer.v1.tar+gzip"), blob(tars[1], OCI + "layer.v1.tar")]
config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}
manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": blob(json.dumps(config).encode(), OCI + "config.v1+json"), "layers": layers}
image = blob(json.dumps(manifest).encode(), OCI + "manifest.v1+json", platform={"architecture": "amd64", "os": "linux"})
other = blob(b"{}", OCI + "manifest.v1+json", platform={"architecture": "unknown", "os": "unknown"})
index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [image, other]}
nested = {"schemaVersion": 2, "manifests": [blob(json.dumps(index).encode(), OCI + "index.v1+json")]}
with open(os.path.join(top, "index.json"), "w") as f:
    json.dump(nested, f)
with open(os.path.join(top, "oci-layout"), "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
