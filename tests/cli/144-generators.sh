#!/bin/bash
# `files:` of a recipe: what comes from beside it, whose it becomes, and what templates may name.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
cp -r "$DATA/ok/toy" "$T/recipe"
files() { # YAML on stdin: the whole `files:`
	{ sed -n '1,/^files:/p' "$DATA/ok/toy/image.yaml" && cat && sed -n '/^packages:/,$p' "$DATA/ok/toy/image.yaml"; } >"$T/recipe/image.yaml"
}
serial=0
build() { # ARG...
	serial=$((serial + 1))
	rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" \
		--serial "$(printf '20260101_%04d' $serial)" "$@" "$T/recipe" 1/amd64
}
unpack() {
	rm -rf "$T/x" && mkdir "$T/x" && tar --numeric-owner -xpf "$OUT/rootfs.tar.xz" -C "$T/x"
}

# ---- copy
mkdir -p "$T/recipe/over/deep/er"
echo one >"$T/recipe/over/a.conf" && echo two >"$T/recipe/over/b.conf" && echo three >"$T/recipe/over/deep/er/c"
ln -s /etc/nowhere "$T/recipe/over/deep/link"
mkfifo "$T/recipe/over/deep/fifo"
chmod 700 "$T/recipe/over/a.conf" && chown 1234:1234 "$T/recipe/over/a.conf"
chmod 700 "$T/recipe/over/deep"
files <<'Y'
  - {generator: copy, source: over/a.conf, path: /etc/a}
  - {generator: copy, source: over/a.conf, path: /etc/into/, mode: "0400", uid: nobody, gid: nogroup}
  - {generator: copy, source: "over/*.conf", path: /etc/conf.d}
  - {generator: copy, source: over/deep, path: "/opt/{{ image.distribution }}", pongo: true}
  - {generator: copy, source: /etc/debian_version}
  - {generator: copy, source: over/b.conf, path: /bin/../etc/hostname}
Y
exits 10 "a path that climbs is refused" build
like "$ERR" "'copy' \(line [0-9]+\): .*'bin/\.\./etc/hostname'" "... with its line"
sed -i '/\.\.\/etc/d' "$T/recipe/image.yaml"
exits 0 "a recipe with files beside it validates" rootyard-build validate "$T/recipe"
is "$(grep -i 'virtual' <<<"$ERR")" "" "... and 'copy' is not said to be for virtual machines"
exits 0 "it builds" build
unpack
is "$(cat "$T/x/etc/a")" one "a file goes to its path"
is "$(stat -c '%a %u:%g' "$T/x/etc/a")" "644 0:0" "... as anybody's checkout would give it: 0644, root's"
is "$(stat -c '%a %u:%g' "$T/x/etc/into/a.conf")" "400 65534:65534" "a trailing slash means into; names are the tree's own"
is "$(cd "$T/x/etc/conf.d" && cat a.conf b.conf | tr '\n' ' ')" "one two " "several matches go into a directory"
is "$(cd "$T/x/opt/toy" && find . | LC_ALL=C sort | tr '\n' ' ')" ". ./er ./er/c ./link " "a directory's contents go along, a pipe does not"
is "$(readlink "$T/x/opt/toy/link") $(stat -c %a "$T/x/opt/toy/er")" "/etc/nowhere 755" "... links as links, directories as 0755"
is "$(cat "$T/x/etc/debian_version")" "$(cat /etc/debian_version)" "without a path it goes where it was"
like "$(cat "$OUT/build.json")" "\"url\":\"recipe:over/a.conf\",\"sha256\":\"$(sha256sum <"$T/recipe/over/a.conf" | cut -d' ' -f1)\",\"verified\":\"none\",\"kind\":\"file\"" \
	"build.json names it and its digest"
like "$(cat "$OUT/build.json")" "\"url\":\"file:///etc/debian_version\"" "... and what lay elsewhere"
exits 8 "such a build cannot be made again from what it holds" rootyard-build rebuild --verify "$OUT"
like "$ERR" "'over/[^']*' was copied from beside the recipe" "... and the sentence says why"
files <<Y
  - {generator: copy, source: "over/*.none", path: /etc/a}
Y
exits 10 "a pattern without a match is the recipe's fault" build
like "$ERR" "line [0-9]+.*: nothing matches 'over/\*\.none'" "... with its line"

# ---- names of owners
files <<Y
  - {generator: dump, path: /etc/a, content: x, uid: stranger}
Y
exits 10 "a name that the tree does not know is refused" build
like "$ERR" "line [0-9]+: 'stranger' is neither a number below 65536 nor in the tree's 'etc/passwd'" "... with what would do"

# ---- what templates may name
files <<'Y'
  - generator: template
    name: t
    path: /etc/t
    pongo: true
    content: "size={{ targets.incus.vm.size }} incus={{ incus.vm.size }} image={{ image.distribution }}."
  - generator: dump
    path: "/etc/{{ image.distribution }}.conf"
    pongo: true
    content: "{{ image.architecture_mapped }} {{ source.downloader }} {{ targets.incus.vm.size }}"
Y
exits 0 "templates are rendered" build -o targets.incus.vm.size=5000
unpack
is "$(tar xOf "$OUT/incus.tar.xz" templates/t.tpl)" "size=5000 incus= image=toy." "the host's template sees the recipe, and no 'incus'"
is "$(cat "$T/x/etc/toy.conf")" "amd64 rootfs-http 5000" "a file's sees the recipe too"
done_testing
