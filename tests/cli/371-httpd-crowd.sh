#!/bin/bash
# 20,000 connections against rootyard-httpd with far fewer descriptors: it serves the others, does not spin, recovers.
. "$(dirname "$0")/../lib.sh"
export ASAN_OPTIONS=detect_leaks=0

[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 11000 ] || { echo "1..0 # SKIP open files are limited to $(ulimit -Hn)"; exit; }
ulimit -n 11000
P=$T/public
mkdir -p "$P"
head -c 2000 /dev/urandom >"$P/file"
driver() { python3 "$(dirname "$0")/hostile-http.py" "$@"; }
crowd() {
	driver crowd "$PORT" 10000 "$1" 127.0.0.1 >"$T/crowd1" &
	local first=$!
	driver crowd "$PORT" 10000 "$1" 127.0.0.3 >"$T/crowd2"
	wait $first
}
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$SERVER_PID/stat"; }
fds() { find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l; }
start_limited() {
	start_server bash -c 'ulimit -n 512; exec rootyard-httpd "$@"' rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 "$@" || exit 1
	PORT=${URL##*:}
}

# One address may have 32: whoever comes from elsewhere does not notice the crowd.
start_limited
before=$(fds)
crowd 12 &
sleep 2
driver honest "$PORT" "$P" file 8 127.0.0.2 >"$T/honest"
wait $!
like "$(cat "$T/honest")" '"wrong": \[\]' "an honest client is served beside 20,000 connections of two addresses"
ok "often ($(cat "$T/honest"))" test "$(sed -n 's/.*"good": \([0-9]*\).*/\1/p' "$T/honest")" -ge 20
sleep 2
ok "their descriptors come back" test "$(fds)" -le $((before + 2))
is "$(curl -s -m 5 "$URL/file" | cmp - "$P/file" && echo same)" same "and it serves as before"
stop_server "$SERVER_PID"

# Without that limit they fill the whole server: it waits without working, and recovers when deadlines end them.
start_limited --per-address 0 --metrics 127.0.0.1:0
METRICS=$(sed -n 's/^metrics on //p' "$SERVER_LOG")
before=$(fds)
crowd 8 &
sleep 4
t0=$(ticks)
sleep 2
t1=$(ticks)
ok "a full server does not spin ($((t1 - t0)) ticks in 2 s)" test $((t1 - t0)) -le $(($(getconf CLK_TCK) / 2))
ok "and keeps descriptors free ($(fds) of 512)" test "$(fds)" -le 500
wait $!
is "$(curl -s -m 30 --retry 5 --retry-connrefused "$URL/file" | cmp - "$P/file" && echo same)" same "when the crowd goes, it serves"
for _ in {1..12}; do [ "$(fds)" -gt $((before + 2)) ] || break; sleep 1; done
ok "with its descriptors back" test "$(fds)" -le $((before + 2))

# Not even one: others have taken what the system has.
as_user ry-www prlimit --pid "$SERVER_PID" --nofile=8:
curl -s -m 30 "$URL/file" -o "$T/waited" &
waiting=$!
curl -s -m 30 "${METRICS%/}/livez" -o "$T/alive" &
watching=$!
sleep 1
t0=$(ticks)
sleep 2
t1=$(ticks)
ok "without a descriptor for the first it does not spin ($((t1 - t0)) ticks in 2 s)" test $((t1 - t0)) -le $(($(getconf CLK_TCK) / 2))
as_user ry-www prlimit --pid "$SERVER_PID" --nofile=512:
wait $waiting
is $? 0 "and serves him when there is one"
ok "with every byte" cmp "$T/waited" "$P/file"
wait $watching
is $? 0 "the metrics too"
is "$(cat "$SERVER_LOG.err")" "" "it had nothing to complain of"
done_testing
