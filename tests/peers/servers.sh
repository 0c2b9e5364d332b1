# shellcheck shell=bash
# servers.sh -- a small published tree behind each server that people use (sourced behind lib.sh).
#
# peer_tree            $PUBLIC: toy/one/amd64/default, two builds, the newest of this minute; $KEY its publish key
# peer_serve KIND DIR  serves DIR over TLS with the CA of $T/ca and sets URL; KIND is one of $PEER_SERVERS
# peer_tampered FILE   a copy of the tree in which the newest build's FILE has one byte changed
PEER_SERVERS=${PEER_SERVERS:-rootyard-httpd nginx apache rsync lftp}
PUBLIC=$T/tree/public KEY=$T/publish-key.asc

peer_tree() {
	local in=$T/incoming
	SERIAL=$(date -u +%Y%m%d_%H%M)
	BUILD_PATH=images/toy/one/amd64/default/$SERIAL
	chown ry-index "$T"
	printf 'schema: 1\ndistro: toy\ndefault_release: one\nreleases:\n  one: {version: "1", aliases: [stable]}\n' >"$T/releases.yaml"
	AS_ENV+=("ROOTYARD_TREE=$T/tree")
	as_user ry-index rootyard-index init -q --root-home "$T/root" --name "Peer test" --releases "$T/releases.yaml" >/dev/null 2>&1 &&
		"$TOP/tests/cli/make-incoming.py" "$in" toy/one/amd64/default 20260101_0000 seed=old pad=300000 squashfs=1 &&
		"$TOP/tests/cli/make-incoming.py" "$in" toy/one/amd64/default "$SERIAL" seed=new pad=300000 squashfs=1 &&
		as_user ry-index rootyard-index add -q --all "$in" >/dev/null &&
		as_user ry-index rootyard-index publish -q >/dev/null || { t_report 1 "a tree is published"; exit 1; }
	cp "$PUBLIC"/keys/*.asc "$KEY"
	test_ca "$T/ca"
	cat "$T/ca/ca.crt" "$T/ca/server.crt" >"$T/ca/all.crt"
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

peer_nginx() { # DIR PREFIX
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
	types { application/json json; }
	default_type application/octet-stream;
	client_body_temp_path $T/nginx.$port/body; proxy_temp_path $T/nginx.$port/proxy;
	fastcgi_temp_path $T/nginx.$port/fcgi; uwsgi_temp_path $T/nginx.$port/uwsgi; scgi_temp_path $T/nginx.$port/scgi;
	server {
		listen 127.0.0.1:$port ssl;
		ssl_certificate $T/ca/server.crt;
		ssl_certificate_key $T/ca/server.key;
		ssl_protocols TLSv1.2 TLSv1.3;
		autoindex on;
		gzip_static on;
		location $2/ { alias $1/; }
		location ~ /\\. { return 404; }
	}
}
N
	peer_start "https://127.0.0.1:$port$2" nginx -c "$T/nginx.$port/nginx.conf" -e "$T/nginx.$port/error.log"
}

peer_apache() { # DIR
	local port modules=/usr/lib/apache2/modules
	port=$(peer_port)
	mkdir -p "$T/apache.$port"
	cat >"$T/apache.$port/httpd.conf" <<A
ServerRoot $T/apache.$port
ServerName localhost
Listen 127.0.0.1:$port
PidFile $T/apache.$port/pid
ErrorLog $T/apache.$port/error.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule mime_module $modules/mod_mime.so
LoadModule ssl_module $modules/mod_ssl.so
User ry-www
Group ry-www
TypesConfig /etc/mime.types
DocumentRoot $1
SSLEngine on
SSLCertificateFile $T/ca/server.crt
SSLCertificateKeyFile $T/ca/server.key
<Directory $1>
	Options FollowSymLinks
	Require all granted
</Directory>
A
	[ -e /etc/mime.types ] || sed -i "s|^TypesConfig.*|TypesConfig $T/apache.$port/types|" "$T/apache.$port/httpd.conf"
	: >"$T/apache.$port/types"
	peer_start "https://127.0.0.1:$port" apache2 -X -f "$T/apache.$port/httpd.conf"
}

peer_httpd() { # DIR
	start_server as_user ry-www rootyard-httpd --root "$1" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key"
}

peer_serve() { # KIND DIR
	local copy=$T/copy.$1.$RANDOM
	case $1 in
	rootyard-httpd) peer_httpd "$2" ;;
	nginx) peer_nginx "$2" "" ;;
	apache) peer_apache "$2" ;;
	rsync) rsync -a "$2/" "$copy/" && peer_httpd "$copy" ;;
	lftp) # what a mirror sees is what a server lists; the copy stands under a prefix
		peer_nginx "$2" "" && mkdir "$copy" &&
			lftp -c "set ssl:ca-file $T/ca/ca.crt; mirror -X '.gen/*' $URL/ $copy" >"$T/lftp.log" 2>&1
		[ -e "$copy/meta/2/current" ] || { t_show "$(cat "$T/lftp.log")"; return 1; }
		peer_nginx "$copy" /mirror
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
