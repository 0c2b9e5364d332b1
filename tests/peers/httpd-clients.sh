#!/bin/bash
# Every real client of a published tree, through rootyard-httpd with TLS: LXC's download template, systemd-pull, skopeo;
# those that take plain HTTP (LXC's template and the clients of LXD and Incus do not) through that as well.
# The judges are scripts outside this repository: PEERS is their directory.
#   PEERS=../shared/peers tests/peers/httpd-clients.sh
PEERS=$(cd "${PEERS:-$(dirname "$0")/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
# Before the test has users of its own: packages want the machine's.
[ -n "${RY_TEST_NS:-}" ] || for p in lxc wget dirmngr gnupg uidmap python3 systemd-container skopeo; do
	dpkg-query -W "$p" >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$p" >/dev/null 2>&1
done
. "$(dirname "$0")/../lib.sh"
[ -x "$PEERS/systemd-pull.sh" ] || skip_all "no systemd-pull.sh in PEERS"

tree=$T/tree
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: one
releases:
  one: {version: "1", eol: 2040-01-31}
Y
index init -q --root-home "$T/root" --name "Test site" --releases "$T/releases.yaml" >/dev/null || exit 1
echo "base_url: https://images.example.org" >>"$tree/site.yaml"
serial=$(date -u +%Y%m%d_0000)
"$TOP/tests/cli/make-incoming.py" "$T/incoming" toy/one/amd64/default "$serial" seed=a pad=900000 &&
	index add -q "$T/incoming/toy/one/amd64/default/$serial" && index publish -q || exit 1
test_ca "$T/ca"
start_server rootyard-httpd --user ry-www --root "$tree/public" --listen 127.0.0.1:0 --per-address 0 --log "$T/access" \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --plain 127.0.0.1:0 || exit 1
listening() { sed -n "s/^listening on \($1:.*\)\/$/\1/p" "$SERVER_LOG"; }
TLS=$(listening https) PLAIN=$(listening http)
cat "$tree/public"/keys/*.asc >"$T/publish.asc"

judge() { # URL SCRIPT VARIABLES...
	local said how=${1%%:*}
	said=$(env BASE_URL="$1" CA_FILE="$T/ca/ca.crt" GPG_KEY="$T/publish.asc" DIST=toy RELEASE=one ARCH=amd64 VARIANT=default \
		SCRATCH="$T/j$RANDOM" "${@:3}" timeout 500 "$PEERS/$2" "$1" 2>&1)
	like "$said" "^${2%.sh}: OK" "${2%.sh} is content over $how"
	t_show "$(tail -n 15 <<<"$said")"
}
judge "$TLS" lxc-download.sh TESTUSER=ry-user
for url in "$TLS" "$PLAIN"; do
	judge "$url" systemd-pull.sh RUNS=3
	judge "$url" skopeo.sh REPO=toy TAG=one SIG_HOST=images.example.org
done
sleep 1.2
echo "# $(wc -l <"$T/access") requests"
unlike "$(cat "$T/access")" '" 5[0-9][0-9] ' "no client met an error of the server"
done_testing
