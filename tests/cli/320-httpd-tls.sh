#!/bin/bash
# rootyard-httpd over TLS, and what is not TLS on its TLS port.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P"
printf 0123456789 >"$P/digits"
head -c 3000000 /dev/urandom >"$P/large"
test_ca "$T/ca"
chmod 600 "$T/ca/server.key"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --plain 127.0.0.1:0 || exit 1
TLS=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$SERVER_LOG")
PLAIN=$(sed -n 's/^listening on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
PORT=${TLS##*:}
CURL=(curl -s -m 10 --cacert "$T/ca/ca.crt")

is "$(wc -l <"$SERVER_LOG")" 2 "each socket is announced"
is "$("${CURL[@]}" "$TLS/digits")" 0123456789 "a file is served over TLS"
is "$("${CURL[@]}" "$PLAIN/digits")" 0123456789 "and in clear on the other port"
is "$("${CURL[@]}" --tls-max 1.2 "$TLS/digits")" 0123456789 "TLS 1.2 works"
is "$("${CURL[@]}" --tlsv1.3 "$TLS/digits")" 0123456789 "TLS 1.3 works"
not_ok "TLS 1.1 does not" "${CURL[@]}" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$TLS/digits"
ok "a large file arrives whole over TLS" bash -c "$(printf '%q ' "${CURL[@]}") '$TLS/large' | cmp - '$P/large'"
is "$("${CURL[@]}" -r 2999990- "$TLS/large" | cmp - <(tail -c 10 "$P/large") && echo same)" same "ranges over TLS"
is "$("${CURL[@]}" -o /dev/null -w '%{http_code} %{http_version}' "$TLS/none")" "404 1.1" "ALPN ends at HTTP/1.1"
like "$(openssl s_client -connect "127.0.0.1:$PORT" -alpn http/1.1,h2 </dev/null 2>/dev/null)" 'ALPN protocol: http/1.1' "which is said"

answer_to() { # BYTES: seconds until the port hung up, 9 when it did not
	local began=$SECONDS
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	# shellcheck disable=SC2059 # the bytes are a format on purpose
	printf "$1" >"$T/request"
	cat "$T/request" >&3 2>/dev/null
	timeout 8 cat <&3 >/dev/null 2>&1
	[ $? != 124 ] && echo $((SECONDS - began)) || echo 9
	exec 3>&-
}
ok "plain HTTP on the TLS port is hung up on at once" test "$(answer_to 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n')" -le 1
ok "so is noise" test "$(answer_to '\377\376\375\374 noise that is no record \001\002')" -le 1
is "$("${CURL[@]}" "$TLS/digits")" 0123456789 "alive afterwards"

# A key that does not belong to the certificate, files that are none.
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out "$T/other.key" 2>/dev/null
chmod 644 "$T/other.key"
exits 1 "a key of another certificate is refused" as_user ry-www rootyard-httpd --root "$P" --listen 127.0.0.1:0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/other.key"
like "$ERR" "cannot use certificate '.*server.crt' with key '.*other.key'" "in one sentence"
exits 8 "a missing key is named" as_user ry-www rootyard-httpd --root "$P" --listen 127.0.0.1:0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/none.key"
like "$ERR" "cannot open '.*none.key'" "in one sentence too"
exits 2 "a certificate needs its key" as_user ry-www rootyard-httpd --root "$P" --listen 127.0.0.1:0 \
	--tls-cert "$T/ca/server.crt"

fds() { find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l; }
"${CURL[@]}" "$TLS/large" -o /dev/null
sleep 1.2
before=$(fds)
for _ in {1..50}; do "${CURL[@]}" "$TLS/large" 2>/dev/null | head -c 100 >/dev/null; done
sleep 1
ok "aborted TLS downloads leave no descriptor behind" test "$(fds)" -le "$before"
kill -TERM "$SERVER_PID"
wait "$SERVER_PID"
is $? 0 "SIGTERM ends it well"
done_testing
