#!/bin/bash
# Deltas: made at publication, named in image documents, never in the way of a publication.
. "$(dirname "$0")/../lib.sh"
EVERY=${EVERY:-8}

tree=$T/tree in=$T/incoming public=$T/tree/public
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
image=toy/one/amd64/default
built() { # SERIAL seed pad
	make_build "$image" "$1" "seed=$2" "pad=$3" packages="base=$1"
	index add -q "$in/$image/$1" >/dev/null && index publish -q >/dev/null
}
delta_of() { # [SERIAL]: the deltas of a build, else of the newest, as "base path"
	python3 - "$public" "${1:-}" <<'P'
import base64, glob, json, os, sys
public, serial = sys.argv[1:]
current = json.load(open(public + "/meta/2/current"))
payload = json.loads(base64.b64decode(current["payload"]))
catalog = open(public + "/" + payload["catalog"]["path"]).read().splitlines()
for line in catalog[1:]:
    row = json.loads(line)
    if row[0].startswith("toy/"):
        doc = json.load(open(public + "/meta/2/objects/" + row[4]))
        ids = {b["id"]: b["serial"] for b in doc["builds"]}
        builds = [b for b in doc["builds"] if serial in ("", b["serial"])]
        for d in builds[0]["deltas"]:
            assert os.path.getsize(public + "/" + d["path"]) == d["size"]
            print(ids[d["from"]], d["path"])
P
}

index init -q --root-home "$T/root" --name "Test site" >"$T/fpr" || exit 1
built 20260101_0000 a 200000
is "$(delta_of)" "" "a first build has no delta"
built 20260102_0000 b 200000
is "$(delta_of)" "" "a night that shares nothing with the last has none either: it would not pay"
not_ok "... and none lies about" test -e "$public/images/$image/20260102_0000/from-20260101_0000.delta"

# the same noise, another os-release
make_build "$image" 20260103_0000 seed=b pad=200000 note=third packages=base=3
index add -q "$in/$image/20260103_0000" >/dev/null
exits 0 "the third night is published" index publish
like "$ERR" "delta from 20260102_0000, [0-9.]+ k?B, [0-9.]+ % of the full download" "... and says what its delta costs"
is "$(delta_of)" "20260102_0000 images/$image/20260103_0000/from-20260102_0000.delta" "the document names it and its base"
delta=$public/images/$image/20260103_0000/from-20260102_0000.delta
[ "$(stat -c %s "$delta")" -lt 1500 ]
is "$?" 0 "it is small"
is "$(getfattr --absolute-names --only-values -n user.rootyard.sha256 "$delta")" "$(sha256sum <"$delta" | cut -d' ' -f1)" "it carries its digest"
exits 0 "the tree is whole" index fsck

make_build "$image" 20260104_0000 seed=b pad=200000 note=third packages=base=4
index add -q "$in/$image/20260104_0000" >/dev/null && index publish -q >/dev/null
is "$(delta_of)" "" "an unchanged night needs none"

printf 'deltas: [1, 3]\n' >>"$tree/site.yaml"
make_build "$image" 20260105_0000 seed=b pad=200000 note=fifth packages=base=5
index add -q "$in/$image/20260105_0000" >/dev/null && index publish -q >/dev/null
is "$(delta_of | wc -l)" 2 "from one and from three builds back"
# shellcheck disable=SC2012
is "$(cd "$public/images/$image/20260105_0000" && ls from-* | tr '\n' ' ')" "from-20260102_0000.delta from-20260104_0000.delta " "... files of both"

exits 0 "one can be made by hand" index --json delta "$image@20260102_0000" "$image@20260104_0000"
like "$OUT" '"from":"20260102_0000","kept":true' "... and says so"
is "$(delta_of 20260104_0000)" "" "it is not named yet"
exits 0 "it is published" index publish
is "$(delta_of 20260104_0000)" "20260102_0000 images/$image/20260104_0000/from-20260102_0000.delta" "... and named"
exits 1 "twice is once too often" index delta "$image@20260102_0000" "$image@20260104_0000"
exits 1 "equal trees have none" index delta "$image@20260103_0000" "$image@20260104_0000"
like "$ERR" "same tree" "... which is said"
exits 8 "what is not there is not found" index delta "$image@20250101_0000" "$image@20260105_0000"
exits 2 "builds are named whole" index delta toy/one "$image@20260105_0000"

sed -i 's/^deltas:.*/deltas: []/' "$tree/site.yaml"
make_build "$image" 20260106_0000 seed=b pad=200000 note=sixth packages=base=6
index add -q "$in/$image/20260106_0000" >/dev/null && index publish -q >/dev/null
is "$(delta_of)" "" "a site may do without"
sed -i 's/^deltas:.*/deltas: [0]/' "$tree/site.yaml"
exits 1 "a build is no base of itself" index publish
like "$ERR" "site.yaml:[0-9]+:[0-9]+: 0 builds back is the build itself" "... with line and column"
sed -i 's/^deltas:.*/deltas: [1]/' "$tree/site.yaml"
exits 0 "the tree is whole" index fsck

# Killed at any step the delta is out or in, and the next publication finishes.
make_build "$image" 20260107_0000 seed=b pad=200000 note=seventh packages=base=7
index add -q "$in/$image/20260107_0000" >/dev/null
cp -a "$tree" "$T/ready"
mkdir -m 777 "$T/traces"
calls=mkdirat,renameat,fsetxattr,unlinkat,fsync,fdatasync,pwrite64
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/traces/calls" -e trace=$calls rootyard-index publish -q >/dev/null 2>&1
joined=$(grep -n '^renameat' "$T/traces/calls" | head -n 1 | cut -d: -f1) # nothing else is renamed before
count=$((joined + 16))
bad=0
for ((k = 1 + RANDOM % EVERY; k <= count; k += EVERY)); do
	rm -rf "$tree" && cp -a "$T/ready" "$tree"
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=$calls -e "inject=$calls:signal=KILL:when=$k" rootyard-index publish -q >/dev/null 2>&1
	index refresh -q >/dev/null 2>&1 # any command that writes brings disk and catalog together
	on_disk=$(find "$public/images/$image/20260107_0000" -name 'from-*' | wc -l)
	[ "$on_disk" = "$(as_user ry-index sqlite3 "$tree/catalog.db" "SELECT count(*) FROM file JOIN build ON build.id = file.build WHERE serial = '20260107_0000' AND name LIKE 'from-%'")" ] ||
		{ t_show "killed at $k: $on_disk on the disk, and another number in the catalog"; bad=1; }
	index publish -q >"$T/said" 2>&1 && index fsck >>"$T/said" 2>&1 || { t_show "killed at $k: $(cat "$T/said")"; bad=1; }
	[[ $(delta_of) = "20260106_0000 "* ]] || { t_show "killed at $k: its delta is missing"; bad=1; }
	[ "$(ls "$tree/staging")" = "" ] || { t_show "killed at $k: $(ls "$tree/staging")"; bad=1; }
done
is "$bad ${joined:-none}" "0 ${joined:-one}" "killed at every ${EVERY}th of $count steps it is out or in, the next publication has it, and the tree is whole"

done_testing
