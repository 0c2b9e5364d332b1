#!/bin/bash
# Our own recipes: each is valid, planned, and builds: over a toy tree in which package managers write down what they are asked.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/recorder.sh"
[ -x /bin/busybox ] || skip_all "no static busybox"
export TMPDIR=$T/tmp GNUPGHOME=$T/gnupg
mkdir -p "$T/tmp"
mkdir -m 700 "$GNUPGHOME"
make_recorder "$T/rec" systemctl rc-update

# What validate may warn of: sources whose digest is the operator's to pin, a key that he has to bring.
allowed="nothing verifies what 'docker-http' fetches|keys/daedalus.asc|not in this version"
for dir in "$TOP"/recipes/*/; do
	name=$(basename "$dir")
	exits 0 "$name is valid" rootyard-build validate "$dir"
	is "$(grep warning <<<"$ERR" | grep -vE "$allowed")" "" "... and nothing in it is odd"
done

# ---- a toy build of the default release and of cloud
for dir in "$TOP"/recipes/*/; do
	name=$(basename "$dir")
	[ "$name" != debian ] || continue # built for real elsewhere
	release=$(sed -n 's/^default_release: "\{0,1\}\([^"]*\)"\{0,1\}/\1/p' "$dir/releases.yaml")
	for variant in default cloud; do
		grep -q "variants: .*$variant" "$dir/releases.yaml" || continue
		exits 0 "a toy build of $name/$release/amd64/$variant" rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified \
			-o source.downloader=rootfs-http -o "source.url=file://$T/rec/rootfs.tar" "$dir" "$release/amd64/$variant"
		[ -n "$OUT" ] || continue
		mkdir -p "$T/x/$name-$variant"
		tar -xf "$OUT/rootfs.tar.zst" --zstd -C "$T/x/$name-$variant"
		is "$(cat "$T/x/$name-$variant/etc/hostname")" LXC_NAME "... is told its name"
		like "$(tar -xOf "$OUT/meta.tar.xz" config)" 'lxc.arch = (linux64|x86_64)' "... and LXC its architecture"
		[ "$variant" = default ] || is "$(tar -tf "$OUT/incus.tar.xz" | grep -c cloud-init-)" 4 "... and cloud-init has its seed"
	done
done

# ---- releases come and go
cp -r "$TOP/recipes/alpine" "$T/alpine"
sed -i 's/eol: 2027-11-01/eol: 2020-11-01/' "$T/alpine/releases.yaml"
exits 0 "a release past its end of life drops out of the plan" rootyard-build plan "$T/alpine"
unlike "$OUT" 'alpine/3.23/' "... by itself"
like "$OUT" 'alpine/3.22/amd64/cloud' "... the others stay"
sed -i 's/eol: 2020-11-01/&\n    accept_eol: true/' "$T/alpine/releases.yaml"
exits 0 "accept_eol" rootyard-build plan "$T/alpine"
like "$OUT" 'alpine/3.23/' "... keeps it"
exits 0 "a release whose key nobody has is not planned" rootyard-build plan "$TOP/recipes/devuan"
unlike "$OUT" daedalus "... at all"
like "$ERR" "devuan/daedalus is left out: put the archive's key into '.*/devuan/keys/daedalus.asc'" "... and the operator is told where to put it"
exits 10 "... nor built" rootyard-build build --out "$T/out" "$TOP/recipes/devuan" daedalus/amd64
like "$ERR" "release 'daedalus' needs the archive's key in 'keys/daedalus.asc'" "... which says the same"
cp -r "$TOP/recipes/devuan" "$T/devuan"
cp "$T/devuan/keys/excalibur.asc" "$T/devuan/keys/daedalus.asc"
exits 0 "once he did it is" rootyard-build plan "$T/devuan"
like "$OUT" 'devuan/daedalus/amd64/default' "... planned"
done_testing
