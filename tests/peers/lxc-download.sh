#!/bin/bash
# LXC's own download template takes an image from each server: LXC 5 of Debian 12 and LXC 6 of trixie, as root and as an
# ordinary user, and the template of the OpenPGP era, which refuses a re-packed archive and a foreign key. (LXC 5 and 6 verify
# nothing but the TLS certificate.) The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers tests/peers/lxc-download.sh
here=$(cd "$(dirname "$0")" && pwd)
PEERS=$(cd "${PEERS:-$here/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
if [ -z "${RY_TEST_NS:-}" ]; then
	"$here/need.sh" mmdebstrap lxc wget dirmngr gnupg uidmap xz-utils nginx-light apache2-bin caddy rsync lftp curl python3 squashfs-tools openssl || exit 1
	TRIXIE=$("$here/trixie.sh") || { echo "Bail out! no root of trixie"; exit 1; }
	export TRIXIE
fi
. "$here/../lib.sh"
[ -x "$PEERS/lxc-download.sh" ] || skip_all "no lxc-download.sh in PEERS"
. "$here/servers.sh"
peer_tree
old=$(lxc-create --version) new=$(chroot "$TRIXIE" lxc-create --version)

for kind in $PEER_SERVERS; do
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	judge "$kind, lxc-download $old and 4.0.6: root, a user and the OpenPGP era have it" lxc-download.sh TESTUSER=ry-user
	judge "$kind, lxc-download $new: root and a user have it" lxc-download.sh TESTUSER=ry-user SKIP_GPG=1 -- "$here/enter.sh" "$TRIXIE" "$T"
	peer_stop
done
done_testing
