#!/bin/bash
# rootyard-index add, publish, refresh, list, show, status: what readers then find.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/incoming public=$T/tree/public
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
export ROOTYARD_TREE=
AS_ENV+=("ROOTYARD_TREE=$tree")
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: one
releases:
  one: {version: "1", aliases: [stable], eol: 2040-01-31}
  two: {version: "2", eol: 2001-01-31}
Y

index init -q --root-home "$T/root" --name "Test site" --releases "$T/releases.yaml" >"$T/fpr" || exit 1
make_build toy/one/amd64/default 20260101_0000 seed=a pad=9000
make_build toy/one/amd64/cloud 20260101_0000 seed=b pad=9000
one=$in/toy/one/amd64/default/20260101_0000
dir=images/toy/one/amd64/default/20260101_0000

exits 0 "a build is admitted" index add "$one"
like "$OUT" "^added toy/one/amd64/default@20260101_0000" "... and said so"
not_ok "nothing is listed before it is published" test -e "$public/meta/1.0/index-user"
before=$(tree_digest "$tree")
exits 0 "a dry run tells what would be published" index publish --dry-run
like "$OUT" "new toy/one/amd64/default@20260101_0000" "... by name"
is "$(tree_digest "$tree")" "$before" "... and changes nothing"
exits 0 "status tells that something waits" index status
like "$OUT" "warning.*publish" "... as a warning"
exits 1 "a monitor sees it" index status --monitor
exits 0 "it is published" index publish
exits 0 "the tree is whole" index fsck
exits 0 "the monitor is content" index status --monitor

is "$(cat "$public/meta/1.0/index-user")" "toy;one;amd64;default;20260101_0000;/$dir/" "lxc-download finds it"
is "$(cat "$public/meta/1.0/index-user.7")" "$(cat "$public/meta/1.0/index-system")" "... at every level and in every mode"
mkdir -m 700 "$T/gnupg"
gpg --homedir "$T/gnupg" --no-autostart -q --batch --import "$public"/keys/*.asc 2>/dev/null
good() { gpg --homedir "$T/gnupg" --no-autostart --batch --status-fd 1 --verify "$1.asc" "$1" 2>/dev/null >"$T/.gpg"; }
fact=0
for file in "$public/meta/1.0/index-user" "$public/meta/1.0/index-system" "$public/meta/1.0/index-system.7" "$public/$dir"/*.{xz,zst,man,json,yaml} "$public/$dir/SHA256SUMS"; do
	path=${file#"$public"/}
	if ! good "$file" || [ "$(sed -n 's/^.GNUPG:. NOTATION_DATA //p' "$T/.gpg" | tr -d '\n')" != "$path" ] || ! grep -q '^\[GNUPG:\] VALIDSIG [0-9A-F]* [-0-9]* [0-9]* 0 4 0 1 10 00' "$T/.gpg"; then
		echo "# $path"
		fact=1
	fi
done
is "$fact" 0 "every signature is good to gpg: SHA-512, no expiry, the path as notation"
ok "SHA256SUMS.gpg is SHA256SUMS.asc" cmp "$public/$dir/SHA256SUMS.gpg" "$public/$dir/SHA256SUMS.asc"
ok "sha256sum accepts SHA256SUMS" sh -c 'cd "$1" && sha256sum --strict --quiet -c SHA256SUMS' sh "$public/$dir"
is "$(cd "$public/$dir" && awk '{ print $2 }' SHA256SUMS | tr '\n' ' ')" "build.json incus.tar.xz meta.tar.xz packages.json recipe.yaml rootfs.man rootfs.nspawn rootfs.tar.xz rootfs.tar.zst " "it lists what is signed for"
is "$(cat "$public/$dir/rootfs.nspawn")" "[Exec]
Boot=yes" "settings for systemd-nspawn stand beside it, and are signed for"
not_ok "no checksum of a single file is served: systemd-pull would prefer it" sh -c 'ls "$1"/*.sha256' sh "$public/$dir"
is "$(gpg --homedir "$T/gnupg" --no-autostart --batch --with-colons --show-keys "$public/pks/lookup" 2>/dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p')" "$(basename "$public"/keys/*.asc .asc)" "a key server's answer holds the publish key"
ok "artifacts are what was handed over" cmp "$one/rootfs.tar.xz" "$public/$dir/rootfs.tar.xz"
fact=0
while read -r -d '' file; do
	[ "$(getfattr --only-values -n user.rootyard.sha256 "$file" 2>/dev/null)" = "$(sha256sum <"$file" | cut -d' ' -f1)" ] || { echo "# $file"; fact=1; }
done < <(find "$public/images" "$public/meta/2/objects" "$public/.gen" -type f ! -path '*/images/*.asc' ! -path '*/images/*.gpg' -print0)
is "$fact" 0 "every immutable file carries its digest"
is "$(find "$public" -type f ! -perm 644 | wc -l)" 0 "files are 0644"

cat >"$T/read.py" <<'P'
import base64, hashlib, json, subprocess, sys
public = sys.argv[1]
envelope = json.load(open(public + "/meta/2/current"))
doc = json.loads(base64.b64decode(envelope["payload"]))
def load(o):
    data = open(public + "/" + o["path"], "rb").read()
    assert len(data) == o["size"] and hashlib.sha256(data).hexdigest() == o["sha256"], o
    return data
lines = [json.loads(l) for l in load(doc["catalog"]).decode().splitlines()]
assert lines[0]["generation"] == doc["generation"] and lines[0]["site"] == "Test site"
images = [l for l in lines[1:] if l[0][0] != "@"]
assert lines[0]["images"] == len(images)
for l in images:
    path = "meta/2/objects/" + l[4]
    text = load({"path": path, "size": l[3], "sha256": l[4]})
    assert subprocess.run(["zstd", "-dcq", public + "/" + path + ".zst"], stdout=subprocess.PIPE).stdout == text
    image = json.loads(text)
    assert image["image"] == l[0] and image["builds"][0]["serial"] == l[1]
    for f in image["builds"][0]["files"]:
        load(f)
for o in json.loads(load(doc["files"])):
    load(o)
out = {"current": doc, "images": {l[0]: l for l in images}, "aliases": dict(l for l in lines[1:] if l[0][0] == "@"),
       "docs": {l[0]: json.load(open(public + "/meta/2/objects/" + l[4])) for l in images}}
print(eval(sys.argv[2], out))
P
read_tree() { python3 "$T/read.py" "$public" "$1"; }
is "$(read_tree 'current["version"], current["generation"], current["prev_sha256"]')" "(1, 1, '')" "the first publication is version 1 of generation 1"
is "$(read_tree 'current["expires"] - current["created"]')" 604800 "it is good for seven days"
is "$(read_tree 'sorted(aliases.items())')" "[('@toy', 'toy/one'), ('@toy/1', 'toy/one'), ('@toy/stable', 'toy/one')]" "aliases come from the operator's releases, of releases that have images"
is "$(read_tree 'docs["toy/one/amd64/default"]["eol"]')" 2040-01-31 "... and so does the end of life"
is "$(read_tree 'docs["toy/one/amd64/default"]["builds"][0]["init"]')" systemd "the init is known"
is "$(read_tree 'docs["toy/one/amd64/default"]["expiry_days"]')" 30 "... and when cached copies expire"
is "$(read_tree 'docs["toy/one/amd64/default"]["builds"][0]["id"]')" "$(sha256sum <"$one/rootfs.man" | cut -d' ' -f1)" "the id is the digest of the manifest"

exits 0 "publishing again changes nothing" index publish
is "$OUT" "nothing to publish" "... and says so"
exits 0 "adding it again is no error" index add "$one"
is "$OUT" "" "... and adds nothing"

sleep 1
exits 0 "the metadata is signed anew" index refresh
is "$(read_tree 'current["version"], current["generation"]')" "(2, 1)" "... as the next version of the same generation"
is "$(read_tree 'current["prev_sha256"]')" "$(sha256sum "$public"/meta/2/objects/* | awk '{ print $1 }' | grep -x "$(read_tree 'current["prev_sha256"]')")" "... following the one before"
exits 0 "the tree is whole" index fsck

make_build toy/one/amd64/default 20260102_0000 seed=a pad=9000
make_build toy/two/arm64/default 20260102_0000 seed=c crime=failed
mkdir -p "$in/toy/one/amd64/default/20260103_0000"
exits 0 "everything complete is admitted at once" index add --all "$in"
like "$OUT" "added toy/one/amd64/default@20260102_0000" "... a newer build"
like "$OUT" "added toy/one/amd64/cloud@20260101_0000" "... and another image"
like "$ERR" "toy/two/arm64/default@20260102_0000 was not built: upstream: the mirror is down" "a failed build is told"
is "$(stat -c %i "$public/$dir/rootfs.tar.xz")" "$(stat -c %i "$public/images/toy/one/amd64/default/20260102_0000/rootfs.tar.xz")" "equal content of two builds is one inode"
isnt "$(stat -c %i "$public/$dir/rootfs.man")" "$(stat -c %i "$public/images/toy/one/amd64/default/20260102_0000/rootfs.man")" "... but small files are copied"
exits 0 "a second look finds nothing new" index add --all "$in"
is "$OUT$ERR" "" "... and does not repeat itself"
exits 0 "status counts the failure" index status
like "$OUT" "failures +1 " "... once"
exits 0 "they are published" index publish
like "$OUT" "updated toy/one/amd64/default@20260102_0000" "... the update"
like "$OUT" "generation 2: 2 images, 2 changed" "... as the next generation"
is "$(cut -d';' -f1-5 "$public/meta/1.0/index-user")" "toy;one;amd64;cloud;20260101_0000
toy;one;amd64;default;20260102_0000" "the index lists the newest of each, sorted"
is "$(read_tree '[b["serial"] for b in docs["toy/one/amd64/default"]["builds"]]')" "['20260102_0000', '20260101_0000']" "the document lists both builds, newest first"
is "$(read_tree 'current["version"], current["generation"]')" "(3, 2)" "version and generation rise"
exits 0 "the tree is whole" index fsck

unchanged=$(read_tree 'images["toy/one/amd64/cloud"][4]')
sed -i 's/, eol: 2040-01-31//' "$tree/releases/toy.yaml"
echo 'mirrors: ["https://mirror.example.org/"]' >>"$tree/site.yaml"
exits 0 "what the operator changes is published" index publish
isnt "$(read_tree 'images["toy/one/amd64/cloud"][4]')" "$unchanged" "... in the documents"
is "$(read_tree 'docs["toy/one/amd64/cloud"]["eol"]')" "" "... as it says now"
make_build toy/two/amd64/default 20260103_0000 seed=d
index add -q "$in/toy/two/amd64/default/20260103_0000" >/dev/null && index publish -q >/dev/null
is "$(read_tree 'images["toy/two/amd64/default"][2]')" eol "an image past its end of life says so"
for day in 04 05 06 07 08; do
	make_build toy/two/amd64/default 202601${day}_0000 seed=$day
done
index add -q --all "$in" >/dev/null && index publish -q >/dev/null
is "$(read_tree 'len(docs["toy/two/amd64/default"]["builds"])')" 5 "the newest five builds are in the document"
exits 0 "the tree is whole" index fsck

exits 0 "list tells each image" index list
like "$OUT" "toy/one/amd64/default +20260102_0000 +active +published" "... its newest build and state"
exits 0 "show tells a build" index show toy/one@20260102_0000 --json
ok "... as JSON" sh -c 'python3 -c "import json,sys; d=json.loads(sys.argv[1]); assert d[\"serial\"] == \"20260102_0000\" and len(d[\"files\"]) == 10" "$1"' sh "$OUT"
exits 8 "an image that is not there is not found" index show toy/nine
exits 0 "show tells every build of an image" index show toy/two
is "$(grep -c '^toy' <<<"$OUT")" 6 "... all six"

# generations: the newest three, and all younger than an hour
is "$(find "$public/.gen" -mindepth 1 -maxdepth 1 | wc -l)" 5 "young generations stay"
as_user ry-index sqlite3 "$tree/catalog.db" "UPDATE generation SET created = created - 7200 WHERE number < 5"
make_build toy/two/amd64/default 20260109_0000 seed=9
index add -q --all "$in" >/dev/null && index publish -q >/dev/null
is "$(find "$public/.gen" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" "4 5 6 " "old ones go, the newest three stay"
exits 0 "the tree is whole" index fsck

strace -f -qq -e trace=socket,connect -o "$T/strace" -- setpriv --reuid ry-index --regid ry-index --init-groups -- env ROOTYARD_TREE="$tree" HOME="$T/home/ry-index" rootyard-index refresh >/dev/null 2>&1
ok "a traced command worked" grep -q AF_UNIX "$T/strace"
is "$(grep -E 'socket\(|connect\(' "$T/strace" | grep -v 'AF_UNIX' | wc -l)" 0 "no socket but a Unix one is made"
is "$(pgrep -c -f "gpg-agent --homedir $T/")" 0 "no agent is left"
is "$(ls "$tree/staging")" "" "staging is empty"
done_testing
