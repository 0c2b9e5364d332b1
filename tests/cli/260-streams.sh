#!/bin/bash
# streams/v1: what Incus, LXD and python simplestreams read, judged by a reader of its own.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/incoming public=$T/tree/public streams=$T/tree/public/streams/v1
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: one
releases:
  one: {version: "1", aliases: [stable], eol: 2040-01-31}
  two: {version: "2"}
Y
index init -q --root-home "$T/root" --name "Test site" --releases "$T/releases.yaml" >"$T/fpr" 2>/dev/null || exit 1
for day in 01 02 03 04; do
	make_build toy/one/amd64/default 202601${day}_0000 seed=$day
done
make_build toy/one/amd64/cloud 20260101_0000 seed=c
make_build toy/two/amd64/default 20260101_0000 seed=e require=nesting=true
exits 0 "builds are admitted" index add -q --all "$in"
exits 0 "they are published" index publish -q
exits 0 "the tree is whole" index fsck

# Reads as Go does: a wrong type anywhere refuses all; recounts every file and fingerprint.
cat >"$T/read.py" <<'P'
import hashlib, json, os, re, sys
public, question = sys.argv[1:3]
def need(v, kind, what):
    assert type(v) is kind, "%s: %r is no %s" % (what, v, kind.__name__)
    return v
index = json.load(open(public + "/streams/v1/index.json"))
entry = index["index"]["images"]
assert index["format"] == "index:1.0" and entry["datatype"] == "image-downloads" and entry["format"] == "products:1.0"
doc = json.load(open(public + "/" + entry["path"]))
assert doc["format"] == "products:1.0" and doc["datatype"] == "image-downloads" and doc["content_id"] == "images"
assert entry["products"] == sorted(doc["products"])
def sha(*paths):
    h = hashlib.sha256()
    for p in paths:
        h.update(open(public + "/" + p, "rb").read())
    return h.hexdigest()
fingerprints, images = [], {}
for key, p in doc["products"].items():
    for k in ("aliases", "arch", "os", "release", "release_title", "variant"):
        need(p[k], str, key)
    assert " " not in p["aliases"]
    for k in ("requirements", "lxd_requirements"):
        for v in need(p[k], dict, key).values():
            need(v, str, key)
    for serial, version in p["versions"].items():
        assert re.fullmatch(r"\d{8}_\d{4}", serial)
        items = version["items"]
        for item in items.values():
            assert need(item["size"], int, key) == os.path.getsize(public + "/" + item["path"])
            assert need(item["sha256"], str, key) == sha(item["path"])
        for client in ("incus.tar.xz", "lxd.tar.xz"):
            meta = items[client]
            assert meta["ftype"] == client
            for name, ftype, combined in (("root.tar.xz", "root.tar.xz", "combined_rootxz_sha256"), ("root.squashfs", "squashfs", "combined_squashfs_sha256")):
                assert (name in items) == (combined in meta), name
                if name in items:
                    assert items[name]["ftype"] == ftype
                    assert meta[combined] == sha(meta["path"], items[name]["path"])
                    fingerprints.append((client, meta[combined]))
            if "combined_rootxz_sha256" in meta:
                assert meta["combined_sha256"] == meta["combined_rootxz_sha256"]
    images[key] = p
assert len(fingerprints) == len(set(fingerprints)), "a fingerprint twice"
print(eval(question))
P
ask() { python3 "$T/read.py" "$public" "$1" 2>&1 | tail -n 1; }
is "$(ask 'sorted(images)')" "['toy:one:amd64:cloud', 'toy:one:amd64:default', 'toy:two:amd64:default']" "every image is a product, every digest and fingerprint is right"
is "$(ask 'images["toy:one:amd64:default"]["aliases"]')" "toy/one/default,toy/one,toy/1/default,toy/1,toy/stable/default,toy/stable,toy" "aliases come from the operator's releases, in upstream's order"
is "$(ask 'images["toy:one:amd64:cloud"]["aliases"]')" "toy/one/cloud,toy/1/cloud,toy/stable/cloud" "a variant other than the default is always named"
is "$(ask 'list(images["toy:one:amd64:default"]["versions"])')" "['20260104_0000', '20260103_0000', '20260102_0000']" "the newest three builds are versions"
is "$(ask 'images["toy:one:amd64:default"]["os"], images["toy:one:amd64:default"]["support_eol"]')" "('Toy', '2040-01-31')" "os begins with a capital, the end of life is told"
is "$(ask '"support_eol" in images["toy:two:amd64:default"]')" False "... where there is one"
is "$(ask 'images["toy:two:amd64:default"]["requirements"], images["toy:two:amd64:default"]["lxd_requirements"]')" "({'nesting': 'true'}, {'nesting': 'true'})" "requirements are those of metadata.yaml, for both clients"
is "$(ask 'doc["updated"]')" "Sun, 04 Jan 2026 00:00:00 +0000" "updated is the newest build's time"

mkdir -m 700 "$T/gnupg"
gpg --homedir "$T/gnupg" --no-autostart -q --batch --import "$public"/keys/*.asc 2>/dev/null
verify() { gpg --homedir "$T/gnupg" --no-autostart --batch "$@" 2>/dev/null; }
for f in index images; do
	ok "$f.json.asc is good" verify --verify "$streams/$f.json.asc" "$streams/$f.json"
	ok "$f.json.gpg is the same, armoured" cmp "$streams/$f.json.gpg" "$streams/$f.json.asc"
	is "$(head -n 1 "$streams/$f.sjson")" "-----BEGIN PGP SIGNED MESSAGE-----" "$f.sjson is a signed message"
	ok "... whose signature is good" sh -c 'gpg --homedir "$1" --no-autostart --batch --decrypt "$2" 2>/dev/null >"$3"' sh "$T/gnupg" "$streams/$f.sjson" "$T/$f.clear"
done
ok "images.sjson says what images.json says" cmp "$T/images.clear" "$streams/images.json"
is "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["index"]["images"]["path"])' "$T/index.clear")" streams/v1/images.sjson "index.sjson leads to images.sjson"
ok "companions unpack to the same" sh -c 'cd "$1" && gzip -dc images.json.gz | cmp - images.json && zstd -dcq images.json.zst | cmp - images.json && gzip -dc index.json.gz | cmp - index.json && gzip -dc images.sjson.gz | cmp - images.sjson' sh "$streams"
is "$(od -An -tx1 -N8 "$streams/images.json.gz" | tr -d ' ')" 1f8b080000000000 "... and gzip carries neither name nor time"
is "$(awk 'length > max { max = length } END { print (max < 19995) }' "$streams/images.json" "$streams/index.json")" 1 "no line is longer than gpg signs"

# byte-stable: a publication that changes nothing here changes no byte here
before=$(cd "$streams" && sha256sum index.json images.json images.json.gz images.json.zst)
sed -i 's/^name: .*/name: Another name/' "$tree/site.yaml"
exits 0 "another generation is published" index publish -q
is "$(cd "$streams" && sha256sum index.json images.json images.json.gz images.json.zst)" "$before" "... with the same bytes"

# a fingerprint never stands for two images: the same artifacts as another serial
make_build toy/two/amd64/default 20260102_0000 seed=e require=nesting=true times=20260101_0000
exits 0 "a build whose archives are those of the build before is admitted" index add -q --all "$in"
exits 0 "... and published" index publish -q
is "$(ask 'list(images["toy:two:amd64:default"]["versions"])')" "['20260102_0000']" "the newer one alone is listed"

# a squashfs beside the tarball is a second root of the same version
make_build toy/one/amd64/default 20260105_0000 seed=s squashfs=1
exits 0 "a build with a squashfs is admitted" index add -q --all "$in"
exits 0 "... and published" index publish -q
is "$(ask 'sorted(images["toy:one:amd64:default"]["versions"]["20260105_0000"]["items"])')" "['incus.tar.xz', 'lxd.tar.xz', 'root.squashfs', 'root.tar.xz']" "both roots are items, each with its fingerprint"
for crime in magic short inodes tiny; do
	make_build toy/two/amd64/squash 20260105_0000 squashfs=1 crime=$crime
	exits 1 "a squashfs with a bad header ($crime) is refused" index add "$in/toy/two/amd64/squash/20260105_0000"
	like "$ERR" "'rootfs.squashfs'" "... by name"
	rm -rf "$in/toy/two/amd64/squash"
done

# every file is in the signed list, so fsck sees each of them
for f in index.json index.json.gz images.json.zst images.sjson index.sjson images.json.gpg; do
	path=$public/.gen/$(readlink "$public/.live" | sed 's/.*\///')/streams/v1/$f
	cp -p "$path" "$T/saved"
	printf x >>"$path"
	exits 7 "a changed $f is found" index fsck
	like "$OUT" "^F7: [^ ]*streams/v1/$f: .*untrusted" "... by name"
	cat "$T/saved" >"$path"
done
exits 0 "the tree is whole again" index fsck
done_testing
