#!/bin/bash
# What rootyard-httpd does about requests that mean harm; it must be alive after each.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P/images/d/r/a/v/20261123_0207"
printf 0123456789 >"$P/digits"
head -c 30000000 /dev/zero >"$P/images/d/r/a/v/20261123_0207/big"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 --threads 2 || exit 1
PORT=${URL##*:}

# Slow ones run beside the others: who never completes a head is cut off.
slow_head() {
	local i began=$SECONDS
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /digits HTTP/1.1\r\n' >&4
	(while printf 'X: y\r\n' >&4 2>/dev/null; do sleep 0.5; done) 2>/dev/null &
	i=$!
	timeout 30 cat <&4 >/dev/null 2>&1
	echo "$((SECONDS - began))" >"$T/slow"
	kill "$i" 2>/dev/null
}
silent() {
	local began=$SECONDS
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	timeout 40 cat <&4 >/dev/null 2>&1
	echo "$((SECONDS - began))" >"$T/silent"
}
slow_head &
SLOW=$!
silent &
SILENT=$!

# raw BYTES [SECONDS]: sends them as printf prints them; STATUS is the first status, END says how it ended.
raw() {
	local rc
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	# shellcheck disable=SC2059 # the bytes are a format on purpose
	printf "$1" >"$T/request"
	cat "$T/request" >&3 2>/dev/null
	timeout "${2:-3}" cat <&3 >"$T/reply" 2>/dev/null
	rc=$?
	exec 3>&-
	STATUS=$(tr -d '\000' <"$T/reply" | head -n 1 | cut -d' ' -f2)
	END=closed
	[ $rc != 124 ] || END=open
}
alive() {
	is "$(curl -s -m 5 "$URL/digits")" 0123456789 "alive after $1"
}
refused() { # STATUS FACT BYTES
	raw "$3"
	is "$STATUS $END $(tr -d '\000' <"$T/reply" | grep -aoc '^HTTP/1')" "$1 closed 1" "$2"
	kill -0 "$SERVER_PID" 2>/dev/null || alive "$2"
}

H='Host: x\r\n'
refused 400 "HTTP/1.1 without Host" 'GET /digits HTTP/1.1\r\n\r\n'
refused 400 "a blank in the target" "GET /digits x HTTP/1.1\r\n${H}\r\n"
refused 400 "two Hosts" "GET /digits HTTP/1.1\r\n${H}Host: y\r\n\r\n"
refused 400 "two lengths" "GET /digits HTTP/1.1\r\n${H}Content-Length: 0\r\nContent-Length: 0\r\n\r\n"
refused 400 "a length and chunks" "GET /digits HTTP/1.1\r\n${H}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
refused 400 "chunks" "GET /digits HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
refused 400 "a coding that is none" "GET /digits HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n"
refused 400 "a body" "GET /digits HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello"
refused 400 "a body that is a request" "GET /digits HTTP/1.1\r\n${H}Content-Length: 40\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n"
is "$(grep -ao 'HTTP/1.1 [0-9]*' "$T/reply" | wc -l)" 1 "and it is not answered as one"
refused 400 "a negative length" "GET /digits HTTP/1.1\r\n${H}Content-Length: -1\r\n\r\n"
refused 400 "a length that is no number" "GET /digits HTTP/1.1\r\n${H}Content-Length: 0x5\r\n\r\n"
refused 400 "an empty length" "GET /digits HTTP/1.1\r\n${H}Content-Length:\r\n\r\n"
refused 400 "a length of two numbers" "GET /digits HTTP/1.1\r\n${H}Content-Length: 0, 0\r\n\r\n"
refused 413 "a length beyond 64 bits" "GET /digits HTTP/1.1\r\n${H}Content-Length: 99999999999999999999\r\n\r\n"
refused 400 "a blank before the colon" "GET /digits HTTP/1.1\r\n${H}Range : bytes=0-1\r\n\r\n"
refused 400 "a name that is no token" "GET /digits HTTP/1.1\r\n${H}a(b): c\r\n\r\n"
refused 400 "a bare CR in a value" "GET /digits HTTP/1.1\r\n${H}X: a\rContent-Length: 5\r\n\r\n"
refused 400 "a line without a colon" "GET /digits HTTP/1.1\r\n${H}nonsense\r\n\r\n"
refused 400 "bare line feeds" "GET /digits HTTP/1.1\nHost: x\n\n"
refused 400 "bare line feeds at the end" "GET /digits HTTP/1.1\r\nHost: x\n\n"
refused 400 "one bare line feed" "GET /digits HTTP/1.1\r\n${H}X: a\nY: b\r\n\r\n"
refused 400 "a request hidden behind two" "GET /digits HTTP/1.1\r\n${H}X: a\n\nGET /none HTTP/1.1\r\n${H}\r\n"
is "$(grep -ao 'HTTP/1.1 [0-9]*' "$T/reply" | wc -l)" 1 "and it is not answered"
refused 400 "an empty line that is a bare line feed" "GET /digits HTTP/1.1\r\n${H}\nGET /none HTTP/1.1\r\n${H}\r\n"
refused 400 "a folded field" "GET /digits HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n"
refused 400 "a folded length" "GET /digits HTTP/1.1\r\n${H}Content-Length:\r\n 5\r\n\r\nhello"
refused 400 "a NUL in a value" "GET /digits HTTP/1.1\r\n${H}X: a\000b\r\n\r\n"
refused 400 "a field behind two NULs" "GET /digits HTTP/1.1\r\n${H}X: a\000\000Content-Length: 5\r\n\r\n"
refused 400 "a NUL in a name" "GET /digits HTTP/1.1\r\n${H}X\000: a\r\n\r\n"
refused 400 "a NUL in the target" "GET /digits\000x HTTP/1.1\r\n${H}\r\n"
refused 400 "a NUL in the query" "GET /digits?\000x HTTP/1.1\r\n${H}\r\n"
refused 400 "two blanks in the request line" "GET  /digits HTTP/1.1\r\n${H}\r\n"
refused 400 "a request line without a version" "GET /digits\r\n${H}\r\n"
refused 400 "a control byte in the target" "GET /digits\001 HTTP/1.1\r\n${H}\r\n"
refused 400 "a target without a slash" "GET digits HTTP/1.1\r\n${H}\r\n"
refused 405 "CONNECT" "CONNECT x:443 HTTP/1.1\r\n${H}Connection: close\r\n\r\n"
refused 414 "a target of 40 kB" "GET /$(printf 'a%.0s' {1..40000}) HTTP/1.1\r\n${H}\r\n"
refused 431 "fields of 40 kB" "GET /digits HTTP/1.1\r\n${H}X: $(printf 'a%.0s' {1..40000})\r\n\r\n"
refused 431 "65 fields" "GET /digits HTTP/1.1\r\n${H}$(printf 'X: y\\r\\n%.0s' {1..64})\r\n"
raw 'GET /digits HTTP/3.0\r\nHost: x\r\n\r\n'
like "$STATUS $END" '^(400|505) closed' "a version that is not ours"
raw "GET /digits HTTP/1.1\r\n${H}$(printf 'X: y\\r\\n%.0s' {1..60})Connection: close\r\n\r\n"
is "$STATUS" 200 "60 fields are fine"
raw "GET /digits?a=b&c=%%20d+e HTTP/1.1\r\n${H}Cookie: a=b; c=d\r\nEmpty:\r\nBlank: \t b \t\r\nConnection: close\r\n\r\n"
is "$STATUS" 200 "a query, a cookie, an empty value and blanks are fine"
raw 'GET http://other/digits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
is "$STATUS" 200 "the absolute form is understood"
raw 'GET /digits HTTP/1.0\r\n\r\n'
is "$STATUS $END" "200 closed" "HTTP/1.0 needs no Host and ends"
raw 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
is "$(grep -ao 'HTTP/1.1 [0-9]*' "$T/reply" | cut -d' ' -f2 | tr '\n' ' ')" "200 404 " "two requests sent at once are two answers"
alive "all of that"

began=$SECONDS
raw '\026\003\001\002\000\001\000\001\374\003\003aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' 5
is "$STATUS $END" " closed" "a TLS handshake on the plain port is hung up on"
ok "at once" test $((SECONDS - began)) -le 1
head -c 100000 /dev/urandom | tr '\n' x >"$T/noise"
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
cat "$T/noise" >&3 2>/dev/null
timeout 5 cat <&3 >/dev/null 2>&1
isnt $? 124 "noise is hung up on"
exec 3>&-
alive "noise"

# Who asks and goes away while the answer flows costs nothing.
fds() { find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l; }
curl -s "$URL/images/d/r/a/v/20261123_0207/big" -o /dev/null
sleep 1.2
before=$(fds)
for _ in {1..40}; do
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /images/d/r/a/v/20261123_0207/big HTTP/1.1\r\nHost: x\r\n\r\n' >&3
	head -c 10 <&3 >/dev/null
	exec 3>&-
done
sleep 0.5
ok "40 aborted downloads leave no descriptor behind" test "$(fds)" -le "$before"
alive "aborted downloads"

wait "$SLOW" "$SILENT"
ok "a head that never ends is cut off after 10 seconds ($(cat "$T/slow") s)" \
	test "$(cat "$T/slow")" -ge 9 -a "$(cat "$T/slow")" -le 14
ok "silence is cut off too ($(cat "$T/silent") s)" test "$(cat "$T/silent")" -le 20
ok "the server never ended" kill -0 "$SERVER_PID"
is "$(cat "$SERVER_LOG.err")" "" "and had nothing to complain of"
done_testing
