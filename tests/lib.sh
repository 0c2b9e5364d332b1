# shellcheck shell=bash
# lib.sh -- what every black-box test stands on (sourced; bash).
#
# A test runs in a mount namespace of its own in which the staged installation lies over
# the prefix and /etc/passwd, group, subuid and subgid name only our users:
#   ry-index (group rootyard) runs the indexer, ry-www the server, ry-user (65,536 ids) the
#   client, ry-poor is a user without subordinate ids.
#
# BUILD  build directory (default: build);  SAN  plain, asan...;  STAGE  DESTDIR of `make install`
# T      a fresh scratch directory, everybody may pass through it, removed at the end

set -u
set -o pipefail
umask 022
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$TOP/build}
SAN=${SAN:-plain}
BIN=${BIN:-$BUILD/$SAN}
STAGE=${STAGE:-$BUILD/stage-$SAN}
PREFIX=${PREFIX:-/usr/local}
DATA=$TOP/tests/data
export LC_ALL=C.UTF-8 PATH="$PREFIX/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

if [ -z "${RY_TEST_NS:-}" ]; then
	[ "$(id -u)" = 0 ] || skip_all "needs root, to make a mount namespace with users of its own"
	[ -x "$STAGE$PREFIX/bin/rootyard" ] || make -s -C "$TOP" BUILD="$BUILD" SAN="$SAN" install DESTDIR="$STAGE" >&2 || exit 1
	RY_TEST_NS=1 exec unshare --mount --propagation private bash "$0" "$@"
fi

T=$(mktemp -d /var/tmp/rytest.XXXXXX)
chmod 755 "$T"
SERVERS=()
t_count=0
t_failed=0

t_cleanup() {
	local p
	for p in ${SERVERS[@]+"${SERVERS[@]}"}; do stop_server "$p"; done
	[ -z "${KEEP:-}" ] || { echo "# kept $T"; return; }
	rm -rf "$T"
}
trap t_cleanup EXIT
trap 'exit 143' TERM INT HUP

mkdir -p "$T/etc" "$T/home" "$T/run"
cat >"$T/etc/passwd" <<'P'
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
ry-index:x:60101:60101::/var/empty:/bin/sh
ry-www:x:60102:60102::/var/empty:/bin/sh
ry-user:x:60103:60103::/var/empty:/bin/sh
ry-poor:x:60104:60104::/var/empty:/bin/sh
P
cat >"$T/etc/group" <<'P'
root:x:0:
tty:x:5:
shadow:x:42:
nogroup:x:65534:
rootyard:x:60100:ry-index
ry-index:x:60101:
ry-www:x:60102:
ry-user:x:60103:
ry-poor:x:60104:
P
echo "ry-user:1000000:65536" | tee "$T/etc/subuid" >"$T/etc/subgid"
cut -d: -f1 "$T/etc/passwd" | sed 's/$/:*:19000:0:99999:7:::/' >"$T/etc/shadow"
chmod 600 "$T/etc/shadow"
for t_file in passwd group shadow subuid subgid; do
	[ -e "/etc/$t_file" ] || skip_all "this host has no /etc/$t_file"
	mount --bind "$T/etc/$t_file" "/etc/$t_file"
done
mkdir -p "$STAGE$PREFIX" "$PREFIX"
mount --bind "$STAGE$PREFIX" "$PREFIX"
for t_user in ry-index ry-www ry-user ry-poor; do
	install -d -m 700 -o "$t_user" -g "$t_user" "$T/home/$t_user" "$T/run/$t_user"
done

# as_user NAME CMD...: an ordinary login of that user, with a clean environment.
as_user() {
	local user=$1
	shift
	${AS_EXEC:-} setpriv --reuid "$user" --regid "$user" --init-groups -- \
		env -i HOME="$T/home/$user" USER="$user" LOGNAME="$user" PATH="$PATH" LC_ALL=C.UTF-8 \
		TMPDIR="${TMPDIR:-/tmp}" XDG_RUNTIME_DIR="$T/run/$user" ${AS_ENV[@]+"${AS_ENV[@]}"} "$@"
}
AS_ENV=()
[ "$SAN" = plain ] || AS_ENV+=("ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}" "UBSAN_OPTIONS=print_stacktrace=1")

t_report() { # 0|1 fact
	t_count=$((t_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $t_count - $2"
	else
		echo "not ok $t_count - $2"
		t_failed=$((t_failed + 1))
	fi
	return "$1"
}

t_show() { # file or text, as TAP diagnostics
	printf '%s\n' "$1" | head -n 40 | sed 's/^/# /'
}

# ok FACT CMD...: the command succeeds.
ok() {
	local fact=$1 said
	shift
	if said=$("$@" 2>&1); then
		t_report 0 "$fact"
	else
		t_report 1 "$fact"
		t_show "exit $? of: $*"
		t_show "$said"
		return 1
	fi
}

# not_ok FACT CMD...: the command fails.
not_ok() {
	local fact=$1 said
	shift
	if said=$("$@" 2>&1); then
		t_report 1 "$fact"
		t_show "succeeded: $*"
		t_show "$said"
		return 1
	fi
	t_report 0 "$fact"
}

# is GOT WANT FACT
is() {
	if [ "$1" = "$2" ]; then
		t_report 0 "$3"
	else
		t_report 1 "$3"
		t_show "got:  $1"
		t_show "want: $2"
		return 1
	fi
}

isnt() {
	if [ "$1" != "$2" ]; then
		t_report 0 "$3"
	else
		t_report 1 "$3"
		t_show "both: $1"
		return 1
	fi
}

# like TEXT REGEX FACT (extended regular expression)
like() {
	if grep -Eq -- "$2" <<<"$1"; then
		t_report 0 "$3"
	else
		t_report 1 "$3"
		t_show "no match for: $2"
		t_show "in: $1"
		return 1
	fi
}

unlike() {
	if grep -Eq -- "$2" <<<"$1"; then
		t_report 1 "$3"
		t_show "matches: $2"
		t_show "in: $1"
		return 1
	fi
	t_report 0 "$3"
}

# exits N FACT CMD...: the exit status is N; OUT and ERR hold what it said.
exits() {
	local want=$1 fact=$2 got
	shift 2
	"$@" >"$T/.out" 2>"$T/.err" </dev/null
	got=$?
	OUT=$(tr -d '\000' <"$T/.out")
	ERR=$(tr -d '\000' <"$T/.err")
	if [ "$got" = "$want" ]; then
		t_report 0 "$fact"
	else
		t_report 1 "$fact"
		t_show "exit $got, want $want: $*"
		t_show "$ERR"
		return 1
	fi
}

# start_server CMD...: waits for "listening on URL"; URL and SERVER_PID are set, the last line wins.
start_server() {
	local log=$T/server.$((${#SERVERS[@]} + 1)).log i
	# exec, so that the process we know is the server itself
	(AS_EXEC='exec'; "$@") >"$log" 2>"$log.err" </dev/null &
	SERVER_PID=$!
	SERVERS+=("$SERVER_PID")
	SERVER_LOG=$log
	for ((i = 0; i < 100; i++)); do
		URL=$(sed -n 's/^listening on //p' "$log" 2>/dev/null | tail -n 1)
		[ -z "$URL" ] || break
		kill -0 "$SERVER_PID" 2>/dev/null || break
		sleep 0.1
	done
	URL=${URL%/}
	[ -n "$URL" ] || { t_show "$(cat "$log.err")"; return 1; }
}

# The number of one that has ended may be another test's process by now.
stop_server() { # PID: a job of this shell
	[[ " $(jobs -pr | tr '\n' ' ') " != *" $1 "* ]] || kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# test_ca DIR: ca.crt, server.crt and server.key for localhost and 127.0.0.1.
test_ca() {
	local d=$1
	mkdir -p "$d"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=rootyard test CA" \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$d/ca.key" -out "$d/ca.crt" 2>/dev/null &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
		-keyout "$d/server.key" -out "$d/server.csr" 2>/dev/null &&
	openssl x509 -req -in "$d/server.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" -CAcreateserial -days 30 \
		-extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nbasicConstraints=critical,CA:FALSE\n') -out "$d/server.crt" 2>/dev/null &&
	chmod 644 "$d"/*
}

# tree_digest DIR: one line that changes when any name, mode, owner, link or content below it does.
tree_digest() {
	(cd "$1" && find . -printf '%y %m %U %G %s %l %p\n' | sed 's/^d \([0-9]* [0-9]* [0-9]*\) [0-9]*/d \1/' |
		LC_ALL=C sort | { cat; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum; }) | sha256sum | cut -d' ' -f1
}

done_testing() {
	echo "1..$t_count"
	[ "$t_failed" = 0 ]
	exit
}
