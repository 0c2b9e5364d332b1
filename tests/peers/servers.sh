# shellcheck shell=bash
# servers.sh -- a small published tree behind each server that people use (sourced behind lib.sh).
#
# peer_tree [WORD...]  $PUBLIC: $IMAGE, two builds, the newest of this minute, made with WORDs; $KEY its publish key
# peer_serve KIND DIR  serves DIR over TLS with the CA of $T/ca and sets URL; KIND is one of $PEER_SERVERS
# peer_stop            ends what peer_serve started
# peer_tampered FILE   a copy of the tree in which the newest build's FILE has one byte changed
#
# nginx, Apache and Caddy serve with the snippets that are installed. Facts begin "SERVER, CLIENT: ", which run.sh counts.
PEER_SERVERS=${PEER_SERVERS:-rootyard-httpd nginx apache caddy rsync lftp}
PUBLIC=$T/tree/public KEY=$T/publish-key.asc
ARCH=$(dpkg --print-architecture)
IMAGE=toy/one/$ARCH/default
SERVING=$STAGE$PREFIX/share/rootyard/serving

index() { as_user ry-index rootyard-index "$@"; }

peer_tree() {
	local in=$T/incoming
	SERIAL=$(date -u +%Y%m%d_%H%M)
	BUILD_PATH=images/$IMAGE/$SERIAL
	chown ry-index "$T"
	printf 'schema: 1\ndistro: toy\ndefault_release: one\nreleases:\n  one: {version: "1", aliases: [stable]}\n' >"$T/releases.yaml"
	AS_ENV+=("ROOTYARD_TREE=$T/tree")
	index init -q --root-home "$T/root" --name "Peer test" --releases "$T/releases.yaml" >/dev/null 2>&1 &&
		echo 'base_url: https://images.example.org' >>"$T/tree/site.yaml" &&
		"$TOP/tests/cli/make-incoming.py" "$in" "$IMAGE" 20260101_0000 seed=old pad=300000 squashfs=1 "$@" &&
		"$TOP/tests/cli/make-incoming.py" "$in" "$IMAGE" "$SERIAL" seed=new pad=300000 squashfs=1 "$@" &&
		index add -q --all "$in" >/dev/null && index publish -q >/dev/null || { t_report 1 "a tree is published"; exit 1; }
	cp "$PUBLIC"/keys/*.asc "$KEY"
	test_ca "$T/ca"
}

peer_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts CMD... which serves at $1, waits until it answers.
peer_start() {
	local i
	URL=$1
	shift
	(exec "$@") >"$T/server.$$.log" 2>&1 </dev/null &
	SERVER_PID=$!
	SERVERS+=("$SERVER_PID")
	for ((i = 0; i < 100; i++)); do
		curl -s -o /dev/null --cacert "$T/ca/ca.crt" "$URL/meta/1.0/index-user" && return
		kill -0 "$SERVER_PID" 2>/dev/null || break
		sleep 0.1
	done
	t_show "$(cat "$T/server.$$.log")"
	return 1
}

peer_stop() {
	local p
	for p in ${SERVERS[@]+"${SERVERS[@]}"}; do stop_server "$p"; done
	SERVERS=()
}

peer_nginx() { # LINES-OF-THE-SERVER [PREFIX]
	local port
	port=$(peer_port)
	mkdir -p "$T/nginx.$port"
	cat >"$T/nginx.$port/nginx.conf" <<N
daemon off;
user ry-www;
pid $T/nginx.$port/pid;
error_log $T/nginx.$port/error.log;
worker_processes 1;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/nginx.$port/body; proxy_temp_path $T/nginx.$port/proxy;
	fastcgi_temp_path $T/nginx.$port/fcgi; uwsgi_temp_path $T/nginx.$port/uwsgi; scgi_temp_path $T/nginx.$port/scgi;
	server {
		listen 127.0.0.1:$port ssl;
		ssl_certificate $T/ca/server.crt;
		ssl_certificate_key $T/ca/server.key;
		ssl_protocols TLSv1.2 TLSv1.3;
		$1
	}
}
N
	peer_start "https://127.0.0.1:$port${2:-}" nginx -c "$T/nginx.$port/nginx.conf" -e "$T/nginx.$port/error.log"
}

peer_apache() { # DIR
	local port modules=/usr/lib/apache2/modules m
	port=$(peer_port)
	mkdir -p "$T/apache.$port"
	{
		for m in mpm_event authn_core authz_core authz_host mime dir headers rewrite alias ssl; do
			echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		cat <<A
ServerRoot $T/apache.$port
ServerName localhost
Listen 127.0.0.1:$port
PidFile $T/apache.$port/pid
ErrorLog $T/apache.$port/error.log
User ry-www
Group ry-www
TypesConfig /dev/null
<Directory />
	AllowOverride None
	Require all granted
</Directory>
<VirtualHost *:$port>
	DocumentRoot $1
	SSLEngine on
	SSLCertificateFile $T/ca/server.crt
	SSLCertificateKeyFile $T/ca/server.key
	Include $SERVING/apache.conf
</VirtualHost>
A
	} >"$T/apache.$port/httpd.conf"
	peer_start "https://127.0.0.1:$port" apache2 -X -f "$T/apache.$port/httpd.conf"
}

peer_caddy() { # DIR
	local port home
	port=$(peer_port) home=$T/caddy.$(peer_port)
	install -d -o ry-www "$home"
	cat >"$home/Caddyfile" <<C
{
	admin off
	auto_https off
}
https://127.0.0.1:$port {
	tls $T/ca/server.crt $T/ca/server.key
	root * $1
	import $SERVING/Caddyfile
}
C
	peer_start "https://127.0.0.1:$port" setpriv --reuid ry-www --regid ry-www --clear-groups env HOME="$home" XDG_CONFIG_HOME="$home" XDG_DATA_HOME="$home" \
		caddy run --adapter caddyfile --config "$home/Caddyfile"
}

peer_httpd() { # DIR
	start_server as_user ry-www rootyard-httpd --root "$1" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key"
}

peer_serve() { # KIND DIR
	local copy=$T/copy.$1.$RANDOM
	case $1 in
	rootyard-httpd) peer_httpd "$2" ;;
	nginx) peer_nginx "root $2; include $SERVING/nginx.conf;" ;;
	apache) peer_apache "$2" ;;
	caddy) peer_caddy "$2" ;;
	rsync) rsync -a "$2/" "$copy/" && peer_httpd "$copy" ;;
	lftp) # what a mirror sees is what a server lists; the copy stands under a prefix
		peer_nginx "root $2; index none; autoindex on; location ~ /\\. { return 404; }" && mkdir "$copy" &&
			lftp -c "set ssl:ca-file $T/ca/ca.crt; mirror -X '.gen/*' $URL/ $copy" >"$T/lftp.log" 2>&1
		[ -e "$copy/meta/2/current" ] || { t_show "$(cat "$T/lftp.log")"; return 1; }
		peer_nginx "location /mirror/ { alias $copy/; }" /mirror
		;;
	esac
}

# peer_tampered FILE KIND: sets TAMPERED to a copy of the tree.
peer_tampered() {
	TAMPERED=$T/tampered.$RANDOM
	cp -a "$PUBLIC" "$TAMPERED"
	python3 - "$TAMPERED/$BUILD_PATH/$1" <<'P'
import os, sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
data[len(data) // 2] ^= 1
os.unlink(path)
open(path, "wb").write(data)
P
}

# judge FACT SCRIPT [NAME=VALUE...] [-- CMD...]: a judge of $PEERS against $URL, by CMD... where one is given, is content.
judge() {
	local fact=$1 script=$2 said vars=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do vars+=("$1"); shift; done
	[ $# = 0 ] || shift
	cp "$PEERS/$script" "$T/$script" # where CMD finds it as well
	said=$("$@" env CA_FILE="$T/ca/ca.crt" GPG_KEY="$KEY" DIST=toy RELEASE=one ARCH="$ARCH" VARIANT=default \
		SCRATCH="$T/j$RANDOM" "${vars[@]}" timeout 500 "$T/$script" "$URL" 2>&1)
	like "$said" "^${script%.sh}: OK" "$fact"
	t_show "$(tail -n 3 <<<"$said")"
}
