#!/bin/bash
# rootyard-httpd: certificates replaced while it serves, resumption, the wrong protocol, the way from http to https.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P/images" "$P/.well-known/acme-challenge" "$T/live"
printf 0123456789 >"$P/digits"
printf token.thumb >"$P/.well-known/acme-challenge/token"
head -c 30000000 /dev/urandom >"$P/big"
test_ca "$T/ca"
pair() { # NAME: a certificate for that name, signed by the test's authority, with a key for root alone
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.csr" 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -CA "$T/ca/ca.crt" -CAkey "$T/ca/ca.key" -CAcreateserial -days 30 \
		-extfile <(printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$1") -out "$T/$1.crt" 2>/dev/null
	chmod 600 "$T/$1.key"
}
for name in one.example two.example three.example; do pair $name; done
put_pair() { # NAME: as ACME clients do, by rename
	cp "$T/$1.crt" "$T/live/cert.new" && mv "$T/live/cert.new" "$T/live/cert"
	cp -p "$T/$1.key" "$T/live/key.new" && mv "$T/live/key.new" "$T/live/key"
}
put_pair one.example
chmod 700 "$T/live"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 \
	--tls-cert "$T/live/cert" --tls-key "$T/live/key" --plain 127.0.0.1:0 --redirect-port 127.0.0.1:0 || exit 1
TLS=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$SERVER_LOG")
PLAIN=$(sed -n 's/^listening on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
REDIRECT=$(sed -n 's/^redirecting from \(http:.*\)\/$/\1/p' "$SERVER_LOG")
PORT=${TLS##*:}
CURL=(curl -s -m 10 --cacert "$T/ca/ca.crt")
subject() { openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'; }

is "$("${CURL[@]}" "$TLS/digits")" 0123456789 "a key that only root may read serves"
is "$(stat -c %a "$T/live/key") $(sed -n 's/^Uid:.//p' "/proc/$SERVER_PID/status" | cut -f1)" "600 60102" "to a server that is not root"
is "$(subject)" one.example "the first certificate"

# A replacement while a download goes on.
"${CURL[@]}" --limit-rate 10M "$TLS/big" >"$T/got" &
loader=$!
sleep 0.3
put_pair two.example
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(subject)" two.example "SIGHUP reads the new certificate and key"
put_pair three.example
for _ in {1..60}; do
	[ "$(subject)" = three.example ] && break
	sleep 0.25
done
is "$(subject)" three.example "which are found without a signal too"
wait $loader
is $? 0 "a download that began under the first certificate goes on"
ok "to its end" cmp "$T/got" "$P/big"

# Half a pair, and no pair at all.
cp "$T/one.example.key" "$T/live/key"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(subject)" three.example "a key that does not fit changes nothing"
like "$(cat "$SERVER_LOG.err")" "stays in use: cannot use certificate '.*live/cert' with key" "and is told"
rm "$T/live/key"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(subject)" three.example "nor does one that is gone"
like "$(cat "$SERVER_LOG.err")" "cannot open '.*live/key': No such file" "which is told too"
put_pair one.example
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(subject)" one.example "a pair that fits is taken"

# Resumption.
resumes() { # OPENSSL-ARGS...: New or Reused
	rm -f "$T/session"
	(printf 'GET /digits HTTP/1.0\r\n\r\n'; sleep 0.3) | openssl s_client -connect "127.0.0.1:$PORT" "$@" -sess_out "$T/session" >/dev/null 2>&1
	(printf 'GET /digits HTTP/1.0\r\n\r\n'; sleep 0.3) | openssl s_client -connect "127.0.0.1:$PORT" "$@" -sess_in "$T/session" 2>/dev/null >"$T/resumed"
	grep -oE '^(New|Reused),' "$T/resumed"
}
is "$(resumes -tls1_3)" "Reused," "TLS 1.3 resumes by ticket"
like "$(cat "$T/resumed")" '0123456789' "and serves"
is "$(resumes -tls1_2)" "Reused," "so does TLS 1.2"
kill -HUP "$SERVER_PID"
sleep 1.5
(printf 'GET /digits HTTP/1.0\r\n\r\n'; sleep 0.3) | openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 -sess_in "$T/session" >"$T/resumed" 2>/dev/null
like "$(cat "$T/resumed")" '^New,' "a ticket from before a replacement is no key to what came after"
like "$(cat "$T/resumed")" 0123456789 "but the handshake is made"

# The wrong protocol, both ways round.
talk() { # PORT BYTES: what the port said, and how it took its leave
	exec 3<>"/dev/tcp/127.0.0.1/$1"
	# shellcheck disable=SC2059 # the bytes are a format on purpose
	printf "$2" >"$T/request"
	cat "$T/request" >&3 2>/dev/null # in one piece: the shell writes line by line
	timeout 3 cat <&3 2>/dev/null
	[ $? = 124 ] && echo "still open"
	exec 3>&-
}
said=$(talk "$PORT" 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n' | tr -d '\r')
like "$said" '^HTTP/1.1 400 ' "plain HTTP on the TLS port is answered"
like "$said" 'use https://' "with a hint"
unlike "$said" 'still open' "and closed"
late() { # a byte that comes late, and the rest later
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	sleep 1.7
	printf G >&3
	sleep 0.3
	printf 'ET /digits HTTP/1.1\r\n' >&3
	timeout 3 cat <&3 2>/dev/null
	[ $? = 124 ] && echo "still open"
	exec 3>&-
} 2>/dev/null
said=$(late | tr -d '\r')
like "$said" '^HTTP/1.1 400 ' "so is plain HTTP that comes late"
unlike "$said" 'still open' "and closed too"
cat >"$T/pieces.py" <<'E'
# A ClientHello in pieces, each of which begins with what might be a letter of a method.
import re, socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(come, go, server_hostname="AAAA.GET.HTTP.EXAMPLE.TRAIN.ZZZZ")
try:
    tls.do_handshake()
except ssl.SSLWantReadError:
    pass
hello = go.read()
at = 0
for cut in [m.start() for m in re.finditer(rb"[A-Z]", hello)][::6] + [len(hello)]:
    sock.sendall(hello[at:cut])
    at = cut
    time.sleep(0.2)
while True:
    try:
        tls.do_handshake()
        break
    except ssl.SSLWantReadError:
        come.write(sock.recv(65536) or sys.exit("cut off"))
sock.sendall(go.read())
print(tls.version())
E
is "$(python3 "$T/pieces.py" "$PORT")" TLSv1.3 "a handshake in pieces is no plain HTTP"
is "$(curl -s -m 5 -o "$T/body" -w '%{http_code}' "http://127.0.0.1:$PORT/digits")" 400 "curl understands"
is "$(wc -c <"$T/body")" 36 "all of it"
is "$(talk "${PLAIN##*:}" '\026\003\001\002\000\001\000\001\374\003\003')" "" "a TLS handshake on the plain port is closed at once"

# From http to https.
to() { # URL CURL-ARGS...
	curl -s -m 5 -o "$T/body" --path-as-is -w '%{http_code} %{redirect_url}' "$@"
}
AT=https://127.0.0.1:$PORT
is "$(to "$REDIRECT/images/a?b=c&d")" "308 $AT/images/a?b=c&d" "a request is sent to the same place on the TLS port"
is "$(to "$REDIRECT/" -H 'Host: one.example')" "308 https://one.example:$PORT/" "under the name that was asked for"
is "$(to "$REDIRECT/x" -H 'Host: ONE.example:80')" "308 https://ONE.example:$PORT/x" "without its port"
is "$(to "$REDIRECT/x" -H 'Host: evil.example')" "308 https://one.example:$PORT/x" "unless the certificate does not carry it"
is "$(to "$REDIRECT/x" -H 'Host: evil.example/@')" "308 https://one.example:$PORT/x" "whatever it looks like"
is "$(to -0 "$REDIRECT/x" -H 'Host:')" "308 https://one.example:$PORT/x" "or there is none"
is "$(to "$REDIRECT//images//a%20%22b%3a")" "308 $AT//images//a%20%22b%3a" "slashes and escapes stay"
is "$(to "$REDIRECT/x" -I)" "308 $AT/x" "HEAD too"
is "$(to "$REDIRECT/x" -X POST -d y)" "405 " "a write is none of it"
is "$(to "$REDIRECT/../x")" "400 " "nor is a way out"
is "$(to "$REDIRECT/.well-known/acme-challenge/token") $(cat "$T/body")" "200  token.thumb" "a challenge is answered in clear"
is "$("${CURL[@]}" -L --resolve "one.example:${REDIRECT##*:}:127.0.0.1" --resolve "one.example:$PORT:127.0.0.1" \
	"http://one.example:${REDIRECT##*:}/digits")" 0123456789 "curl follows to the file"
sleep 0.2
kids=$(pgrep -P "$SERVER_PID" | wc -l)
is "$kids" 1 "one process keeps the right to open the files"
S=$(cat "/proc/$(pgrep -P "$SERVER_PID")/status")
like "$S" '^CapEff:[[:space:]]0+$' "without a capability"
like "$S" '^NoNewPrivs:[[:space:]]1$' "or new privileges"
if [ "$SAN" = plain ]; then like "$S" '^Seccomp:[[:space:]]2$' "its calls are filtered"; fi
keeper=$(pgrep -P "$SERVER_PID")
kill -TERM "$keeper"
sleep 0.2
ok "a signal to all does not end it before the server" kill -0 "$keeper"
kill -KILL "$SERVER_PID"
wait "$SERVER_PID" 2>/dev/null
for _ in {1..20}; do kill -0 "$keeper" 2>/dev/null || break; sleep 0.1; done
not_ok "it ends with a server that was killed" kill -0 "$keeper"

exits 2 "a redirection needs a TLS socket" rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --redirect-port 0
like "$ERR" "--redirect-port needs a socket with TLS" "in a sentence"
done_testing
