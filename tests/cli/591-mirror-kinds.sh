#!/bin/bash
# Mirrors of servers that sign nothing, and of some of their images: indexes name what is there, and clients take it.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

published
chmod 711 "$home"
night "$one" 20260101_0000 seed=a
night "$two" 20260101_0001 seed=b
night "$two" 20260102_0001 seed=b note=second
hostile "$public" "$T/rules"
source=$URL
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1
client remote add s "$URL" --kind simplestreams --insecure-transport >/dev/null 2>&1
client remote add l "$URL" --kind lxc --insecure-transport >/dev/null 2>&1
serve() { # DIR REMOTE KIND
	start_server rootyard-httpd --user ry-www --root "$1" --listen 127.0.0.1:0 || exit 1
	client remote add "$2" "$URL" --kind "$3" --insecure-transport >/dev/null 2>&1
}
id_of() { sha256sum <"$public/images/$1/rootfs.man" | cut -d' ' -f1; }

exits 0 "a server of simplestreams is mirrored" client mirror --json s: "$home/streams"
is "$(fact images) $(fact builds)" "2 3" "... whole"
ok "... files as they were told" cmp "$home/streams/images/$one/20260101_0000/rootfs.tar.xz" "$public/images/$one/20260101_0000/rootfs.tar.xz"
ok "... the index too" cmp <(python3 -m json.tool "$home/streams/streams/v1/images.json") <(python3 -m json.tool "$public/streams/v1/images.json")
exits 0 "again" client mirror --json s: "$home/streams"
is "$(fact fetched_files)" 0 "... nothing is fetched"
is "$(readlink "$home/streams/.live")" .gen/1 "... and nothing changed"
serve "$home/streams" ms simplestreams
exits 0 "a client takes from the mirror" client pull -q ms:toy/two
is "$OUT" "$(id_of "$two/20260102_0001")" "... the same image"
exits 0 "lxc-download's tree is mirrored" client mirror --json l: "$home/lxc"
is "$(fact images)" 2 "... whole"
ok "... with its index" cmp "$home/lxc/meta/1.0/index-user" "$public/meta/1.0/index-user"
: >"$log"
exits 0 "again" client mirror --json l: "$home/lxc"
unlike "$(said)" 'rootfs' "... what is there is not fetched"
serve "$home/lxc" ml lxc
exits 0 "a client takes from that mirror" client pull -q ml:toy/one
is "$OUT" "$(id_of "$one/20260101_0000")" "... the same image"

exits 0 "some images of a server" client mirror --json --builds 1 s: "$home/some" toy/two
is "$(fact images) $(fact builds)" "1 1" "... are mirrored"
ok "... and no others" test ! -e "$home/some/images/$one" -a ! -e "$home/some/images/$two/20260101_0001"
serve "$home/some" some simplestreams
exits 0 "its index" client list some:
is "$(grep -c '^toy' <<<"$OUT")" 1 "... names what is there"
exits 0 "and lines of the other's" client mirror l: "$home/lines" toy/one
is "$(cat "$home/lines/meta/1.0/index-system")" "$(grep "^toy;one;" "$public/meta/1.0/index-system")" "... too"
exits 1 "a mirror of one source is not made one of another" client mirror l: "$home/streams"

night "$one" 20260103_0000 seed=c
new=images/$one/20260103_0000
before=$(tree_digest "$home/streams/.live/")
echo "$new/rootfs.tar.xz flip" >"$T/rules"
exits 3 "a file that is not as it was told" client mirror s: "$home/streams"
is "$(tree_digest "$home/streams/.live/")" "$before" "... leaves the mirror as it was"
echo "$new/meta.tar.xz 404" >"$T/rules"
exits 8 "a file that is not there" client mirror l: "$home/lxc"
unlike "$(cat "$home/lxc/meta/1.0/index-user")" 20260103 "... is not named"
: >"$T/rules"
exits 0 "then all is well" client mirror s: "$home/streams"
exits 0 "... there too" client mirror l: "$home/lxc"
like "$(cat "$home/lxc/meta/1.0/index-user")" 20260103 "... and it is named"
# Handed to an indexer of one's own, that signs it.
install -d -m 755 -o ry-user "$T/handover"
exits 0 "the newest builds are handed over" client mirror --republish "$T/handover" --json l: "$home/lxc"
is "$(fact republished_builds)" 2 "... each with its origin"
is "$(cat "$T/handover/$one/20260103_0000/origin")" "${source}" "... the server's address"
exits 2 "what is signed needs no other signature" client mirror --republish "$T/handover" r: "$home/r"
second() { as_user ry-index rootyard-index -C "$yard/second" "$@"; }
second init -q --root-home "$yard/second-root" --name "Second site" >/dev/null 2>&1
exits 0 "our indexer takes them in" second import --all "$T/handover"
exits 0 "... and publishes" second publish
like "$(cat "$yard"/second/public/meta/2/objects/*)" "\"serial\":\"20260103_0000\".*\"origin\":\"mirror of ${source}\"" "... under their names, with their origin"
exits 0 "again" second import --all "$T/handover"
is "$OUT" "" "... there is nothing new"
exits 0 "it is whole" second fsck

python3 - "$public/streams/v1/images.json" <<'P'
import json, sys
path = sys.argv[1]
doc = json.load(open(path))
for product in doc["products"].values():
    for version in product["versions"].values():
        version["items"]["evil"] = {"ftype": "x", "size": 5, "sha256": "0" * 64, "path": "images/../../evil"}
        version["items"]["bare"] = {"ftype": "x", "size": 5, "path": "images/bare"}
json.dump(doc, open(path, "w"))
P
printf 'toy;evil;amd64;default;20260101_0000;/images/../../evil/\n' >>"$public/meta/1.0/index-user"
exits 0 "items that lead elsewhere, or have no digest" client mirror s: "$home/streams"
unlike "$(cat "$home/streams/streams/v1/images.json")" 'evil|bare' "... are left out"
client mirror l: "$home/lxc" >/dev/null 2>&1
unlike "$(cat "$home/lxc/meta/1.0/index-user")" evil "... and such lines"

# The unit that does this every few hours.
U=$PREFIX/lib/systemd/system
ok "unit and timer are installed" test -s "$U/rootyard-mirror@.service" -a -s "$U/rootyard-mirror@.timer"
command -v systemd-analyze >/dev/null && ok "systemd counts an exposure below 2" systemd-analyze security --offline=yes --threshold=19 "$U/rootyard-mirror@.service"
help=$(rootyard mirror --help)
for option in $(grep ^ExecStart= "$U/rootyard-mirror@.service" | grep -oE -- ' --[a-z-]+'); do like "$help" "$option" "$option is an option"; done
done_testing
