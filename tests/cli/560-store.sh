#!/bin/bash
# What is stored: measured, compared with what was signed for, mended, exported as it was packed, and pruned.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

PAD=400000
published
image=$one
id_of() { sha256sum <"$public/images/$image/$1/rootfs.man" | cut -d' ' -f1; }
field() { printf '%s' "$OUT" | python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
links() { stat -c %h "$store/images/$1/rootfs/etc/noise"; }

night "$one" 20260101_0000 seed=a
start_server rootyard-httpd --root "$public" --listen 127.0.0.1:0 --user ry-www || exit 1
client remote add r "${URL%/}" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
exits 0 "an empty store is measured" client df
like "$OUT" '^0 images take 0 B' "... as such"
client pull -q toy/one >/dev/null || exit 1
night "$one" 20260102_0000 seed=a note=second
client pull -q toy/one >/dev/null || exit 1
first=$(id_of 20260101_0000) second=$(id_of 20260102_0000)

exits 0 "two nights are measured" client df --json
is "$(field 'len(d["images"])')" 2 "... each"
one=$(du -s -B1 "$store/images/$first" | cut -f1)
is "$(field "[i['bytes'] for i in d['images'] if i['id'] == '$first'][0]")" "$one" "... as du(1) does"
is "$(field 'd["bytes"]')" "$(du -s -B1 "$store/images/$first" "$store/images/$second" | awk '{ s += $1 } END { print s }')" "... and together what is shared counts once"
exits 0 "people see names and who uses what" client df
like "$OUT" "^${second:0:16} .* 0 +r:$image@20260102_0000" "... per image"

exits 0 "what is whole is good" client verify
is "$(printf '%s\n' "$OUT" | grep -c ': good$')" 2 "... both of them"
exits 0 "one by its name" client verify toy/one
is "$OUT" "r:$image@20260102_0000: good" "... is looked at alone"
exits 8 "what is not stored cannot be" client verify toy/oen
like "$ERR" "did you mean 'toy/one'" "... and near names are offered"

exits 0 "a stored image is exported as a tar" client export toy/one "$T/home/ry-user/x.tar"
ok "... byte for byte what was packed" cmp <(zstd -dcq "$public/images/$image/20260102_0000/rootfs.tar.zst") "$T/home/ry-user/x.tar"
exits 0 "and another to a pipe, by the beginning of its id" as_user ry-user sh -c "rootyard export ${first:0:12} - | sha256sum"
is "${OUT%% *}" "$(zstd -dcq "$public/images/$image/20260101_0000/rootfs.tar.zst" | sha256sum | cut -d' ' -f1)" "... the same bytes again"

# Damage of every kind, named.
root=$store/images/$second/rootfs
cp -a "$store" "$T/kept"
printf X | dd of="$root/etc/os-release" bs=1 seek=2 conv=notrunc 2>/dev/null
chmod 600 "$root/etc/noise"
rm "$root/bin/sh"
echo new >"$root/etc/planted"
exits 7 "a damaged image" client verify toy/one
for said in "'etc/os-release' has another content" "'etc/noise' has mode" "'bin/sh' is missing" "'etc/planted' is there and was not stored"; do
	like "$OUT" "$said" "... is told of by name: $said"
done
like "$ERR" 'verify --mend' "... and the repair too"
exits 7 "it is no source of an export" client export toy/one "$T/home/ry-user/y.tar"
ok "... and nothing half-written stays" test -z "$(find "$T/home/ry-user" -maxdepth 1 -name '*y.tar*')"
exits 0 "it is mended from where it came" client verify --mend toy/one
like "$ERR" 'made anew' "... which is said"
exits 0 "... and is good again" client verify toy/one
isnt "$(stat -c %i "$root/etc/noise")" "$(stat -c %i "$store/images/$first/rootfs/etc/noise")" "a file of another night whose rights changed was no source of links"
chmod 644 "$store/images/$first/rootfs/etc/noise"
exits 0 "with its rights back the other night is good too" client verify
is "$(ls "$store/tmp")" "" "nothing is left over"
echo x >>"$store/images/$second/rootfs.man"
exits 7 "a manifest that is not the image's" client verify --json toy/one
is "$(field 'd[0]["damage"][0]')" "its manifest 'rootfs.man' has another content than was stored" "... is damage too"
exits 0 "... and mended" client verify --mend toy/one
exits 0 "so is an image without its facts" as_user ry-user rm "$store/images/$second/start"
exits 0 "... mended" client verify --mend toy/one

# prune
ok "an older night has no name any more, but a container" client create -q --name box "toy/one@sha256:$first" true
exits 0 "an image that a container is made of" client prune
ok "... stays" test -d "$store/images/$first"
ok "without the container" client rm box
before=$(tree_digest "$store/images")
exits 0 "what would go is said" client prune -n --json
is "$(field 'd["images"]')" "['$first']" "... by id"
said=$(field 'd["bytes"]')
is "$(tree_digest "$store/images")" "$before" "... and nothing is touched"
old=$(du -s -B1 "$store/images" | cut -f1)
exits 0 "it goes" client prune
is "$OUT" "$first" "... and is named"
is "$((old - $(du -s -B1 "$store/images" | cut -f1)))" "$said" "... and frees what was said"
ok "the other one is as it was" client verify
exits 0 "an image that something runs from" as_user ry-user flock -s "$store/images/$second" rootyard prune --all
like "$ERR" 'in use now' "... is told of"
ok "... is not pruned by force either" test -d "$store/images/$second"
exits 0 "else --all takes names too" client prune --all
is "$(ls "$store/images")" "" "... and all images"
exits 8 "which are then not stored" client export toy/one -
for ms in 01 03 05 08 12; do
	client pull -q toy/one >/dev/null
	as_user ry-user timeout -s KILL "0.$ms" rootyard prune --all >/dev/null 2>&1
	exits 0 "after a prune that was killed the store is whole or empty" client verify
done
exits 0 "... and the next one ends it" client prune --all
is "$(find "$store/images" "$store/tmp" -mindepth 1 -maxdepth 1)" "" "... all of it"
done_testing
