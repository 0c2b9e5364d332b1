#!/bin/bash
# rootyard-httpd and slow clients: who is only slow is served, who takes nothing is not.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P/images/d/r/a/v/20261123_0207"
printf 0123456789 >"$P/digits"
head -c 40000000 /dev/urandom >"$P/images/d/r/a/v/20261123_0207/big"
test_ca "$T/ca"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --plain 127.0.0.1:0 || exit 1
PORT=${URL##*:}

# Reads so many bytes a second with a small window; says when and how the connection ended.
cat >"$T/reader.py" <<'P'
import socket, ssl, sys, time
port, rate, limit, tls = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "tls"
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("127.0.0.1", port))
if tls:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = context.wrap_socket(s)
s.sendall(b"GET /images/d/r/a/v/20261123_0207/big HTTP/1.1\r\nHost: x\r\n\r\n")
began, got, end = time.time(), 0, "flows"
try:
    while time.time() - began < limit:
        part = s.recv(max(1, rate // 10))
        if not part:
            end = "closed"
            break
        got += len(part)
        ahead = got / rate - (time.time() - began)
        if ahead > 0:
            time.sleep(ahead)
except OSError:
    end = "reset"
print(end, int(time.time() - began))
P
TLS_PORT=$(sed -n 's/^listening on https.*:\([0-9]*\)\/$/\1/p' "$SERVER_LOG")
python3 "$T/reader.py" "$PORT" 20000 75 plain >"$T/slow" &
slow=$!
python3 "$T/reader.py" "$TLS_PORT" 20000 75 tls >"$T/slow-tls" &
slow_tls=$!
python3 "$T/reader.py" "$PORT" 300 120 plain >"$T/stuck" &
stuck=$!
python3 "$T/reader.py" "$TLS_PORT" 300 120 tls >/dev/null &
stuck_tls=$!

began=$SECONDS
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n' >&3
sleep 12
printf 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n' >&3
timeout 60 cat <&3 >"$T/idle"
idle=$((SECONDS - began))
exec 3>&-
is "$(grep -ao '200 OK' "$T/idle" | wc -l)" 2 "a connection serves again after 12 idle seconds"
ok "and is closed after 15 more ($idle s in all)" test $idle -ge 26 -a $idle -le 45

wait $slow $slow_tls
is "$(cut -d' ' -f1 "$T/slow" "$T/slow-tls" | tr '\n' ' ')" "flows flows " "20 kB/s is slow, and served, in clear and over TLS"
left() { ss -Htn "( sport = :$PORT or sport = :$TLS_PORT )" | grep -cv '^TIME-WAIT'; }
for _ in {1..30}; do [ "$(left)" != 0 ] || break; sleep 1; done
is "$(left)" 0 "300 bytes a second are not: after a minute nothing is left of them, nor queued"
kill $stuck_tls
wait $stuck
like "$(cat "$T/stuck")" '^(reset|closed) ' "as they see when they have read what they had"
is "$(curl -s -m 5 "$URL/digits")" 0123456789 "and the others are served"
done_testing
