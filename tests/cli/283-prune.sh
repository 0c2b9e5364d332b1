#!/bin/bash
# Builds leave the index and, when nobody may ask any more, the disk: what stays, what goes and when,
# while it is served, and after a kill at each step. Time passes by setting the catalog's dates back.
. "$(dirname "$0")/../lib.sh"
EVERY=${EVERY:-20}

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
sql() { as_user ry-index sqlite3 "$tree/catalog.db" "$1"; }
install -d -o ry-index -g ry-index "$tree" "$T/r" "$T/traces"
image=toy/one/amd64/default
fpr=$(index init -q --root-home "$T/r" --name prune 2>/dev/null) || exit 1
for day in 01 02 03 04 05 06 07 08; do
	"$TOP/tests/cli/make-incoming.py" "$T/in" "$image" "202601${day}_0000" pad=90000 seed=$day || exit 1
done
# 02 has the tree of 01: links, which a prune of 01 must leave alone
rm -rf "$T/in/$image/20260102_0000" && "$TOP/tests/cli/make-incoming.py" "$T/in" "$image" 20260102_0000 pad=90000 seed=01
index add -q --force --all "$T/in" >/dev/null && index publish -q >/dev/null || exit 1
passes() { # DAYS: everything happened so much earlier
	local s=$(($1 * 86400))
	sql "UPDATE build SET admitted = admitted - $s, left_at = left_at - $s;
		UPDATE signing SET created = created - $s, expires = expires - $s; UPDATE generation SET created = created - $s;
		UPDATE document SET created = created - $s, unused_since = unused_since - $s; UPDATE event SET at = at - $s"
}
builds() { find "$public/images/$image" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort; }
fates() { index prune -n --json | python3 -c 'import json,sys
for line in sys.stdin:
    d = json.loads(line)
    if "fate" in d: print(d["serial"][6:8] + d["fate"], end=" ")'; }

is "$(fates)" "08newest 07kept 06kept 05kept 04kept 03retires 02retires 01retires " "five builds are kept, the rest retires"
echo 'retention: {keep: 3, keep_days: 0}' >>"$tree/site.yaml"
is "$(fates)" "08newest 07kept 06kept 05retires 04retires 03retires 02retires 01retires " "as many as the site says"
sql "UPDATE build SET tested = 'not tested' WHERE serial > '20260104_0000'"
is "$(fates)" "08newest 07kept 06kept 05retires 04tested 03retires 02retires 01retires " "and the newest that passed its test"
sed -i 's/keep_days: 0/keep_days: 1/' "$tree/site.yaml"
is "$(fates)" "08newest 07kept 06kept 05young 04young 03young 02young 01young " "and those that are young"
sed -i 's/keep_days: 1}/images: [{match: "toy\/*\/default", keep: 7}]}/' "$tree/site.yaml"
is "$(fates)" "08newest 07kept 06kept 05kept 04kept 03kept 02kept 01retires " "an image has rules of its own"
sed -i 's/, images: .*}/, grace_days: 12}/' "$tree/site.yaml"
exits 0 "a build is pinned" index pin "$image@20260103_0000"
is "$(fates)" "08newest 07kept 06kept 05retires 04tested 03pinned 02retires 01retires " "a pinned build stays"
for bad in 'keep: 2' 'grace_days: 1' 'keep_tested: maybe' 'keeps: 4' 'match: x' 'images: [{keep: 4}]' 'keep: many'; do
	cp "$tree/site.yaml" "$T/site.yaml"
	sed -i "s/^retention: .*/retention: {$bad}/" "$tree/site.yaml"
	exits 1 "'$bad' is refused" index prune -n
	like "$ERR" 'site.yaml:[0-9]+:[0-9]+: ' "... with its place"
	cp "$T/site.yaml" "$tree/site.yaml"
done
index publish -q >/dev/null
before=$(tree_digest "$tree/public")
exits 0 "what would be done is told" index prune -n
like "$OUT" '^retires +toy/one/amd64/default@20260105_0000 \([0-9.]+ kB\)$' "... with bytes"
like "$OUT" '^would remove 0 builds and .*; 3 retired, 0 wait' "... in sum"
is "$(tree_digest "$tree/public")" "$before" "... and not done"

# ---- leaving
listed() { python3 - "$public" <<'P'
import base64, json, sys
public = sys.argv[1]
c = json.loads(base64.b64decode(json.load(open(public + "/meta/2/current"))["payload"]))
line = json.loads(open(public + "/" + c["catalog"]["path"]).read().splitlines()[1])
print(*(b["serial"][6:8] for b in json.load(open(public + "/meta/2/objects/" + line[4]))["builds"]))
P
}
exits 0 "builds retire" index prune
is "$(listed)" "08 07 06 04 03" "no index names them any more"
is "$(builds | wc -l)" 8 "their files are there for whoever has the old one"
exits 0 "the tree is whole" index fsck
like "$(index prune -n)" '^waits +.*@20260105_0000 .* until 20' "they wait, and it is said until when"
passes 8
like "$(index prune -n)" '3 wait' "eight days later they still do"
index refresh -q --clock-is-right >/dev/null
exits 0 "one of them is pinned after all" index pin "$image@20260102_0000"
index publish -q >/dev/null
is "$(listed)" "08 07 06 04 03 02" "... and offered again"
exits 0 "... until it is let go" index unpin "$image@20260102_0000"
index prune -q >/dev/null
index publish -q >/dev/null
is "$(listed)" "08 07 06 04 03" "... and retires"
passes 5
index refresh -q --clock-is-right >/dev/null
is "$(fates)" "08newest 07kept 06kept 05goes 04tested 03pinned 02waits 01goes " "past the grace they go, each in its time"

# ---- going, while somebody is at it
shared=$public/images/$image/20260102_0000/rootfs.tar.zst
is "$(stat -c %h "$shared")" "$(stat -c %h "$public/images/$image/20260101_0000/rootfs.tar.zst")" "two builds share files"
exec 7<"$public/images/$image/20260105_0000/rootfs.tar.xz"
sum=$(sha256sum <"$public/images/$image/20260105_0000/rootfs.tar.xz")
cp -a "$tree" "$T/ready"
exits 0 "they go" index prune
like "$OUT" '^removed 2 builds' "... and it is said"
is "$(builds | cut -c7-8 | tr '\n' ' ')" "02 03 04 06 07 08 " "their directories are gone"
is "$(sha256sum <&7)" "$sum" "an open download ends well"
exec 7<&-
ok "what another build shares is there" test -s "$shared"
is "$(sql "SELECT count(*) FROM build") $(sql "SELECT count(*) FROM object WHERE sha256 NOT IN (SELECT sha256 FROM file)")" "6 0" "the catalog forgot them"
exits 0 "the tree is whole" index fsck
is "$(sql "PRAGMA foreign_key_check")" "" "... and the catalog, too"
blobs=$(find "$public/v2" -path '*/blobs/*' -type f 2>/dev/null | wc -l)
is "$(sql "SELECT count(DISTINCT sha256) FROM oci WHERE role IN ('layer.zst','layer.gz','config','document')")" "$blobs" "no blob of theirs is left in v2/"
exits 0 "doing it again does nothing" index prune
like "$OUT" '^removed 0 builds' "... and says so"

# ---- documents
passes 200
index refresh -q --clock-is-right >/dev/null; index prune -q >/dev/null
old=$(find "$public/meta/2/objects" -type f | wc -l)
passes 13
index refresh -q --clock-is-right >/dev/null
exits 0 "documents that nothing names go as well" index prune
ok "... from the disk" test "$(find "$public/meta/2/objects" -type f | wc -l)" -lt "$old"
exits 0 "the tree is whole" index fsck
is "$(fates | tr ' ' '\n' | grep -c newest)" 1 "after all that time the newest build stays"

# ---- deprecation
sed -i 's/grace_days: 12}/grace_days: 12, deprecate_days: 90}/' "$tree/site.yaml"
sql "UPDATE build SET created = created - 400 * 86400"
exits 0 "an image without new builds" index publish
is "$(index list --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["state"])')" deprecated "... is deprecated"
is "$(fates)" "08newest 07retires 06retires 04retires 03pinned " "... and keeps one"

# ---- killed
from() { rm -rf "$tree" && cp -a "$T/$1" "$tree"; }
from ready
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/traces/calls" -e trace=unlinkat,renameat,fsync rootyard-index prune -q >/dev/null
count=$(wc -l <"$T/traces/calls")
bad=0 tried=0
for ((k = 1 + RANDOM % EVERY; k <= count; k += EVERY)); do
	from ready
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=unlinkat,renameat,fsync -e "inject=unlinkat,renameat,fsync:signal=KILL:when=$k" \
		rootyard-index prune -q >/dev/null 2>&1
	tried=$((tried + 1))
	index prune -q >"$T/said" 2>&1 || { t_show "killed at $k: the next try fails: $(cat "$T/said")"; bad=1; }
	index fsck >"$T/said" 2>&1 || { t_show "killed at $k: $(cat "$T/said")"; bad=1; }
	[ "$(builds | wc -l)" = 6 ] || { t_show "killed at $k: $(ls "$public/images/$image")"; bad=1; }
done
is "$bad" 0 "killed at $tried of $count steps, the next prune finishes, and the tree is whole"
done_testing
