#!/bin/bash
# rootyard-httpd: ready-made encodings, pages, listings, prefix, payloads from elsewhere.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
DATED=images/debian/trixie/amd64/default/20261123_0207
mkdir -p "$P/.gen/1/streams/v1" "$P/.gen/1/meta/1.0" "$P/meta" "$P/pages" "$P/pks" "$P/badge" "$P/$DATED" \
	"$P/v2/debian/manifests" "$P/v2/debian/tags" "$P/v2/debian/blobs" "$P/listed/sub" "$P/listed/with"
ln -s .gen/1 "$P/.live"
ln -s .live/streams "$P/streams"
ln -s ../.live/meta/1.0 "$P/meta/1.0"
ln -s .live/index.html "$P/index.html"
long() { printf "$1 %04d\n" {1..200}; }
companions() { # FILE: its three encodings, of which only gzip is made by a tool here
	gzip -9nk "$1"
	zstd -q -19 "$1" -o "$1.zst"
	printf 'brotli of %s' "${1##*/}" >"$1.br"
}
for f in .gen/1/index.html .gen/1/streams/v1/images.json .gen/1/meta/1.0/index-user pages/index.html "$DATED/build.log"; do
	long "${f##*/}" >"$P/$f"
	companions "$P/$f"
done
long sums >"$P/$DATED/SHA256SUMS"
long sig >"$P/$DATED/SHA256SUMS.asc"
head -c 100000 /dev/zero >"$P/$DATED/rootfs.tar.xz"
for f in SHA256SUMS SHA256SUMS.asc rootfs.tar.xz; do gzip -9nk "$P/$DATED/$f"; done
long key >"$P/pks/lookup"
echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$P/badge/x.svg"
printf '{"name":"debian","tags":["trixie"]}' >"$P/v2/debian/tags/list"
gzip -9nk "$P/v2/debian/tags/list"
printf blob >"$P/v2/debian/blobs/sha256:$(printf blob | sha256sum | cut -d' ' -f1)"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 || exit 1

# get PATH [CURL-ARGS...]: STATUS, HEAD (header lines), the body in $T/body
get() {
	local path=$1
	shift
	: >"$T/body"
	STATUS=$(curl -sg --path-as-is -m 10 -o "$T/body" -D "$T/head" -w '%{http_code}' "$@" "$URL$path")
	HEAD=$(tr -d '\r' <"$T/head")
}
header() { printf '%s\n' "$HEAD" | sed -n "s/^$1: //Ip"; }
coding() { # PATH ACCEPT-ENCODING: CODED is the status and the encoding
	get "$1" -H "Accept-Encoding: $2"
	CODED="$STATUS $(header Content-Encoding)"
}

coding /streams/v1/images.json gzip
is "$CODED" "200 gzip" "an index comes gzipped to who takes gzip"
is "$(header Content-Type)" application/json "with the type of the index"
is "$(header Vary)" Accept-Encoding "and a word to caches"
is "$(header Content-Length)" "$(stat -Lc %s "$P/streams/v1/images.json.gz")" "its length is that of what is sent"
ok "and its bytes are those of the companion" cmp "$T/body" "$P/streams/v1/images.json.gz"
GZIP_TAG=$(header ETag)
get /streams/v1/images.json
is "$STATUS $(header Content-Encoding)" "200 " "without the question it comes as it is"
is "$(header Vary)" Accept-Encoding "which caches are told as well"
ok "byte for byte" cmp "$T/body" "$P/streams/v1/images.json"
isnt "$(header ETag)" "$GZIP_TAG" "each representation has a tag of its own"
get /streams/v1/images.json -H 'Accept-Encoding: gzip' -H "If-None-Match: $GZIP_TAG"
is "$STATUS $(header ETag) $(header Vary)" "304 $GZIP_TAG Accept-Encoding" "which is what is revalidated"
get /streams/v1/images.json -H "If-None-Match: $GZIP_TAG"
is "$STATUS" 200 "the tag of one says nothing of the other"
get /streams/v1/images.json -H 'Accept-Encoding: gzip' -r 2-5
is "$STATUS $(header Content-Range)" "206 bytes 2-5/$(stat -Lc %s "$P/streams/v1/images.json.gz")" "a range is one of what is sent"
get /streams/v1/images.json -H 'Accept-Encoding: gzip' -I
is "$STATUS $(header Content-Encoding) $(header ETag)" "200 gzip $GZIP_TAG" "HEAD tells what GET tells"
coding /streams/v1/images.json 'gzip, deflate, br, zstd'
is "$CODED" "200 br" "the smallest of equals"
coding /streams/v1/images.json 'gzip;q=0.3, zstd;q=0.8'
is "$CODED" "200 zstd" "the one liked best"
coding /streams/v1/images.json 'gzip;q=0, *;q=0.1'
is "$CODED" "200 br" "any other"
coding /streams/v1/images.json 'br;q=0.1, identity;q=0.5'
is "$CODED" "200 " "as it is when that is liked better"
coding /streams/v1/images.json 'gzip;q=nonsense'
is "$CODED" "200 " "as it is when the wish makes no sense"
coding /streams/v1/images.json.gz gzip
is "$CODED" "200 " "a companion asked for by name is a file"
is "$(header Content-Type)" application/gzip "of its own type"
coding /meta/1.0/index-user gzip
is "$CODED" "200 gzip" "the LXC index too"
coding / br
is "$CODED" "200 br" "the page at the top, in the generation alone"
is "$(cat "$T/body")" "brotli of index.html" "is the companion that lies in the generation"
coding /pages/ zstd
is "$CODED" "200 zstd" "the page of a directory"
coding "/$DATED/build.log" zstd
is "$CODED" "200 zstd" "a log"
ok "decodes to the log" cmp "$P/$DATED/build.log" <(zstd -dcq "$T/body")

for f in "$DATED/SHA256SUMS" "$DATED/SHA256SUMS.asc" "$DATED/rootfs.tar.xz" v2/debian/tags/list; do
	coding "/$f" 'gzip, *'
	is "$CODED$(header Vary)" "200 " "${f##*/} is never encoded"
done

# A page that was replaced is not answered with the companion of the old one.
long changed >"$P/pages/new"
touch -d '+2 seconds' "$P/pages/new"
mv "$P/pages/new" "$P/pages/index.html"
coding /pages/ zstd
is "$CODED" "200 " "a companion older than its page is not used"
like "$(cat "$T/body")" '^changed 0001' "the new page is"
echo short >"$P/pages/short.html"
gzip -9nk "$P/pages/short.html"
coding /pages/short.html gzip
is "$CODED" "200 " "nor is one that is no smaller"

# A new generation with and without companions.
mkdir -p "$P/.gen/2/streams/v1"
long new >"$P/.gen/2/streams/v1/images.json"
ln -sfn .gen/2 "$P/.live.new" && mv -T "$P/.live.new" "$P/.live"
coding /streams/v1/images.json gzip
is "$CODED" "200 " "a new generation has its own companions, or none"
like "$(cat "$T/body")" '^new 0001' "never those of another"

# The walls of pages, types of what is no page.
ln -sfn .gen/1 "$P/.live.new" && mv -T "$P/.live.new" "$P/.live"
for f in / /badge/x.svg; do
	get "$f"
	like "$(header Content-Security-Policy)" "^default-src 'none';.*frame-ancestors 'none'" "$f loads from us alone"
	is "$(header Referrer-Policy) $(header X-Content-Type-Options)" "no-referrer nosniff" "and tells nobody"
done
get /streams/v1/images.json
is "$(header Content-Security-Policy)" "" "an index is no page"
get '/pks/lookup?op=get&options=mr&search=0xABCDEF'
is "$STATUS $(header Content-Type)" "200 application/pgp-keys" "a key server's question is answered with keys"
get /v2/
is "$STATUS $(header Docker-Distribution-API-Version) $(cat "$T/body")" "200 registry/2.0 {}" "a registry says it is one"
get "/$DATED/rootfs.tar.xz" -H 'Expect: 100-continue'
is "$STATUS" 200 "an expectation is met"
get "/$DATED/rootfs.tar.xz" -A systemd-pull/252.39
is "$(header Connection)" close "an old systemd-pull gets one connection per file"
get "/$DATED/rootfs.tar.xz" -A systemd-pull/257.1
is "$(header Connection)" "" "a newer one keeps it"
get /listed/
is "$STATUS" 404 "directories are not listed unasked"
stop_server "$SERVER_PID"

# --autoindex
printf 12345 >"$P/listed/b:1 <&\"x"
printf 1 >"$P/listed/a%2f"
echo secret >"$P/listed/.hidden"
printf page >"$P/listed/with/index.html"
printf bad >"$P/listed/"$'\xff'
ln -s /etc "$P/listed/out"
mkfifo "$P/listed/fifo"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --autoindex || exit 1
get /listed/
is "$STATUS $(header Content-Type) $(header Cache-Control)" "200 text/html; charset=utf-8 no-cache" "--autoindex lists"
is "$(grep -oE '<a href="[^"]*"' "$T/body" | cut -d'"' -f2 | tr '\n' ' ')" \
	"../ ./a%252f ./b:1%20%3C%26%22x ./sub/ ./with/ ./%FF " "sorted, escaped, without dots, links and fifos"
like "$(cat "$T/body")" '>b:1 &#60;&#38;&#34;x</a>.*<td>5' "names are no markup, sizes are told"
like "$(header Content-Security-Policy)" "default-src 'none'" "behind the same walls"
get '/listed/b:1%20%3C%26%22x'
is "$STATUS $(cat "$T/body")" "200 12345" "a link of the list leads there"
get /listed/ -I
is "$STATUS" 200 "HEAD of a list"
get /listed
is "$STATUS $(header Location)" "301 ./listed/" "a directory without its slash is pointed at"
get /listed/with/
is "$STATUS $(cat "$T/body")" "200 page" "index.html goes before a list"
get /listed/none/
is "$STATUS" 404 "what is not there is not listed"
get /listed/out/
is "$STATUS" 404 "nor what a link leads to"
get /listed/.hidden
is "$STATUS" 404 "nor what has a dot"
mv "$P/.gen/1/index.html" "$T/"
get /
like "$(cat "$T/body")" 'href="./streams/"' "the fixed links of a tree are listed as what they lead to"
unlike "$(cat "$T/body")" '\.gen|\.live' "the generations are not"
mv "$T/index.html" "$P/.gen/1/"
get /streams/v1/
like "$(cat "$T/body")" 'href="./images.json"' "and can be listed"
stop_server "$SERVER_PID"

# --prefix
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --prefix /a/b/ || exit 1
get /a/b/streams/v1/images.json
is "$STATUS" 200 "a tree beneath a prefix"
get //a//b//streams/v1/images.json
is "$STATUS" 200 "with slashes to spare"
get /a/b
is "$STATUS $(header Location)" "301 ./b/" "the prefix itself is a directory"
get /a/b/
is "$STATUS" 200 "with the page of the top"
for f in /streams/v1/images.json /a/bc /a/ / /a/b../x; do
	get "$f"
	is "$STATUS" 404 "$f is not beneath it"
done
get /v2/debian/tags/list
is "$STATUS" 200 "a registry is at the top in any case: its clients know no prefix"
stop_server "$SERVER_PID"
exits 2 "a prefix with dots" rootyard-httpd --root "$P" --user ry-www --listen 127.0.0.1:0 --prefix ../x
like "$ERR" "^rootyard-httpd: --prefix '../x' is no plain path" "is refused"

# --payload-redirect
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --payload-redirect https://bucket.example/x/ || exit 1
get "/$DATED/rootfs.tar.xz"
is "$STATUS $(header Location)" "307 https://bucket.example/x/$DATED/rootfs.tar.xz" "a payload is sent for"
is "$(header Cache-Control)" no-cache "each time anew"
get "/images/d/r/a/v/20261123_16:30/rootfs%20x.tar.xz" -I
is "$STATUS $(header Location)" "307 https://bucket.example/x/images/d/r/a/v/20261123_16:30/rootfs%20x.tar.xz" "whether it is here or not, escaped"
get "/v2/debian/blobs/sha256:00"
is "$STATUS $(header Location)" "307 https://bucket.example/x/v2/debian/blobs/sha256:00" "so is a blob"
for f in "$DATED/SHA256SUMS" "$DATED/SHA256SUMS.asc" streams/v1/images.json v2/debian/tags/list; do
	get "/$f"
	is "$STATUS" 200 "${f##*/} is served here"
done
exits 2 "an address that is no URL" rootyard-httpd --root "$P" --user ry-www --listen 127.0.0.1:0 --payload-redirect bucket
like "$ERR" "--payload-redirect takes an http or https URL" "is refused"

# --acme-dir
mkdir "$T/acme"
stop_server "$SERVER_PID"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --acme-dir "$T/acme" --prefix p || exit 1
get /.well-known/acme-challenge/tok-en_1
is "$STATUS" 404 "a challenge that is not there"
printf 'tok-en_1.thumb' >"$T/acme/tok-en_1"
get /.well-known/acme-challenge/tok-en_1
is "$STATUS $(cat "$T/body")" "200 tok-en_1.thumb" "is answered as soon as it is"
for f in /.well-known/acme-challenge/ /.well-known/acme-challenge/../../p/index.html /.well-known/acme-challenge/.x /.well-known/acme-challenge/a/b /.well-known/x; do
	get "$f"
	like "$STATUS" '^40[04]$' "$f is none"
done
done_testing
