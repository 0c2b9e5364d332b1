#!/bin/bash
# rootyard-httpd for those who may: tokens, and certificates of clients.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
DATED=images/debian/trixie/amd64/default/20261123_0207
mkdir -p "$P/$DATED" "$P/.well-known/acme-challenge" "$P/v2/debian/tags"
printf 0123456789 >"$P/digits"
printf thumb >"$P/.well-known/acme-challenge/token"
printf '{}' >"$P/v2/debian/tags/list"
printf payload >"$P/$DATED/rootfs.tar.xz"
test_ca "$T/ca"
line() { printf '%s %s\n' "$1" "$(printf %s "$2" | sha256sum | cut -d' ' -f1)"; }
{ echo "# who may read"; line ci s3cret; line bob other; } >"$T/tokens"
chmod 600 "$T/tokens"
code() { curl -s -m 5 -o "$T/body" -D "$T/head" -w '%{http_code}' "$@"; }
header() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip"; }

start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tokens "$T/tokens" --log "$T/access" --per-address 0 || exit 1
is "$(code "$URL/digits")" 401 "without a token nothing is served"
like "$(header WWW-Authenticate)" '^Basic realm="rootyard"' "and one is asked for"
is "$(code "$URL/none")" 401 "what is not there is no different"
is "$(code "$URL/digits" -H 'Authorization: Bearer s3cret') $(cat "$T/body")" "200 0123456789" "a bearer of a token is served"
is "$(header Cache-Control)" "private, no-cache" "for himself"
is "$(code "$URL/$DATED/rootfs.tar.xz" -H 'Authorization: Bearer s3cret') $(header Cache-Control)" "200 private, max-age=31536000, immutable" "payloads too"
is "$(code -u anyone:other "$URL/digits")" 200 "who has it as a password too"
is "$(code -u s3cret: "$URL/digits")" 401 "a token is no name"
is "$(code "$URL/digits" -H 'Authorization: Bearer s3cret2')" 401 "a longer one is another"
is "$(code "$URL/digits" -H "Authorization: Bearer $(cut -d' ' -f2 "$T/tokens" | tail -n 1)")" 401 "its hash is none"
is "$(code "$URL/v2/")" 401 "a registry asks first"
like "$(cat "$T/body")" '"code":"UNAUTHORIZED"' "in its own words"
is "$(code -u x:s3cret "$URL/v2/")" 200 "and then serves"
is "$(code "$URL/.well-known/acme-challenge/token")" 200 "an ACME server needs no token"
is "$(code --path-as-is "$URL/.well-known/acme-challenge/../../digits")" 400 "which is no way around"
is "$(code --path-as-is "$URL/.well-known/acme-challenge/%2e%2e/%2e%2e/digits")" 400 "however it is written"
is "$(curl -s -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' "$URL/a" "$URL/b" "$URL/c")" "1 0 0 " "a refusal keeps the connection"
sleep 2.5
like "$(cat "$T/access")" '^127.0.0.1 - ci \[' "the log names the label"
unlike "$(cat "$T/access")" 's3cret' "and never the token"

line carol third >"$T/tokens.new"
mv "$T/tokens.new" "$T/tokens"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(code "$URL/digits" -H 'Authorization: Bearer s3cret') $(code "$URL/digits" -H 'Authorization: Bearer third')" "401 200" "SIGHUP reads the tokens again"
echo nonsense >"$T/tokens"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(code "$URL/digits" -H 'Authorization: Bearer third')" 200 "what cannot be read changes nothing"
like "$(cat "$SERVER_LOG.err")" "cannot use tokens '.*tokens': line 1 is not LABEL" "and is named"
: >"$T/tokens"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(code "$URL/digits" -H 'Authorization: Bearer third')" 401 "an empty list is a list of nobody"
stop_server "$SERVER_PID"
exits 1 "a token in clear" rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tokens <(echo ci s3cret)
like "$ERR" "line 1 is not LABEL and the SHA-256" "is refused"

# Certificates of clients.
issue() { # NAME CA: a certificate for a client
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.csr" 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -CA "$2/ca.crt" -CAkey "$2/ca.key" -CAcreateserial -days 30 -out "$T/$1.crt" 2>/dev/null
}
test_ca "$T/other"
issue friend "$T/ca"
issue stranger "$T/other"
cp "$T/ca/ca.crt" "$T/clients"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" \
	--client-ca "$T/clients" --per-address 0 || exit 1
CA=(--cacert "$T/ca/ca.crt")
as() { code "${CA[@]}" --cert "$T/$1.crt" --key "$T/$1.key" "${@:2}" "$URL/digits"; }
is "$(as friend) $(header Cache-Control)" "200 no-cache" "a client with a certificate of the authority is served"
is "$(as friend --tls-max 1.2)" 200 "in TLS 1.2 too"
is "$(as stranger)" 000 "one of another authority is not"
is "$(code "${CA[@]}" "$URL/digits")" 000 "nor is one without"
is "$(code "${CA[@]}" --tls-max 1.2 "$URL/digits")" 000 "in TLS 1.2 neither"
# A session of before the authorities changed is no way in.
PORT=${URL##*:}
talk() { (printf 'GET /digits HTTP/1.0\r\n\r\n'; sleep 0.3) | openssl s_client -connect "127.0.0.1:$PORT" -cert "$T/friend.crt" -key "$T/friend.key" "$@" 2>/dev/null; }
talk -tls1_3 -sess_out "$T/session" >/dev/null
like "$(talk -tls1_3 -sess_in "$T/session")" '0123456789' "a session is resumed"
cp "$T/other/ca.crt" "$T/clients"
kill -HUP "$SERVER_PID"
sleep 1.5
is "$(as stranger) $(as friend)" "200 000" "the authorities are read again"
unlike "$(talk -tls1_3 -sess_in "$T/session")" '0123456789' "and sessions of before end with them"
exits 2 "certificates of clients" rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --client-ca "$T/clients"
like "$ERR" '--client-ca needs --tls-cert' "come over TLS"
done_testing
