#!/bin/bash
# systemd's image puller takes rootfs.tar.xz from each server, with checksum and signature, and refuses changed files
# and foreign keys. The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers tests/peers/systemd-pull.sh
PEERS=$(cd "${PEERS:-$(dirname "$0")/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
[ -n "${RY_TEST_NS:-}" ] || "$(dirname "$0")/need.sh" systemd-container gnupg xz-utils e2fsprogs nginx-light apache2 rsync lftp curl python3 squashfs-tools openssl || exit 1
. "$(dirname "$0")/../lib.sh"
[ -x "$PEERS/systemd-pull.sh" ] || skip_all "no systemd-pull.sh in PEERS"
. "$(dirname "$0")/servers.sh"
peer_tree

for kind in $PEER_SERVERS; do
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	said=$(env CA_FILE="$T/ca/ca.crt" GPG_KEY="$KEY" DIST=toy RELEASE=one ARCH=amd64 VARIANT=default RUNS=2 PULL_TIMEOUT=8 \
		SCRATCH="$T/peer.$kind" timeout 300 "$PEERS/systemd-pull.sh" "$URL" 2>&1)
	like "$said" '^systemd-pull: OK' "$kind: systemd-pull verifies what we publish"
	t_show "$(tail -n 3 <<<"$said")"
done
done_testing
