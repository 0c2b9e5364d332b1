#!/bin/bash
# LXC's own download template judges a tree that `make demo` published, served by rootyard-httpd:
# LXC 5 as root and as an ordinary user, and the template of the OpenPGP era, each also shown a
# tampered file. The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers DEMO_DIR=/var/tmp/rootyard-demo tests/peers/lxc-download.sh
PEERS=$(cd "${PEERS:-$(dirname "$0")/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS DEMO_DIR=${DEMO_DIR:-/var/tmp/rootyard-demo}
[ -n "${RY_TEST_NS:-}" ] || for p in lxc wget dirmngr gnupg uidmap python3; do
	dpkg-query -W "$p" >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$p" >/dev/null 2>&1
done
. "$(dirname "$0")/../lib.sh"
[ -x "$PEERS/lxc-download.sh" ] || skip_all "no lxc-download.sh in PEERS"
[ -d "$DEMO_DIR/tree/public" ] || skip_all "no tree in '$DEMO_DIR': run 'make demo' first"

test_ca "$T/ca"
start_server as_user ry-www rootyard-httpd --root "$DEMO_DIR/tree/public" --listen 127.0.0.1:0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" || exit 1
said=$(env CA_FILE="$T/ca/ca.crt" GPG_KEY="$DEMO_DIR/publish-key.asc" DIST=debian RELEASE=trixie ARCH="$(dpkg --print-architecture)" \
	VARIANT=default TESTUSER=ry-user SCRATCH="$T/peer" "$PEERS/lxc-download.sh" "$URL" 2>&1)
like "$said" '^lxc-download: OK' "lxc-download fetches what we publish, and the era of OpenPGP verifies it"
t_show "$said"
done_testing
