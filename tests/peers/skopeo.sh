#!/bin/bash
# Container engines judge the tree as a registry, served by rootyard-httpd over TLS: skopeo copies, inspects,
# lists tags and verifies lookaside signatures; podman pulls and runs as an ordinary user. Each is also shown
# a damaged blob, a damaged manifest, a foreign key and an image without a signature.
# The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers tests/peers/skopeo.sh
PEERS=$(cd "${PEERS:-$(dirname "$0")/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
[ -n "${RY_TEST_NS:-}" ] || for p in skopeo podman busybox-static uidmap gnupg zstd python3; do
	dpkg-query -W "$p" >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$p" >/dev/null 2>&1
done
. "$(dirname "$0")/../lib.sh"
[ -x "$PEERS/skopeo.sh" ] || skip_all "no skopeo.sh in PEERS"
[ -x /bin/busybox ] || skip_all "no static busybox"

tree=$T/tree arch=$(dpkg --print-architecture)
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
chown ry-index "$T"
printf 'schema: 1\ndistro: toy\ndefault_release: one\nreleases:\n  one: {version: "1"}\n' >"$T/releases.yaml"
index init -q --root-home "$T/root" --name "Engines" --releases "$T/releases.yaml" >/dev/null 2>&1 || exit 1
echo 'base_url: https://images.example.org' >>"$tree/site.yaml"
"$TOP/tests/cli/make-incoming.py" "$T/in" "toy/one/$arch/default" 20260101_0000 shell=/bin/busybox sbom='{"spdxVersion":"SPDX-2.3"}'
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/armhf/default 20260101_0000
"$TOP/tests/cli/make-incoming.py" "$T/in" "toy/one/$arch/cloud" 20260101_0000 seed=b pad=9000
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null || exit 1
cat "$tree"/public/keys/*.asc >"$T/keys.asc"

test_ca "$T/ca"
start_server as_user ry-www rootyard-httpd --root "$tree/public" --listen 127.0.0.1:0 \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" || exit 1
judge() { # NAME=VALUE...
	env CA_FILE="$T/ca/ca.crt" GPG_KEY="$T/keys.asc" SIG_HOST=images.example.org DIST=toy RELEASE=one ARCH="$arch" \
		VARIANT=default "$@" "$PEERS/skopeo.sh" "$URL" 2>&1
}
said=$(judge TAG=one SCRATCH="$T/skopeo")
like "$said" '^skopeo: OK: .*podman .* pull ok; corrupted layer and manifest refused; GPG simple signature verified' "skopeo and podman take the release, and refuse what is damaged or not signed for"
t_show "$said"
said=$(judge TAG=latest SCRATCH="$T/skopeo2")
like "$said" '^skopeo: OK: .*[(]index sha256:' "... by the tag latest"
said=$(judge TAG=one-cloud-20260101_0000 SCRATCH="$T/skopeo3")
like "$said" '^skopeo: OK: ' "... and a build by its serial"

host=${URL#https://}
# crun refuses a hybrid of both cgroup interfaces: here, in a mount namespace of our own, there is one
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
mkdir -p "$T/certs" && cp "$T/ca/ca.crt" "$T/certs/" && chmod -R a+rX "$T/certs"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$T/policy.json"
store=store
pod() {
	TMPDIR=$T/home/ry-user as_user ry-user podman --root "$T/home/ry-user/$store" --runroot "$T/run/ry-user/pod" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file "$@"
}
exits 0 "podman pulls as an ordinary user" pod pull -q --signature-policy "$T/policy.json" --cert-dir "$T/certs" "$host/toy:one"
exits 0 "... and runs what it pulled" pod run --rm --cgroups=disabled --network=none --log-driver none "$host/toy:one" /bin/sh -c 'echo "hello from $(. /etc/os-release && echo $ID)"'
is "$OUT" "hello from toy" "... in it"
exits 0 "podman knows what it is" pod image inspect --format '{{ index .Labels "org.opencontainers.image.title" }} {{ .Architecture }}' "$host/toy:one"
is "$OUT" "toy/one/$arch/default $arch" "... by name"
blob=$(find "$tree/public/v2/toy/blobs" -size +500k -print -quit)
as_user ry-index sh -c 'cp "$1" "$2" && printf damaged | dd of="$2" bs=1 seek=300000 conv=notrunc 2>/dev/null && mv -f "$2" "$1"' sh "$blob" "$tree/staging/x"
store=store2
sleep 1.2 # the server looks at a file again after a second
exits 125 "podman refuses a damaged layer" pod pull -q --signature-policy "$T/policy.json" --cert-dir "$T/certs" "$host/toy:one"
like "$ERR" "digest|checksum|corrupt|Digest" "... and says why"
done_testing
