#!/bin/bash
# rootyard-index fsck: one damage at a time, each named by its check, its object and its repair.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
sql() { as_user ry-index sqlite3 "$tree/catalog.db" "$1"; }
chown ry-index "$T"
index init -q --root-home "$T/root" >/dev/null 2>&1 || exit 1
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260101_0000 pad=9000
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260102_0000 pad=9000
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null && index refresh -q >/dev/null || exit 1
exits 0 "the tree is whole" index fsck
exits 0 "... also at a glance" index fsck --quick
like "$ERR" "contents and signatures not looked at" "... which says what it left out"
before=$(tree_digest "$tree")
index fsck -q
is "$(tree_digest "$tree")" "$before" "looking changes nothing"

cp -a "$tree" "$T/whole"
again() { # a fresh copy of the whole tree
	rm -rf "$tree" && cp -a "$T/whole" "$tree"
}
finds() { # CHECK OBJECT FACT
	exits 7 "$3" index fsck
	like "$OUT" "^$1: $2: .*; " "... is $1, named with its repair"
	again
}
dir=images/toy/one/amd64/default/20260101_0000
object() { sql "SELECT lower(hex(sha256)) FROM document WHERE kind = '$1' AND text IS NULL ORDER BY created, sha256 LIMIT 1"; }
old() { touch -h -d '2 hours ago' "$@"; }

dd if=/dev/zero of="$tree/catalog.db" bs=1 seek=4096 count=2000 conv=notrunc status=none
exits 7 "a damaged catalog" index fsck
again
sql "PRAGMA foreign_keys = OFF; DELETE FROM object WHERE size = 10"
finds F1 catalog.db "a row without the row it names"

rm "$public/$dir/rootfs.man"
finds F2 "$dir/rootfs.man" "a file that is gone"
truncate -s -1 "$public/$dir/rootfs.tar.zst"
finds F2 "$dir/rootfs.tar.zst" "a file cut short"
printf x | dd of="$public/$dir/meta.tar.xz" bs=1 seek=40 conv=notrunc status=none
exits 7 "a changed byte" index fsck
like "$OUT" "^F2: $dir/meta.tar.xz: untrusted" "... is not trusted"
exits 0 "... and not seen at a glance" index fsck --quick
again
rm "$public/$dir/recipe.yaml" && mkfifo "$public/$dir/recipe.yaml"
finds F2 "$dir/recipe.yaml" "a FIFO in place of a file"
echo "0000  extra" >>"$public/$dir/SHA256SUMS"
finds F2 "$dir/SHA256SUMS" "SHA256SUMS with a line too many"

echo stray >"$public/$dir/stray" && chmod 644 "$public/$dir/stray" && old "$public/$dir/stray"
finds F3 "$dir/stray" "a file nobody knows"
cp -a "$public/$dir" "$public/${dir%/*}/20260103_0000" && old "$public/${dir%/*}/20260103_0000"
finds F3 "${dir%/*}/20260103_0000" "a build nobody knows"
echo x >"$public/meta/2/objects/$(printf x | sha256sum | cut -d' ' -f1)" && old "$public"/meta/2/objects/*
finds F3 "meta/2/objects/[0-9a-f]*" "a document nobody knows"
echo x >"$public/$dir/young"
exits 0 "what is young may belong to a command at work" index fsck
again

setfattr -x user.rootyard.sha256 "$public/$dir/packages.json"
finds F4 "$dir/packages.json" "a file without its digest"
setfattr -n user.rootyard.sha256 -v "$(printf '%064d' 0)" "$public/$dir/rootfs.man"
finds F4 "$dir/rootfs.man" "a file with another's digest"

cp "$public/$dir/rootfs.man.asc" "$public/$dir/meta.tar.xz.asc"
exits 7 "another file's signature" index fsck
like "$OUT" "^F5: $dir/meta.tar.xz.asc: .*untrusted" "... is F5, and untrusted"
again
cp "$public/images/toy/one/amd64/default/20260102_0000/packages.json.asc" "$public/$dir/packages.json.asc"
exits 7 "a good signature of the same bytes, made for another path" index fsck
like "$OUT" "^F5: $dir/packages.json.asc: .*made for 'images/toy/one/amd64/default/20260102_0000/packages.json'" "... is F5, and says which"
again
mkdir -m 700 "$T/other"
gpg --homedir "$T/other" --batch -q --pinentry-mode loopback --passphrase '' --quick-gen-key other rsa2048 sign never 2>/dev/null
gpg --homedir "$T/other" --batch -q --pinentry-mode loopback --passphrase '' --digest-algo SHA512 --sig-notation "path@rootyard=$dir/build.json" -abo - "$public/$dir/build.json" >"$T/sig" 2>/dev/null
gpgconf --homedir "$T/other" --kill all
cat "$T/sig" >"$public/$dir/build.json.asc"
finds F5 "$dir/build.json.asc" "a signature by another key"
: >"$public/$dir/SHA256SUMS.gpg"
finds F5 "$dir/SHA256SUMS.gpg" "an empty signature"

ln -sfn .gen/9 "$public/.live"
finds F6 .live ".live to a generation that is not live"
rm "$public/.live"
finds F6 .live "no .live"

current=.gen/1/meta/2/current
sed -i 's/"sig":"\(.\{40\}\)..../"sig":"\1AAAA/' "$public/$current"
finds F7 "$current" "a current whose signature is broken"
cat >"$T/expire.py" <<'P'
import base64, json, subprocess, sys
path, home = sys.argv[1:]
doc = json.load(open(path))
payload = json.loads(base64.b64decode(doc["payload"]))
payload["created"] -= 30 * 86400
payload["expires"] -= 30 * 86400
body = json.dumps(payload, separators=(",", ":")).encode()
kind = doc["payloadType"].encode()
pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
sig = subprocess.run(["gpg", "--homedir", home, "--batch", "-q", "-b"], input=pae, stdout=subprocess.PIPE, check=True).stdout
doc["payload"] = base64.b64encode(body).decode()
doc["signatures"][0]["sig"] = base64.b64encode(sig).decode()
json.dump(doc, open(path, "w"), separators=(",", ":"))
P
as_user ry-index python3 "$T/expire.py" "$public/$current" "$tree/gnupg"
as_user ry-index gpgconf --homedir "$tree/gnupg" --kill all
exits 7 "a current that has expired" index fsck
like "$OUT" "^F7: $current: .*expired" "... is F7"
unlike "$OUT" "^F7: $current: .*[Ss]ignature" "... with a good signature"
again
catalog=$(object catalog)
sed -i 's/"active"/"held"/' "$public/meta/2/objects/$catalog"
finds F7 "meta/2/objects/$catalog" "a changed catalog"
image=$(object image)
sed -i 's/toy/TOY/' "$public/meta/2/objects/$image"
finds F7 "meta/2/objects/$image" "a changed image document"
zstd -q -f -o "$public/meta/2/objects/$image.zst" "$public/meta/2/objects/$catalog"
finds F7 "meta/2/objects/$image.zst" "a companion of another document"
echo "x;y;amd64;default;20260101_0000;/" >>"$public/.gen/1/meta/1.0/index-user"
exits 7 "an index with a line too many" index fsck
like "$OUT" "^F7: .gen/1/meta/1.0/index-user: .*untrusted" "... is not what was signed for"
like "$OUT" "^F8: .gen/1/meta/1.0/index-user: " "... nor what the catalog makes"
again

chmod o+w "$public/$dir/rootfs.man"
finds F9 "$dir/rootfs.man" "a file that everybody may write"
chmod 600 "$public/$dir/rootfs.man"
finds F9 "$dir/rootfs.man" "a file that the server may not read"
ln -s /etc/passwd "$public/images/toy/link"
finds F9 images/toy/link "a symbolic link into the host"
ln -sfn /etc "$public/streams"
finds F9 streams "a fixed link that points elsewhere"
chmod 755 "$tree/gnupg"
finds F9 gnupg "a key home that others may enter"

payload=$(sql "SELECT lower(hex(payload)) FROM signing WHERE version = 2")
first=$(sql "SELECT lower(hex(payload)) FROM signing WHERE version = 1")
sed -i "s/$first/$(printf '%064d' 0)/" "$public/meta/2/objects/$payload"
finds F10 "meta/2/objects/$payload" "a version that does not follow the one before"
sed -i 's/"sig":"\(.\{40\}\)..../"sig":"\1AAAA/' "$public/trust/root.1"
finds F11 trust/root.1 "a root whose signature is broken"
rm "$public"/keys/*.asc
finds F11 "keys/[0-9A-F]*.asc" "a publish key that is not there to fetch"
sql "INSERT INTO generation SELECT number + 1, 'staged', created - 7200, catalog, files, signer FROM generation WHERE number = 1"
finds F12 catalog.db "a generation that never went live"
mkdir "$public/.gen/2.tmp" && old "$public/.gen/2.tmp"
finds F13 .gen/2.tmp "a half-written generation"
touch "$tree/staging/left" && old "$tree/staging/left"
finds F13 staging/left "something left in staging"
sql "PRAGMA foreign_keys = OFF; UPDATE signing SET version = 7 WHERE version = 2"
finds F15 catalog.db "a version that was skipped"
mkdir "$public/images/a b"
finds F16 "images/a b" "a name that no signed document may carry"
exits 0 "after all that the whole tree is whole" index fsck
unlike "$ERR" "publication is due" "... compared with the catalog as well"
"$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default 20260103_0000 pad=9000
index add -q --all "$T/in" >/dev/null
exits 0 "while a build waits to be published" index fsck
like "$ERR" "a publication is due: .*F8" "... it is said what could not be compared"
again
sql "PRAGMA user_version = 99"
exits 1 "a catalog of another version" index fsck
like "$ERR" "schema 99" "... is named"
again
is "$(pgrep -c -f "gpg-agent --homedir $T/tree")" 0 "no agent is left"
done_testing
