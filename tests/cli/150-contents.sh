#!/bin/bash
# What an image says about itself: packages, bill of materials, provenance; what it must not hold; and the same again.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
export TMPDIR=$T/tmp
mkdir -p "$T/tmp" "$T/x"
build() { # OUT RECIPE ARG...
	local out=$1 recipe=$2
	shift 2
	rootyard-build build --out "$T/$out" --compress xz=0,zstd=1 --allow-unverified -o "source.url=file://${URL_OF:-$T/toy/rootfs.tar.xz}" --serial 20260101_0000 "$@" "$recipe" 1/amd64
}
at() { echo "$T/$1/toy/1/amd64/default/20260101_0000"; }
with_action() { # DIR TEXT...: the toy recipe with one more action
	local dir=$1
	shift
	rm -rf "$dir"
	cp -r "$DATA/ok/toy" "$dir"
	printf '  - trigger: post-unpack\n    action: |-\n      #!/bin/sh\n' >"$dir/add"
	printf '      %s\n' "$@" >>"$dir/add"
	sed -i -e "/^actions:/r $dir/add" "$dir/image.yaml"
}

# ---- one tree for each kind of database
tar -xJf "$T/toy/rootfs.tar.xz" -C "$T/x" --numeric-owner
database() { # KIND: the toy tree with it, in $T/KIND.tar.xz
	rm -rf "$T/db"
	cp -a "$T/x" "$T/db"
	mkdir -p "$T/db/usr/share"
	echo a >"$T/db/usr/share/a" && echo b >"$T/db/usr/share/b"
	"db_$1" "$T/db" && tar -cf - -C "$T/db" --sort=name --mtime=@1 . | xz -0 >"$T/$1.tar.xz"
}
db_apk() {
	mkdir -p "$1/lib/apk/db"
	printf 'C:Q1x\nP:zoo\nV:1.2-r3\nA:x86_64\nI:2048\nL:MIT\no:zoo-src\nF:usr/share\nR:b\nZ:Q1x\n\nC:Q1y\nP:abc\nV:7-r0\nA:noarch\nI:10\nL:GPL-2.0-only\no:abc\nF:usr/share\nR:a\n\n' >"$1/lib/apk/db/installed"
}
db_pacman() {
	mkdir -p "$1/var/lib/pacman/local/"{zoo-1.2-3,abc-1:7-1}
	echo 9 >"$1/var/lib/pacman/local/ALPM_DB_VERSION"
	printf '%%NAME%%\nzoo\n\n%%VERSION%%\n1.2-3\n\n%%BASE%%\nzoo-src\n\n%%ARCH%%\nx86_64\n\n%%SIZE%%\n2048\n\n%%LICENSE%%\nMIT\n\n' >"$1/var/lib/pacman/local/zoo-1.2-3/desc"
	printf '%%FILES%%\nusr/\nusr/share/\nusr/share/b\n\n' >"$1/var/lib/pacman/local/zoo-1.2-3/files"
	printf '%%NAME%%\nabc\n\n%%VERSION%%\n1:7-1\n\n%%ARCH%%\nany\n\n%%SIZE%%\n10\n\n%%LICENSE%%\nGPL-2.0-only\n' >"$1/var/lib/pacman/local/abc-1:7-1/desc"
	printf '%%FILES%%\nusr/share/a\n' >"$1/var/lib/pacman/local/abc-1:7-1/files"
}
cat >"$T/rpm.py" <<'P'
import os, sqlite3, struct, sys
def header(name, epoch, version, release, arch, size, licence, source, path):
    text = lambda s: s.encode() + b"\0"
    d, b = os.path.split(path)
    tags = [(1000, 6, 1, text(name)), (1001, 6, 1, text(version)), (1002, 6, 1, text(release)), (1009, 4, 1, struct.pack(">I", size)),
        (1014, 6, 1, text(licence)), (1016, 9, 1, text("Unspecified")), (1022, 6, 1, text(arch)), (1044, 6, 1, text(source)), (1116, 4, 1, struct.pack(">I", 0)),
        (1117, 8, 1, text(b)), (1118, 8, 1, text(d + "/"))]
    if epoch: tags.append((1003, 4, 1, struct.pack(">I", epoch)))
    tags.append((1999, 6, 1, text("x" * 9000)))  # so that it does not fit a page
    index, data = b"", b""
    for tag, kind, count, value in sorted(tags):
        data += b"\0" * (-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += value
    return struct.pack(">II", len(tags), len(data)) + index + data
rows = [header("zoo", 0, "1.2", "3", "x86_64", 2048, "MIT", "zoo-src-1.2-3.src.rpm", "/usr/share/b"),
    header("abc", 1, "7", "1", "noarch", 10, "GPL-2.0-only", "abc-7-1.src.rpm", "/usr/share/a"),
    header("gpg-pubkey", 0, "1", "1", "(none)", 0, "pubkey", "", "/x")]
kind, path = sys.argv[1:]
os.makedirs(os.path.dirname(path), exist_ok=True)
if kind == "sqlite":
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    db.executemany("INSERT INTO Packages(blob) VALUES (?)", [(r,) for r in rows] + [(header("f%d" % i, 0, "1", "1", "x", 1, "MIT", "", "/f%d" % i),) for i in range(int(os.environ.get("MORE", "0")))])
    db.execute("CREATE INDEX i ON Packages(hnum)")
    db.commit()
else:
    slots, blobs, at = b"", b"", 4096 // 16
    for i, r in enumerate(rows):
        blob = struct.pack("<4sIII", b"BlbS", i + 1, 1, len(r)) + r
        blob += b"\0" * (-len(blob) % 16)
        slots += struct.pack("<4sIII", b"Slot", i + 1, at, len(blob) // 16)
        at += len(blob) // 16
        blobs += blob
    head = struct.pack("<4sIIIII8x", b"RpmP", 0, 1, 1, 4, 0) + slots
    open(path, "wb").write(head + b"\0" * (4096 - len(head)) + blobs)
P
db_rpm() { python3 "$T/rpm.py" sqlite "$1/usr/lib/sysimage/rpm/rpmdb.sqlite"; }
db_ndb() { python3 "$T/rpm.py" ndb "$1/usr/lib/sysimage/rpm/Packages.db"; }
cat >"$T/judge.py" <<'P'
import hashlib, json, os, sys
d, kind, purl = sys.argv[1:]
load = lambda n: json.load(open(os.path.join(d, n)))
sha = lambda n: hashlib.sha256(open(os.path.join(d, n), "rb").read()).hexdigest()
p = load("packages.json")
assert p["kind"] == kind, p["kind"]
assert [x["name"] for x in p["packages"]] == ["abc", "zoo"], p
assert [(x["installed_size"], x["license"]) for x in p["packages"]] == [(10, "GPL-2.0-only"), (2048, "MIT")], p
assert p["packages"][1]["source"] == "zoo-src", p
s = load("sbom.spdx.json")
assert s["spdxVersion"] == "SPDX-2.3" and s["dataLicense"] == "CC0-1.0"
ids = [x["SPDXID"] for x in s["packages"]]
assert len(set(ids)) == len(ids) == 3
for r in s["relationships"]:
    assert r["relatedSpdxElement"] in ids
refs = [r["referenceLocator"] for x in s["packages"] for r in x.get("externalRefs", [])]
assert refs == purl.split(), refs
v = load("provenance.json")
assert v["_type"] == "https://in-toto.io/Statement/v1" and v["predicateType"] == "https://slsa.dev/provenance/v1"
assert {x["name"] for x in v["subject"]} == {a["name"] for a in load("build.json")["artifacts"]} - {"provenance.json"}
for x in v["subject"]:
    assert x["digest"]["sha256"] == sha(x["name"]), x
assert v["predicate"]["buildDefinition"]["resolvedDependencies"][0]["uri"].startswith("file://")
P
for kind in apk pacman rpm ndb; do
	database $kind || { t_show "cannot make a database of $kind"; exit 1; }
	URL_OF=$T/$kind.tar.xz exits 0 "an image with $kind's database" build "$kind" "$DATA/ok/toy"
	case $kind in
	apk) want="apk pkg:apk/toy/abc@7-r0?arch=noarch pkg:apk/toy/zoo@1.2-r3?arch=x86_64" ;;
	pacman) want="pacman pkg:alpm/toy/abc@1%3A7-1?arch=any pkg:alpm/toy/zoo@1.2-3?arch=x86_64" ;;
	*) want="rpm pkg:rpm/toy/abc@7-1?arch=noarch&epoch=1 pkg:rpm/toy/zoo@1.2-3?arch=x86_64" ;;
	esac
	ok "... says what is in it, and who made it from what" python3 "$T/judge.py" "$(at $kind)" "${want%% *}" "${want#* }"
	ok "... in-toto's own record of the files says the same" /usr/bin/python3 -c 'import json, sys
from in_toto import runlib
seen = runlib.record_artifacts_as_dict(["."], base_path=sys.argv[1])
subjects = json.load(open(sys.argv[1] + "/provenance.json"))["subject"]
assert subjects and all(seen[x["name"]] == x["digest"] for x in subjects), seen' "$(at $kind)"
	is "$(xz -dc "$(at $kind)/rootfs.tar.xz" | tar -t | grep -E '^\./usr/share/[ab]$' | tr '\n' ' ')" "./usr/share/a ./usr/share/b " "... and its files are packed by package"
done
MORE=300 database rpm
URL_OF=$T/rpm.tar.xz exits 0 "hundreds of packages" build many "$DATA/ok/toy"
is "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["packages"]))' "$(at many)/packages.json")" 302 "... are all read, through many pages"
head -c 20000 "$T/db/usr/lib/sysimage/rpm/rpmdb.sqlite" >"$T/cut" && mv "$T/cut" "$T/db/usr/lib/sysimage/rpm/rpmdb.sqlite" && tar -cf - -C "$T/db" . | xz -0 >"$T/cut.tar.xz"
URL_OF=$T/cut.tar.xz exits 1 "a database that was cut off" build cut "$DATA/ok/toy"
like "$ERR" "rpmdb.sqlite': this is no whole SQLite file" "... is said to be"
if python3 -c 'import spdx_tools' 2>/dev/null; then ok "a checker of SPDX accepts it" pyspdxtools -i "$(at apk)/sbom.spdx.json"; fi

# ---- secrets
with_action "$T/good" 'test "$(stat -c "%a %u" /run/secrets/token)" = "400 0" || exit 4' 'sha256sum </run/secrets/token | cut -c1-64 >/etc/token-digest' 'env | grep -c "secret-of-[m]ine" && exit 5' 'true'
exits 0 "an action gets a secret by descriptor" build secret "$T/good" --secret token=7 7<<<"secret-of-mine"
is "$(tar -xOf "$(at secret)/rootfs.tar.zst" --zstd ./etc/token-digest)" "$(printf secret-of-mine | sha256sum | cut -c1-64)" "... as it is"
not_ok "... and nothing that is handed over holds it" sh -c "cd '$(at secret)' && { cat ./*.json build.log recipe.yaml; xz -dc rootfs.tar.xz meta.tar.xz; } | grep -q secret-of-mine"
with_action "$T/leaks" 'cp /run/secrets/token /etc/token'
exits 10 "one that is left in the tree fails the build" build leaks "$T/leaks" --secret token=7 7<<<"secret-of-mine"
like "$ERR" "'secrets' is left in '/etc/token'" "... by name"
with_action "$T/says" 'cat /run/secrets/token'
exits 10 "one that is left in the log too" build says "$T/says" --secret token=7 7<<<"secret-of-mine"
like "$ERR" 'a secret was written to the log 1 times' "... with a sentence"
not_ok "... and even the log of the failure has it no more" grep -rq secret-of-mine "$T/says" "$T/says" "$(at says)"
exits 2 "one too short to be looked for is refused" build short "$T/good" --secret token=7 7<<<"short"
exits 2 "a descriptor that is none is refused" build short "$T/good" --secret token=x
with_action "$T/key" 'mkdir -p /etc/app' 'echo "-----BEGIN RSA PRIVATE KEY-----" >/etc/app/key.pem'
exits 10 "a private key that is left fails the build" build key "$T/key"
like "$ERR" "'private-key-files' is left in '/etc/app/key.pem'" "... by name"
with_action "$T/proxy" 'mkdir -p /etc/apt/apt.conf.d' 'echo "Acquire::http::Proxy \"http://proxy.example:3128\";" >/etc/apt/apt.conf.d/p'
exits 10 "so does the caller's proxy" env http_proxy=http://proxy.example:3128 rootyard-build build --out "$T/proxied" --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$T/proxy" 1/amd64
like "$ERR" "'proxies' is left in" "... by name"

# ---- the network is there for an action that asks
with_action "$T/net" '# rootyard: network' 'grep -c : /proc/net/dev >/etc/interfaces-seen'
exits 0 "an action asks for the network" build net "$T/net"
is "$(tar -xOf "$(at net)/rootfs.tar.zst" --zstd ./etc/interfaces-seen)" "$(grep -c : /proc/net/dev)" "... and sees the host's interfaces"

# ---- the same again
exits 0 "a build is the same when it is built again" rootyard-build rebuild --verify "$(at apk)"
is "$OUT" "toy/1/amd64/default 20260101_0000: identical" "... and that is said"
cp -r "$(at apk)" "$T/other"
echo "# another" >>"$T/other/recipe.yaml"
exits 7 "another recipe than the recorded one is refused" rootyard-build rebuild --verify "$T/other"
echo c >"$T/db/usr/share/new" && rm -r "$T/db/usr/lib/sysimage" && db_apk "$T/db" && chmod 600 "$T/db/usr/share/a" && tar -cf - -C "$T/db" --sort=name --mtime=@1 . | xz -0 >"$T/apk.tar.xz"
exits 1 "another source gives another image" rootyard-build rebuild --verify "$(at apk)"
like "$OUT" '^\+ usr/share/new$' "... and the difference is said, file by file"
like "$OUT" '^! usr/share/a: mode 0644 -> 0600$' "... and what it is"
like "$OUT" '20260101_0000: differs$' "... with the verdict"
is "$(ls -A "$T/tmp")" "" "nothing is left in the work directory"
done_testing
