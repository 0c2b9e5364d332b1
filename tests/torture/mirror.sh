#!/bin/bash
# A mirror that is killed, fails and starves at each of its file-changing calls: readers see the old tree or the new one,
# whole, and the same command then ends well. Argument: directory of the built programs.
#   EVERY=k     every k-th point only; they come in an order of chance
#   BUDGET=s    no new point after so many seconds
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "$(dirname "$1")" && pwd)
SAN=$(basename "$1")
export BUILD SAN
. "$TOP/tests/lib.sh" "$@"
# shellcheck source=tests/upstream.sh
. "$TOP/tests/upstream.sh"
EVERY=${EVERY:-1} BUDGET=${BUDGET:-86400}
gcc -O1 -D_GNU_SOURCE -o "$T/torture" "$TOP/tests/torture/torture.c" || exit 1

W=$T/ram
mkdir "$W" && mount -t tmpfs -o size=1g,mode=755 none "$W" && install -d -o ry-user "$W/u" && install -d -m 1777 "$W/tmp" || exit 1
AS_ENV+=("TMPDIR=$W/tmp")
PAD=30000
published
night "$one" 20260101_0000 seed=a
hostile "$public" "$T/rules"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
client mirror -q r: "$W/u/base" || exit 1
night "$one" 20260102_0000 seed=a note=second

# All that the shown generation names is there, as it was signed for.
reader_sees_whole() { # MIRROR
	python3 - "$1" <<'P'
import base64, hashlib, json, sys
top = sys.argv[1]
def load(o):
    data = open(top + "/" + o["path"], "rb").read()
    assert len(data) == o["size"] and hashlib.sha256(data).hexdigest() == o["sha256"], o
    return data
doc = json.loads(base64.b64decode(json.load(open(top + "/meta/2/current"))["payload"]))
lines = load(doc["catalog"]).decode().splitlines()
assert json.loads(lines[0])["generation"] == doc["generation"]
for o in json.loads(load(doc["files"])):
    load(o)
for line in lines[1:]:
    name, serial, state, size, sha = json.loads(line)
    image = json.loads(load({"path": "meta/2/objects/" + sha, "size": size, "sha256": sha}))
    for build in image["builds"]:
        for o in build["files"] + build["deltas"]:
            load(o)
        for o in build["files"]:
            open(top + "/" + o["path"] + ".asc").read()
P
}
tortured() { # MODE K [ERRNO]
	timeout 90 "$T/torture" "$@" -- setpriv --reuid ry-user --regid ry-user --init-groups -- env HOME="$T/home/ry-user" TMPDIR="$W/tmp" PATH="$PATH" \
		XDG_RUNTIME_DIR="$T/run/ry-user" rootyard mirror -q -j1 r: "$W/u/work"
}
fresh() { rm -rf "$W/u/work"; cp -a --preserve=xattr "$W/u/base" "$W/u/work"; }
fresh
count=$(tortured count 2>/dev/null | tail -n 1)
echo "# mirror makes $count file-changing calls"
faults=(kill 'fail EIO' 'fail+ EIO' 'fail+ ENOSPC')
mapfile -t list < <(for f in "${!faults[@]}"; do seq $((1 + RANDOM % EVERY)) "$EVERY" "$count" | sed "s/^/$f /"; done | shuf)
bad=0 done=0 until=$((SECONDS + BUDGET))
for k in "${list[@]}"; do
	[ $SECONDS -lt $until ] || break
	fault=${faults[${k% *}]} k=${k#* }
	fresh
	# shellcheck disable=SC2046,SC2086 # mode, point, and the error if there is one
	tortured ${fault%% *} $k $(cut -s -d" " -f2 <<<"$fault") >"$T/said" 2>&1
	done=$((done + 1))
	if ! reader_sees_whole "$W/u/work" >"$T/said2" 2>&1; then
		t_show "$fault at $k: a reader sees a mixture: $(cat "$T/said2")"
		bad=$((bad + 1))
	elif ! client mirror -q r: "$W/u/work" >"$T/said2" 2>&1; then
		t_show "$fault at $k: the next try fails: $(cat "$T/said2"); before: $(cat "$T/said")"
		bad=$((bad + 1))
	elif ! reader_sees_whole "$W/u/work" >"$T/said2" 2>&1 || ! cmp -s "$W/u/work/meta/2/current" "$public/meta/2/current"; then
		t_show "$fault at $k: the new tree is not there in the end: $(cat "$T/said2")"
		bad=$((bad + 1))
	fi
done
is "$bad" 0 "a mirror is the old or the new tree and then the new one, at each of $done points of $((4 * count))"
umount "$W"
done_testing
