#!/bin/bash
# What docs/CDN.md says of the origin, statement by statement.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
PAGE=$TOP/docs/CDN.md
rows() { sed -n 's/^| `\([^`]*\)` | \(.*\) |$/\1|\2/p' "$PAGE"; }
mkdir -p "$P/meta/2" "$P/.gen/1/meta/2"
ln -s .gen/1 "$P/.live"
while IFS='|' read -r path _; do
	case $path in
	/meta/1.0/* | /streams/* | /meta/2/current) f=$P/.gen/1$path ;;
	*) f=$P$path ;;
	esac
	mkdir -p "${f%/*}"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' >"$f"
done < <(rows)
digest=$(sha256sum "$P/v2/debian/manifests/trixie" | cut -d' ' -f1)
TAR=/images/debian/trixie/amd64/default/20261123_0207/rootfs.tar.xz
setfattr -n user.rootyard.sha256 -v "$digest" "$P$TAR"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 || exit 1
get() { # PATH CURL-ARGS...
	: >"$T/body"
	STATUS=$(curl -s -m 10 -o "$T/body" -D "$T/head" -w '%{http_code}' "${@:2}" "$URL$1")
}
header() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip"; }

ok "the page has a table" test "$(rows | wc -l)" -ge 10
while IFS='|' read -r path caching vary type; do
	trim() { sed 's/^ *//; s/ *$//' <<<"$1"; }
	get "$path"
	is "$STATUS|$(header Cache-Control)|$(header Vary)|$(header Content-Type)" "200|$(trim "$caching")|$(trim "$vary")|$(trim "$type")" "as the page says: ${path##*/}"
	like "$(header ETag)" '^"[^"]+"$' "with a strong tag"
	isnt "$(header Last-Modified)$(header Accept-Ranges)" "" "a date and ranges"
	is "$(header Content-Length)" 88 "and its exact length"
	is "$(header Set-Cookie)" "" "no cookie"
done < <(rows)
get "$TAR"
is "$(header ETag)" "\"$digest\"" "the tag of a published file is its digest"

# Freshness.
get /streams/v1/images.json
tag=$(header ETag)
get /streams/v1/images.json -H "If-None-Match: $tag"
is "$STATUS $(stat -c %s "$T/body")" "304 0" "an index that is the same is 304 without a body"
mkdir -p "$P/.gen/2"
cp -r "$P/.gen/1/." "$P/.gen/2/"
echo changed >"$P/.gen/2/streams/v1/images.json"
ln -s .gen/2 "$P/.live.new" && mv -T "$P/.live.new" "$P/.live"
get /streams/v1/images.json -H "If-None-Match: $tag"
is "$STATUS $(cat "$T/body")" "200 changed" "and 200 from the next request on"
get /none
is "$STATUS $(header Cache-Control)" "404 no-cache" "an error says no-cache"

# Cache key, encodings, ranges.
get "$TAR?bust=1"
is "$STATUS $(header ETag)" "200 \"$digest\"" "a query changes nothing"
get "$TAR" -H 'Cookie: a=b'
is "$STATUS $(header ETag)" "200 \"$digest\"" "nor a cookie"
get "$TAR" -H 'Accept-Encoding: gzip, br'
is "$(header Content-Encoding)$(header Vary)" "" "payloads are never encoded and never vary"
get "$TAR" -r 2-9 -H "If-Range: \"$digest\""
is "$STATUS $(header Content-Range)" "206 bytes 2-9/88" "a slice under If-Range"
get "$TAR" -r 2-9 -H 'If-Range: "other"'
is "$STATUS" 200 "of another file is the whole of this"
get "$TAR" -H 'Range: bytes=0-1,4-5'
is "$STATUS $(header Content-Length)" "200 88" "several slices are the whole file"

# Forwarded addresses are not believed.
stop_server "$SERVER_PID"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --log "$T/access" || exit 1
get "$TAR" -H 'X-Forwarded-For: 198.51.100.7' -H 'Forwarded: for=198.51.100.7'
sleep 2.5
is "$(cut -d' ' -f1 "$T/access")" 127.0.0.1 "the log knows who connected, not who is said to have"
stop_server "$SERVER_PID"

# Origins for the CDN alone.
printf 'cdn %s\n' "$(printf secret | sha256sum | cut -d' ' -f1)" >"$T/tokens"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tokens "$T/tokens" || exit 1
get "$TAR" -H 'Authorization: Bearer secret'
is "$STATUS $(header Cache-Control)" "200 private, max-age=31536000, immutable" "with a token replies are private"
stop_server "$SERVER_PID"
test_ca "$T/ca"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" \
	--client-ca "$T/ca/ca.crt" || exit 1
get "$TAR" --cacert "$T/ca/ca.crt"
is "$STATUS" 000 "who has no certificate is refused in the handshake"
get "$TAR" --cacert "$T/ca/ca.crt" --cert "$T/ca/server.crt" --key "$T/ca/server.key"
is "$STATUS $(header Cache-Control)" "200 public, max-age=31536000, immutable" "who has one gets the same headers"
done_testing
