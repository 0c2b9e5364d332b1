#!/bin/bash
# Servers that know their clients by certificate, servers that speak HTTP/2, and proxies before them.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

command -v nginx >/dev/null || skip_all "needs nginx"
hand_made
test_ca "$T/ca" && test_ca "$T/other" || skip_all "no openssl"
certificate() { # NAME CA: of a client, in $home/NAME.crt and NAME.key
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$home/$1.key" -out "$T/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$T/$1.csr" -CA "$T/$2/ca.crt" -CAkey "$T/$2/ca.key" -CAcreateserial -days 30 -out "$home/$1.crt" 2>/dev/null &&
		cat "$home/$1.crt" "$home/$1.key" >"$home/$1.pem" && chown ry-user "$home/$1".* && chmod 600 "$home/$1".*
}
certificate friend ca && certificate stranger other || exit 1
add() { client remote add "$1" "$URL" --fingerprint "$fpr" --ca "$T/ca/ca.crt" "${@:2}"; }
knows_its_clients() { # SERVER, which is at $URL
	exits 4 "$1 that wants certificates serves nobody without one" add p
	like "$ERR" "only clients with a certificate.*--cert and --key" "... which is said, and what to do"
	is "$(wc -l <<<"$ERR")" 1 "... in one sentence"
	exits 4 "nor one of another authority" add p --cert "$home/stranger.crt" --key "$home/stranger.key"
	like "$ERR" "does not accept the certificate '$home/stranger.crt'" "... which is named"
	exits 0 "who has one of its authority" add p --cert "$home/friend.crt" --key "$home/friend.key"
	exits 0 "... is served" client pull -q p:toy/1
	client remote rm p >/dev/null 2>&1
}

start_server rootyard-httpd --user ry-www --root "$T/tree" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --client-ca "$T/ca/ca.crt" || exit 1
knows_its_clients "our server"
exits 2 "a key that is another certificate's" add p --cert "$home/friend.crt" --key "$home/stranger.key"
like "$ERR" "'$home/friend.crt' and the key '$home/stranger.key'" "... both are named"
exits 0 "one file may hold both" add p --cert "$home/friend.pem"
exits 0 "... it will do" client list p:
rm "$home/friend.pem"
exits 8 "when it is gone" client list p:
like "$ERR" "cannot read the certificate '$home/friend.pem'" "... it is named"
client remote rm p >/dev/null 2>&1
stop_server "$SERVER_PID"

# nginx answers with a page instead, and speaks HTTP/2.
read -ra ports < <(python3 -c 'import socket; s = [socket.create_server(("127.0.0.1", 0)) for _ in "ab"]; print(*[x.getsockname()[1] for x in s])')
mkdir "$T/nginx"
cat >"$T/nginx.conf" <<N
daemon off; pid $T/nginx/pid; error_log $T/nginx/error.log; worker_processes 1; user nobody nogroup;
events { worker_connections 64; }
http { client_body_temp_path $T/nginx/b; proxy_temp_path $T/nginx/p; fastcgi_temp_path $T/nginx/f; uwsgi_temp_path $T/nginx/u; scgi_temp_path $T/nginx/s;
log_format spoken '\$server_protocol \$status \$uri'; access_log $T/nginx/access spoken;
root $T/tree; ssl_certificate $T/ca/server.crt; ssl_certificate_key $T/ca/server.key; ssl_client_certificate $T/ca/ca.crt;
server { listen 127.0.0.1:${ports[0]} ssl http2; }
server { listen 127.0.0.1:${ports[1]} ssl; ssl_verify_client on; } }
N
nginx -c "$T/nginx.conf" >"$T/nginx/said" 2>&1 &
SERVERS+=($!)
URL=https://127.0.0.1:${ports[0]}
for _ in $(seq 50); do curl -ks -o /dev/null "$URL/" && break; sleep 0.1; done
: >"$T/nginx/access"
rm -rf "$store/images"
exits 0 "a server that offers HTTP/2" add second
exits 0 "... is pulled from" client pull -q second:toy/1
is "$(cut -d' ' -f1 "$T/nginx/access" | sort -u)" HTTP/2.0 "... over it, every request"
like "$(cat "$T/nginx/access")" '^HTTP/2.0 200 .*rootfs.tar.zst' "... the files too"
URL=https://127.0.0.1:${ports[1]}
knows_its_clients nginx
like "$(tail -n 1 "$T/nginx/access")" '^HTTP/1.1 200' "a server that does not offer HTTP/2 is spoken to in HTTP/1.1"

# Proxies.
far=$URL
client remote rm second >/dev/null 2>&1
exits 0 "a private server" add p --cert "$home/friend.crt" --key "$home/friend.key"
start_server python3 "$here/forward-proxy.py" || exit 1
open_log=$SERVER_LOG.err open_proxy=$URL
start_server python3 "$here/forward-proxy.py" me:s3cret || exit 1
shut_log=$SERVER_LOG.err shut_proxy=$URL
rm -rf "$store/images"
AS_ENV+=("https_proxy=$open_proxy")
exits 0 "... is pulled from through a proxy" client pull -q p:toy/1
like "$(cat "$open_log")" "^CONNECT ${far#https://} HTTP/1.1" "... which is asked for a tunnel"
unlike "$(cat "$open_log")" "GET|Bearer" "... and sees nothing in it"
: >"$open_log"
AS_ENV+=("no_proxy=127.0.0.1")
exits 0 "for a server of no_proxy" client pull -q p:toy/1
is "$(cat "$open_log")" "" "... it is left out"
AS_ENV+=("no_proxy=" "https_proxy=${shut_proxy/\/\//\/\/me:s3cret@}")
exits 0 "a proxy that wants a password" client list p:
like "$(cat "$shut_log")" "^CONNECT ${far#https://}" "... gets it"
AS_ENV+=("https_proxy=${shut_proxy/\/\//\/\/me:wrong@}")
exits 4 "one that refuses it" client list p:
like "$ERR" "the proxy answers with status 407.*USER:PASSWORD" "... is told from the server"
unlike "$ERR" wrong "... without the password"
: >"$open_log"
start_server rootyard-httpd --user ry-www --root "$T/tree" --listen 127.0.0.1:0 || exit 1
AS_ENV+=("https_proxy=" "http_proxy=$open_proxy")
exits 0 "plain http" client remote add plain "$URL" --fingerprint "$fpr" --insecure-transport
rm -rf "$store/images"
exits 0 "... through a proxy" client pull -q plain:toy/1
like "$(tr -d '\000' <"$open_log")" "^GET $URL/images/.*rootfs.tar.zst" "... comes by it too"
done_testing
