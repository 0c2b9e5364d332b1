#!/bin/bash
# Each package manager is asked in its own words, in order; what it is asked is what distrobuilder asks
# (tests/data/ok/managers was recorded with it, tests/peers/distrobuilder-managers.sh records it again).
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/recorder.sh"
[ -x /bin/busybox ] || skip_all "no static busybox"
export TMPDIR=$T/tmp
mkdir -p "$T/tmp"

make_recorder "$T/rec"
for m in $RECORDED; do
	exits 0 "a build with $m" rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified "$T/rec/$m" r1/amd64
	mkdir -p "$T/x/$m"
	tar -xf "$OUT/rootfs.tar.zst" --zstd -C "$T/x/$m"
	recorded "$T/x/$m" >"$T/got"
	is "$(cat "$T/got")" "$(cat "$DATA/ok/managers/$m")" "... asks what it should"
done

# ---- what is odd
edit() { # MANAGER SED: the recipe changed
	rm -rf "$T/r"
	cp -r "$T/rec/$1" "$T/r"
	sed -i "$2" "$T/r/image.yaml"
}
build() { rootyard-build build --out "$T/out2" --compress xz=0,zstd=1 --allow-unverified "$T/r" r1/amd64; }
edit zypper 's/type: zypper/type: odd/'
exits 10 "a repository of a type that zypper does not know is refused" build
like "$ERR" "repository 'repo2' \(line [0-9]+\): type 'odd'" "... by name and line"
edit dnf 's/name: repo2/name: ..\/..\/repo2/'
exits 10 "a repository whose name is a path is refused" build
edit apt 's/name: repo2/&\n    key: 0123456789ABCDEF/'
exits 10 "a key that would have to be fetched is refused" build
like "$ERR" "must be armoured" "... in a sentence"
edit apk 's/name: repo2/&\n    key: "KEY {{ image.release }}"/'
exits 0 "apk gets a repository's key" build
is "$(tar -xOf "$OUT/rootfs.tar.zst" --zstd ./etc/apk/keys/repo2)" "KEY r1" "... rendered"
edit portage 's/name: repo2/&/'
exits 0 "repositories of a manager that has none are warned of" rootyard-build validate "$T/r"
like "$ERR" "package manager 'portage' takes no repositories" "... by validate"
done_testing
