#!/bin/bash
# The clients that site.yaml chooses: WSL, Proxmox and its kin, a gzip layer; and what is left out.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/incoming public=$T/tree/public
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: two
releases:
  one: {version: "1"}
  two: {version: "2"}
Y
index init -q --root-home "$T/root" --name "Test site" --releases "$T/releases.yaml" >"$T/fpr" 2>/dev/null || exit 1
make_build toy/one/amd64/default 20260101_0000 seed=1
index add -q --all "$in" >/dev/null || exit 1
exits 0 "a site without base_url is published" index publish
like "$ERR" "skipped wsl.*: they need base_url" "... and one line tells what is skipped"
not_ok "... so WSL finds nothing" test -e "$public/wsl/DistributionInfo.json"
is "$(cd "$public/images/toy/one/amd64/default/20260101_0000" && ls ./*.gz 2>/dev/null)" "" "nobody's file is made unasked"

sed -i '/^schema/a clients: [lxc, wls]' "$tree/site.yaml"
exits 1 "a client that is not known is refused" index publish
like "$ERR" "site.yaml:[0-9]+:16: 'wls' is no client" "... by line and column"
like "$ERR" "lxc, simplestreams, oci, wsl, oci-gzip, aplinfo" "... with those that are"
sed -i 's/^clients:.*/clients: [lxc, wsl, aplinfo, oci-gzip, oci]\nbase_url: https:\/\/images.example.org\/base\//' "$tree/site.yaml"
make_build toy/one/amd64/default 20260102_0000 seed=2
make_build toy/one/amd64/cloud 20260102_0000 seed=3
make_build toy/two/amd64/default 20260102_0000 seed=4
exits 0 "builds are admitted" index add -q --all "$in"
exits 0 "they are published" index publish
unlike "$ERR" "skipped" "... and nothing is skipped"
exits 0 "the tree is whole" index fsck
not_ok "a client that is not chosen gets no index" test -e "$public/streams/v1/images.json"

dir=$public/images/toy/one/amd64/default/20260102_0000
ok "the tar is there as gzip, the same to the byte" sh -c 'cd "$1" && gzip -dc rootfs.tar.gz >../gz && zstd -dcq rootfs.tar.zst | cmp - ../gz; rc=$?; rm -f ../gz; exit $rc' sh "$dir"
is "$(stat -c %i "$dir/rootfs.tar.gz")" "$(stat -c %i "$dir/toy-1-amd64-default.tar.gz")" "... under the name that OpenVZ's clients know, as one inode"
ok "... and SHA256SUMS lists both" sh -c 'cd "$1" && sha256sum --strict --quiet -c SHA256SUMS && grep -q "  toy-1-amd64-default.tar.gz$" SHA256SUMS && grep -q "  rootfs.tar.gz$" SHA256SUMS' sh "$dir"
ok "... and its signature is there" test -s "$dir/toy-1-amd64-default.tar.gz.asc"

# An engine that knows no zstd takes the first entry of its architecture; others look for the annotation.
layers=$(python3 - "$public/v2/toy" "$dir/rootfs.tar.gz" <<'P'
import gzip, hashlib, json, os, sys
base, tarball = sys.argv[1:]
def entries(tag):
    for d in json.load(open("%s/manifests/%s" % (base, tag)))["manifests"]:
        m = json.load(open("%s/manifests/%s" % (base, d["digest"])))
        yield d, m["layers"][0], json.load(open("%s/blobs/%s" % (base, m["config"]["digest"])))
for d, layer, config in entries("one-20260102_0000"):
    kind = layer["mediaType"].rsplit("+")[1]
    print(d["platform"]["architecture"], kind, d.get("annotations", {}).get("io.github.containers.compression.zstd", "-"))
    if kind == "gzip":
        blob = "%s/blobs/%s" % (base, layer["digest"])
        assert open(blob, "rb").read() == open(tarball, "rb").read() and os.stat(blob).st_size == layer["size"]
        assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(gzip.open(blob).read()).hexdigest()]
print([layer["mediaType"].rsplit("+")[1] for d, layer, config in entries("one-20260101_0000")])
P
)
is "$layers" "amd64 gzip -
amd64 zstd true
['zstd']" "container engines are offered gzip before zstd, the bytes of the tarball, where the operator asked"

like "$(cat "$public/aplinfo.dat")" "^Package: toy-1-default$" "the list of appliances names the image"
stanza=$(awk -v RS= '/Location: [^\n]*20260102_0000\/toy-1-amd64-default.tar.gz/' "$public/aplinfo.dat")
is "$stanza" "Package: toy-1-default
Version: 20260102-0000
Type: lxc
OS: toy-1
Section: system
Maintainer: Test site
Architecture: amd64
Location: https://images.example.org/base/images/toy/one/amd64/default/20260102_0000/toy-1-amd64-default.tar.gz
sha512sum: $(sha512sum <"$dir/rootfs.tar.gz" | cut -d' ' -f1)
Infopage: https://images.example.org/base/
Description: toy one (default)" "... with everything that pveam reads"
is "$(grep -c ^Package "$public/aplinfo.dat")" 3 "every image with such a file is listed once"
ok "aplinfo.dat.gz unpacks to it" sh -c 'gzip -dc "$1.gz" | cmp - "$1"' sh "$public/aplinfo.dat"
mkdir -m 700 "$T/gnupg"
gpg --homedir "$T/gnupg" --no-autostart -q --batch --import "$public"/keys/*.asc 2>/dev/null
ok "its signature is good" gpg --homedir "$T/gnupg" --no-autostart --batch --verify "$public/aplinfo.dat.asc" "$public/aplinfo.dat"

wsl=$(python3 - "$public" <<'P'
import hashlib, json, sys
public, base = sys.argv[1], "https://images.example.org/base/"
doc = json.load(open(public + "/wsl/DistributionInfo.json"))
for flavor, entries in doc["ModernDistributions"].items():
    assert [e["Default"] for e in entries].count(True) == 1, flavor
    for e in entries:
        assert e["Name"].startswith(flavor)
        for k in ("Amd64Url", "Arm64Url"):
            if k in e:
                path = e[k]["Url"][len(base):]
                assert e[k]["Url"].startswith(base) and hashlib.sha256(open(public + "/" + path, "rb").read()).hexdigest() == e[k]["Sha256"]
        print(e["Name"], "|", e["FriendlyName"], "|", e["Default"], "|", sorted(k for k in e if k.endswith("Url")))
P
)
is "$wsl" "toy-one-cloud | Toy one cloud | False | ['Amd64Url']
toy-one | Toy one | False | ['Amd64Url']
toy-two | Toy two | True | ['Amd64Url']" "WSL's list has one default a distribution, the operator's, and every digest is right"
done_testing
