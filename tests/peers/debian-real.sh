#!/bin/bash
# debian-real.sh [RELEASE/VARIANT...]: Debian's own images, built from the mirror. The tree of each is mmdebstrap's, but for
# what is listed here; and all artifacts of the first are the same, digest for digest, whoever builds it where and how.
# Without arguments all releases and variants of recipes/debian for this architecture. DEBIAN_CACHE: what was downloaded, kept.
"$(dirname "$0")/need.sh" mmdebstrap debian-archive-keyring uidmap zstd >&2 || exit 1
. "$(dirname "$0")/../lib.sh"

recipe=$TOP/recipes/debian
arch=$(dpkg --print-architecture)
[ $# -gt 0 ] || mapfile -t images < <(rootyard-build plan "$recipe" | sed -n "s,^debian/\([^/]*\)/$arch/\([^ ]*\).*,\1/\2,p")
[ $# -eq 0 ] || images=("$@")
cache=${DEBIAN_CACHE:-$T/cache}
mkdir -p "$cache" "$T/tmp" "$T/r"
cp -r "$recipe" "$T/r/debian"
chmod -R a+rX "$T/r"
export TMPDIR=$T/tmp
serial=20260101_0000

# Where neither of the two is wrong: whose entry and what of it, as a regular expression, and why.
known=(
	# mmdebstrap makes it before the packages come, dpkg gives it no time of its own; how often it is written to decides.
	'^(etc|usr|var)(/[^:]*)?: time '
)
same_trees() { "$TOP/tests/cli/compare-tars.py" "$1/rootfs.tar.zst" "$2/rootfs.tar.zst" >"$T/differences"; }
unknown() { grep -vE "$(IFS='|'; echo "${known[*]}")"; }

build() { # RELEASE/ARCH/VARIANT OUT CACHE ARG...
	local image=$1 out=$2 store=$3
	shift 3
	rootyard-build build --out "$out" --cache "$store" --serial $serial "$@" "$T/r/debian" "$image"
}

# ---- the tree
for image in "${images[@]}"; do
	name=${image%/*}/$arch/${image#*/}
	fast=(--compress "xz=0,zstd=1")
	exits 0 "debian/$name is built" build "$name" "$T/ours" "$cache" "${fast[@]}"
	unlike "$ERR" 'mmdebstrap' "... by ourselves"
	ours=$OUT
	exits 0 "... and by mmdebstrap" build "$name" "$T/theirs" "$cache" "${fast[@]}" --mmdebstrap
	ok "... compared" same_trees "$OUT" "$ours"
	is "$(unknown <"$T/differences")" "" "... the same tree"
	echo "# $name: $(wc -l <"$T/differences") differences that are known$(sed 's/^/, /' "$T/differences" | head -n 3 | tr -d '\n')"
	rm -rf "$T/theirs"
done
done_testing
