#!/bin/bash
# What the publisher says when the world around it fails, each in one sentence and with the right
# status: and then the old tree is whole, and the same command succeeds when the cause is gone.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree image=toy/one/amd64/default
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
gcc -shared -fPIC -O1 -o "$T/clock.so" "$TOP/tests/cli/clock-off.c" || exit 1
at() { # DAYS CMD...: with the clock so many days off
	local days=$1
	shift
	as_user ry-index env "LD_PRELOAD=$T/clock.so${LD_PRELOAD:+ $LD_PRELOAD}" CLOCK_OFF=$((days * 86400)) ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" rootyard-index "$@"
}
install -d -o ry-index -g ry-index "$tree" "$T/r"
index init -q --root-home "$T/r" --name fail >/dev/null 2>&1 || exit 1
for day in 01 02 03; do "$TOP/tests/cli/make-incoming.py" "$T/in" "$image" "202601${day}_0000" pad=20000 seed=$day; done
"$TOP/tests/cli/make-incoming.py" "$T/in" "$image" 20260104_0000 pad=20000 seed=01
new=$T/in/$image/20260103_0000
index add -q "$T/in/$image/20260101_0000" >/dev/null && index publish -q >/dev/null &&
	index add -q "$T/in/$image/20260102_0000" >/dev/null || exit 1
cp -a "$tree" "$T/added"
from() { rm -rf "$tree" && cp -a "$T/$1" "$tree"; }
shown=$(find "$tree/public/.live/" -type f -exec sha256sum {} + | sort | sha256sum)

# says STATUS REGEX WHAT CMD...: ... in one sentence, and readers see what they saw
says() {
	local status=$1 regex=$2 what=$3
	shift 3
	exits "$status" "$what: status $status" "$@"
	like "$(grep -v 'a delta from' <<<"$ERR")" "^rootyard-index( key)?: .*($regex)" "... in a sentence"
	is "$(grep -vc 'a delta from' <<<"$ERR")" 1 "... one"
	is "$(find "$tree/public/.live/" -type f -exec sha256sum {} + | sort | sha256sum)" "$shown" "... and what was published is as it was"
}
# then_works CMD...: fsck first, which takes nothing away
then_works() {
	exits 0 "the tree is whole" index fsck
	exits 0 "and now '$1' succeeds" index -q "$@"
	exits 0 "... and leaves a whole tree" index fsck
}

# Two publishers: the first stands before its switch.
from added
as_user ry-index strace -qq -f -o /dev/null -e trace=symlinkat -e inject=symlinkat:delay_enter=4000000 rootyard-index -q publish >"$T/first" 2>&1 &
first=$!
for _ in $(seq 200); do [ ! -e "$tree/public/.gen/2" ] || break; sleep 0.05; done
holder=$(cat "$tree/lock")
says 6 "'lock' is held by process $holder" "a second publisher" index publish --wait 0
is "$(tr '\0' ' ' <"/proc/$holder/cmdline")" "rootyard-index -q publish " "... which names who it is"
exits 0 "a third one waits" index publish
wait "$first"
is "$? $(grep -c "^published generation 2" "$T/first")" "0 1" "the first one does not notice"
exits 0 "and the tree is whole" index fsck

# The clock.
for days in 3650 -3650; do
	if [ "$days" -gt 0 ]; then
		status=3 regex="expired at 20.* the clock says 20.*: set the clock"
	else
		status=75 regex="the clock says 20.* the last publication is of 20.*: set the clock"
	fi
	for cmd in publish "add $new" refresh "rollback $image 20260101_0000"; do
		from added
		# shellcheck disable=SC2086 # words
		says $status "$regex" "${cmd%% *}, the clock $days days off" at $days $cmd
	done
	is "$(as_user ry-index sqlite3 "$tree/catalog.db" "SELECT group_concat(state) FROM build")" "active,active" "... and no build was taken back"
	then_works publish
	from added
	says 75 "the clock says 20.*: set the clock" "prune, the clock $days days off" at $days prune
	[ "$days" -lt 0 ] || { exits 7 "fsck finds expiry" at $days fsck; is "$(grep -c . <<<"$OUT")" 2 "... in two lines"; }
	[ "$days" -gt 0 ] || says 75 "the clock says 20.*: set the clock" "fsck, the clock $days days off" at $days fsck
	then_works prune
done

# Within the life of the key, a clock that is ahead would make what no later publication can follow.
for cmd in publish "add $new" refresh "rollback $image 20260101_0000"; do
	from added
	# shellcheck disable=SC2086 # words
	says 75 "the clock says 20.*, what is published expired at 20.*: set the clock, or, if it is right, run 'refresh --clock-is-right' first" "${cmd%% *}, the clock 60 days ahead" at 60 $cmd
done
then_works publish
from added
exits 0 "after a pause of 60 days the operator says that the clock is right" at 60 refresh --clock-is-right -q
exits 0 "... and 'publish' succeeds" at 60 publish -q
exits 0 "... and leaves a whole tree" at 60 fsck
exits 75 "a clock that goes back again" index refresh
like "$ERR" "the clock says 20.* the last publication is of 20.*: set the clock" "... is told so"

# An expired key is replaced as any other.
from added
says 3 "expired at .* replace the key with 'rootyard-index key rotate'" "publish with an expired key" at 401 publish
exits 0 "the key is rotated" at 401 key rotate -q
exits 0 "the root signs that" at 401 key root sign -q --root-home "$T/r" "$tree/root.2"
exits 0 "... and it is installed" at 401 key root install -q "$tree/root.2"
exits 0 "... everything published has expired: the clock is right" at 401 refresh -q --clock-is-right
exits 0 "and now 'publish' succeeds" at 401 publish -q
exits 0 "... and leaves a whole tree" at 401 fsck

# GnuPG is not there.
hide() { mount --bind "$T/nothing" "/usr/bin/$1"; }
: >"$T/nothing"
for gone in gpg gpg-agent gpgconf; do
	case $gone in
	gpg) regex="cannot run gpg: install GnuPG" ;;
	gpg-agent) regex="cannot start the agent of .*gpg-agent.*probably not installed" ;;
	*) regex="cannot start the agent of .*cannot run 'gpgconf'" ;;
	esac
	for cmd in publish "add $new" refresh "key rotate"; do
		from added
		hide $gone
		# shellcheck disable=SC2086
		says 1 "$regex" "$cmd without $gone" index $cmd
		umount "/usr/bin/$gone"
	done
	[ $gone != gpg-agent ] || then_works publish
done
hide gpg
says 1 "cannot run gpg: install GnuPG" "fsck without gpg" index fsck
umount /usr/bin/gpg

# A disk that takes no writes, as a mount and as a disk: reading goes on.
for kind in bind disk; do
	if [ $kind = bind ]; then
		from added
		mount --bind "$tree" "$tree" && mount -o remount,bind,ro "$tree" || exit 1
	else
		rm -rf "$tree" && mkdir "$tree" && mount -t tmpfs -o size=64m none "$tree" && cp -a "$T/added/." "$tree" && mount -o remount,ro "$tree" || exit 1
	fi
	for cmd in publish "add $new" refresh prune "rollback $image 20260101_0000" "key rotate"; do
		# shellcheck disable=SC2086
		says 1 "cannot change '$tree': .*Read-only file system" "$cmd on a read-only $kind" index $cmd
	done
	for cmd in fsck list status events "publish -n"; do
		# shellcheck disable=SC2086
		exits 0 "$cmd works on a read-only $kind" index $cmd
	done
	if [ $kind = disk ]; then mount -o remount,rw "$tree"; then_works publish; fi
	umount "$tree"
	[ $kind = disk ] || then_works publish
done

# A disk that fills up at another point each time.
rm -rf "$tree" && mkdir "$tree" && mount -t tmpfs -o size=24m,mode=755,uid=60101,gid=60101 none "$tree" || exit 1
for cmd in publish refresh; do
	for left in 0 40 400; do
		[ "$cmd$left" != refresh400 ] || continue
		find "$tree" -mindepth 1 -delete
		cp -a "$T/added/." "$tree"
		head -c 30m /dev/zero >"$tree/filler" 2>/dev/null
		truncate -s -$((left * 1024)) "$tree/filler"
		index "$cmd" >"$T/said" 2>&1
		status=$?
		rm "$tree/filler"
		[ $status = 0 ] || { is "$status" 5 "$cmd with $left KiB left says that there is no room"; like "$(cat "$T/said")" "[Nn]o space left|is full" "... in a sentence"; }
		then_works $cmd
	done
done
umount "$tree"

# As many links as an inode takes: content goes on in a second one.
from added
python3 - "$tree/public/images/$image/20260101_0000/rootfs.tar.zst" "$T/links" <<'P'
import errno, os, sys
os.mkdir(sys.argv[2])
for n in range(200000):
    try:
        os.link(sys.argv[1], "%s/%d" % (sys.argv[2], n))
    except OSError as e:
        assert e.errno == errno.EMLINK, e
        break
P
before=$(stat -c %h "$tree/public/images/$image/20260101_0000/rootfs.tar.zst")
exits 0 "with $before links, the same content is added" index add -q "$T/in/$image/20260104_0000"
exits 0 "... and published" index publish -q
rm -rf "$T/links"
exits 0 "... and whole" index fsck
isnt "$(stat -c %i "$tree/public/images/$image/20260104_0000/rootfs.tar.zst")" "$(stat -c %i "$tree/public/images/$image/20260101_0000/rootfs.tar.zst")" "... as a second inode"
from added
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -f -o /dev/null -e trace=mkdirat -e inject=mkdirat:error=EMLINK rootyard-index add "$new" >"$T/said" 2>&1
is "$? $(grep -c 'cannot make directory .*Too many links' "$T/said")" "1 1" "a directory that cannot be made has its sentence"
then_works add "$new"
done_testing
