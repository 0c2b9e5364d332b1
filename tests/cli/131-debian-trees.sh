#!/bin/bash
# Debian trees of our own making: what mmdebstrap makes, the same twice, nothing that is not signed; and when it steps in.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../debian.sh"

for p in mmdebstrap busybox zstd; do command -v $p >/dev/null || skip_all "needs $p"; done
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"
export TMPDIR=$T/tmp
mkdir -p "$T/tmp"
debian_key "$T/r/keys"

# ---- an archive
debian_begin "$T/www"
deb_base || exit 1
mkdir -p "$A/root/etc/toy" "$A/root/usr/share/empty"
echo "a setting" >"$A/root/etc/toy/conf"
echo /etc/toy/conf >"$A/control/conffiles"
printf '#!/bin/sh\nset -e\necho "preinst $* $DPKG_MAINTSCRIPT_PACKAGE $(cat /var/lib/dpkg/tmp.ci/control | grep -c Package)" >>/etc/said\n' >"$A/control/preinst"
printf '#!/bin/sh\nset -e\necho "postinst $*" >>/etc/said\n' >"$A/control/postinst"
printf 'interest-noawait /usr/share/empty\ninterest toy-word\n' >"$A/control/triggers"
chmod 755 "$A"/control/p*inst
deb toy-conf 1:2 $'Priority: required\nPre-Depends: base-files\nDepends: toy-lib (>= 1) | toy-none'
mkdir -p "$A/root/usr/lib/toy" "$A/root/lib/old"
echo lib >"$A/root/usr/lib/toy/lib"
ln "$A/root/usr/lib/toy/lib" "$A/root/usr/lib/toy/second"
ln -s lib "$A/root/usr/lib/toy/link"
echo old >"$A/root/lib/old/file"
chmod 2755 "$A/root/usr/lib/toy"
deb toy-lib 1 'Multi-Arch: same'
mkdir -p "$A/root/usr/bin"
echo early >"$A/root/usr/bin/early"
deb toy-early 1 'Architecture: all'
mkdir -p "$A/root/usr/bin"
echo other >"$A/root/usr/bin/early"
printf '#!/bin/sh\ndpkg-divert --package toy-diverts --rename --divert /usr/bin/early.old --add /usr/bin/early\n' >"$A/control/preinst"
chmod 755 "$A/control/preinst"
deb toy-diverts 1 $'Architecture: all\nPre-Depends: toy-early'
speaks() { # NAME FIELDS: one whose scripts say when they run
	printf '#!/bin/sh\necho "preinst %s" >>/etc/said\n' "$1" >"$A/control/preinst"
	printf '#!/bin/sh\necho "postinst %s" >>/etc/said\n' "$1" >"$A/control/postinst"
	chmod 755 "$A"/control/p*inst
	deb "$1" 1 $'Architecture: all\n'"$2"
}
speaks toy-first ''
speaks toy-then 'Pre-Depends: toy-first'
for n in a b c d e f; do speaks toy-$n "Depends: toy-then"; done
debian_publish one
mkdir "$A/dists/other"
sed 's/^Codename: one/Codename: other/; s/^Suite: one/Suite: other/' "$A/dists/one/InRelease" >"$A/dists/other/InRelease"

arch=$(dpkg --print-architecture)
start_server as_user ry-www rootyard-httpd --root "$T/www" --listen 127.0.0.1:0 --log "$T/home/ry-www/log" || exit 1
recipe() { # PACKAGE...: early ones
	printf 'image: {distribution: toy}\nsource: {downloader: debootstrap, variant: minbase, url: "%s"}\n' "$URL" >"$T/r/image.yaml"
	printf 'packages: {manager: apt, update: false, sets: [{packages: [%s], action: install, early: true}]}\nmappings: {architecture_map: debian}\n' "$1" >>"$T/r/image.yaml"
}
printf 'schema: 1\ndistro: toy\nreleases:\n' >"$T/r/releases.yaml"
for target in other one; do printf '  %s: {arches: [%s], variants: [default], keys: [keys/toy.asc]}\n' $target "$arch" >>"$T/r/releases.yaml"; done
build() { # NAME ARG...: into $T/NAME
	local name=$1
	shift
	rm -rf "${T:?}/$name"
	rootyard-build build --out "$T/$name" --cache "$T/cache" --compress xz=0,zstd=1 "$@" "$T/r" "$target/$arch"
}
tar_of() { echo "$T/$1"/toy/one/*/default/*/rootfs.tar.zst; }
record() { cat "$T/$1"/toy/one/*/default/*/build.json; }
member() { tar --zstd -xOf "$(tar_of "$1")" "./$2" 2>/dev/null; }

# ---- the tree
recipe toy-early
exits 0 "a tree is made of signed packages" build ours
unlike "$ERR" 'mmdebstrap' "... by ourselves"
is "$(member ours etc/said)" $'preinst install toy-conf 1\npostinst configure ' "scripts ran once, and found what came with them"
is "$(member ours var/lib/dpkg/status | grep -c '^Status: install ok installed')" 4 "dpkg knows four packages as installed"
is "$(member ours var/lib/apt/extended_states | tr '\n' ' ')" "Package: toy-lib Architecture: $arch Auto-Installed: 1  " "... and apt the one that came along"
is "$(member ours usr/lib/old/file)" old "what lies below a merged directory went into usr/"
like "$(record ours)" "\"url\":\"$URL/pool/toy-lib_1.deb\",\"sha256\":\"$(sha256sum <"$A/pool/toy-lib_1.deb" | cut -d' ' -f1)\",\"verified\":\"openpgp:" "build.json names each package and who signed for it"
exits 0 "mmdebstrap makes one too" build theirs --mmdebstrap
is "$("$TOP/tests/cli/compare-tars.py" "$(tar_of theirs)" "$(tar_of ours)")" "" "... and the two are one: content, owners, modes, times"
recipe "toy-f, toy-e, toy-d, toy-c, toy-b, toy-a"
exits 0 "packages that wait for each other" build waiting
unlike "$ERR" 'mmdebstrap' "... are no reason for mmdebstrap"
is "$(member waiting etc/said | grep -E 'toy-(first|then)')" $'preinst toy-first\npostinst toy-first\npreinst toy-then\npostinst toy-then' "... a script finds configured what it waits for"
exits 0 "... mmdebstrap makes it too" build waiting-too --mmdebstrap
is "$(member waiting-too etc/said)" "$(member waiting etc/said)" "... and calls all scripts in the same order"
recipe toy-early
asked() { grep -c "GET.*$1" "$T/home/ry-www/log"; }
for _ in {1..50}; do [ "$(asked toy-lib_1)" -ge 2 ] && break; sleep 0.1; done
before=$(asked Packages)
exits 0 "another night, one thread" build again --threads 1
is "$(sha256sum <"$(tar_of again)")" "$(sha256sum <"$(tar_of ours)")" "... gives the same bytes"
is "$(asked Packages)" "$before" "... and asks for no list of packages again"
is "$(asked toy-conf)" 2 "... nor for a package, once for each of us"

(umask 077 && rootyard-build build --out "$T/strict" --cache "$T/strict-cache" --compress xz=0,zstd=1 "$T/r" "one/$arch" 2>"$T/err" >/dev/null)
is "$(cat "$T/strict"/*/*/*/*/*/rootfs.tar.xz | sha256sum) $(grep -c mmdebstrap "$T/err")" "$(cat "$T/again"/*/*/*/*/*/rootfs.tar.xz | sha256sum) 0" "a caller's umask changes nothing"
mkdir -m 700 "$T/shut"
rootyard-build build --out "$T/shut-out" --cache "$T/shut/cache" --compress xz=0,zstd=1 "$T/r" "one/$arch" 2>"$T/err" >/dev/null
like "$(cat "$T/err")" "no user but root may read '.*apt.conf'" "a cache that helpers cannot reach is said to be the reason"

# ---- the archive that this host's apt is set up with
debian_publish one-updates
mkdir -p "$A/debian" "$T/apt"
cp -r "$A/dists" "$A/pool" "$A/debian"
echo "deb [signed-by=/none] $URL/debian one main" >"$T/apt/own.list"
cp "$T/r/releases.yaml" "$T/releases.yaml"
sed -i '/^  one:/s/}/, mirror: debian-without-security}/' "$T/r/releases.yaml"
from_own() { # its list and no other, in a mount namespace of its own
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -c 'mount --bind "$1" /etc/apt/sources.list.d; ! [ -e /etc/apt/sources.list ] || mount --bind /dev/null /etc/apt/sources.list
		shift; exec "$@"' sh "$T/apt" rootyard-build build --out "$T/own" --cache "$T/cache" --compress xz=0,zstd=1 "$T/r" "one/$arch"
}
exits 0 "a recipe without a URL is built from the archive of this host's apt" from_own
unlike "$ERR" 'mmdebstrap' "... by ourselves"
is "$(member own etc/apt/sources.list)" "$(printf 'deb http://ftp.debian.org/debian %s main\n\n' one one-updates)" "... whose name stays out of the image"
for _ in {1..50}; do [ "$(asked /debian/dists/one-updates/InRelease)" -ge 1 ] && break; sleep 0.1; done
is "$(asked /debian/dists/one/InRelease) $(asked /debian/dists/one-updates/InRelease)" "1 1" "... and is asked once for each signed index"
cp "$T/releases.yaml" "$T/r/releases.yaml"

# ---- what steps in, and what does not
chmod 666 "$T"/cache/plans/*
sed -i "s/ toy-early / toy-conf /" "$T"/cache/plans/*
exits 0 "a plan that others could write is made anew" build again
is "$(sha256sum <"$(tar_of again)")" "$(sha256sum <"$(tar_of ours)")" "... and is what it was"
recipe toy-diverts
exits 0 "what moves another package's files is left to mmdebstrap" build diverts
like "$ERR" "mmdebstrap makes the tree: package 'toy-(early|diverts)'.*'usr/bin/early'" "... which is said in one line"
is "$(member diverts usr/bin/early) $(member diverts usr/bin/early.old)" "other early" "... and right"
recipe "toy-early, no-such"
exits 11 "a package that nobody has is upstream's fault" build none
like "$ERR" "no-such" "... and named"

recipe toy-early
rm -rf "$T/cache/sources"
mv "$A/pool/toy-lib_1.deb" "$T/lost.deb"
exits 11 "a package that the archive lost is upstream's fault" build lost
like "$ERR" "the archive lacks package 'toy-lib' 1 of its own index: .*404" "... and named"
mv "$T/lost.deb" "$A/pool/toy-lib_1.deb"

# ---- what is not signed
recipe toy-early
rm -rf "$T/cache/sources" "$T/cache/plans"
cp "$A/pool/toy-lib_1.deb" "$T/keep.deb"
echo x >>"$A/pool/toy-lib_1.deb"
exits 3 "a package that is not what the index names is refused" build bad
is "$(ls "$T"/bad/toy/one/*/default/*/)" "$(printf 'build.json\nbuild.log')" "... and nothing of it handed over"
printf x | dd of="$A/pool/toy-lib_1.deb" bs=1 seek=100 conv=notrunc 2>/dev/null
truncate -s "$(stat -c %s "$T/keep.deb")" "$A/pool/toy-lib_1.deb"
exits 3 "so is one of the right size" build bad
cp "$T/keep.deb" "$A/pool/toy-lib_1.deb"
p=$A/dists/one/main/binary-$arch
cp "$p/Packages.xz" "$T/Packages.xz"
{ xz -dc "$T/Packages.xz"; printf 'Package: more\n\n'; } | xz -0 >"$p/Packages.xz"
exits 3 "an index that is not what the signature names is refused" build bad
cp "$T/Packages.xz" "$p/Packages.xz"
target=other
exits 3 "a signature over something else is refused" build bad
is "$(ls -A "$T/tmp"; ls -A "$T/cache/work")" "" "nothing is left behind"
gpgconf --kill all
done_testing
