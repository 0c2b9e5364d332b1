#!/bin/bash
# How rootyard-httpd starts, what it keeps, how much it takes on, how it ends.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P/images/d/r/a/v/20261123_0207"
printf 0123456789 >"$P/digits"
head -c 40000000 /dev/urandom >"$P/images/d/r/a/v/20261123_0207/big"
BIG=images/d/r/a/v/20261123_0207/big
HTTPD=(rootyard-httpd --root "$P")

exits 2 "without --root it says so" rootyard-httpd --listen 127.0.0.1:0
like "$ERR" '^rootyard-httpd: .*--root' "in a sentence"
exits 2 "without a socket too" "${HTTPD[@]}"
like "$ERR" '--listen' "in a sentence"
exits 8 "a root that is not there" as_user ry-www rootyard-httpd --root "$T/none" --listen 127.0.0.1:0
like "$ERR" "cannot open directory '$T/none'" "is named"
exits 2 "an address that is none" "${HTTPD[@]}" --user ry-www --listen localhost
like "$ERR" "not 'localhost'" "is named"
exits 2 "root needs another user" "${HTTPD[@]}" --listen 127.0.0.1:0
like "$ERR" 'refuse to serve as root' "in a sentence"
exits 2 "who must not be root" "${HTTPD[@]}" --user root --listen 127.0.0.1:0
exits 8 "and must exist" "${HTTPD[@]}" --user no-such-user --listen 127.0.0.1:0
exits 2 "an unknown option" "${HTTPD[@]}" --lisen 127.0.0.1:0
like "$ERR" "did you mean '--listen'" "gets a hint"
exits 1 "a log that cannot be written" as_user ry-www "${HTTPD[@]}" --listen 127.0.0.1:0 --log /etc/none
like "$ERR" "/etc/none" "is named"
mkdir -m 700 "$T/private"
exits 1 "a root that its user cannot read" rootyard-httpd --user ry-www --root "$T/private" --listen 127.0.0.1:0
like "$ERR" 'cannot read the root directory' "is refused before anything is served"

start_server "${HTTPD[@]}" --user ry-www --listen 127.0.0.1:0 --per-address 5 --threads 2 || exit 1
exits 1 "a port in use" as_user ry-www "${HTTPD[@]}" --listen "${URL#http://}"
like "$ERR" "^rootyard-httpd: cannot listen on '${URL#http://}': Address already in use$" "is one sentence"

S=$(cat "/proc/$SERVER_PID/status")
like "$S" '^Uid:[[:space:]]60102[[:space:]]60102[[:space:]]60102[[:space:]]60102$' "it serves as its user"
like "$S" '^Groups:[[:space:]]*$' "with no other group"
like "$S" '^CapEff:[[:space:]]0+$' "no capability"
like "$S" '^CapBnd:[[:space:]]0+$' "and none to gain"
like "$S" '^NoNewPrivs:[[:space:]]1$' "no new privileges"
if [ "$SAN" = plain ]; then like "$S" '^Seccomp:[[:space:]]2$' "its calls are filtered"; fi

# The tree is read through a view of its own, which not even root writes through.
view=$(find "/proc/$SERVER_PID/fd" -lname "$P" -o -lname / -type l | head -n 1)
says() { LC_ALL=C bash -c "$1" 2>&1 | grep -o 'Read-only file system'; }
is "$(says ": >'$view/new'")" "Read-only file system" "through the server's view of the tree nobody makes a file"
is "$(says ": >>'$view/digits'")" "Read-only file system" "or changes one"
is "$(says "rm '$view/digits'")" "Read-only file system" "or removes one"
ok "beside it the tree is written as before" touch "$P/new"
ok "which is seen through it" test -e "$view/new"
rm "$P/new"

# Six of one address while five may: the sixth is refused, the others are served.
PORT=${URL##*:}
said=
for i in 5 6 7 8 9; do
	eval "exec $i<>/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n' >&$i
	read -r -t 5 line <&$i
	said+="${line#* } "
done
is "$(printf %s "$said" | tr '\r' ' ')" "200 OK  200 OK  200 OK  200 OK  200 OK  " "five connections of one address are served"
told=
for _ in {1..20}; do told+="$(curl -s -m 5 -o "$T/body" -D "$T/head" -w '%{http_code} %{size_download} ' "$URL/digits")"; done
is "$told" "$(printf '503 39 %.0s' {1..20})" "the sixth is told why not, each time"
like "$(cat "$T/head")" '^Retry-After: 5' "and when to come again"
silent=$(timeout 8 cat <"/dev/tcp/127.0.0.1/$PORT")
is "$(head -n 1 <<<"$silent" | tr -d '\r') $?" "HTTP/1.1 503 Service Unavailable 0" "one that asks nothing too, and is closed"
for i in 5 6 7 8 9; do eval "exec $i>&-"; done
sleep 0.5
is "$(curl -s -m 5 "$URL/digits")" 0123456789 "when they have gone, the next is"
stop_server "$SERVER_PID"

# A thousand requests of every kind leave as many descriptors as before.
start_server "${HTTPD[@]}" --user ry-www --listen 127.0.0.1:0 --per-address 0 --threads 2 || exit 1
fds() { find "/proc/$SERVER_PID/fd" -mindepth 1 | wc -l; }
rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$SERVER_PID/status"; }
mixed() {
	local i
	for ((i = 0; i < 100; i++)); do
		printf 'url = "%s/digits"\nnext\nurl = "%s/none"\nnext\nurl = "%s/digits"\nrange = 2-4\nnext\n' "$URL" "$URL" "$URL"
		printf 'url = "%s/%s"\nrange = 1000000-1000999\nnext\nurl = "%s/digits"\nhead\nnext\n' "$URL" "$BIG" "$URL"
	done >"$T/mixed"
	curl -s -K "$T/mixed" >/dev/null 2>&1
}
mixed
sleep 1
before=$(fds)
size=$(rss)
mixed
mixed
sleep 1
is "$(fds)" "$before" "1,000 mixed requests leave no descriptor behind"
ok "and no memory ($size kB, then $(rss) kB)" test "$(rss)" -le $((size + 4096))

# SIGTERM: what flows finishes, nothing new is accepted.
curl -s --limit-rate 12M "$URL/$BIG" >"$T/got" &
loader=$!
exec 3<>"/dev/tcp/127.0.0.1/${URL##*:}"
printf 'GET /digits HTTP/1.1\r\nHost: x\r\n\r\n' >&3
sleep 0.7
kill -TERM "$SERVER_PID"
sleep 0.3
ok "the server waits for the download under way" kill -0 "$SERVER_PID"
not_ok "and accepts nothing more" curl -s -m 3 "$URL/digits"
timeout 2 cat <&3 >"$T/idle"
isnt $? 124 "an idle connection is closed at once"
wait "$SERVER_PID"
is $? 0 "the server ends well"
wait $loader
ok "the download is whole" cmp "$T/got" "$P/$BIG"

start_server as_user ry-www "${HTTPD[@]}" --listen 127.0.0.1:0 --listen '[::1]:0' --log - || exit 1
like "$(sed -n 2p "$SERVER_LOG")" '^listening on http://\[::1\]:[0-9]+/$' "an IPv6 socket is announced"
is "$(curl -gs -m 5 "$URL/digits")" 0123456789 "and served, by an ordinary user"
sleep 1.5
like "$(cat "$SERVER_LOG")" '^::1 - - \[.*"GET /digits HTTP/1.1" 200 10' "with its log on stdout"
server=$(pgrep -u ry-www -f "rootyard-httpd --root $P" | tail -n 1)
kill "$server"
stop_server "$SERVER_PID"

# Each option stands in the manual, and the other way round.
options() { grep -oE -- '--[a-z][a-z-]+' | sort -u | tr '\n' ' '; }
help=$(rootyard-httpd --help | options)
page=$(sed -n 's/^\.It Fl -\([a-z-]*\).*/--\1/p' "$TOP/docs/rootyard-httpd.1" | sort -u | tr '\n' ' ')
is "$page" "$help" "the manual lists the options of --help"
done_testing
