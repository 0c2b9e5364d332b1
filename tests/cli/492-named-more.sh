#!/bin/bash
# More of a named container's life: freeze, thaw, rename, copy, snapshot, upgrade, stats, top, lxc-config.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
. "$(dirname "$0")/../system.sh"

worker() { ry create --name "$1" toy/1 -- sh -c 'while :; do echo x >>/ticks; sleep 0.05; done' >/dev/null; }
upper() { echo "$STORE/containers/$1/upper"; }
moves() { # for a while, does the file grow?
	local a
	a=$(stat -c %s "$(upper "$1")/ticks")
	sleep 0.5
	[ "$(stat -c %s "$(upper "$1")/ticks")" != "$a" ]
}

# ---- freeze, without a cgroup and with one
for way in signals cgroup; do
	[ "$way" = signals ] || delegate ry-user
	worker c1
	ry start c1
	ok "it works ($way)" until_true moves c1
	exits 0 "freeze" ry freeze c1
	not_ok "... stops its clock" moves c1
	exits 0 "ps says so" ry ps
	like "$OUT" "^c1 .* frozen$" "... frozen"
	exits 0 "thaw" ry thaw c1
	ok "... lets it go on" moves c1
	exits 0 "a frozen one" ry freeze c1
	exits 0 "... stops" ry stop c1
	is "$ERR" "" "... as it wants"
	exits 8 "one that does not run cannot be frozen" ry freeze c1
	ry rm c1
done
is "$(cgroups)" "" "no cgroup is left"

# ---- what runs
worker c1
ry start c1
exits 0 "stats" ry stats
like "$OUT" "^c1 +[23] +[0-9.]+ .?B +[0-9]+\.[0-9]+ s$" "... counts processes, memory and time"
is "$(ry stats --json c1 | python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; print(d["name"], d["processes"] >= 2, d["memory_bytes"] > 0)')" "c1 True True" "... for machines"
exits 0 "top" ry top c1
like "$OUT" "^ *$(init_of c1) +1 S .* rootyard-init" "... lists its first process"
like "$OUT" " 3 S .* sh -c while :" "... and its command, by both pids"
exits 0 "names for the shell" ry ps -q
is "$OUT" c1 "... are names only"
complete_for() { as_user ry-user bash -c 'eval "$(rootyard --completion=bash)"; COMP_WORDS=(rootyard "$@"); COMP_CWORD=$#; _rootyard; echo "${COMPREPLY[*]}"' x "$@"; }
worker c2
is "$(complete_for stop c)" "c1 c2" "the shell completes names"
is "$(complete_for start c2)" c2 "... that begin so"

# ---- names and copies
for verb in "rename c1 c9" "copy c1 c9" "snapshot c1 s" "upgrade c1"; do
	# shellcheck disable=SC2086 # words
	exits 6 "a running one: no $verb" ry $verb
done
ry stop c1
exits 0 "rename" ry rename c1 first
exits 0 "... gives another name" ry start first
ry stop first
exits 8 "... and takes the old" ry start c1
exits 1 "a name that is taken is refused" ry rename first c2
exits 2 "one that is none as well" ry rename first ../x
R=$(upper first)
ry create --name fill toy/1 -- sh -c 'mkdir /d; echo a >/d/f; ln /d/f /d/g; ln -s f /d/l; mknod /d/p p; chmod 4755 /d/f; chown 5:7 /d/p; rm /etc/passwd; rm -r /usr; mkdir /usr; touch -d "2001-02-03 04:05:06" /d' >/dev/null
ry start fill
ry wait fill >/dev/null
setfattr -n user.note -v hello "$(upper fill)/d/f"
exits 0 "copy" ry copy fill twin
listing() { (cd "$(upper "$1")" && find . -printf '%y %m %U %G %s %l %T@ %p\n' | sed -E '/^c /s/ [0-9]+\.[0-9]+ / - /' | sort -k8 && getfattr -R -d -m 'user' . 2>/dev/null); }
is "$(listing twin)" "$(listing fill)" "... has all of it: owners, modes, links, times, attributes, whiteouts"
is "$(stat -c %i "$(upper twin)/d/f")" "$(stat -c %i "$(upper twin)/d/g")" "... and its hard links"
exits 0 "a copy lives by itself" ry start twin
ry wait twin >/dev/null
exits 1 "a copy over another is refused" ry copy fill twin
for i in 1 2 3 4 5 6; do
	as_user ry-user timeout -s KILL "0.00$i" rootyard copy fill "half$i" >/dev/null 2>&1
done
ry ps -a >/dev/null
for half in "$STORE"/containers/half*; do
	[ ! -e "$half" ] || is "$(listing "${half##*/}")" "$(listing fill)" "a copy that was killed and is there is whole"
done
for half in "$STORE"/containers/half*; do
	[ ! -e "$half" ] || ry rm "${half##*/}" 2>/dev/null
done
ry rm twin 2>/dev/null

# ---- snapshots
exits 0 "a snapshot" ry snapshot fill before
before=$(listing fill)
ry start fill >/dev/null
ry wait fill >/dev/null
isnt "$(listing fill)" "$before" "... keeps"
exits 0 "... what it was" ry snapshot --list fill
is "$OUT" before "... under its name"
exits 0 "restore" ry snapshot --restore before fill
is "$(listing fill)" "$before" "... brings it back"
exits 1 "a second of the name is refused" ry snapshot fill before
exits 8 "one that is not there" ry snapshot --restore never fill
exits 0 "delete" ry snapshot --delete before fill
is "$(ry snapshot --list fill)" "" "... removes it"
exits 2 "nothing said is nothing done" ry snapshot fill

# ---- upgrade
NEW=$(printf 'e%.0s' {1..64})
ry create --name up toy/1 -- sh -c 'echo mine >>/etc/passwd; echo mine >/etc/new; rm -f /etc/group; cat /etc/os-release' >/dev/null
ry start up
ry wait up >/dev/null
exits 0 "an upgrade without anything newer" ry upgrade up
like "$ERR" "has the newest stored image" "... says so"
store_image ry-user "$NEW" toy "$SUB"
NEWROOT=$STORE/images/$NEW/rootfs
echo more >>"$NEWROOT/etc/passwd"
printf 'ID=toy\nVERSION=2\n' >"$NEWROOT/etc/os-release"
for f in group passwd os-release; do touch -r "$ROOTFS/etc/$f" "$NEWROOT/etc/$f"; done
chown "$SUB:$SUB" "$NEWROOT/etc/passwd" "$NEWROOT/etc/os-release"
exits 0 "-n says what would be done" ry upgrade -n up
is "$OUT" "changed here and in the image: /etc/passwd" "... names what both changed, and nothing else"
exits 0 "upgrade" ry upgrade up
like "$ERR" "from image aaaaaaaaaaaa to eeeeeeeeeeee, and keeps its own version" "... says what it did"
ry start up
ry wait up >/dev/null
is "$(ry logs -n 1 up)" "VERSION=2" "it runs on the new image"
like "$(cat "$(upper up)/etc/passwd")" mine "... with its own data"
exits 0 "... and goes back" ry upgrade --back up
ry start up
ry wait up >/dev/null
is "$(ry logs -n 1 up)" "ID=toy" "... to the old one"
exits 8 "one that was never upgraded cannot" ry upgrade --back fill
like "$ERR" "it was never upgraded" "... and says so"
ry rm up fill first c2

# ---- our own program
exits 0 "a single-id user" ry ps
cp "$(command -v rootyard)" "$T/home/ry-user/rootyard"
chown ry-user "$T/home/ry-user/rootyard"
exits 0 "a program that the caller may write" as_user ry-user "$T/home/ry-user/rootyard" run -d --name seal toy/1 -- sleep 100
like "$(readlink "/proc/$(sed -n 's/^supervisor //p' "$RUNS/seal/state")/exe")" "memfd:rootyard" "... runs from a sealed copy"
like "$(readlink "/proc/$(init_of seal)/exe")" "memfd:rootyard" "... inside as well"
ry stop --kill seal
ry rm seal

# ---- LXC
if command -v lxc-start >/dev/null; then
	busybox_image "$(printf 'b%.0s' {1..64})" bb
	ry create --name bb bb/1 >/dev/null
	ry start bb
	until_true sh -c "grep -q . $(upper bb)/booted"
	ry stop bb
	mkdir -p "$T/home/ry-user/lxc/bb"
	exits 0 "lxc-config" ry lxc-config bb
	like "$OUT" "^lxc.idmap = u 0 $SUB 65536$" "... has our ids"
	printf '%s\n' "$OUT" >"$T/home/ry-user/lxc/bb/config"
	chown -R ry-user "$T/home/ry-user/lxc"
	chmod 711 "$T/home/ry-user" "$T/home/ry-user/.local" "$T/home/ry-user/.local/share" "$STORE" "$STORE/containers" "$STORE/containers/bb" "$STORE/images" "$STORE"/images/bbb*
	exits 0 "real lxc-start" as_user ry-user lxc-start -P "$T/home/ry-user/lxc" -n bb -l info -o "$T/home/ry-user/lxc.log"
	ok "... boots the same container" until_true sh -c "[ \"\$(grep -c '^[0-9]*\$' $(upper bb)/booted)\" = 2 ]" || t_show "$(tail -n 20 "$T/home/ry-user/lxc.log")"
	as_user ry-user lxc-stop -k -P "$T/home/ry-user/lxc" -n bb
	chmod 700 "$T/home/ry-user" "$STORE"
	exits 0 "and ours goes on with it" ry start bb
	ok "... for the third time" until_true sh -c "[ \"\$(grep -c '^[0-9]*\$' $(upper bb)/booted)\" = 3 ]"
	ry stop bb
	ry rm bb
fi
ok "nothing is left" leaves_nothing
done_testing
