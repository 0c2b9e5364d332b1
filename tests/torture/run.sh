#!/bin/bash
# Kills, fails and starves programs from outside, at each file-changing system call of the whole
# process tree. Argument: directory of the built programs.
#   WHAT=NAME   one command: publish add refresh rollback rotate prune
#   EVERY=k     every k-th point only; they come in an order of chance
#   BUDGET=s    no new point of a command after so many seconds
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "$(dirname "$1")" && pwd)
SAN=$(basename "$1")
export BUILD SAN
. "$TOP/tests/lib.sh" "$@"
EVERY=${EVERY:-1} BUDGET=${BUDGET:-86400}
gcc -O1 -D_GNU_SOURCE -o "$T/torture" "$TOP/tests/torture/torture.c" || exit 1

# in memory: what syncs are good for is examined by lostwrites.sh
W=$T/ram
mkdir "$W" && mount -t tmpfs -o size=2g,mode=755 none "$W" && install -d -m 1777 "$W/tmp" || exit 1
AS_ENV+=("TMPDIR=$W/tmp")
install -d -m 2750 -g rootyard "$T/incoming"
"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
build() {
	rootyard-build -q build --out "$T/incoming" --cache "$T/cache" --compress xz=0,zstd=1 --allow-unverified \
		-o "source.url=file://$T/toy/rootfs.tar.xz" --serial "$1" "$DATA/ok/toy" 1/amd64/default >/dev/null
}
index() { as_user ry-index rootyard-index -q -C "$@"; }
quiet() { "$@" >/dev/null 2>&1; }

# A tree with one published build and a second one waiting.
build 20260101_0000 && build 20260102_0000 || exit 1
install -d -o ry-index -g ry-index "$W/old"
index "$W/old" init --root-home "$T/home/ry-index/root" --name torture 2>/dev/null >&2 || exit 1
index "$W/old" add "$T/incoming/toy/1/amd64/default/20260101_0000" || exit 1
index "$W/old" publish || exit 1
cp -a "$W/old" "$W/added"
index "$W/added" add "$T/incoming/toy/1/amd64/default/20260102_0000" || exit 1
old_index=$(cat "$W/old/public/meta/1.0/index-user")
new_index=${old_index//20260101_0000/20260102_0000}
cp -a "$W/added" "$W/both"
index "$W/both" publish || exit 1

# One whose older builds wait for their end, and one whose next key waits to be used.
cp -a "$W/old" "$W/prunable"
for serial in 20260102_0000 20260103_0000 20260104_0000; do
	[ -d "$T/incoming/toy/1/amd64/default/$serial" ] || build "$serial" || exit 1
	index "$W/prunable" add --force "$T/incoming/toy/1/amd64/default/$serial" || exit 1
done
index "$W/prunable" publish && echo 'retention: {keep: 3, keep_tested: false}' >>"$W/prunable/site.yaml" &&
	index "$W/prunable" prune >/dev/null || exit 1
as_user ry-index sqlite3 "$W/prunable/catalog.db" "UPDATE build SET left_at = left_at - 1e6 WHERE left_at IS NOT NULL;
	UPDATE signing SET created = created - 1000000, expires = expires - 1000000 WHERE generation < 3"
index "$W/prunable" refresh >/dev/null || exit 1
cp -a "$W/old" "$W/rotatable"
as_user ry-index rootyard-index key rotate -q -C "$W/rotatable" >/dev/null &&
	as_user ry-index rootyard-index key root sign -q --root-home "$T/home/ry-index/root" "$W/rotatable/root.2" >/dev/null &&
	as_user ry-index rootyard-index key root install -q -C "$W/rotatable" "$W/rotatable/root.2" >/dev/null || exit 1
gnupg=$T/gnupg
mkdir -m 700 "$gnupg"
gpg --homedir "$gnupg" -q --batch --import "$W/rotatable"/public/keys/*.asc 2>/dev/null

# What a reader sees is the old publication or the new one: index, signature and files agree.
reader_sees_whole() { # TREE
	local public=$1/public index sig serial
	index=$(cat "$public/meta/1.0/index-user") || return 1
	[ "$index" = "$old_index" ] || [ "$index" = "$want_index" ] || [ "$index" = "$new_index" ] || { echo "a third index: $index"; return 1; }
	for sig in "$public"/meta/1.0/*.asc "$public"/images/toy/1/amd64/default/*/*.asc; do
		quiet gpg --homedir "$gnupg" --batch --verify "$sig" "${sig%.asc}" || { echo "bad pair: $sig"; return 1; }
	done
	serial=$(echo "$index" | cut -d';' -f5)
	(cd "$public/images/toy/1/amd64/default/$serial" && sha256sum --quiet -c SHA256SUMS) || return 1
	python3 - "$public" "$serial" <<'P'
import base64, hashlib, json, sys
public, serial = sys.argv[1:]
doc = json.loads(base64.b64decode(json.load(open(public + "/meta/2/current"))["payload"]))
def load(o):
    data = open(public + "/" + o["path"], "rb").read()
    assert len(data) == o["size"] and hashlib.sha256(data).hexdigest() == o["sha256"], o
    return data
lines = load(doc["catalog"]).decode().splitlines()
assert json.loads(lines[0])["generation"] == doc["generation"]
assert json.loads(lines[1])[1] == serial, "meta/2 and meta/1.0 disagree"
for o in json.loads(load(doc["files"])):
    load({"path": o["path"], "size": o["size"], "sha256": o["sha256"]})
P
}

faults=(kill 'fail EIO' 'fail+ EIO' 'fail+ ENOSPC')
points() { # COUNT: each point with each fault, thinned
	local fault
	for fault in "${!faults[@]}"; do
		seq $((1 + RANDOM % EVERY)) "$EVERY" "$1" | sed "s/^/$fault /"
	done | shuf
}
tortured() { # MODE K [ERRNO] CMD...: as ry-index
	local how=("$1" "$2")
	shift 2
	[ "${how[0]}" = kill ] || { how+=("$1"); shift; }
	# gpg may spin for ever on a failed write of its own: then we end it, as a person would
	timeout 90 "$T/torture" "${how[@]}" -- setpriv --reuid ry-index --regid ry-index --init-groups -- env HOME="$T/home/ry-index" TMPDIR="$W/tmp" PATH="$PATH" "$@"
}

# torture_each NAME BASE CMD...: for each point and each fault a fresh copy of BASE; in the end readers
# must see $want_index.
torture_each() {
	local name=$1 base=$2 count k fault list bad=0 done=0 until=$((SECONDS + BUDGET))
	shift 2
	rm -rf "$W/work"; cp -a "$base" "$W/work"
	count=$("$T/torture" count -- setpriv --reuid ry-index --regid ry-index --init-groups -- env HOME="$T/home/ry-index" TMPDIR="$W/tmp" PATH="$PATH" "$@" 2>/dev/null | tail -n 1)
	echo "# $name makes $count file-changing calls"
	mapfile -t list < <(points "$count")
	for k in "${list[@]}"; do
		[ $SECONDS -lt $until ] || break
		fault=${faults[${k% *}]} k=${k#* }
		rm -rf "$W/work"; cp -a "$base" "$W/work"
		# shellcheck disable=SC2046,SC2086 # mode, point, and the error if there is one
		tortured ${fault%% *} $k $(cut -s -d" " -f2 <<<"$fault") "$@" >"$T/said" 2>&1
		done=$((done + 1))
		if ! reader_sees_whole "$W/work" >"$T/said2" 2>&1; then
			t_show "$name, $fault at $k: a reader sees a mixture: $(cat "$T/said2")"
			bad=$((bad + 1))
		elif ! as_user ry-index "$@" >"$T/said2" 2>&1 || ! index "$W/work" publish >>"$T/said2" 2>&1; then
			t_show "$name, $fault at $k: the next try fails: $(cat "$T/said2"); before: $(cat "$T/said")"
			bad=$((bad + 1))
		elif ! index "$W/work" fsck >"$T/said2" 2>&1; then
			t_show "$name, $fault at $k: fsck: $(cat "$T/said2")"
			bad=$((bad + 1))
		elif [ "$(cat "$W/work/public/meta/1.0/index-user")" != "$want_index" ]; then
			t_show "$name, $fault at $k: the new build is not published in the end"
			bad=$((bad + 1))
		fi
	done
	is "$bad" 0 "$name leaves the old or the new tree and then succeeds, at each of $done points of $((4 * count))"
}

# WHAT is one of these names, or all.
run() { # NAME BASE CMD...
	[ -z "${WHAT:-}" ] || [ "$WHAT" = "$1" ] || return 0
	torture_each "$@"
}
want_index=$new_index
run publish "$W/added" rootyard-index -q -C "$W/work" publish
run add "$W/old" rootyard-index -q -C "$W/work" add "$T/incoming/toy/1/amd64/default/20260102_0000"
want_index=$old_index
run refresh "$W/old" rootyard-index -q -C "$W/work" refresh
run rollback "$W/both" rootyard-index -q -C "$W/work" rollback toy/1/amd64/default 20260101_0000
run rotate "$W/rotatable" rootyard-index key rotate -q -C "$W/work" --switch
want_index=$(cat "$W/prunable/public/meta/1.0/index-user")
run prune "$W/prunable" rootyard-index -q -C "$W/work" prune
gpgconf --homedir "$gnupg" --kill all
umount "$W"
done_testing
