#!/bin/bash
# Kills, fails and starves programs from outside, at each file-changing system call of the whole
# process tree. Argument: directory of the built programs.
#   WHAT="NAME..."  some commands only: see below
#   FAULTS, EVERY, OFFSET, BUDGET  see sweep.py; BUDGET is of each command
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "$(dirname "$1")" && pwd)
SAN=$(basename "$1")
export BUILD SAN
. "$TOP/tests/lib.sh" "$@"
TORTURE=$T/torture W=$T/ram
export TOP T W TORTURE
gcc -O1 -D_GNU_SOURCE -o "$TORTURE" "$TOP/tests/torture/torture.c" || exit 1
# in memory: what syncs are good for is examined by lostwrites.sh
mkdir "$W" && mount -t tmpfs -o mode=755 none "$W" && install -d -m 1777 "$W/tmp" || exit 1

login() { # USER HOME RUNTIME: the words that make a command that user's
	echo "setpriv --reuid $1 --regid $1 --init-groups -- env -i HOME=$2 PATH=$PATH LC_ALL=C.UTF-8 TMPDIR=$W/tmp XDG_RUNTIME_DIR=$3 ${AS_ENV[*]-}"
}
wants() { # NAME...: is one of them asked for?
	local name
	[ -n "${WHAT:-}" ] || return 0
	for name in "$@"; do [[ " $WHAT " != *" $name "* ]] || return 0; done
	return 1
}

# tortured NAME BASE TREE JUDGE CMD...: JUDGE says whether what is left in TREE is good, and CMD then succeeds.
tortured() {
	local name=$1 base=$2 tree=$3 judge=$4 words said
	shift 4
	wants "$name" || return 0
	printf -v words '%q ' "$@"
	python3 "$TOP/tests/torture/sweep.py" "$name" "$base" "$tree" "$judge $words" "$@" >"$T/swept" 2>&1
	ok "$name: the sweep ran" test $? = 0
	grep -v ' calls ' "$T/swept" | sed 's/^/# /'
	while read -r said; do
		like "$said" " points [1-9].* bad 0$" "$name: $said"
	done < <(grep ' calls ' "$T/swept")
}

. "$TOP/tests/torture/publisher.sh"
. "$TOP/tests/torture/puller.sh"
umount "$W"
done_testing
