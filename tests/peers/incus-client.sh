#!/bin/bash
# Incus's client and incus-simplestreams of Debian trixie read our simplestreams, from each server, and refuse a changed file.
here=$(dirname "$0")
if [ -z "${RY_TEST_NS:-}" ]; then
	"$here/need.sh" mmdebstrap nginx-light apache2-bin caddy rsync lftp curl python3 squashfs-tools openssl || exit 1
	TRIXIE=$("$here/trixie.sh") || { echo "Bail out! no root of trixie"; exit 1; }
	export TRIXIE
fi
. "$here/../lib.sh"
. "$here/servers.sh"
peer_tree

mkdir -p "$T/share/out" "$T/share/home"
cp "$T/ca/ca.crt" "$T/share/"
mount --bind "$T/share" "$TRIXIE/mnt" && mount -t tmpfs tmpfs "$TRIXIE/tmp" && mkdir "$TRIXIE/tmp/tree" || exit 1
in_trixie() { chroot "$TRIXIE" env -i HOME=/mnt/home PATH=/usr/bin:/bin INCUS_CONF=/mnt/home/conf SSL_CERT_FILE=/mnt/ca.crt timeout 60 "$@"; }
incus() { in_trixie incus "$@"; }
fingerprint=$(cat "$PUBLIC/$BUILD_PATH/incus.tar.xz" "$PUBLIC/$BUILD_PATH/rootfs.squashfs" | sha256sum | cut -d' ' -f1)
xz_fingerprint=$(cat "$PUBLIC/$BUILD_PATH/incus.tar.xz" "$PUBLIC/$BUILD_PATH/rootfs.tar.xz" | sha256sum | cut -d' ' -f1)

for kind in $PEER_SERVERS; do
	at="$kind, Incus $(in_trixie incus --version)"
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	exits 0 "$at: the remote is accepted" incus remote add "r-$kind" "$URL" --protocol simplestreams --public
	exits 0 "$at: its images are listed" incus image list "r-$kind:" --format csv -c lF
	is "$(wc -l <<<"$OUT")" 4 "$at: ... two builds, two roots each"
	like "$OUT" "toy.*,$fingerprint" "$at: ... the newest squashfs has the aliases"
	for alias in toy toy/one toy/stable toy/1/default "toy/one/$ARCH"; do
		exits 0 "$at: '$alias' is found" incus image info "r-$kind:$alias"
		like "$OUT" "Fingerprint: $fingerprint" "$at: ... and is the newest build"
	done
	for what in toy/one "$xz_fingerprint"; do
		rm -rf "$T/share/out" && mkdir "$T/share/out"
		exits 0 "$at: '${what:0:12}' is exported" incus image export "r-$kind:$what" /mnt/out/image
		is "$(cat "$T"/share/out/* | wc -c)" "$(cd "$PUBLIC/$BUILD_PATH" && cat incus.tar.xz "$([ "$what" = toy/one ] && echo rootfs.squashfs || echo rootfs.tar.xz)" | wc -c)" "$at: ... both files of it"
	done

	peer_tampered rootfs.squashfs
	peer_serve "$kind" "$TAMPERED" || { t_report 1 "$kind serves a changed tree"; continue; }
	exits 0 "$at: a tree with a changed file is a remote like any other" incus remote add "t-$kind" "$URL" --protocol simplestreams --public
	exits 1 "$at: its image is refused" incus image export "t-$kind:toy/one" /mnt/out/image
	like "$ERR" "[Hh]ash mismatch|[Ff]ingerprint" "$at: ... for its hash"
	peer_stop
done

mount --bind "$PUBLIC" "$TRIXIE/tmp/tree"
verify() { in_trixie sh -c 'cd /tmp/tree && incus-simplestreams "$1"' sh "$1"; }
exits 0 "incus-simplestreams verifies the tree" verify verify
exits 0 "... and lists it" verify list
like "$OUT" "Toy one amd64" "... by name"
umount "$TRIXIE/tmp/tree"
mount --bind "$TAMPERED" "$TRIXIE/tmp/tree"
not_ok "... and refuses a changed one" verify verify
done_testing
