#!/bin/bash
# A pull over a line of 1 MB/s that is killed again and again, at moments of chance, fetches what it fetched only once.
#   interrupted.sh DIR [KILLS]    DIR: of the built programs. KILLS: how often (100); the image grows with them
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$(cd "$(dirname "$1")" && pwd)
SAN=$(basename "$1")
export BUILD SAN
if [ -z "${RY_LINE:-}" ]; then
	[ "$(id -u)" = 0 ] && command -v tc >/dev/null || { echo "1..0 # SKIP needs root and tc, for a line of its own"; exit 0; }
	RY_LINE=1 exec unshare --net bash "$0" "$@"
fi
. "$TOP/tests/lib.sh" "$@"
# shellcheck source=tests/upstream.sh
. "$TOP/tests/upstream.sh"
. "$TOP/bench/line.sh"
kills=${2:-100}

# A killed client has had 2 MB in its time on average, less what starting takes.
PAD=$((kills * 2200000))
published
night "$one" 20260101_0000 seed=a
line_open && line_rate 8mbit 16k 30ms || exit 1
start_server rootyard-httpd --user ry-www --root "$public" --listen 10.9.8.1:0 || exit 1
AS_EXEC="nsenter --net=/proc/$LINE/ns/net"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
archive=$public/images/$one/20260101_0000/rootfs.tar.zst
size=$(stat -c %s "$archive")
came=$(line_payload) killed=0

for ((i = 0; i < kills; i++)); do
	(AS_EXEC="exec $AS_EXEC"; client pull -q toy/one) >"$T/said" 2>&1 &
	puller=$!
	sleep "$((RANDOM % 4)).$((RANDOM % 10))$((RANDOM % 10))"
	kill -KILL "$puller" 2>/dev/null
	wait "$puller" 2>/dev/null
	[ $? != 137 ] || killed=$((killed + 1))
done
is "$killed" "$kills" "a pull is killed $kills times before it ends"
halfway=$(stat -c %s "$partial/$(sha256sum <"$archive" | cut -d' ' -f1)" 2>/dev/null)
ok "... and has got somewhere" test "${halfway:-0}" -gt $((size / 4))
exits 0 "the next one succeeds" client pull -q toy/one
came=$(($(line_payload) - came))
echo "# $came bytes came for a file of $size, $(awk -v a="$came" -v b="$size" 'BEGIN { printf "%.4f", a / b }') of it; $((${halfway:-0} * 100 / size)) % of them in the pulls that were killed"
ok "all of them fetched less than 1.05 of the file" test $((came * 100)) -lt $((size * 105))
ok "the store verifies" client verify
is "$(ls -A "$store/tmp")$(ls -A "$partial")" "" "... and nothing is left over"
done_testing
