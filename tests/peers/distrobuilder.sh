#!/bin/bash
# distrobuilder.sh: a root of Debian forky with the real distrobuilder in it, made once, and the definitions that
# trixie's and forky's package distrobuilder-images hold. PEER_CACHE (default /var/cache/rootyard-peers) keeps them;
# prints the place: DIR/root, DIR/images/{trixie,forky}/*.yaml.
#   distrobuilder.sh                prints DIR
#   distrobuilder.sh DIR CMD...     runs CMD in DIR/root, whose / is a mount point as distrobuilder wants it
set -eu
if [ $# -gt 0 ]; then
	cd "$1/root"
	shift
	# shellcheck disable=SC2016 # expands inside
	exec unshare -m --propagation private sh -c '
		mount --bind . . && cd "$PWD" && mount -t proc proc proc && mount -t sysfs sys sys && mount --rbind /dev dev &&
		exec chroot . "$@"' sh "$@"
fi
cache=${PEER_CACHE:-/var/cache/rootyard-peers} dir=$cache/distrobuilder
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# The host's own.
# shellcheck disable=SC2016 # apt expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
if [ ! -d "$dir" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$dir.XXXXXX")
	chmod 755 "$new"
	trap 'rm -rf --one-file-system "$new"' EXIT
	mmdebstrap --quiet --variant=minbase --include=distrobuilder,gnupg,gpg-agent,dirmngr,ca-certificates,squashfs-tools,xz-utils \
		--aptopt='Acquire::Check-Valid-Until "false"' forky "$new/root" \
		"deb [signed-by=$keyring] $mirror forky main" >&2
	for suite in trixie forky; do
		apt=$new/apt-$suite
		mkdir -p "$apt"/etc/{apt.conf.d,preferences.d} "$apt"/state/lists/partial "$apt"/cache/archives/partial
		echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/etc/sources.list"
		# Nothing of the host's apt is read or written.
		get() {
			apt-get -q -o Dir::Etc="$apt/etc" -o Dir::State="$apt/state" -o Dir::Cache="$apt/cache" -o Dir::State::status=/dev/null \
				-o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root "$@" >&2
		}
		get update
		(cd "$apt" && get download distrobuilder-images)
		mkdir -p "$new/images/$suite"
		dpkg-deb --fsys-tarfile "$apt"/*.deb | tar -C "$new/images/$suite" -x --strip-components=4 --wildcards '*.yaml'
		rm -rf "$apt"
	done
	trap - EXIT
	mv -T "$new" "$dir"
fi
echo "$dir"
