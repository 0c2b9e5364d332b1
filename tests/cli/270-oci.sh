#!/bin/bash
# The OCI registry routes as static files: documents, blobs, tags, referrers, signatures.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/incoming public=$T/tree/public v2=$T/tree/public/v2/toy
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: one
releases:
  one: {version: "1", aliases: [stable]}
  two: {version: "2"}
Y

# oci.py PUBLIC REPO EXPR: every document checked on the way, EXPR with load(), manifests and tags.
cat >"$T/oci.py" <<'P'
import glob, hashlib, json, os, subprocess, sys
public, repo, expr = sys.argv[1:4]
base = "%s/v2/%s" % (public, repo)
def blob(d, kind="blobs"):
    data = open("%s/%s/%s" % (base, kind, d["digest"]), "rb").read()
    assert len(data) == d["size"] and "sha256:" + hashlib.sha256(data).hexdigest() == d["digest"], d
    return data
def doc(path):
    text = open(path, "rb").read().decode()
    assert text.startswith('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.'), text
    return json.loads(text)
def manifest(d):
    m = json.loads(blob(d, "manifests"))
    assert m["mediaType"] == d["mediaType"]
    return m
def image(d):
    m = manifest(d)
    c = json.loads(blob(m["config"]))
    assert (c["architecture"], c["os"], c.get("variant")) == (d["platform"]["architecture"], "linux", d["platform"].get("variant"))
    raw = {"gzip": ["gzip", "-dc"], "zstd": ["zstd", "-dcq"]}[m["layers"][0]["mediaType"].rsplit("+")[1]]
    tar = subprocess.run(raw, input=blob(m["layers"][0]), stdout=subprocess.PIPE, check=True).stdout
    assert ["sha256:" + hashlib.sha256(tar).hexdigest()] == c["rootfs"]["diff_ids"]
    return c
def tag(name):
    return doc("%s/manifests/%s" % (base, name))
def serials(name):
    return ["%s %s" % (i["config"]["Labels"]["org.opencontainers.image.version"], i["architecture"]) for i in map(image, tag(name)["manifests"])]
def referrers(d):
    found = []
    for r in doc("%s/referrers/%s" % (base, d["digest"]))["manifests"]:
        a = manifest(r)
        assert a["subject"]["digest"] == d["digest"] and a["artifactType"] == r["artifactType"]
        blob(a["config"])
        found.append((a["artifactType"], a["layers"][0]["annotations"]["org.opencontainers.image.title"], blob(a["layers"][0])))
    return found
tags = json.load(open(base + "/tags/list"))
assert tags["name"] == repo and tags["tags"] == sorted(tags["tags"])
for t in tags["tags"]:
    for d in tag(t)["manifests"]:
        image(d)
print(eval(expr))
P
oci() { python3 "$T/oci.py" "$public" toy "$1"; }

index init -q --root-home "$T/root" --name "Test site" --releases "$T/releases.yaml" >"$T/fpr" || exit 1
make_build toy/one/amd64/default 20260101_0000 seed=a pad=9000 sbom='{"spdxVersion":"SPDX-2.3"}' provenance='{"_type":"https://in-toto.io/Statement/v1"}'
make_build toy/one/armhf/default 20260101_0010 seed=b pad=9000
make_build toy/one/amd64/cloud 20260101_0000 seed=c pad=9000
exits 0 "builds are added" index add -q --all "$in"
not_ok "no tag before the publication" test -e "$v2/manifests"
exits 0 "they are published" index publish
exits 0 "the tree is whole" index fsck
is "$(oci '" ".join(tags["tags"])')" "1 1-cloud latest one one-20260101_0000 one-20260101_0010 one-cloud one-cloud-20260101_0000 stable stable-cloud" "tags are release, aliases, variants, serials, latest"
is "$(oci 'serials("one")')" "['20260101_0000 amd64', '20260101_0010 arm']" "a tag is an index of every architecture"
is "$(oci 'tag("one")["manifests"][1]["platform"]')" "{'architecture': 'arm', 'os': 'linux', 'variant': 'v7'}" "... as Go names them"
for tag in 1 stable latest; do
	ok "$tag is the release" cmp "$v2/manifests/one" "$v2/manifests/$tag"
done
is "$(oci 'serials("one-20260101_0010")')" "['20260101_0010 arm']" "a serial's tag has the builds of that serial"
is "sha256:$(sha256sum <"$v2/manifests/one" | cut -d' ' -f1)" "$(cd "$v2/manifests" && sha256sum sha256:* | sed -n "s/^$(sha256sum <one | cut -d' ' -f1)  //p")" "what a tag names is there by digest"
one=sha256:$(sha256sum <"$v2/manifests/one" | cut -d' ' -f1)
ok "... and among the indexes, so that a server needs names alone" cmp "$v2/manifests/one" "$v2/indexes/$one"
is "$(find "$v2/indexes" -type f -printf '%f\n' | sort)" "$(cd "$v2/manifests" && grep -l 'image.index.v1+json"' sha256:* | sort)" "... where there is nothing else"
is "$(stat -c %i "$v2"/blobs/sha256:"$(sha256sum <"$in/toy/one/amd64/default/20260101_0000/rootfs.tar.zst" | cut -d' ' -f1)")" \
	"$(stat -c %i "$public/images/toy/one/amd64/default/20260101_0000/rootfs.tar.zst")" "the layer is the published tarball's inode"
is "$(oci '[(r[0], r[1]) for r in referrers(tag("one")["manifests"][0])]')" \
	"[('application/spdx+json', 'sbom.spdx.json'), ('application/vnd.rootyard.build.v1+json', 'build.json'), ('application/vnd.in-toto+json', 'provenance.json')]" "bill of materials, what the builder said and provenance refer to the image"
is "$(oci '[r[1] for r in referrers(tag("one")["manifests"][1])]')" "['build.json']" "... where the build has them"
is "$(oci 'referrers(tag("one")["manifests"][0])[0][2].decode()')" '{"spdxVersion":"SPDX-2.3"}' "... with their own bytes"
is "$(oci 'hashlib.sha256(referrers(tag("one")["manifests"][0])[1][2]).hexdigest()')" "$(sha256sum <"$in/toy/one/amd64/default/20260101_0000/build.json" | cut -d' ' -f1)" "... each"
fact=0
while read -r -d '' file; do
	[ "$(getfattr --only-values -n user.rootyard.sha256 "$file" 2>/dev/null)" = "$(sha256sum <"$file" | cut -d' ' -f1)" ] || { echo "# $file"; fact=1; }
done < <(find "$public/v2" -type f -print0)
is "$fact" 0 "every file carries its digest"
is "$(cat "$public/v2/index.html")" "{}" "a static server has an answer to /v2/"
not_ok "nothing is signed without a base_url" test -e "$public/sigs"

damage() { # FACT FINDING FILE CMD...: fsck finds it, and the file is as before
	local fact=$1 finding=$2 file=$3
	shift 3
	cp -a "$file" "$T/kept"
	"$@"
	exits 7 "$fact" index fsck
	like "$OUT$ERR" "$finding" "... by name"
	cp -a --remove-destination "$T/kept" "$file"
}
config=$v2/blobs/$(oci 'manifest(tag("one")["manifests"][0])["config"]["digest"]')
damage "a changed blob is found" "F2: ${config#"$public"/}" "$config" sed -i s/rootyard/rootyArd/ "$config"
damage "a missing blob is found" "F2: ${config#"$public"/}" "$config" rm "$config"
damage "a tag that names something else is found" "F2: v2/toy/manifests/one:" "$v2/manifests/one" cp --remove-destination "$v2/manifests/one-20260101_0010" "$v2/manifests/one"
cp "$v2/manifests/$(oci 'tag("one")["manifests"][0]["digest"]')" "$v2/indexes/" && touch -d '3 hours ago' "$v2"/indexes/*
exits 7 "a manifest among the indexes is found" index fsck
like "$OUT" "^F3: v2/toy/indexes/$(oci 'tag("one")["manifests"][0]["digest"]')" "... by name"
referrer=$v2/referrers/$(oci 'tag("one")["manifests"][0]["digest"]')
damage "what refers to an image, changed, is found" "F8: ${referrer#"$public"/}: " "$referrer" sed -i 's/spdx/SPDX/' "$referrer"
rm -r "$referrer" "$public/v2/index.html" "$v2/indexes" "$v2/manifests/one"
cp "$T/kept" "$T/referrers"
exits 7 "indexes and a tag that are gone are found" index fsck
like "$OUT" "F8: v2/index.html: " "... and the answer to /v2/"
exits 0 "... and made again" index fsck --repair
ok "... what refers to an image as it was" cmp "$T/referrers" "$referrer"
ok "... as they were" cmp "$v2/manifests/one" "$v2/indexes/$one"
touch -d '3 hours ago' "$v2/blobs/sha256:$(printf x | sha256sum | cut -d' ' -f1)"
exits 7 "a blob that nothing knows is found" index fsck
like "$OUT$ERR" "F3: v2/toy/blobs/sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" "... by name"
rm "$v2/blobs/sha256:$(printf x | sha256sum | cut -d' ' -f1)"
exits 0 "the tree is whole" index fsck

first=$(cat "$v2/manifests/one")
make_build toy/one/amd64/default 20260102_0000 seed=a pad=9000
index add -q --all "$in" >/dev/null
before=$(tree_digest "$public/v2")
exits 0 "a dry run" index publish -n
is "$(tree_digest "$public/v2")" "$before" "... changes nothing"
exits 0 "an update is published" index publish
is "$(oci 'serials("one")')" "['20260102_0000 amd64', '20260101_0010 arm']" "the tag moves on, architecture by architecture"
is "$(oci 'serials("one-20260101_0000")')" "['20260101_0000 amd64']" "an old build keeps its tag"
ok "what the tag named before is still there by digest" test -e "$v2/manifests/sha256:$(printf %s "$first" | sha256sum | cut -d' ' -f1)"
is "$(oci 'len(set(tag(t)["manifests"][0]["digest"] for t in ["one-20260101_0000", "one-20260102_0000"]))')" 2 "two builds of one tree are two images"
is "$(find "$v2/blobs" -type f -links +1 -size +3k | wc -l)" 3 "... with one layer"
exits 0 "the tree is whole" index fsck

sed -i 's/aliases: \[stable\]/aliases: [old]/; s/version: "2"/version: "2", aliases: [stable]/; s/default_release: one/default_release: two/' "$tree/releases/toy.yaml"
make_build toy/two/amd64/default 20260103_0000 seed=d
index add -q --all "$in" >/dev/null
cp -a "$tree" "$T/added"
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/calls" -e trace=renameat,symlinkat rootyard-index -q publish >/dev/null
switch=$(($(sed '/^symlinkat/q' "$T/calls" | grep -c '^renameat') + 1))
all=$(grep -c '^renameat' "$T/calls")
want=$(tree_digest "$v2")
fact=0
step=1
[ "$SAN" = plain ] || step=8 # what is judged is what a kill leaves, not memory
for ((n = switch - 2; n <= all; n += step)); do
	rm -rf "$tree" && cp -a "$T/added" "$tree"
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=renameat -e "inject=renameat:signal=KILL:when=$n" rootyard-index -q publish >/dev/null 2>&1
	index fsck -q >/dev/null 2>&1 || { echo "# not whole after $n of $all"; fact=1; }
	index publish -q >/dev/null 2>&1 || { echo "# not finished after $n of $all"; fact=1; }
	[ "$(tree_digest "$v2")" = "$want" ] || { echo "# another tree after $n of $all"; fact=1; }
done
is "$fact" 0 "killed at renames about the switch, the next command finishes it to the same bytes"
index publish >/dev/null
exits 0 "aliases moved to another release" index fsck
is "$(oci 'serials("stable"), serials("latest"), serials("old")[0]')" "(['20260103_0000 amd64'], ['20260103_0000 amd64'], '20260102_0000 amd64')" "... and so do their tags"
not_ok "a tag that nothing has any more is gone" test -e "$v2/manifests/stable-cloud"
is "$(oci '"stable-cloud" in tags["tags"], "old-cloud" in tags["tags"]')" "(False, True)" "... from the list as well"

echo 'base_url: https://images.example.org/' >>"$tree/site.yaml"
exits 0 "the site gets an address" index publish
mkdir -m 700 "$T/gnupg"
gpg --homedir "$T/gnupg" --no-autostart -q --batch --import "$public"/keys/*.asc 2>/dev/null
claim() { gpg --homedir "$T/gnupg" --no-autostart --batch -q -d "$1" 2>/dev/null; }
digest=$(oci 'tag("one")["manifests"][0]["digest"][7:]')
is "$(for s in "$public/sigs/toy@sha256=$digest"/signature-*; do claim "$s" | python3 -c 'import json,sys; c = json.load(sys.stdin)["critical"]; print(c["identity"]["docker-reference"], c["image"]["docker-manifest-digest"][7:], c["type"], sep="|")'; done | sort)" \
	"$(for t in 1 old one one-20260102_0000; do echo "images.example.org/toy:$t|$digest|atomic container signature"; done | sort)" "a platform's manifest is signed for, under each of its tags"
ok "... and so is the index" test -e "$public/sigs/toy@sha256=$(sha256sum <"$v2/manifests/one" | cut -d' ' -f1)/signature-1"
count=$(find "$public/sigs" -type f | wc -l)
make_build toy/two/amd64/default 20260104_0000 seed=e
index add -q --all "$in" >/dev/null
exits 0 "one more build" index publish
is "$(($(find "$public/sigs" -type f | wc -l) - count))" 10 "only what is new is signed"
exits 0 "the tree is whole" index fsck
sig=$(find "$public/sigs/toy@sha256=$digest" -name signature-1)
damage "a signature cut short is found" "F5: ${sig#"$public"/}: " "$sig" truncate -s -20 "$sig"
damage "a signature of something else is found" "F5: ${sig#"$public"/}: untrusted: .* was made for something else" "$sig" cp --remove-destination "${sig%1}2" "$sig"
cp "$sig" "${sig%1}99" && touch -d '3 hours ago' "${sig%1}99"
exits 7 "a signature that nothing knows is found" index fsck
like "$OUT" "^F3: sigs/.*signature-99: " "... by name"
rm "${sig%1}99"
rm "$sig"
exits 7 "a signature that is gone is no small repair" index fsck --repair
like "$OUT" "the next 'publish' signs it again" "... but it is said who makes it"
exits 0 "which does" index publish
ok "... with the same claim" test "$(claim "$sig" | sed 's/,"optional".*//')" = "$(claim "$T/kept" | sed 's/,"optional".*//')"
exits 0 "the tree is whole" index fsck
damage "a list of tags that is not the catalog's is found" "F8: v2/toy/tags/list: " "$v2/tags/list" sed -i 's/"one",/"one","two-9",/' "$v2/tags/list"
sed -i 's/"one",/"one","two-9",/' "$v2/tags/list"
exits 0 "... and made again" index fsck --repair
exits 0 "the tree is whole" index fsck
sed -i 's,example.org/,example.org/under/a/prefix,' "$tree/site.yaml"
exits 0 "under a prefix" index publish
is "$(find "$public/sigs" -type f | wc -l)" $((count + 10)) "... OCI cannot live, and nothing is signed"
done_testing
