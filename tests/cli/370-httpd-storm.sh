#!/bin/bash
# rootyard-httpd under 100,000 requests of every kind at once, most of them hostile: every answer is judged, honest
# clients are served all the time, nothing is left behind.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads; what a freed block costs is kept small.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=4
REQUESTS=${STORM_REQUESTS:-100000}

P=$T/public
mkdir -p "$P/dir" "$P/.gen/1/meta/1.0" "$T/outside"
for i in 0 1 2 3 4 5; do head -c $((i * i * 3000 + 10)) /dev/urandom >"$P/file$i"; done
head -c 3000000 /dev/urandom >"$P/file9"
printf 'secret\n' >"$T/outside/passwd"
printf 'secret\n' >"$P/dir/.hidden"
ln -s "$T/outside/passwd" "$P/link"
ln -s /etc "$P/linkdir"
ln -s .gen/1 "$P/.live"
mkfifo "$P/fifo"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 --log "$T/log" || exit 1
PORT=${URL##*:}
driver() { python3 "$(dirname "$0")/hostile-http.py" "$@"; }
fds() { find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l; }
kb() { awk '/^RssAnon/ { print $2 }' "/proc/$SERVER_PID/status"; }
json() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

driver storm "$PORT" "$P" $((REQUESTS / 5)) >"$T/warm"
sleep 3
fds_before=$(fds) kb_before=$(kb)
(while [ ! -e "$T/over" ]; do driver honest "$PORT" "$P" file3 2 127.0.0.2; done) >"$T/honest" &
honest=$!
driver storm "$PORT" "$P" "$REQUESTS" >"$T/storm"
: >"$T/over"
wait $honest
# Who sent a second request by half and went is noticed when the next head is due.
for _ in {1..27}; do [ "$(fds)" -gt $((fds_before + 2)) ] || break; sleep 1; done

is "$(json "$T/warm" wrong) $(json "$T/storm" wrong)" "[] []" "every answer had the right status and bytes"
ok "to $REQUESTS requests" test "$(json "$T/storm" requests)" -ge "$REQUESTS"
is "$(grep -c '"wrong": \[\]' "$T/honest")" "$(wc -l <"$T/honest")" "honest clients were served all the time"
ok "no descriptor is left behind ($fds_before, then $(fds))" test "$(fds)" -le $((fds_before + 2))
ok "nor memory ($kb_before kB, then $(kb))" test "$(kb)" -le $((kb_before + kb_before / 4 + 8192))
ok "the server never ended" kill -0 "$SERVER_PID"
is "$(grep -vc ' HTTP/1\.[0-9]" [1-5][0-9][0-9] ' "$T/log")" "0" "the log has one line a request"
is "$(grep -ci 'secret\|root:' "$T/log")" 0 "and nothing of what is private"
is "$(cat "$SERVER_LOG.err")" "" "it had nothing to complain of"
done_testing
