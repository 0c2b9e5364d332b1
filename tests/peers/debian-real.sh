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

around=() # who builds where
build() { # RELEASE/ARCH/VARIANT OUT CACHE ARG...
	local image=$1 out=$2 store=$3
	shift 3
	${around[@]+"${around[@]}"} rootyard-build build --out "$out" --cache "$store" --serial $serial "$@" "$T/r/debian" "$image"
}

fast=(--compress "xz=0,zstd=1")

# ---- the bytes
first=${images[0]%/*}/$arch/${images[0]#*/}
artifacts() { python3 -c 'import json, sys; [print(a["sha256"], a["name"]) for a in json.load(open(sys.argv[1] + "/build.json"))["artifacts"]]' "$1"; }
downloaded() { mkdir -p "$1" && cp -r "$cache/sources" "$cache/archives" "$cache/lists" "$1"; }
same() { # FACT PLACE ARG...: built below PLACE, where nothing is planned or compressed yet, it is what it was
	local fact=$1 place=$2
	shift 2
	downloaded "$place/cache"
	[ "${around[0]:-}" != as_user ] || chown -R "${around[1]}:" "$place/cache"
	exits 0 "$fact" build "$first" "$place/out" "$place/cache" "${fast[@]}" "$@"
	unlike "$ERR" 'mmdebstrap' "... by ourselves"
	is "$(artifacts "$OUT")" "$reference" "... gives the same bytes in all artifacts"
	rm -rf "$place/cache" "$place/out"
	around=()
}
exits 0 "debian/$first is built" build "$first" "$T/reference" "$cache" "${fast[@]}"
reference=$(artifacts "$OUT")
echo "$reference" | sed 's/^/# /'
like "$reference" ' rootfs.tar.xz' "... with its artifacts"
rm -rf "$T/reference"
same "once more" "$T/more"
around=(env LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 TZ=Pacific/Kiritimati unshare --uts sh -c 'hostname elsewhere && umask 077 && exec "$@"' sh)
same "with another locale, time zone, umask and host name" "$T/there"
mkdir "$T/memory"
mount -t tmpfs -o mode=755 tmpfs "$T/memory" && mkdir -m 1777 "$T/memory/tmp"
around=(env TMPDIR="$T/memory/tmp" taskset -c 0)
same "on another file system, with one core" "$T/memory"
umount "$T/memory"
around=(as_user ry-user)
same "by an ordinary user" "$T/home/ry-user" --unshare

# ---- the tree
for image in "${images[@]}"; do
	name=${image%/*}/$arch/${image#*/}
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
