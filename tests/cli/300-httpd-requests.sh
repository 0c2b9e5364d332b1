#!/bin/bash
# What rootyard-httpd answers to well-meant requests.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
BUILD_DIR=images/debian/trixie/amd64/default/20261123_0207
mkdir -p "$P/$BUILD_DIR" "$P/v2/debian/manifests" "$P/v2/debian/blobs" "$P/.gen/1/meta/1.0" \
	"$P/meta" "$P/pages" "$P/empty" "$P/images/x/1/amd64/default/20261123_16:30"
printf 0123456789 >"$P/digits"
: >"$P/nothing"
head -c 3000000 /dev/urandom >"$P/$BUILD_DIR/rootfs.tar.xz"
echo '<p>pages' >"$P/pages/index.html"
echo colon >"$P/images/x/1/amd64/default/20261123_16:30/SHA256SUMS"
echo 'line' >"$P/.gen/1/meta/1.0/index-user"
ln -s .gen/1 "$P/.live"
ln -s ../.live/meta/1.0 "$P/meta/1.0"
ln -s /etc "$P/out"
ln -s digits "$P/link"
mkfifo "$P/fifo"
manifest='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
printf %s "$manifest" >"$P/v2/debian/manifests/trixie"
hex=$(printf %s "$manifest" | sha256sum | cut -d' ' -f1)
ln "$P/v2/debian/manifests/trixie" "$P/v2/debian/manifests/sha256:$hex"
printf blob >"$P/v2/debian/blobs/sha256:$hex"
setfattr -n user.rootyard.sha256 -v "$hex" "$P/v2/debian/manifests/trixie"
touch -d '1994-11-06 08:49:37 UTC' "$P/digits"

start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 --log "$T/access" ||
	exit 1

# get PATH [CURL-ARGS...]: STATUS, HEAD (header lines), BODY
get() {
	local path=$1
	shift
	: >"$T/body"
	STATUS=$(curl -s --path-as-is -m 10 -o "$T/body" -D "$T/head" -w '%{http_code}' "$@" "$URL$path")
	HEAD=$(tr -d '\r' <"$T/head")
	BODY=$(tr -d '\000' <"$T/body" | head -c 200)
}
header() { printf '%s\n' "$HEAD" | sed -n "s/^$1: //Ip"; }

get /digits
is "$STATUS $BODY" "200 0123456789" "a file is served"
is "$(header Content-Length)" 10 "its length is exact"
is "$(header Accept-Ranges)" bytes "ranges are offered"
is "$(header X-Content-Type-Options)" nosniff "types are not to be guessed"
is "$(header Last-Modified)" "Sun, 06 Nov 1994 08:49:37 GMT" "the file's time is told"
like "$(header ETag)" '^"[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"$' "without a digest the tag is size, time and inode"
is "$(header Server)$(header Content-Encoding)" "" "neither server nor encoding is named"
ETAG=$(header ETag)
get /digits -I
is "$STATUS $(header Content-Length) $(header ETag)" "200 10 $ETAG" "HEAD tells what GET tells"
get /nothing
is "$STATUS $(header Content-Length)" "200 0" "an empty file is a file"
get /digits -0
is "$STATUS $BODY" "200 0123456789" "HTTP/1.0 works"
ok "a large file arrives whole" bash -c "curl -s '$URL/$BUILD_DIR/rootfs.tar.xz' | cmp - '$P/$BUILD_DIR/rootfs.tar.xz'"

get "//$BUILD_DIR//rootfs.tar.xz" -I
is "$STATUS" 200 "repeated slashes collapse"
like "$(header Cache-Control)" immutable "a dated path may be kept for ever"
is "$(header Content-Type)" application/x-xz "a tarball has its type"
get //meta/1.0/index-user
is "$STATUS $BODY" "200 line" "an index is reached through the live generation"
is "$(header Cache-Control)" no-cache "what the live generation holds is asked for again"
get /images/x/1/amd64/default/20261123_16:30/SHA256SUMS
is "$STATUS $BODY" "200 colon" "a colon may be raw"
get /images/x/1/amd64/default/20261123_16%3A30/SHA256SUMS
is "$STATUS $BODY" "200 colon" "a colon may be escaped"
get '/digits?x=../..'
is "$STATUS" 200 "a query changes nothing"
get /pages/
is "$STATUS $BODY" "200 <p>pages" "a directory shows its index.html"
get /pages
is "$STATUS $(header Location)" "301 ./pages/" "a directory without its slash is pointed at, relatively"
get /empty/
is "$STATUS" 404 "a directory without index.html is not there"
get /empty
is "$STATUS" 404 "with or without its slash"
get /digits/
is "$STATUS" 404 "a file is no directory"
get /none
is "$STATUS $(header Content-Length) $BODY" "404 10 not found" "what is not there is a short 404"
for hidden in /.live /.gen/1/meta/1.0/index-user /%2egen/1/meta/1.0/index-user /pages/./index.html; do
	get "$hidden"
	is "$STATUS" 404 "dot components are not served: $hidden"
done
for bad in /../etc/passwd /pages/../digits /%2e%2e/etc/passwd /pages%2f..%2fdigits /digits%00 /digits%00.txt \
	'/pages\..\digits' /a%5cb /%zz /a%0d%0ab; do
	get "$bad"
	is "$STATUS" 400 "refused: $bad"
done
for no in /out/passwd /out/ /link /fifo; do
	get "$no"
	is "$STATUS" 404 "neither links nor devices: $no"
done

# ranges
while read -r range want; do
	get /digits -H "Range: $range"
	is "$STATUS $(header Content-Range) $BODY" "$want" "Range: $range"
done <<'R'
bytes=0-0 206 bytes 0-0/10 0
bytes=3-5 206 bytes 3-5/10 345
bytes=7- 206 bytes 7-9/10 789
bytes=7-99 206 bytes 7-9/10 789
bytes=-2 206 bytes 8-9/10 89
bytes=-99 206 bytes 0-9/10 0123456789
bytes=10- 416 bytes */10 range not satisfiable
bytes=-0 416 bytes */10 range not satisfiable
bytes=5-4 200  0123456789
bytes=0-1,3-4 200  0123456789
lines=0-1 200  0123456789
bytes=a-b 200  0123456789
R
get /nothing -r 0-0
is "$STATUS $(header Content-Range)" "416 bytes */0" "an empty file has no first byte"
get /digits -I -r 3-5
is "$STATUS $(header Content-Length)" "200 10" "HEAD has no ranges"
get /digits -r 3-5 -H "If-Range: $ETAG"
is "$STATUS $BODY" "206 345" "If-Range with the tag continues"
get /digits -r 3-5 -H "If-Range: W/$ETAG"
is "$STATUS $BODY" "200 0123456789" "a weak tag starts again"
get /digits -r 3-5 -H 'If-Range: "other"'
is "$STATUS $BODY" "200 0123456789" "another tag starts again"
curl -s -r 0-1499999 "$URL/$BUILD_DIR/rootfs.tar.xz" >"$T/part"
curl -s -C - -o "$T/part" "$URL/$BUILD_DIR/rootfs.tar.xz"
ok "a download is resumed byte for byte" cmp "$T/part" "$P/$BUILD_DIR/rootfs.tar.xz"

# conditions
while IFS='|' read -r field want fact; do
	get /digits -H "${field//ETAG/$ETAG}"
	is "$STATUS" "$want" "$fact"
done <<'C'
If-None-Match: ETAG|304|If-None-Match with the tag
If-None-Match: "x", W/ETAG|304|If-None-Match in a list, weakly
If-None-Match: *|304|If-None-Match of anything
If-None-Match: "x"|200|If-None-Match with another tag
If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT|304|If-Modified-Since the file's time
If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT|200|If-Modified-Since a second before
If-Modified-Since: never|200|If-Modified-Since no date
If-Match: ETAG|200|If-Match with the tag
If-Match: "x"|412|If-Match with another tag
If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT|412|If-Unmodified-Since a second before
C
get /digits -H "If-None-Match: $ETAG"
is "$(header ETag)|$BODY" "$ETAG|" "304 has the tag and no body"
get /digits -H "If-None-Match: $ETAG" -r 0-1
is "$STATUS" 304 "a condition comes before a range"

# methods
get /digits -X DELETE
is "$STATUS $(header Allow)" "405 GET, HEAD" "other methods are not allowed"
get /digits -X OPTIONS
is "$STATUS" 405 "OPTIONS neither"
get /digits -d body
is "$STATUS $(header Connection)" "405 close" "POST is refused and the connection ends"
get /digits -X GET -d body
is "$STATUS $(header Connection)" "400 close" "GET with a body is refused and the connection ends"

# OCI
get /v2/
is "$STATUS $BODY $(header Docker-Distribution-API-Version) $(header Content-Type)" \
	"200 {} registry/2.0 application/json" "the registry says who it is"
get /v2/debian/manifests/trixie
is "$STATUS $(header Content-Type)" "200 application/vnd.oci.image.index.v1+json" "a manifest says its own type"
is "$(header Docker-Content-Digest)" "sha256:$hex" "and its digest, by tag"
is "$(header ETag)" "\"$hex\"" "the digest of the inode is the tag"
get "/v2/debian/manifests/sha256:$hex" -I
is "$STATUS $(header Content-Type) $(header Docker-Content-Digest)" \
	"200 application/vnd.oci.image.index.v1+json sha256:$hex" "the same by digest, with HEAD"
get "/v2/debian/blobs/sha256:$hex" -r 1-2
is "$STATUS $BODY $(header Docker-Content-Digest)" "206 lo sha256:$hex" "a blob has ranges"
get /v2/debian/manifests/none
is "$STATUS $(header Content-Type)" "404 application/json" "a missing manifest is JSON"
like "$BODY" '"code":"MANIFEST_UNKNOWN"' "with its code"
get /v2/debian/blobs/sha256:none
like "$BODY" '"code":"BLOB_UNKNOWN"' "a missing blob has its own"
get /v2/none/tags/list
like "$BODY" '"code":"NAME_UNKNOWN"' "a missing name has its own"

# clients with wishes
get /digits -A systemd-pull/252
is "$STATUS $(header Connection)" "200 close" "systemd-pull 252 gets one file per connection"
get /digits -A systemd-pull/257
is "$STATUS $(header Connection)" "200 " "systemd-pull 257 keeps its connection"

kill -TERM "$SERVER_PID"
wait "$SERVER_PID"
is $? 0 "SIGTERM ends the server well"
like "$(cat "$T/access")" '^127\.0\.0\.1 - - \[[^]]+ \+0000\] "GET /digits HTTP/1\.1" 200 10 "-" "curl/' "each request has a line in the log"
done_testing
