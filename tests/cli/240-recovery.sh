#!/bin/bash
# What a kill leaves at each step of add, publish and refresh: readers see the old or the new,
# and the next command finishes or undoes it.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
sql() { as_user ry-index sqlite3 "$tree/catalog.db" "$1"; }
chown ry-index "$T"
index init -q --root-home "$T/root" >/dev/null 2>&1 || exit 1
for day in 01 02; do
	"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default "202601${day}_0000" pad=9000 seed=$day
done
index add -q "$T/in/toy/one/amd64/default/20260101_0000" >/dev/null && index publish -q >/dev/null || exit 1
cp -a "$tree" "$T/old"
index add -q "$T/in/toy/one/amd64/default/20260102_0000" >/dev/null || exit 1
cp -a "$tree" "$T/added"
from() { rm -rf "$tree" && cp -a "$T/$1" "$tree"; }
listed() { cut -d';' -f5 "$public/meta/1.0/index-user"; }
live() { readlink "$public/.live"; }

# killed CALL N CMD...: SIGKILL as the command's N-th call of this kind begins
killed() {
	local call=$1 n=$2
	shift 2
	as_user ry-index strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" rootyard-index -q "$@" >/dev/null 2>&1
}
# killed_staged TREE QUERY CMD...: ... before its first file; the verifier's home is made by rename, too
killed_staged() {
	local tree_name=$1 query=$2 k
	shift 2
	for k in 1 2 3 4; do
		from "$tree_name"
		killed renameat "$k" "$@"
		[ "$(sql "$query")" != staged ] || return 0
	done
}
whole() { # FACT: fsck finds nothing, and nothing half-made lies about
	exits 0 "$1: the tree is whole" index fsck
	is "$(ls "$tree/staging")$(find "$public" -name '*.tmp*')$(sql 'SELECT path FROM intent')" "" "... and nothing is left over"
}

from old
new=$T/in/toy/one/amd64/default/20260102_0000
killed renameat 1 add "$new"
ok "add, killed before its rename, leaves staging" test -n "$(ls "$tree/staging")"
exits 0 "readers do not mind" index fsck
exits 0 "adding it again succeeds" index add "$new"
whole "add, killed before its rename"

from old
before=$(find "$public/images" | sort)
cp -a "$T/added/public/images/toy/one/amd64/default/20260102_0000" "$public/images/toy/one/amd64/default/"
sql "INSERT INTO intent VALUES('images/toy/one/amd64/default/20260102_0000')"
exits 0 "a build that was moved in but never entered is no damage yet" index fsck
exits 0 "the next command removes it" index publish
is "$(find "$public/images" | sort)" "$before" "... all of it"
exits 0 "adding it again succeeds" index add "$new"
whole "add, killed after its rename"

killed_staged added "SELECT state FROM generation WHERE number = 2" publish
is "$(sql "SELECT state FROM generation WHERE number = 2")" staged "publish, killed before its first file, has staged"
is "$(listed)" 20260101_0000 "readers see the old index"
exits 0 "... and it is whole" index fsck
sql "SELECT path, hex(text) FROM generation_file ORDER BY path" >"$T/staged"
exits 0 "the next publication finishes it" index publish
like "$ERR" "finished generation 2" "... and says so"
is "$(listed)" 20260102_0000 "readers see the new index"
fact=0
while IFS='|' read -r path hex; do
	[ "$(od -An -v -tx1 "$public/.gen/2/$path" | tr -d ' \n' | tr a-f A-F)" = "$hex" ] || { echo "# $path"; fact=1; }
done <"$T/staged"
is "$fact" 0 "with the very bytes that were decided before the kill"
whole "publish, killed before its first file"

from added
killed symlinkat 1 publish
ok "publish, killed before the switch, has written" test -d "$public/.gen/2"
is "$(live)" .gen/1 "... and not switched"
exits 0 "the old tree is whole" index fsck
exits 0 "any writing command finishes it" index refresh
is "$(live)" .gen/2 "... by switching"
whole "publish, killed before the switch"

from added
as_user ry-index strace -qq -o "$T/calls" -e trace=renameat,symlinkat rootyard-index -q publish >/dev/null
n=$(($(sed '/^symlinkat/q' "$T/calls" | grep -c '^renameat') + 1))
from added
killed renameat "$n" publish
is "$(live)" .gen/1 "publish, killed as it switches, shows the old tree"
ok "... with the new link prepared" test -L "$public/.live.tmp"
exits 0 "... which is whole" index fsck
exits 0 "the next publication switches" index publish
is "$(live)" .gen/2 "... to the new tree"
whole "publish, killed as it switches"

from added
index publish -q >/dev/null
sql "UPDATE generation SET state = 'superseded' WHERE number = 2; UPDATE generation SET state = 'live' WHERE number = 1; UPDATE generation SET state = 'staged' WHERE number = 2; UPDATE signing SET state = 'staged' WHERE version = 2; INSERT INTO dirty SELECT id FROM image"
is "$(live)" .gen/2 "publish, killed after the switch, shows the new tree"
exits 0 "... which is whole" index fsck
exits 0 "the next publication marks it" index publish
is "$(sql "SELECT group_concat(number || state, ' ') FROM generation")" "1superseded 2live" "... as live"
whole "publish, killed after the switch"

from added
index publish -q >/dev/null
rm -rf "$T/new" && cp -a "$tree" "$T/new"
killed_staged new "SELECT state FROM signing WHERE version = 3" refresh
is "$(sql "SELECT state FROM signing WHERE version = 3")" staged "refresh, killed, has staged"
exits 0 "the old version is whole" index fsck
exits 0 "the next command finishes it" index publish
like "$ERR" "finished version 3" "... and says so"
whole "refresh, killed"

# A generation that lost its row, and one that was never whole.
from added
cp -a "$public/.gen/1" "$public/.gen/7"
cp -a "$public/.gen/1" "$public/.gen/8.tmp"
exits 0 "what is no generation of the catalog is removed" index publish
is "$(ls "$public/.gen" | tr '\n' ' ')" "1 2 " "... and nothing else"
whole "strange generations"

# What a killed gpg leaves must not make the next one wait.
from added
as_user ry-index sh -c 'cd "$1" && : >.#lk0x0000000000000000.host.1 && ln .#lk0x0000000000000000.host.1 pubring.kbx.lock && printf "%10d\nhost\n" 1 >pubring.kbx.lock && python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"S.gpg-agent\")"' sh "$tree/gnupg"
start=$(date +%s)
exits 0 "stale locks and sockets of GnuPG do not hinder" index publish
ok "... nor delay" test $(($(date +%s) - start)) -lt 8
is "$(cd "$tree/gnupg" && find . -name "*lk0x*" -o -name "*.lock" -o -name "S.*")" "" "they are gone"
whole "stale locks"

# Killed while it signs: the agent does not outlive it.
from added
as_user ry-index sh -c 'rootyard-index -q publish >/dev/null 2>&1 & p=$!; i=0; until [ -S "$1/S.gpg-agent" ] || [ $i -gt 500 ]; do i=$((i+1)); sleep 0.01; done; kill -9 $p' sh "$tree/gnupg" 2>/dev/null
for _ in $(seq 100); do pgrep -f "gpg-agent --homedir $T/tree" >/dev/null || break; sleep 0.05; done
is "$(pgrep -c -f "gpg-agent --homedir $T/tree")" 0 "the agent of a killed command ends too"
exits 0 "the next publication succeeds" index publish
is "$(listed)" 20260102_0000 "... with the new build"
whole "publish, killed while it signs"
done_testing
