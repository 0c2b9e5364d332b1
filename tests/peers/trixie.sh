#!/bin/bash
# trixie.sh: a root of Debian trixie with the clients that are newer there, made once.
# PEER_CACHE (default /var/cache/rootyard-peers) keeps it; prints its path.
set -eu
packages=ca-certificates,incus-client,incus-extra,skopeo,podman,netavark,crun,lxc,wget,xz-utils,uidmap,systemd-container,gnupg,python3,curl,e2fsprogs,zstd,procps
cache=${PEER_CACHE:-/var/cache/rootyard-peers}
root=$cache/trixie
if [ "$(cat "$root/.packages" 2>/dev/null)" != "$packages" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$root.XXXXXX")
	chmod 755 "$new"
	mmdebstrap --quiet --variant=apt --include="$packages" trixie "$new" >&2 || { rm -rf --one-file-system "$new"; exit 1; }
	echo "$packages" >"$new/.packages"
	rm -rf --one-file-system "$root"
	mv -T "$new" "$root"
fi
echo "$root"
