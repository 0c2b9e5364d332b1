#!/bin/bash
# The configurations for nginx, Apache and Caddy that ship, each serving a published tree: what readers rely on.
. "$(dirname "$0")/../lib.sh"

command -v nginx >/dev/null || skip_all "needs nginx"
command -v apache2 >/dev/null || skip_all "needs apache2-bin"
command -v caddy >/dev/null || skip_all "needs caddy"
tree=$T/tree
index() { as_user ry-index rootyard-index "$@"; }
chown ry-index "$T"
index init -q -C "$tree" --root-home "$T/root" >/dev/null 2>&1 || exit 1
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260101_0000 pad=9000
index add -q -C "$tree" --all "$T/in" >/dev/null && index publish -q -C "$tree" >/dev/null || exit 1
conf=$STAGE$PREFIX/share/rootyard/serving
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
dir=images/toy/one/amd64/default/20260101_0000
index=sha256:$(sha256sum <"$tree/public/v2/toy/manifests/one" | cut -d' ' -f1)
manifest=$(grep -o '"digest":"sha256:[0-9a-f]*' "$tree/public/v2/toy/manifests/one" | cut -d'"' -f4)
object=$(find "$tree/public/meta/2/objects" -type f ! -name "*.zst" -printf "%f\n" | head -n 1)

get() { # PATH [CURL OPTION...]: status in STATUS, headers in HEAD, body in $T/body
	STATUS=$(curl -s -o "$T/body" -D "$T/head" -w '%{http_code}' --path-as-is "${@:2}" "$URL/$1")
	HEAD=$(tr -d '\r' <"$T/head")
}
header() { sed -n "s/^$1: //Ip" <<<"$HEAD"; }

serves() { # NAME
	get "$dir/rootfs.tar.xz"
	is "$STATUS $(header content-type) $(header cache-control) $(header content-encoding)" "200 application/x-xz public, max-age=31536000, immutable " "$1: a tarball is what it is, for ever"
	ok "... byte by byte" cmp "$T/body" "$tree/public/$dir/rootfs.tar.xz"
	get "$dir/rootfs.tar.xz" -r 10-19
	is "$STATUS $(stat -c %s "$T/body")" "206 10" "... a part of it, too"
	etag=$(header etag)
	get "$dir/rootfs.tar.xz" -H "If-None-Match: $etag"
	is "$STATUS" 304 "... and not again to who has it"
	get "$dir/rootfs.tar.zst"
	is "$(header content-type) $(header content-encoding)" "application/zstd " "zstd is not undone on the way"
	get "/$dir//rootfs.tar.xz"
	is "$STATUS" 200 "slashes are collapsed, as LXC needs"
	get "$dir/rootfs.tar.xz.asc"
	is "$(header content-type) $(header cache-control)" "application/pgp-signature no-cache" "a signature may be replaced"
	get "/meta/1.0/index-user.7"
	is "$STATUS $(header content-type) $(header cache-control)" "200 text/plain no-cache" "an index through its link is asked for each time"
	ok "... what it is" cmp "$T/body" "$tree/public/meta/1.0/index-user"
	get meta/2/current
	is "$STATUS $(header cache-control)" "200 no-cache" "so is what is signed every twelve hours"
	get "meta/2/objects/$object"
	is "$STATUS $(header cache-control)" "200 public, max-age=31536000, immutable" "an object never changes"
	get streams/v1/images.json
	is "$STATUS $(header content-type) $(header content-encoding)" "200 application/json " "an index as it is"
	cp "$T/body" "$T/plain"
	get streams/v1/images.json -H 'Accept-Encoding: gzip'
	is "$(header content-encoding) $(header content-type) $(header vary)" "gzip application/json Accept-Encoding" "... and compressed to who takes that"
	ok "... is the same" sh -c 'gzip -dc "$1" | cmp - "$2"' sh "$T/body" "$T/plain"
	for path in .gen/1/meta/2/current .live/meta/2/current images/../.gen/1/meta/2/current; do
		get "$path"
		is "$STATUS" 404 "no generation by its own name: $path"
	done
	get ../catalog.db
	like "$STATUS" '^40[034]$' "nothing above the tree"
	get "$dir/rootfs.squashfs"
	is "$STATUS $(header cache-control | grep -c immutable)" "404 0" "what a build does not have is not found, for now"
	get images/toy/one/nothing
	is "$STATUS" 404 "what is not there is not found"
	get meta/2/current -X DELETE
	like "$STATUS" '^40[35]$' "nobody deletes"
	is "$(header x-content-type-options)" nosniff "types are not guessed"
	get v2/
	is "$STATUS $(header content-type) $(header docker-distribution-api-version) $(cat "$T/body")" "200 application/json registry/2.0 {}" "the registry says that it is one"
	get v2/toy/manifests/one
	is "$STATUS $(header content-type) $(header cache-control)" "200 application/vnd.oci.image.index.v1+json no-cache" "a tag is an index, and may move"
	for document in "$index index" "$manifest manifest"; do
		digest=${document% *}
		get "v2/toy/manifests/$digest"
		is "$STATUS $(header content-type)" "200 application/vnd.oci.image.${document#* }.v1+json" "a digest has the type of what it names: ${document#* }"
		is "$(header cache-control) $(header docker-content-digest)" "public, max-age=31536000, immutable $digest" "... for ever"
		is "sha256:$(sha256sum <"$T/body" | cut -d' ' -f1)" "$digest" "... and is it"
	done
	get "v2/toy/manifests/sha256:$(printf '%064d' 0)"
	is "$STATUS" 404 "a digest that is not there is not found"
	get v2/toy/tags/list
	is "$STATUS $(header content-type)" "200 application/json" "the tags are listed"
}

p=$(port)
mkdir -m 755 "$T/nginx"
cat >"$T/nginx/nginx.conf" <<N
daemon off; pid $T/nginx/pid; error_log $T/nginx/error.log; worker_processes 1; user nobody nogroup;
events { worker_connections 64; }
http { access_log off; client_body_temp_path $T/nginx/b; proxy_temp_path $T/nginx/p; fastcgi_temp_path $T/nginx/f; uwsgi_temp_path $T/nginx/u; scgi_temp_path $T/nginx/s;
server { listen 127.0.0.1:$p; root $tree/public; include $conf/nginx.conf; } }
N
ok "nginx takes the configuration" nginx -t -c "$T/nginx/nginx.conf"
nginx -c "$T/nginx/nginx.conf" >"$T/nginx/log" 2>&1 &
SERVERS+=($!)
URL=http://127.0.0.1:$p
for _ in $(seq 300); do curl -s -o /dev/null "$URL/" && break; sleep 0.1; done
serves nginx

p=$(port)
mkdir -m 755 "$T/apache"
modules=/usr/lib/apache2/modules
{
	for m in mpm_event authn_core authz_core authz_host mime dir headers rewrite alias; do
		echo "LoadModule ${m}_module $modules/mod_$m.so"
	done
	cat <<A
ServerRoot $T/apache
PidFile $T/apache/pid
ErrorLog $T/apache/error.log
Listen 127.0.0.1:$p
User nobody
Group nogroup
TypesConfig /dev/null
ServerName localhost
<Directory />
	AllowOverride None
	Require all granted
</Directory>
<VirtualHost *:$p>
	DocumentRoot $tree/public
	Include $conf/apache.conf
</VirtualHost>
A
} >"$T/apache/apache.conf"
ok "Apache takes the configuration" apache2 -t -f "$T/apache/apache.conf"
apache2 -DFOREGROUND -f "$T/apache/apache.conf" >"$T/apache/log" 2>&1 &
SERVERS+=($!)
URL=http://127.0.0.1:$p
for _ in $(seq 300); do curl -s -o /dev/null "$URL/" && break; sleep 0.1; done
serves Apache

p=$(port)
mkdir -m 777 "$T/caddy"
cat >"$T/caddy/Caddyfile" <<C
{
	admin off
	auto_https off
}
http://127.0.0.1:$p {
	root * $tree/public
	import $conf/Caddyfile
}
C
caddy() { env HOME="$T/caddy" XDG_CONFIG_HOME="$T/caddy" XDG_DATA_HOME="$T/caddy" setpriv --reuid ry-www --regid ry-www --clear-groups caddy "$@"; }
ok "Caddy takes the configuration" caddy validate --adapter caddyfile --config "$T/caddy/Caddyfile"
(exec env HOME="$T/caddy" XDG_CONFIG_HOME="$T/caddy" XDG_DATA_HOME="$T/caddy" setpriv --reuid ry-www --regid ry-www --clear-groups \
	caddy run --adapter caddyfile --config "$T/caddy/Caddyfile") >"$T/caddy/log" 2>&1 &
SERVERS+=($!)
URL=http://127.0.0.1:$p
for _ in $(seq 300); do curl -s -o /dev/null "$URL/" && break; sleep 0.1; done
serves Caddy

# what init leaves for the machine
mkdir "$T/units" && cp "$tree/system"/*.service "$tree/system"/*.timer "$T/units"
sed -i "s/^User=.*/User=nobody/" "$T"/units/*.service
is "$(ls "$tree/system" | tr '\n' ' ')" "rootyard-httpd.service rootyard-nightly.service rootyard-nightly.timer rootyard-publish.service rootyard-publish.timer rootyard-refresh.service rootyard-refresh.timer rootyard.cron " "init writes units, timers and a cron file"
share=$(dirname "$(dirname "$(command -v rootyard-build)")")/share/rootyard
night=$(sed -n 's/^ExecStart=//p' "$tree/system/rootyard-nightly.service")
is "${night#*/bin/}" "rootyard-build nightly -q --cache /var/cache/rootyard --out $(dirname "$tree")/incoming $share/recipes/debian" "... the night builds what is due of Debian"
is "$(sed -n 's/^30 1 \* \* \* root //p' "$tree/system/rootyard.cron")" "$night" "... so does cron"
ok "... which are recipes that are installed" rootyard-build validate -q "$share/recipes/debian"
ok "... that name the tree and its user" grep -qx "User=ry-index" "$tree/system/rootyard-publish.service"
if command -v systemd-analyze >/dev/null; then
	said=$(SYSTEMD_LOG_LEVEL=warning SYSTEMD_UNIT_PATH="$T/units:" systemd-analyze verify --man=no "$T"/units/*.service "$T"/units/*.timer 2>&1 | grep -F "$T/units")
	is "$said" "" "systemd has nothing to say against them"
else
	skip_all "needs systemd"
fi
# the chain by hand, as the units run it
rm -rf "$T/incoming" && "$TOP/tests/cli/make-incoming.py" "$T/incoming" toy/one/amd64/default 20260102_0000 pad=9000
sed -n 's/^ExecStart=-\{0,1\}//p' "$tree/system/rootyard-publish.service" >"$T/chain"
fact=0
while read -r -a command; do
	[ "${command[1]}" = prune ] && ! rootyard-index --help | grep -q '^  prune ' && continue
	as_user ry-index "${command[@]}" >"$T/said" 2>&1 </dev/null || { t_show "$(cat "$T/said")"; fact=1; }
done <"$T/chain"
is "$fact" 0 "the lines of the unit run"
is "$(cut -d';' -f5 "$tree/public/meta/1.0/index-user")" 20260102_0000 "... and publish what was built"
ok "the refresh's line runs" as_user ry-index sh -c "$(sed -n 's/^ExecStart=//p' "$tree/system/rootyard-refresh.service")"
is "$(awk '!/^(#|SHELL|PATH)/ && NF < 7' "$tree/system/rootyard.cron")" "" "each line of the cron file has a time, a user and a command"

# status says when one of them stopped
as_user ry-index sqlite3 "$tree/catalog.db" "UPDATE build SET admitted = admitted - 3 * 86400"
exits 1 "when no build came in for days" index status -C "$tree" --monitor
like "$OUT" "no build came in for 3 days.*rootyard-nightly.timer" "... status names the timer"
as_user ry-index sqlite3 "$tree/catalog.db" "UPDATE build SET admitted = admitted + 3 * 86400; UPDATE signing SET created = created - 90000"
exits 1 "when the metadata was not signed anew" index status -C "$tree" --monitor
like "$OUT" "missed two refreshes.*rootyard-refresh.timer" "... as well"
printf 'schema: 1\ndistro: toy\nreleases:\n  "1": {arches: [amd64], variants: [default]}\n  "2": {arches: [amd64], variants: [default]}\n' >"$T/toy.yaml"
exits 0 "a site of two releases" index init -C "$T/two" --root-home "$T/root3" --releases "$T/toy.yaml"
like "$(cat "$T/two/system/rootyard-nightly.service")" "^ExecStart=.* --only 'toy/1/\*' --only 'toy/2/\*' $share/recipes/toy\$" "... has them built in one night"
mkdir -m 755 "$T/a b" && chown ry-index "$T/a b"
exits 0 "a tree whose name would need quoting" index init -C "$T/a b/tree" --root-home "$T/root2"
like "$ERR" "no units were written" "... has no units, and is told"
done_testing
