#!/bin/bash
# LXD's own client reads our simplestreams over TLS 1.3, from each server, and refuses a changed file.
[ -n "${RY_TEST_NS:-}" ] || "$(dirname "$0")/need.sh" lxd-client nginx-light apache2-bin caddy rsync lftp curl python3 squashfs-tools openssl || exit 1
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"
peer_tree

lxd() { env -i HOME="$T/lxd" PATH="$PATH" LXD_CONF="$T/lxd/conf" SSL_CERT_FILE="$T/ca/ca.crt" timeout 60 lxc "$@"; }
sha() { sha256sum <"$1" | cut -d' ' -f1; }
incus=$PUBLIC/$BUILD_PATH/incus.tar.xz
fingerprint=$(cat "$incus" "$PUBLIC/$BUILD_PATH/rootfs.squashfs" | sha256sum | cut -d' ' -f1)
xz_fingerprint=$(cat "$incus" "$PUBLIC/$BUILD_PATH/rootfs.tar.xz" | sha256sum | cut -d' ' -f1)

for kind in $PEER_SERVERS; do
	at="$kind, LXD $(lxc --version)"
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	mkdir -p "$T/lxd/conf"
	exits 0 "$at: the remote is accepted" lxd remote add "r-$kind" "$URL" --protocol simplestreams --public
	exits 0 "$at: its images are listed" lxd image list "r-$kind:" --format csv -c lfpa
	like "$OUT" "^toy/one/default \(6 more\),${fingerprint:0:12}|^toy.*${fingerprint:0:12}" "$at: ... the newest squashfs has the alias"
	like "$OUT" "${xz_fingerprint:0:12}" "$at: ... and the tarball is an image of its own"
	is "$(wc -l <<<"$OUT")" 4 "$at: ... two builds, two roots each"
	for alias in toy toy/one toy/stable toy/1/default "toy/one/$ARCH"; do
		exits 0 "$at: '$alias' is found" lxd image info "r-$kind:$alias"
		like "$OUT" "Fingerprint: $fingerprint" "$at: ... and is the newest build"
	done
	rm -rf "$T/out" && mkdir "$T/out"
	exits 0 "$at: it is exported" lxd image export "r-$kind:toy/one" "$T/out/"
	is "$(for f in "$T"/out/*; do sha "$f"; done | sort | tr '\n' ' ')" "$(for f in incus.tar.xz rootfs.squashfs; do sha "$PUBLIC/$BUILD_PATH/$f"; done | sort | tr '\n' ' ')" "$at: ... as it was published"
	rm -rf "$T/out" && mkdir "$T/out"
	exits 0 "$at: the tarball's image is exported" lxd image export "r-$kind:$xz_fingerprint" "$T/out/"

	peer_tampered rootfs.squashfs
	peer_serve "$kind" "$TAMPERED" || { t_report 1 "$kind serves a changed tree"; continue; }
	exits 0 "$at: a tree with a changed file is a remote like any other" lxd remote add "t-$kind" "$URL" --protocol simplestreams --public
	exits 1 "$at: its image is refused" lxd image export "t-$kind:toy/one" "$T/out/"
	like "$ERR" "[Hh]ash mismatch|[Ff]ingerprint" "$at: ... for its hash"
	peer_stop
done
done_testing
