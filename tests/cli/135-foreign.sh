#!/bin/bash
# Images for another machine: built where its programs run, a sentence elsewhere. The handlers are a directory of ours in the
# kernel's place, and the toy's programs this machine's own: what is judged is who is let through, and what comes out.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
export TMPDIR=$T/tmp
other=arm64 machine=aarch64
[ "$(dpkg --print-architecture)" != arm64 ] || other=amd64 machine=x86_64
mkdir -p "$T/tmp" "$T/handlers" && cp -r "$DATA/ok/toy" "$T/r"
sed -i "s/arches: \[[^]]*\]/arches: [$(dpkg --print-architecture), $other]/" "$T/r/releases.yaml"
mount --bind "$T/handlers" /proc/sys/fs/binfmt_misc || skip_all "cannot hide the kernel's handlers"
build() { rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$T/r" "1/$other"; }
handles() { printf '%s\ninterpreter /usr/bin/qemu-%s-static\nflags: %s\noffset 0\nmagic 7f454c46\n' "$1" "$machine" "$2" >"$T/handlers/qemu-$machine"; }

refused() { # WHY
	exits 1 "$1 is no reason to begin" build
	like "$ERR" "cannot run $other programs: build there, or install qemu-user-static and binfmt-support" "... and what would help is said"
	is "$(ls -A "$T/out" 2>/dev/null)" "" "... nothing is made"
}
refused "a machine without handlers"
handles disabled F
refused "a handler that is switched off"
handles enabled OC
refused "one that the tree would have to bring"
exits 0 "a night" rootyard-build nightly --out "$T/in" --cache "$T/cache" --compress xz=0,zstd=1 --allow-unverified \
	-o "source.url=file://$T/toy/rootfs.tar.xz" "$T/r"
like "$ERR" 'of architectures that this machine cannot run are left out' "... leaves them out, and says so"

handles enabled OCF
exits 0 "where a handler is set up it is built" build
like "$(cat "$OUT/build.json")" "\"image\":\"toy/1/$other/default\"" "... for the other machine"
like "$(tar -xJOf "$OUT/incus.tar.xz" metadata.yaml)" "architecture: \"?$machine\"?" "... and its metadata says so"
done_testing
