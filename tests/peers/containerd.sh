#!/bin/bash
# containerd takes each server for a registry: it pulls a release and a build by its serial, and what it unpacks is what was
# published; a damaged layer makes no image. It runs with directories and a socket of its own.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${RY_TEST_NS:-}" ] || "$here/need.sh" containerd gnupg zstd nginx-light apache2-bin caddy rsync curl python3 squashfs-tools openssl || exit 1
. "$here/../lib.sh"
. "$here/servers.sh"
PEER_SERVERS=${PEER_SERVERS/lftp/} # a registry cannot stand under a prefix
peer_tree shell=/bin/busybox

mkdir -p "$T/c"
cat >"$T/c/config.toml" <<C
version = 2
root = "$T/c/root"
state = "$T/c/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$T/c/socket"
C
(exec containerd --config "$T/c/config.toml") >"$T/c/log" 2>&1 </dev/null &
daemon=$!
for _ in $(seq 100); do [ ! -S "$T/c/socket" ] || break; sleep 0.1; done
client() { ctr -a "$T/c/socket" -n "${namespace:-good}" "$@"; }
pull() { # a loopback address is asked without TLS, unless a file says otherwise
	local host=$T/c/hosts/${URL#https://}
	mkdir -p "$host" && printf 'server = "%s"\nca = "%s"\n[host."%s"]\nca = "%s"\n' "$URL" "$T/ca/ca.crt" "$URL" "$T/ca/ca.crt" >"$host/hosts.toml"
	client images pull --snapshotter native --hosts-dir "$T/c/hosts" --platform "linux/$ARCH" "${URL#https://}/$1"
}
facts() { echo "$kind, containerd $(containerd --version | awk '{ print $3 }' | cut -d'~' -f1)"; }
zstd -dcq "$PUBLIC/$BUILD_PATH/rootfs.tar.zst" | tar -tf - | sed 's,^\./,,; s,/$,,' | grep . | sort >"$T/c/want"

cp -a "$PUBLIC" "$T/bad"
while read -r -d '' blob; do
	cp "$blob" "$T/damaged" && printf damaged | dd of="$T/damaged" bs=1 seek=300000 conv=notrunc 2>/dev/null && cp --remove-destination "$T/damaged" "$blob"
done < <(find "$T/bad/v2/toy/blobs" -size +400k -print0)
for kind in $PEER_SERVERS; do
	peer_serve "$kind" "$T/bad" || { t_report 1 "$kind serves a changed tree"; continue; }
	# of its own: what came damaged would be gone on with, from any other server too
	namespace=bad
	exits 1 "$(facts): refuses a damaged layer" pull toy:one
	namespace=good
	like "$ERR$OUT" "digest|checksum|unexpected" "$(facts): ... and says why"
	peer_stop
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	exits 0 "$(facts): pulls a release" pull toy:one
	mkdir "$T/c/mounted" && client images mount --snapshotter native "${URL#https://}/toy:one" "$T/c/mounted" >/dev/null 2>&1
	is "$(cd "$T/c/mounted" && find . -mindepth 1 -printf '%P\n' | sort | sha256sum)" "$(sha256sum <"$T/c/want")" "$(facts): ... and unpacks what was published"
	client images unmount --rm "$T/c/mounted" >/dev/null 2>&1
	umount "$T/c/mounted" 2>/dev/null
	rmdir "$T/c/mounted"
	exits 0 "$(facts): pulls a build by its serial" pull "toy:one-$SERIAL"
	peer_stop
	for image in $(client images ls -q) $(client content ls -q); do client images rm "$image" >/dev/null 2>&1 || client content rm "$image" >/dev/null 2>&1; done
done
kill "$daemon"
wait "$daemon" 2>/dev/null
done_testing
