#!/bin/bash
# rootyard-httpd at full load on loopback for an hour, outside CI: are descriptors and memory flat?
#   httpd.sh CSV [MINUTES]     BIN: directory of the built programs (default build/plain)
# Load: wrk (from PATH) on small and large files, in clear and over TLS, a storm of hostile requests, and a publisher
# that turns the generation every ten seconds. One line every 15 s: seconds, fds, threads, RssAnon, RssFile (kB),
# connections, requests and wrong answers so far. Exit 1 when an answer was wrong or the server ended.
set -u
[ $# -ge 1 ] || { echo "usage: httpd.sh CSV [MINUTES]" >&2; exit 2; }
csv=$1 end=$((SECONDS + ${2:-60} * 60))
cd "$(dirname "$0")/../.." || exit 1
command -v wrk >/dev/null || { echo "httpd.sh: needs wrk" >&2; exit 2; }
ulimit -n "$(ulimit -Hn)"
W=$(mktemp -d /var/tmp/soak-httpd.XXXXXX)
started=()
cleanup() {
	: >"$W/over"
	[ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null
	wait
	rm -rf "$W"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

P=$W/public D=images/d/r/a/v/20261123_0207
mkdir -p "$P/$D" "$P/.gen"
for i in 0 1 2 3 4 5; do head -c $((i * i * 3000 + 10)) /dev/urandom >"$P/file$i"; done
head -c 3000000 /dev/urandom >"$P/file9"
head -c 1024 /dev/urandom >"$P/$D/1k"
head -c 1048576 /dev/urandom >"$P/$D/1m"
head -c 104857600 /dev/urandom >"$P/$D/100m"
generation() { # N
	mkdir -p "$P/.gen/$1/meta/1.0"
	head -c 20000 /dev/urandom | base64 >"$P/.gen/$1/meta/1.0/index-user"
	ln -s ".gen/$1" "$P/.live.new"
	mv -T "$P/.live.new" "$P/.live"
	rm -rf "$P/.gen/$(($1 - 3))"
}
generation 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>/dev/null
chmod -R a+rX "$W"

user=()
[ "$(id -u)" != 0 ] || user=(--user 65534)
"${BIN:-build/plain}/rootyard-httpd" --root "$P" --listen 127.0.0.1:0 --plain 127.0.0.1:0 --per-address 0 "${user[@]}" \
	--tls-cert "$W/cert.pem" --tls-key "$W/key.pem" --log "$W/log" >"$W/out" 2>"$W/err" &
server=$!
started+=("$server")
for _ in {1..50}; do [ "$(grep -c listening "$W/out")" = 2 ] && break; sleep 0.1; done
tls=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$W/out")
plain=$(sed -n 's/^listening on \(http:.*\)\/$/\1/p' "$W/out")

again() { # NAME CMD...: for as long as it lasts
	local name=$1
	shift
	while [ ! -e "$W/over" ]; do "$@" >>"$W/$name.load" 2>&1; done
}
again small wrk -t1 -c64 -d20s "$plain/$D/1k" &
again index wrk -t1 -c8 -d20s "$plain/meta/1.0/index-user" &
again large wrk -t1 -c8 -d20s "$plain/$D/1m" &
again huge wrk -t1 -c2 -d20s "$plain/$D/100m" &
again tls wrk -t1 -c16 -d20s "$tls/$D/1m" &
again storm python3 tests/cli/hostile-http.py storm "${plain##*:}" "$P" 0 20 &

count() { # requests of finished rounds
	cat "$W"/*.load 2>/dev/null | sed -n 's/^ *\([0-9]*\) requests in.*/\1/p; s/^{"requests": \([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}
wrong() {
	cat "$W"/*.load 2>/dev/null | grep -c 'Non-2xx\|Socket errors: connect [1-9]\|"wrong": \[[^]]'
}
echo "seconds,fds,threads,rss_anon_kb,rss_file_kb,connections,requests,wrong" >"$csv"
n=1 begin=$SECONDS
while [ $SECONDS -lt $end ] && kill -0 $server 2>/dev/null; do
	awk -v s=$((SECONDS - begin)) -v fds="$(find /proc/$server/fd -mindepth 1 2>/dev/null | wc -l)" -v sockets="$(find /proc/$server/fd -lname 'socket:*' 2>/dev/null | wc -l)" \
		-v count="$(count)" -v wrong="$(wrong)" -v OFS=, '/^Threads/ { t = $2 } /^RssAnon/ { a = $2 } /^RssFile/ { f = $2 }
		END { print s, fds, t, a, f, sockets, count, wrong }' /proc/$server/status >>"$csv"
	: >"$W/log"
	sleep 15
	n=$((n + 1))
	generation $n
done
kill -0 $server && [ "$(wrong)" = 0 ]
status=$?
[ $status = 0 ] || { grep -h 'Non-2xx\|Socket errors\|"wrong": \[[^]]' "$W"/*.load; cat "$W/err"; } >&2
exit $status
