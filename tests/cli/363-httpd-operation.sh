#!/bin/bash
# rootyard-httpd for its operator: metrics, health, logs, a service manager, --check.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
DATED=images/debian/trixie/amd64/default/20261123_0207
mkdir -p "$P/.gen/7/streams" "$P/$DATED" "$P/images/debian/sid/amd64/default/20261123_0207"
ln -s .gen/7 "$P/.live"
printf 0123456789 >"$P/digits"
head -c 50000000 /dev/urandom >"$P/$DATED/rootfs.tar.xz"
printf meta >"$P/$DATED/meta.tar.xz"
printf delta >"$P/$DATED/from-20261122_0207.delta"
test_ca "$T/ca"
FULL=(rootyard-httpd --user ry-www --root "$P" --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key")

# A service manager that writes down what it is told.
cat >"$T/manager.py" <<'X'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], "w", buffering=1) as f:
    while True:
        f.write(s.recv(4096).decode().replace("\n", " ") + "\n")
X
python3 "$T/manager.py" "$T/notify" "$T/told" &
manager=$!
SERVERS+=("$manager")
for _ in {1..50}; do [ -S "$T/notify" ] && break; sleep 0.1; done
export NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=3000000
start_server "${FULL[@]}" --listen 127.0.0.1:0 --plain 127.0.0.1:0 --metrics 127.0.0.1:0 --log "$T/access" --log-format json || exit 1
unset NOTIFY_SOCKET WATCHDOG_USEC
TLS=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$SERVER_LOG")
PLAIN=$(sed -n 's/^listening on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
METRICS=$(sed -n 's/^metrics on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
CURL=(curl -s -m 20 --cacert "$T/ca/ca.crt" -o /dev/null)
metric() { curl -s -m 5 "$METRICS/metrics" | sed -n "s/^rootyard_httpd_$1 //p"; }
code() { curl -s -m 5 -o /dev/null -w '%{http_code}' "$@"; }

"${CURL[@]}" "$PLAIN/$DATED/rootfs.tar.xz"
"${CURL[@]}" "$TLS/$DATED/rootfs.tar.xz"
"${CURL[@]}" "$PLAIN/$DATED/from-20261122_0207.delta"
"${CURL[@]}" "$PLAIN/$DATED/meta.tar.xz"
"${CURL[@]}" -I "$PLAIN/$DATED/rootfs.tar.xz"
"${CURL[@]}" -r 0-999 "$PLAIN/$DATED/rootfs.tar.xz"
"${CURL[@]}" -r 1000- "$PLAIN/$DATED/rootfs.tar.xz"
"${CURL[@]}" "$PLAIN/images/debian/sid/amd64/default/20261123_0207/rootfs.tar.xz"
timeout 0.3 curl -s --limit-rate 1M "$PLAIN/$DATED/rootfs.tar.xz" >/dev/null
sleep 0.3
is "$(metric 'downloads_total{distro="debian",release="trixie",arch="amd64",variant="default"}')" 4 \
	"whole downloads, the last range and deltas count; heads, parts, broken ones and other files do not"
is "$(metric 'downloads_total{distro="debian",release="sid",arch="amd64",variant="default"}')" "" "nor does what is not there"
is "$(metric 'requests_total{code="404"}') $(metric 'requests_total{code="206"}')" "1 2" "replies are counted by status"
ok "bytes are" test "$(metric response_body_bytes_total)" -ge 149999000
is "$(metric generation)" 7 "the live generation is told"
ok "the certificate's end is" test "$(metric certificate_expiry_timestamp_seconds)" -gt "$(date +%s)"
is "$(metric 'tls_sessions_total{handshake="full"}')" 1 "so are handshakes"
is "$(metric connections_refused_total)" 0 "nobody was refused"
python3 - "${PLAIN##*:}" <<'P'
import socket, sys
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(40)]
held[-1].settimeout(5)
held[-1].recv(100)
P
ok "whom the limit of an address refuses is counted" test "$(metric connections_refused_total)" -ge 1
for _ in {1..50}; do ! grep -q '"status":503' "$T/access" || break; sleep 0.1; done # it is written once a second
like "$(grep -h '"status":503' "$T/access" | tail -n 1)" '"address":"127.0.0.1","method":"-"' "... and has a line in the log"
unlike "$(curl -s "$METRICS/metrics")" '127\.0\.0\.1' "no address is kept"
if command -v promtool >/dev/null; then
	ok "promtool finds nothing to say" bash -c "curl -s '$METRICS/metrics' | promtool check metrics"
else
	echo "ok $((t_count += 1)) # SKIP promtool is not installed"
fi
is "$(code "$METRICS/livez") $(code "$METRICS/readyz")" "200 200" "alive and ready"
is "$(code "$METRICS/digits") $(code -X POST "$METRICS/metrics")" "404 405" "and nothing else"
is "$(code "$PLAIN/metrics") $(code "$PLAIN/livez")" "404 404" "clients do not see them"
mv "$P/.gen/7" "$P/.gen/8"
is "$(code "$METRICS/readyz") $(code "$METRICS/livez")" "503 200" "a switch that leads nowhere is not ready"
mv "$P/.gen/8" "$P/.gen/7"
is "$(code "$METRICS/readyz")" 200 "until it does"

# JSON lines.
curl -s -A $'evil"\\\xff' "$PLAIN/"$'"\\%0a' >/dev/null
sleep 2.5
ok "each line of the log is JSON" python3 -c '
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1], "rb")]
assert len(lines) >= 10, len(lines)
assert lines[0]["address"] == "127.0.0.1" and lines[0]["status"] == 200 and lines[0]["complete"] is True, lines[0]
assert lines[0]["bytes"] == 50000000 and lines[0]["method"] == "GET", lines[0]
assert any(not l["complete"] for l in lines)
assert lines[-1]["user_agent"].startswith("evil\"\\\ufffd"), lines[-1]
' "$T/access"

# What the manager was told.
for _ in {1..30}; do grep -q WATCHDOG "$T/told" && break; sleep 0.1; done
is "$(head -n 1 "$T/told")" "READY=1 STATUS=serving" "the service manager hears that it is ready"
like "$(cat "$T/told")" '^WATCHDOG=1' "and alive"
kill -HUP "$SERVER_PID"
sleep 1.5
like "$(grep -A1 RELOADING "$T/told" | tr '\n' ' ')" 'RELOADING=1 MONOTONIC_USEC=[0-9]+ READY=1' "that it reloads, and has"
curl -s --limit-rate 20M "$PLAIN/$DATED/rootfs.tar.xz" -o "$T/got" &
loader=$!
sleep 0.4
kill -TERM "$SERVER_PID"
sleep 0.4
like "$(tail -n 1 "$T/told")" '^STOPPING=1' "that it stops"
is "$(code "$METRICS/readyz") $(metric draining)" "503 1" "while it drains it is not ready, which can still be asked"
wait $loader
ok "the download is whole" cmp "$T/got" "$P/$DATED/rootfs.tar.xz"
wait "$SERVER_PID"
is $? 0 "the end is good"
kill "$manager"

# --check
exits 0 "--check says what would be served" "${FULL[@]}" --check --listen 127.0.0.1:0 --redirect-port 127.0.0.1:0 --prefix /x
like "$OUT" '^generation 7$' "the generation"
like "$OUT" '^socket tls 127.0.0.1:' "the sockets"
like "$OUT" '^certificate until 20' "the certificate"
like "$OUT" '^not in it index.html$' "what the generation lacks"
like "$OUT" '^prefix /x/$' "the prefix"
start_server "${FULL[@]}" --listen 127.0.0.1:0 || exit 1
exits 0 "beside a server that runs" "${FULL[@]}" --check --json --listen "${URL#https://}"
is "$(python3 -c 'import json,sys; d=json.loads(sys.argv[1]); print(d["generation"], d["sockets"][0]["kind"], d["sockets"][0]["in_use"])' "$OUT")" \
	"7 tls True" "as JSON too"
rm -r "$P/.gen/7"
exits 7 "a switch that leads nowhere" "${FULL[@]}" --check --listen 127.0.0.1:0
like "$ERR" "the live generation '.gen/7' is not there" "is named"
exits 2 "a log of another form" "${FULL[@]}" --listen 127.0.0.1:0 --log-format xml
exits 2 "a manager that is none" env NOTIFY_SOCKET=relative "${FULL[@]}" --listen 127.0.0.1:0
done_testing
