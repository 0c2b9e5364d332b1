#!/bin/bash
# Container engines take each server for a registry: skopeo copies, inspects, lists tags and verifies lookaside signatures;
# podman pulls and runs as an ordinary user; of Debian 12 and of trixie. Each is also shown a damaged layer, a damaged
# manifest, a foreign key and an image without a signature.
# The judge is a script outside this repository: PEERS is its directory.
#   PEERS=../shared/peers tests/peers/skopeo.sh
here=$(cd "$(dirname "$0")" && pwd)
PEERS=$(cd "${PEERS:-$here/../../../shared/peers}" 2>/dev/null && pwd)
export PEERS
if [ -z "${RY_TEST_NS:-}" ]; then
	"$here/need.sh" mmdebstrap skopeo podman crun busybox-static uidmap gnupg zstd nginx-light apache2-bin caddy rsync curl python3 squashfs-tools openssl || exit 1
	TRIXIE=$("$here/trixie.sh") || { echo "Bail out! no root of trixie"; exit 1; }
	export TRIXIE
fi
. "$here/../lib.sh"
[ -x "$PEERS/skopeo.sh" ] || skip_all "no skopeo.sh in PEERS"
. "$here/servers.sh"
PEER_SERVERS=${PEER_SERVERS/lftp/} # a registry cannot stand under a prefix
peer_tree shell=/bin/busybox sbom='{"spdxVersion":"SPDX-2.3"}'
"$TOP/tests/cli/make-incoming.py" "$T/more" toy/one/armhf/default 20260101_0000
"$TOP/tests/cli/make-incoming.py" "$T/more" "toy/one/$ARCH/cloud" 20260101_0000 seed=b pad=9000
index add -q --all "$T/more" >/dev/null && index publish -q >/dev/null || exit 1

# crun refuses a hybrid of both cgroup interfaces: here, in a mount namespace of our own, there is one
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "$T/certs" && cp "$T/ca/ca.crt" "$T/certs/" && chmod -R a+rX "$T/certs"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$T/policy.json"
pod() { # as an ordinary user, with a store and a runtime directory of its own for each of $name: another release's pause process has another root
	as_user ry-user mkdir -p -m 700 "$T/run/ry-user/$name"
	TMPDIR=$T/home/ry-user AS_EXEC="${enter[*]}" as_user ry-user env XDG_RUNTIME_DIR="$T/run/ry-user/$name" podman --root "$T/home/ry-user/$name" \
		--runroot "$T/run/ry-user/$name/p" --storage-driver vfs --cgroup-manager cgroupfs --events-backend file "$@"
}
pull() { pod pull -q --signature-policy "$T/policy.json" --cert-dir "$T/certs" "${URL#https://}/$1"; }

name=0
engine() { # SUITE
	local facts
	enter=()
	[ "$1" = bookworm ] || enter=("$here/enter.sh" "$TRIXIE" "$T")
	facts="$kind, skopeo $(${enter[@]+"${enter[@]}"} skopeo --version | awk '{ print $3 }')"
	judge "$facts: a release, by tag and by digest, and nothing damaged or not signed for" skopeo.sh TAG=one SIG_HOST=images.example.org -- ${enter[@]+"${enter[@]}"}
	judge "$facts: the tag latest" skopeo.sh TAG=latest SIG_HOST=images.example.org -- ${enter[@]+"${enter[@]}"}
	judge "$facts: a build by its serial" skopeo.sh TAG=one-cloud-20260101_0000 SIG_HOST=images.example.org -- ${enter[@]+"${enter[@]}"}
	facts="$kind, podman $(${enter[@]+"${enter[@]}"} podman --version 2>/dev/null | awk '{ print $3 }')"
	name=$((name + 1))
	exits 0 "$facts: pulls as an ordinary user" pull toy:one
	exits 0 "$facts: ... and runs what it pulled" pod run --rm --cgroups=disabled --network=none --log-driver none "${URL#https://}/toy:one" /bin/sh -c 'echo "hello from $(. /etc/os-release && echo $ID)"'
	is "$OUT" "hello from toy" "$facts: ... in it"
	exits 0 "$facts: knows what it is" pod image inspect --format '{{ index .Labels "org.opencontainers.image.title" }} {{ .Architecture }}' "${URL#https://}/toy:one"
	is "$OUT" "$IMAGE $ARCH" "$facts: ... by name"
	pod system migrate >/dev/null 2>&1 # ends the pause process
}
refuses() { # SUITE
	local facts
	enter=()
	[ "$1" = bookworm ] || enter=("$here/enter.sh" "$TRIXIE" "$T")
	facts="$kind, podman $(${enter[@]+"${enter[@]}"} podman --version 2>/dev/null | awk '{ print $3 }')"
	name=$((name + 1))
	exits 125 "$facts: refuses a damaged layer" pull toy:one
	like "$ERR" "digest|checksum|corrupt|Digest" "$facts: ... and says why"
	pod system migrate >/dev/null 2>&1
}

cp -a "$PUBLIC" "$T/bad"
while read -r -d '' blob; do
	cp "$blob" "$T/damaged" && printf damaged | dd of="$T/damaged" bs=1 seek=300000 conv=notrunc 2>/dev/null && cp --remove-destination "$T/damaged" "$blob"
done < <(find "$T/bad/v2/toy/blobs" -size +400k -print0)
for kind in $PEER_SERVERS; do
	peer_serve "$kind" "$PUBLIC" || { t_report 1 "$kind serves the tree"; continue; }
	engine bookworm
	engine trixie
	peer_stop
	peer_serve "$kind" "$T/bad" || { t_report 1 "$kind serves a changed tree"; continue; }
	refuses bookworm
	refuses trixie
	peer_stop
done
done_testing
