#!/bin/bash
# systemd's image puller, of Debian 12 and of trixie, takes rootfs.tar.xz from each server, with checksum and signature,
# and refuses changed files and foreign keys. The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers tests/peers/systemd-pull.sh
here=$(cd "$(dirname "$0")" && pwd)
PEERS=$(cd "${PEERS:-$here/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
if [ -z "${RY_TEST_NS:-}" ]; then
	"$here/need.sh" mmdebstrap systemd-container gnupg xz-utils e2fsprogs nginx-light apache2-bin caddy rsync lftp curl python3 squashfs-tools openssl || exit 1
	TRIXIE=$("$here/trixie.sh") || { echo "Bail out! no root of trixie"; exit 1; }
	export TRIXIE
fi
. "$here/../lib.sh"
[ -x "$PEERS/systemd-pull.sh" ] || skip_all "no systemd-pull.sh in PEERS"
. "$here/servers.sh"
peer_tree
old=$(/lib/systemd/systemd-pull --version | awk 'NR == 1 { print $2 }')
new=$(chroot "$TRIXIE" /lib/systemd/systemd-pull --version | awk 'NR == 1 { print $2 }')

for kind in $PEER_SERVERS; do
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	judge "$kind, systemd-pull $old: verifies what we publish, refuses what we do not" systemd-pull.sh RUNS=2 PULL_TIMEOUT=8
	judge "$kind, systemd-pull $new: verifies what we publish, refuses what we do not" systemd-pull.sh RUNS=2 PULL_TIMEOUT=8 SYSTEMD_ROOT="$TRIXIE"
	peer_stop
done
done_testing
