#!/bin/bash
# trixie.sh: a root of Debian trixie with the clients that are newer there, made once.
# PEER_CACHE (default /var/cache/rootyard-peers) keeps it; prints its path.
set -eu
cache=${PEER_CACHE:-/var/cache/rootyard-peers}
root=$cache/trixie
if [ ! -d "$root" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$root.XXXXXX")
	chmod 755 "$new"
	mmdebstrap --quiet --variant=apt --include=incus-client,incus-extra,ca-certificates trixie "$new" >&2 || { rm -rf --one-file-system "$new"; exit 1; }
	mv -T "$new" "$root"
fi
echo "$root"
