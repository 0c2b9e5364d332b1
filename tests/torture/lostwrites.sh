#!/bin/bash
# What a power cut leaves of what the publisher does: its writes to a disk are recorded, and then thousands of
# disks are made on which those that no sync covered were lost or came in another order.
#   lostwrites.sh [DIR]    DIR: of the built programs. WHAT=NAME (publish add refresh rollback switch prune proof), STATES=n (2000), BUDGET=s (none), SEED=n, JOBS=n (2)
TOP=$(cd "$(dirname "$0")/../.." && pwd)
[ -z "${1:-}" ] || { BUILD=$(cd "$(dirname "$1")" && pwd); SAN=$(basename "$1"); export BUILD SAN; }
. "$TOP/tests/lib.sh"
STATES=${STATES:-2000} SEED=${SEED:-$RANDOM} JOBS=${JOBS:-2}
[ -c /dev/fuse ] && [ -c /dev/loop-control ] || skip_all "needs /dev/fuse and loop devices"

disk=$T/disk ram=$T/ram
AS_ENV+=("ROOTYARD_TREE=$disk/tree")
mkdir "$disk" "$ram"
mount -t tmpfs -o size=1g none "$ram" || exit 1
# shellcheck disable=SC2046 # words
gcc -O1 -D_GNU_SOURCE -o "$T/recorder" "$TOP/tests/torture/recorder.c" $(pkg-config --cflags --libs fuse3) &&
	gcc -shared -fPIC -O1 -o "$T/nosync.so" "$TOP/tests/torture/nosync.c" || exit 1
LOGIN="setpriv --reuid ry-index --regid ry-index --init-groups -- env -i HOME=$T/home/ry-index PATH=$PATH LC_ALL=C.UTF-8 XDG_RUNTIME_DIR=$T/run/ry-index"
. "$TOP/tests/torture/trees.sh"
make_trees "$T" || exit 1

leave() { # MOUNTPOINT: something may still be ending there
	local i
	for ((i = 0; i < 100; i++)); do
		umount "$1" 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}

# record NAME BASE CMD...: the command's writes on a fresh disk that holds BASE, in $ram/NAME
record() {
	local name=$1 base=$2 to=$ram/$1 loop pid
	shift 2
	mkdir "$to" "$to/fuse" && truncate -s 32M "$to/backing" || return 1
	"$T/recorder" "$to/backing" "$to/log" "$to/fuse" >"$to/said" 2>&1 &
	pid=$!
	for _ in $(seq 50); do [ ! -e "$to/fuse/disk" ] || break; sleep 0.1; done
	loop=$(losetup -f --show "$to/fuse/disk") && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$loop" &&
		mount "$loop" "$disk" && cp -a "$base" "$disk/tree" && python3 "$TOP/tests/torture/lostwrites.py" snapshot "$disk/tree/public" >"$to/old.json" &&
		leave "$disk" && cp "$to/backing" "$to/base" || return 1
	echo begin >"$to/fuse/mark"
	# without the file system's own guess at what should have been synced
	mount -o noauto_da_alloc "$loop" "$disk" || return 1
	# a moment behind each sync: the times of files then tell what came before the switch
	as_user ry-index strace -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_exit=12000 "$@" >"$to/said" 2>&1 || { t_show "$(cat "$to/said")"; return 1; }
	echo "done" >"$to/fuse/mark"
	python3 "$TOP/tests/torture/lostwrites.py" snapshot "$disk/tree/public" >"$to/new.json"
	leave "$disk" && losetup -d "$loop" && leave "$to/fuse" && wait "$pid"
	rm -f "$to/backing"
	# all before the mark is in the base already
	python3 - "$to/log" <<'P'
import struct, sys
data = open(sys.argv[1], "rb").read()
at = 0
while True:
    kind, _, size = struct.unpack_from("<QQQ", data, at)
    if kind == 3:
        break
    at += 24 + size
open(sys.argv[1], "wb").write(data[at:])
P
}

# examine NAME COUNT CMD: prints what was found, and in the end the sums
examine() {
	local name=$1 count=$2 j
	shift 2
	AS_USER="$LOGIN ROOTYARD_TREE=$disk/tree"
	export AS_USER BUDGET=${BUDGET:-86400}
	for ((j = 0; j < JOBS; j++)); do
		unshare --mount --propagation private python3 "$TOP/tests/torture/lostwrites.py" states "$ram/$name" "$disk" $((SEED + j)) $(((count + JOBS - 1) / JOBS)) "$*" >"$ram/$name/found.$j" 2>&1 &
	done
	wait
	cat "$ram/$name"/found.* | grep -v '^states'
	awk '/^states/ { for (i = 1; i < NF; i += 2) { if (!n[$i]++) order[++k] = $i; sum[$i] += $(i + 1) } }
		END { for (i = 1; i <= k; i++) printf "%s %d ", order[i], sum[order[i]]; print "" }' "$ram/$name"/found.*
}

# WHAT is one of these names, or all.
recovers() { # NAME BASE CMD...
	local name=$1 base=$2 said
	shift 2
	[ -z "${WHAT:-}" ] || [ "$WHAT" = "$name" ] || return 0
	ok "the writes of $name are recorded" record "$name" "$base" "$@" || return 1
	said=$(examine "$name" "$STATES" "$@")
	t_show "seed $SEED: $said"
	like "$(tail -n 1 <<<"$said")" "^states [1-9][0-9]* distinct [1-9].* bad 0 " "each of $(cut -d" " -f2 <<<"${said##*$'\n'}") disks recovers behind $name"
	umount_ram "$name"
}
umount_ram() { rm -rf "${ram:?}/$1"; }

recovers publish "$T/added" rootyard-index -q publish
recovers add "$T/old" rootyard-index -q add "$(waiting 20260102_0000)"
recovers refresh "$T/old" rootyard-index -q refresh
recovers rollback "$T/both" rootyard-index -q rollback $image 20260101_0000
recovers switch "$T/rotatable" rootyard-index key rotate -q --switch
recovers prune "$T/prunable" rootyard-index -q prune
# The proof that a lost write is seen: the same program on a system whose syncs do nothing.
if [ -z "${WHAT:-}" ] || [ "$WHAT" = proof ]; then
	ok "the writes without any sync are recorded" record proof "$T/added" env "LD_PRELOAD=$T/nosync.so" rootyard-index -q publish
	said=$(UNTIL_BAD=1 examine proof "$STATES" rootyard-index -q publish)
	t_show "seed $SEED: $said"
	like "$(tail -n 1 <<<"$said")" " bad [1-9]" "... and found bad"
fi
umount "$ram"
done_testing
