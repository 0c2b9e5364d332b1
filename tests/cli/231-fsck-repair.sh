#!/bin/bash
# fsck --repair makes again what can be made again, moves away what it does not know, deletes nothing,
# and leaves the rest as it is, told.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
chown ry-index "$T"
index init -q --root-home "$T/root" >/dev/null 2>&1 || exit 1
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260101_0000 pad=9000
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null || exit 1
cp -a "$tree" "$T/whole"
whole=$(tree_digest "$tree/public")
again() { rm -rf "$tree" && cp -a "$T/whole" "$tree"; }
dir=images/toy/one/amd64/default/20260101_0000
old() { touch -h -d '2 hours ago' "$@"; }
object=$(find "$public/meta/2/objects" -name '*.zst' -printf '%f\n' | head -n 1)

exits 0 "a whole tree has nothing to repair" index fsck --repair
is "$(tree_digest "$tree/public")" "$whole" "... and stays as it is"
ok "... without a lost/" test ! -e "$tree/lost"

# CHECK OBJECT FACT: it is found, mended, and then the tree is whole, and the same as ever.
mends() {
	exits 7 "$3" index fsck
	like "$OUT" "^$1: $2: " "... is $1"
	exits 0 "... is mended" index fsck --repair
	like "$OUT" "^  mended: " "... which is told"
	exits 0 "... and the tree is whole" index fsck
	is "$(tree_digest "$tree/public")" "$whole" "... as it was"
}
setfattr -x user.rootyard.sha256 "$public/$dir/packages.json"
mends F4 "$dir/packages.json" "a file without its digest"
again
setfattr -n user.rootyard.sha256 -v "$(printf '%064d' 0)" "$public/meta/2/objects/$object"
mends F4 "meta/2/objects/$object" "a companion with another's digest"
again
zstd -q -f -o "$public/meta/2/objects/$object" "$public/$dir/rootfs.man"
mends F7 "meta/2/objects/$object" "a companion of something else"
again
chmod o+w "$public/$dir/rootfs.man"
mends F9 "$dir/rootfs.man" "a file that everybody may write"
again
chmod 700 "$public/images/toy"
mends F9 images/toy "a directory that the server may not enter"
again
chmod 755 "$tree/gnupg"
mends F9 gnupg "a key home that others may enter"
is "$(stat -c %a "$tree/gnupg")" 700 "... is closed"
again
rm "$public/.live"
mends F6 .live "the one switch, gone"
again
ln -sfn /etc "$public/streams"
mends F9 streams "a fixed link that points elsewhere"
again
ln -s /etc/passwd "$public/images/toy/link"
mends F9 images/toy/link "a symbolic link into the host"
ok "... is not deleted" sh -c 'test -h "$1"/lost/*/public/images/toy/link' sh "$tree"
again
mkdir -p "$public/images/toy/one/amd64/default/20260105_0000" && echo keep >"$public/images/toy/one/amd64/default/20260105_0000/rootfs.tar.xz"
chown -R ry-index "$public/images/toy/one/amd64/default/20260105_0000"
old "$public/images/toy/one/amd64/default/20260105_0000/rootfs.tar.xz" "$public/images/toy/one/amd64/default/20260105_0000"
mends F3 images/toy/one/amd64/default/20260105_0000 "a build that nobody admitted"
is "$(cat "$tree"/lost/*/public/images/toy/one/amd64/default/20260105_0000/rootfs.tar.xz)" keep "... is kept in lost/"
again
install -d -o ry-index "$public/images/a b"
mends F16 "images/a b" "a name that no document may carry"
again
mkfifo "$public/images/toy/fifo"
mends F9 images/toy/fifo "a FIFO"
again

echo "0000  extra" >>"$public/$dir/SHA256SUMS"
mends F2 "$dir/SHA256SUMS" "SHA256SUMS with a line too many"
again

# what cannot be made again
printf x | dd of="$public/$dir/meta.tar.xz" bs=1 seek=40 conv=notrunc status=none
damaged=$(sha256sum <"$public/$dir/meta.tar.xz")
chmod o+w "$public/$dir/rootfs.man"
exits 7 "a changed byte beside a wrong mode" index fsck --repair
like "$OUT" "^F2: $dir/meta.tar.xz: untrusted.*; copy it back from a mirror or a backup" "... is told, with where to find it"
like "$ERR" "is damaged: 3 findings, 1 of them mended" "... and the other is mended"
is "$(sha256sum <"$public/$dir/meta.tar.xz")" "$damaged" "... and left as it is"
again
setfattr -n user.rootyard.sha256 -v "$(printf '%064d' 0)" "$public/$dir/meta.tar.xz"
printf x | dd of="$public/$dir/meta.tar.xz" bs=1 seek=40 conv=notrunc status=none
exits 7 "a wrong mark on a wrong file" index fsck --repair
like "$OUT" "^  not mended: its content is not that either" "... is not made to look right"
again

as_user ry-index sqlite3 "$tree/catalog.db" "UPDATE build SET state = 'held'"
exits 7 "an image without a build that is offered" index fsck
like "$OUT" "^F14: toy/one/amd64/default: .*release one" "... is F14"
again

as_user ry-index sh -c 'exec 9<>"$1" && flock 9 && : >"$2" && exec sleep 30' sh "$tree/lock" "$T/held" &
holder=$!
for _ in $(seq 100); do [ ! -e "$T/held" ] || break; sleep 0.05; done
exits 6 "beside another writer nothing is mended" index fsck --repair --wait 0
exits 0 "... but looked at" index fsck
kill "$holder" 2>/dev/null
wait "$holder" 2>/dev/null
done_testing
