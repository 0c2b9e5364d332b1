#!/bin/bash
# Publications in a loop, readers in a loop: no reader ever holds a pair that does not match, and
# nothing that an index named is missing, however slow its reader. PUBLICATIONS=n says how many, BUDGET=s
# that no new one begins after so many seconds. In a run of a hundred or more the slow reader stays slow to its
# end (in a short one until five generations and a prune are behind it), and a second reader asks nginx, which
# promises nothing about pairs: there the retry has something to mend.
. "$(dirname "$0")/../lib.sh"
PUBLICATIONS=${PUBLICATIONS:-24} BUDGET=${BUDGET:-86400}

tree=$T/tree public=$T/tree/public image=toy/one/amd64/default
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/r"
index init -q --root-home "$T/r" --name race >/dev/null 2>&1 || exit 1
echo 'retention: {keep: 3, keep_days: 0, grace_days: 12}' >>"$tree/site.yaml"

n=0
publish_next() { # [PAD]: one more build, admitted and published
	local serial
	serial=$(date -u -d "@$((1767225600 + n * 60))" +%Y%m%d_%H%M)
	"$TOP/tests/cli/make-incoming.py" "$T/in" "$image" "$serial" pad="${1:-20000}" seed="$serial" &&
		index add -q --force "$T/in/$image/$serial" >/dev/null && index publish -q >/dev/null || return 1
	rm -rf "$T/in"
	n=$((n + 1))
}
publish_next && publish_next 1000000 || exit 1
oldest=images/$image/20260101_0001/rootfs.tar.xz
sum=$(sha256sum <"$public/$oldest")
index key export --binary >"$T/keyring.gpg"
start_server rootyard-httpd --user ry-www --root "$public" --listen 127.0.0.1:0 --per-address 0 || exit 1

# A reader with a small window that takes 4 kB a second, until it may go on, and hashes what came.
cat >"$T/slow.py" <<'P'
import hashlib, os, socket, sys, time, urllib.parse
where = urllib.parse.urlsplit(sys.argv[1])
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect((where.hostname, where.port))
s.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % where.path.encode())
got, start = b"", time.monotonic()
while True:
    part = s.recv(2048)
    if not part:
        break
    got += part
    while time.monotonic() < start + len(got) / 4096 and not os.path.exists(sys.argv[2]):
        time.sleep(0.05)
head, _, body = got.partition(b"\r\n\r\n")
print(hashlib.sha256(body).hexdigest(), "", "-")
P
python3 "$T/slow.py" "$URL/$oldest" "$T/go-on" >"$T/slow" &
slow=$!
nice -n 19 "$TOP/tests/cli/race-client.py" "$URL" "$T/keyring.gpg" "$T/stop" >"$T/reader" 2>&1 &
reader=$!
plain=
if [ "$PUBLICATIONS" -ge 100 ] && command -v nginx >/dev/null; then
	mkdir -m 755 "$T/nginx"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$T/nginx/nginx.conf" <<N
daemon off; pid $T/nginx/pid; error_log $T/nginx/error.log; user nobody nogroup; events { worker_connections 64; }
http { access_log off; client_body_temp_path $T/nginx/b; proxy_temp_path $T/nginx/p; fastcgi_temp_path $T/nginx/f; uwsgi_temp_path $T/nginx/u; scgi_temp_path $T/nginx/s;
server { listen 127.0.0.1:$port; root $public; include $STAGE$PREFIX/share/rootyard/serving/nginx.conf; } }
N
	nginx -c "$T/nginx/nginx.conf" >"$T/nginx/log" 2>&1 &
	SERVERS+=($!)
	for _ in $(seq 50); do curl -s -o /dev/null "http://127.0.0.1:$port/" && break; sleep 0.1; done
	nice -n 19 "$TOP/tests/cli/race-client.py" "http://127.0.0.1:$port" "$T/keyring.gpg" "$T/stop" >"$T/plain" 2>&1 &
	plain=$!
fi

fact=0
for ((i = 1; i <= PUBLICATIONS && (i <= 5 || SECONDS < BUDGET); i++)); do
	publish_next || { t_show "publication $i failed"; fact=1; break; }
	[ $((i % 5)) != 0 ] || index prune -q >/dev/null || { t_show "prune behind publication $i failed"; fact=1; break; }
	[ $i = 5 ] || continue
	kill -0 "$slow" 2>/dev/null
	under_way=$?
	[ "$PUBLICATIONS" -ge 100 ] || : >"$T/go-on"
done
PUBLICATIONS=$((i - 1))
is "$fact $(readlink "$public/.live")" "0 .gen/$((2 + PUBLICATIONS + PUBLICATIONS / 5))" "$PUBLICATIONS publications, and behind each fifth a prune that publishes, too"
: >"$T/stop"
wait "$reader"
t_show "$(cat "$T/reader")"
is "$(grep -v '^rounds' "$T/reader" | wc -l)" 0 "no pair is bad after its retry, and nothing an index named is missing"
ok "... in rounds that went on meanwhile" test "$(sed -n 's/^rounds \([0-9]*\) .*/\1/p' "$T/reader")" -ge 5
if [ -n "$plain" ]; then
	wait "$plain"
	t_show "nginx: $(cat "$T/plain")"
	is "$(grep -v '^rounds' "$T/plain" | wc -l)" 0 "nor from a server that knows nothing of pairs"
	ok "... where some were read twice" test "$(sed -n 's/.* retried \([0-9]*\) .*/\1/p' "$T/plain")" -ge 1
fi
is "${under_way:-1}" 0 "a reader at 4 kB/s was under way across five generations and a prune"
wait "$slow"
is "$(cat "$T/slow")" "$sum" "... and has the whole file of a build that no index names any more"
unlike "$(cut -d';' -f6 "$public/meta/1.0/index-user") $(index list)" "${oldest%/*}" "which left the index meanwhile"
exits 0 "the tree is whole" index fsck
done_testing
