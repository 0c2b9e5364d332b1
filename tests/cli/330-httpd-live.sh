#!/bin/bash
# rootyard-httpd while the tree changes beneath it.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
BUILD_DIR=images/debian/trixie/amd64/default/20261123_0207
mkdir -p "$P/meta" "$P/$BUILD_DIR"
generation() { # N: what a publication does, by one rename
	mkdir -p "$P/.gen/$1/meta/1.0" "$P/.gen/$1/meta/2"
	echo "index $1" >"$P/.gen/$1/meta/1.0/index-user"
	echo "signature $1" >"$P/.gen/$1/meta/1.0/index-user.asc"
	echo "current $1" >"$P/.gen/$1/meta/2/current"
	switch "$1"
}
switch() {
	ln -sfn ".gen/$1" "$P/.live.new"
	mv -T "$P/.live.new" "$P/.live"
}
generation 1
ln -s ../.live/meta/1.0 "$P/meta/1.0"
mkdir "$P/meta/2"
ln -s ../../.live/meta/2/current "$P/meta/2/current"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 || exit 1
fetch() { curl -s -m 10 "$URL/$1"; }

is "$(fetch meta/1.0/index-user)" "index 1" "the first generation"
generation 2
is "$(fetch meta/1.0/index-user)" "index 2" "a new generation shows at once"
is "$(fetch meta/2/current)" "current 2" "everywhere"
echo "current 2b" >"$P/.gen/2/meta/2/new"
mv "$P/.gen/2/meta/2/new" "$P/.gen/2/meta/2/current"
is "$(fetch meta/2/current)" "current 2b" "a refresh of current shows at once"
fetch meta/1.0/index-user >/dev/null
generation 3
is "$(fetch meta/1.0/index-user.asc)" "signature 2" "a signature comes from the generation of the index that was read"
is "$(fetch meta/1.0/index-user)" "index 3" "reading the index again reads the new one"
is "$(fetch meta/1.0/index-user.asc)" "signature 3" "and its signature"
rm -rf "$P/.gen/3"
switch 2
is "$(fetch meta/1.0/index-user.asc)" "signature 2" "a generation that is gone is not promised"

# Publications in a loop, a client in a loop: never a pair of two generations.
(
	n=10
	while [ ! -e "$T/stop" ] && [ $n -lt 400 ]; do
		generation $n
		rm -rf "$P/.gen/$((n - 50))"
		n=$((n + 1))
	done
) &
bad=0
for _ in {1..60}; do
	index=$(fetch meta/1.0/index-user)
	signature=$(fetch meta/1.0/index-user.asc)
	[ "${index#index }" = "${signature#signature }" ] && [ -n "$index" ] || bad=$((bad + 1))
done
touch "$T/stop"
wait $!
is "$bad" 0 "60 pairs during publications, none torn"

# A file replaced under way: the old bytes to the end, for memory, mapping and reading alike.
for size in 900000 20000000 90000000; do
	head -c $size /dev/urandom >"$P/$BUILD_DIR/f$size"
	cp "$P/$BUILD_DIR/f$size" "$T/old"
	curl -s --limit-rate $((size / 2)) "$URL/$BUILD_DIR/f$size" >"$T/got" &
	loader=$!
	sleep 0.5
	head -c $size /dev/zero >"$P/$BUILD_DIR/new"
	mv "$P/$BUILD_DIR/new" "$P/$BUILD_DIR/f$size"
	wait $loader
	ok "replaced under way, $size bytes: the old ones to the end" cmp "$T/got" "$T/old"
done

# A file cut under way: the connection ends, the server does not.
for size in 20000000 90000000; do
	head -c $size /dev/urandom >"$P/$BUILD_DIR/cut$size"
	curl -s --limit-rate $((size / 3)) "$URL/$BUILD_DIR/cut$size" >"$T/got" &
	loader=$!
	sleep 0.5
	truncate -s 4096 "$P/$BUILD_DIR/cut$size"
	wait $loader
	is $? 18 "cut under way, $size bytes: the transfer is short, not padded"
	ok "what came is less than was promised" test "$(stat -c %s "$T/got")" -lt $size
	is "$(fetch meta/2/current | cut -d' ' -f1)" current "and the server lives"
done
# Also under TLS, and nobody else notices: another download of another file goes on beside it.
stop_server "$SERVER_PID"
test_ca "$T/ca"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" \
	--plain 127.0.0.1:0 --per-address 0 --threads 1 || exit 1
TLS=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$SERVER_LOG")
URL=$(sed -n 's/^listening on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
slowly() { curl -s -m 30 --cacert "$T/ca/ca.crt" --limit-rate 5M "$1/$BUILD_DIR/$2"; }
head -c 20000000 /dev/urandom >"$P/$BUILD_DIR/whole"
for base in "$URL" "$TLS"; do
	head -c 20000000 /dev/urandom >"$P/$BUILD_DIR/cut"
	slowly "$base" whole >"$T/whole" &
	other=$!
	slowly "$base" cut >"$T/got" &
	loader=$!
	sleep 1
	truncate -s 4096 "$P/$BUILD_DIR/cut"
	wait $loader
	rc=$?
	ok "${base%%:*}: of a file cut under way the transfer ends short ($rc)" test $rc = 18 -o $rc = 56
	ok "and is less than was promised" test "$(stat -c %s "$T/got")" -lt 20000000
	wait $other
	is $? 0 "another beside it, on the same thread, ends well"
	ok "with every byte" cmp "$T/whole" "$P/$BUILD_DIR/whole"
	ok "of the same process" kill -0 "$SERVER_PID"
	rm "$P/$BUILD_DIR/cut"
done

truncate -s 0 "$P/$BUILD_DIR/f20000000"
sleep 1.1
is "$(curl -s -o /dev/null -w '%{http_code} %{size_download}' "$URL/$BUILD_DIR/f20000000")" "200 0" "a cut file is looked at again"
rm "$P/$BUILD_DIR/f900000"
sleep 1.1
is "$(curl -s -o /dev/null -w '%{http_code}' "$URL/$BUILD_DIR/f900000")" 404 "a removed file is gone"
done_testing
