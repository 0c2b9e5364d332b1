#!/bin/bash
# A night in which one package changed: what was compressed the night before is taken again, byte for byte.
. "$(dirname "$0")/../lib.sh"

# Four packages of three sources that a database knows, and what nobody owns.
make_night() { # FILE SEED-OF-two
	rm -rf "$T/r"
	mkdir -p "$T/r"/{bin,dev,proc,sys,run,tmp,etc,usr/share,var/lib/dpkg/info}
	mkdir "$T/r"/usr/share/d{1..1100}
	cp /bin/busybox "$T/r/bin/busybox" && ln -s busybox "$T/r/bin/sh"
	echo toy >"$T/r/etc/hostname" && cp "$T/r/etc/hostname" "$T/r/etc/hosts"
	for p in four one two three; do
		seed=$p
		[ $p != two ] || seed=$2
		source=$p
		[[ $p != one && $p != three ]] || source=shared
		printf 'Package: %s\nSource: %s\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n' $p $source \
			>>"$T/r/var/lib/dpkg/status"
		printf '/.\n/usr/share/%s\n' $p >"$T/r/var/lib/dpkg/info/$p.list"
		{ openssl enc -aes-128-ctr -pass "pass:$seed" -nosalt -pbkdf2 -in /dev/zero 2>/dev/null | head -c 200000; yes "$seed" | head -c 4500000; [ $source = shared ] || yes more | head -c 4500000; } \
			>"$T/r/usr/share/$p"
	done
	find "$T/r" -exec touch -h -d '2026-01-01 00:00:00Z' {} +
	touch -d "2026-01-0${3:-1} 00:00:00Z" "$T/r/usr/share/two"
	tar --numeric-owner --owner=0 --group=0 --sort=name -C "$T/r" -cf "$1" .
}
make_night "$T/first.tar" a
make_night "$T/second.tar" b 2
night() { # NAME TAR SERIAL ARG...
	local name=$1 tar=$2 serial=$3
	shift 3
	rootyard-build build --out "$T/$name" --compress xz=0,zstd=1 --allow-unverified -o "source.url=file://$tar" --serial "$serial" \
		"$@" "$DATA/ok/toy" 1/amd64
}
at() { echo "$T/$1/toy/1/amd64/default/$2"; }
packed() { python3 -c 'import json,sys; p=json.load(open(sys.argv[1]+"/timings.json"))["packed"]; print(p["reused_pieces"],"of",p["pieces"])' "$1"; }
digests() { (cd "$1" && sha256sum rootfs.man rootfs.tar.xz rootfs.tar.zst build.json); }
cache="--cache $T/cache"

# ---- the order
# shellcheck disable=SC2086 # two words
exits 0 "a night with an empty cache" night a "$T/first.tar" 20260101_0000 $cache
is "$(packed "$(at a 20260101_0000)")" "0 of 6" "... compresses every piece"
is "$(tar tf "$(at a 20260101_0000)/rootfs.tar.xz" | grep -v '/$' | grep -E 'share|info|status|hostname|made-by' | tr '\n' ' ')" \
	"./usr/share/four ./var/lib/dpkg/info/four.list ./usr/share/one ./var/lib/dpkg/info/one.list ./usr/share/three ./var/lib/dpkg/info/three.list ./usr/share/two ./var/lib/dpkg/info/two.list ./var/lib/dpkg/status ./etc/hostname ./etc/made-by-action " \
	"files stand by source and package, with what dpkg knows of it; then nobody's, then the build's own"
diff_id=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]+"/build.json"))["tree"]["diff_id"])' "$(at a 20260101_0000)")
is "$(xz -dc "$(at a 20260101_0000)/rootfs.tar.xz" | sha256sum | cut -d' ' -f1)" "$diff_id" "xz reads the blocks as one tar"
is "$(zstd -dcq "$(at a 20260101_0000)/rootfs.tar.zst" | sha256sum | cut -d' ' -f1)" "$diff_id" "zstd reads the frames as one tar"
is "$(xz --robot -l "$(at a 20260101_0000)/rootfs.tar.xz" | awk '$1 == "file" { print $3 }')" 6 "the .xz has a block a piece"

# ---- the same again, and one package changed
# shellcheck disable=SC2086
exits 0 "the same night again" night b "$T/first.tar" 20260101_0000 $cache
is "$(packed "$(at b 20260101_0000)")" "6 of 6" "... compresses nothing"
is "$(digests "$(at b 20260101_0000)")" "$(digests "$(at a 20260101_0000)")" "... and gives the same bytes"
# shellcheck disable=SC2086
exits 0 "a night with one changed package" night c "$T/second.tar" 20260102_0000 $cache
is "$(packed "$(at c 20260102_0000)")" "3 of 6" "... compresses its piece, the directories, and the build's own files"
like "$ERR" '3 of 6 pieces as before' "... and says so"
exits 0 "the same without a cache" night d "$T/second.tar" 20260102_0000 --threads 1
is "$(packed "$(at d 20260102_0000)")" "0 of 6" "... compresses everything"
is "$(digests "$(at d 20260102_0000)")" "$(digests "$(at c 20260102_0000)")" "... and gives the same bytes"

# ---- a damaged, a torn, an emptied cache
pieces=$T/cache/pieces
is "$(find "$pieces" -type f ! -perm 600)" "" "only root reads the cache"
is "$(ls "$pieces" | wc -l)" 18 "it has an .xz block and a zstd frame of each"
n=0
for f in "$pieces"/*; do
	n=$((n + 1))
	case $((n % 3)) in
	0) printf X | dd of="$f" bs=1 seek=50 conv=notrunc status=none ;;
	1) truncate -s 20 "$f" ;;
	2) head -c 40000 /dev/urandom >"$f" ;;
	esac
done
touch -d '3 days ago' "$pieces/0.tmp-abcdef"
# shellcheck disable=SC2086
exits 0 "a night with a damaged cache" night e "$T/second.tar" 20260102_0000 $cache
is "$(packed "$(at e 20260102_0000)")" "0 of 6" "... believes none of it"
is "$(digests "$(at e 20260102_0000)")" "$(digests "$(at c 20260102_0000)")" "... and gives the same bytes"
is "$(grep -c 'not what was written: removed' "$(at e 20260102_0000)/build.log")" 12 "... saying so for each"
ok "... what a killed build left is gone" test ! -e "$pieces/0.tmp-abcdef"
# shellcheck disable=SC2086
exits 0 "rebuild --verify asks no cache" rootyard-build rebuild --verify $cache "$(at e 20260102_0000)"
# shellcheck disable=SC2086
exits 0 "a bounded cache" night f "$T/second.tar" 20260102_0000 $cache --cache-max 300k
is "$(find "$pieces" -type f -printf '%s\n' | awk '{ sum += $1 } END { print (sum <= 307200) }')" 1 "... keeps no more than that"
done_testing
