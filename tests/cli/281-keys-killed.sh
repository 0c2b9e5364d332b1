#!/bin/bash
# What a kill leaves while a leaked key is replaced: at no instant does a client meet a tree that it
# cannot believe, and the same command then finishes.
. "$(dirname "$0")/../lib.sh"
EVERY=${EVERY:-24}

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/r" "$T/traces"
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260101_0000 pad=9000
fpr=$(index init -q --root-home "$T/r" --name keys 2>/dev/null) || exit 1
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null || exit 1
one=$(basename "$public"/keys/*.asc .asc)
state=$T/home/ry-user/.local/state/rootyard
start_server as_user ry-www rootyard-httpd --root "$public" --listen 127.0.0.1:0 || exit 1
client remote add r "$URL" --fingerprint "$fpr" --insecure-transport >/dev/null 2>&1 || exit 1
stop_server "$SERVER_PID"
cp -a "$state" "$T/state.1"

index key revoke -q "$one" --reason leaked >/dev/null &&
	index key root sign -q --root-home "$T/r" "$tree/root.2" >/dev/null && cp -a "$tree/root.2" "$T/root.2" || exit 1
cp -a "$tree" "$T/revoked"
# A client that stands on the first root, and knows nothing of what was published since.
believes() {
	rm -rf "$state" && cp -a "$T/state.1" "$state" || return 1
	start_server as_user ry-www rootyard-httpd --root "$public" --listen 127.0.0.1:0 || return 1
	as_user ry-user sed -i "s|url: .*|url: $URL|" "$T/home/ry-user/.config/rootyard/remotes.yaml"
	client list >"$T/list" 2>&1
	local rc=$?
	stop_server "$SERVER_PID"
	[ $rc = 0 ] || t_show "$(cat "$T/list")"
	return $rc
}
from() { rm -rf "$tree" && cp -a "$T/$1" "$tree"; }
ok "the client believes the tree before" believes
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/traces/calls" -e trace=renameat,renameat2,unlinkat rootyard-index key root install -q "$T/root.2" >/dev/null 2>&1
count=$(wc -l <"$T/traces/calls")
ok "... and after" believes
bad=0 tried=0
for ((k = 1 + RANDOM % EVERY; k <= count; k += EVERY)); do
	from revoked
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=renameat,renameat2,unlinkat \
		-e "inject=renameat,renameat2,unlinkat:signal=KILL:when=$k" rootyard-index key root install -q "$T/root.2" >/dev/null 2>&1
	tried=$((tried + 1))
	believes || { t_show "killed at $k of $count: the client does not believe what it left"; bad=1; }
	index key root install -q "$T/root.2" >"$T/said" 2>&1 || { t_show "killed at $k: the next try fails: $(cat "$T/said")"; bad=1; }
	index fsck >"$T/said" 2>&1 || { t_show "killed at $k: $(cat "$T/said")"; bad=1; }
	believes || { t_show "killed at $k, then finished: the client does not believe it"; bad=1; }
done
is "$bad" 0 "killed at $tried of $count steps of a revocation, it is believed at once, and finished by the same command"

# The switch of .asc: a build in the middle of its signatures.
from revoked
index key root install -q "$T/root.2" >/dev/null 2>&1
for day in 02 03; do "$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default "202601${day}_0000" pad=9000 seed=$day; done
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null && index key rotate -q >/dev/null &&
	index key root sign -q --root-home "$T/r" "$tree/root.3" >/dev/null && index key root install -q "$tree/root.3" >/dev/null || exit 1
rm -rf "$T/ready" && cp -a "$tree" "$T/ready"
next=$(index key list | awk '$1 == "publish" && $2 == "next" { print $3 }')
ring=$T/ring && mkdir -m 700 "$ring" && gpg --homedir "$ring" -q --batch --import "$public"/keys/*.asc 2>/dev/null
good() { # every .asc is one good signature by a key that is published
	local sig
	while read -r sig; do
		gpg --homedir "$ring" --batch --trust-model always --verify "$sig" "${sig%.asc}" >/dev/null 2>&1 || { echo "$sig"; return 1; }
	done < <(find "$public/images" "$public"/.live/meta -name '*.asc')
}
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/traces/calls" -e trace=renameat rootyard-index key rotate -q --switch >/dev/null
count=$(wc -l <"$T/traces/calls")
bad=0 tried=0
for ((k = 1 + RANDOM % EVERY; k <= count; k += EVERY)); do
	from ready
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=renameat -e "inject=renameat:signal=KILL:when=$k" rootyard-index key rotate -q --switch >/dev/null 2>&1
	tried=$((tried + 1))
	good || { t_show "killed at $k of $count: a bad pair"; bad=1; }
	index fsck >"$T/said" 2>&1 || { t_show "killed at $k: $(cat "$T/said")"; bad=1; }
	index key rotate -q --switch >"$T/said" 2>&1 || { t_show "killed at $k: the next try fails: $(cat "$T/said")"; bad=1; }
	[ "$(index key list | awk '$1 == "publish" && $2 == "current" { print $3 }')" = "$next" ] || { t_show "killed at $k: not switched"; bad=1; }
	[ "$(as_user ry-index sqlite3 "$tree/catalog.db" "SELECT count(*) FROM build WHERE signer <> '$next'")" = 0 ] || { t_show "killed at $k: builds are left"; bad=1; }
	good && index fsck >"$T/said" 2>&1 || { t_show "killed at $k, then finished: $(cat "$T/said")"; bad=1; }
done
is "$bad" 0 "killed at $tried of $count steps of a switch, every pair is good, and the same command finishes"
done_testing
