#!/bin/bash
# An ordinary user adds a remote, lists, pulls: what is stored, under whose ids, and said how.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made
hostile "$T/tree" "$T/rules"

mount -t tmpfs none "$PREFIX/share/rootyard/remotes.d" # nor the one that is shipped
exits 8 "without a remote there is a sentence" client pull toy/1
like "$ERR" 'remote add' "... that says how to add one"
umount "$PREFIX/share/rootyard/remotes.d"
exits 2 "a remote is not added unless somebody vouches for it" client remote add r "$URL" --insecure-transport
like "$ERR" '--fingerprint.*--root' "... naming both ways"
exits 2 "http needs to be asked for" client remote add r "$URL" --fingerprint "$fpr"
like "$ERR" '--insecure-transport' "... and the sentence says how"
exits 2 "half a fingerprint is none" client remote add r "$URL" --fingerprint "${fpr:0:16}" --insecure-transport
exits 3 "another key's fingerprint is refused" client remote add r "$URL" --fingerprint "$(make_tree fingerprint "$keys" other)" --insecure-transport
ok "... and nothing of it is remembered" test ! -e "$home/.config/rootyard/remotes.yaml" -a ! -e "$state/r"
exits 4 "a server that is not there is a network error" client remote add r http://127.0.0.1:1 --fingerprint "$fpr" --insecure-transport
exits 0 "a remote is pinned by the fingerprint of its root key" client remote add r "$URL" --fingerprint "$fpr" --insecure-transport
is "$(stat -c '%a %U' "$state/r/floors" "$state/r/root.1" | sort -u)" "600 ry-user" "its state is for its owner alone"
exits 1 "the name is then taken" client remote add r "$URL" --fingerprint "$fpr" --insecure-transport
cp "$T/tree/trust/root.1" "$T/root.1"
exits 0 "another is pinned by a root file" client remote add file "$URL" --root "$T/root.1" --insecure-transport
exits 0 "remotes are listed" client remote list
like "$OUT" "^r .*$fpr" "... with what pins them"
exits 2 "with two remotes one must be named" client list
exits 0 "a remote is removed" client remote rm file
ok "... with its state" test ! -e "$state/file"
exits 8 "removing it again says that there is none" client remote rm filf

exits 0 "images are listed" client list
like "$OUT" '^toy/1/amd64/default +20260101_0000 +active +[0-9]+d +signed +toy/one$' "... with serial, state, age, trust and aliases"
for pattern in toy 1 amd64/default 'toy/*' toy/one active signed 20260101_0000 r:toy; do
	exits 0 "'$pattern' finds it" client list "$pattern"
	like "$OUT" '^toy/1/amd64/default' "... as the column prints it"
done
exits 8 "what matches nothing is not found" client list tox
like "$ERR" "did you mean 'toy'" "... and near names are offered"
exits 0 "a machine gets JSON" client list --json
is "$(printf '%s' "$OUT" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["image"])')" toy/1/amd64/default "... that parses"
exits 0 "one image is described" client info toy/1
like "$OUT" '^20260101_0000 +active .* 10' "... build by build"

exits 8 "an image that is not offered is not found" client pull toy/2
exits 8 "nor a build that is not" client pull toy/1@20250101_0000
like "$ERR" '20260101_0000' "... and the builds that are there are named"
ok "nothing is stored yet" test -z "$(ls -A "$store/images")"
exits 0 "an image is pulled by an alias" client pull -q toy/one
id=$OUT
man=$T/tree/images/toy/1/amd64/default/20260101_0000/rootfs.man
is "$id" "$(sha256sum <"$man" | cut -d' ' -f1)" "-q prints the id: the digest of rootfs.man"
is "$ERR" "" "... and nothing else"
image=$store/images/$id
ok "the manifest is stored" cmp -s "$image/rootfs.man" "$man"
is "$(cat "$store/refs/r/toy/1/amd64/default")" "20260101_0000 $id" "the ref names serial and id"
is "$(cat "$store/refs/r/aliases")" "toy/one toy/1" "aliases are kept for the front"
is "$(cat "$image/start")" "$(printf 'arch amd64\ninit \nstop_signal SIGTERM\nepoch 1700000000')" "start holds the facts that starting needs"
is "$(stat -c '%a %u' "$image" "$image/rootfs" | tr '\n' ' ')" "755 60103 755 1000000 " "the image is the user's, its tree the mapped root's"
is "$(stat -c '%a %u %g %Y' "$image/rootfs/home/user/file")" "600 1001000 1001000 1700000000" "owners, modes and times are the archive's, mapped"
is "$(stat -c '%a %h' "$image/rootfs/bin/su")" "4755 2" "set-id bits and hard links too"
is "$(readlink "$image/rootfs/etc/alternative")" os-release "and symbolic links"
is "$(stat -c '%a' "$store" "$store/images" "$store/tmp" | tr '\n' ' ')" "700 700 700 " "the store is closed to others"
unlike "$(cat "$image/meta/config")" 'hook|mount' "settings of the config that could reach the host are not stored"
like "$(cat "$image/meta/config")" '^lxc.arch = x86_64$' "the harmless ones are"
ok "tmp and cache are empty afterwards" test -z "$(find "$store/tmp" "$home/.cache/rootyard/partial" -mindepth 1)"

: >"$SERVER_LOG.err"
exits 0 "pulling it again succeeds" client pull toy/1
like "$OUT" 'stored already' "... and says so"
unlike "$(tr -d '\000' <"$SERVER_LOG.err")" 'images/' "... without any download"
rm "$store/refs/r/toy/1/amd64/default"
ok "an id names a build as well" client pull "toy/1@sha256:$id"
ok "... and the ref is written again" test -e "$store/refs/r/toy/1/amd64/default"

make_tree tree "$keys" "$T/tree" serial=20260102_0000 version=2 generation=2 text=newer pad=3000000
(client pull -q toy/1 >"$T/one" 2>&1; echo $? >>"$T/one") &
first=$!
(client pull -q toy/1 >"$T/two" 2>&1; echo $? >>"$T/two") &
wait "$first" $!
is "$(grep -v waiting "$T/one")" "$(grep -v waiting "$T/two")" "two pulls of one image at a time end alike"
is "$(tail -n 1 "$T/one")" 0 "... both well"
is "$(find "$store/images" -mindepth 1 -maxdepth 1 | wc -l)" 2 "... and the older image is still there"

mkdir "$store/tmp/pull.dead" && chown 1000000:1000000 "$store/tmp/pull.dead" && mkdir -m 000 "$store/tmp/pull.dead/closed"
chown 1000000:1000000 "$store/tmp/pull.dead/closed"
ok "the next pull" client pull toy/1
ok "... removes what an earlier one left, whoever's it is" test ! -e "$store/tmp/pull.dead"

poor() { as_user ry-poor rootyard "$@"; }
ok "a user without subordinate ids adds the remote" poor remote add r "$URL" --fingerprint "$fpr" --insecure-transport
exits 0 "... and pulls" poor pull toy/1
like "$ERR" 'all files of this image belong to you.*usermod' "... and is told what that means and how to mend it"
like "$(ls "$T/home/ry-poor/.local/share/rootyard/images")" '^[0-9a-f]{64}\.1id$' "the image is stored as a single-id one"
is "$(find "$T/home/ry-poor/.local/share/rootyard/images" -printf '%U\n' | sort -u)" 60104 "... of that user alone"
python3 - "$T/lists.tar" <<'P'
import io, struct, sys, tarfile
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", t, p, i) for t, p, i in
    [(1, 7, 0xffffffff), (4, 5, 0xffffffff), (8, 5, 4), (16, 5, 0xffffffff), (32, 5, 0xffffffff)])
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as tar:
    d = tarfile.TarInfo("journal")
    d.type, d.mode, d.gid = tarfile.DIRTYPE, 0o2755, 4
    d.pax_headers = {"SCHILY.xattr.system.posix_acl_default": acl.decode("utf-8", "surrogateescape")}
    tar.addfile(d)
    f = tarfile.TarInfo("journal/f")
    f.size = 1
    tar.addfile(f, io.BytesIO(b"x"))
P
exits 0 "an image whose directories say what another group may do" poor import -q "$T/lists.tar" lists/1
exits 0 "... is whole, although nobody is in that group" poor verify lists/1
exits 0 "... while one with ids" client import -q "$T/lists.tar" lists/1
is "$(getfattr -hRd -m 'system.posix' "$(dirname "$store")"/rootyard/images/*/rootfs/journal 2>/dev/null | grep -c posix_acl_default)" 1 "... keeps what it says"
exits 0 "... and is whole too" client verify lists/1

mkdir -m 777 "$T/open" && mkdir -m 700 "$T/open/data" && chown ry-user "$T/open/data"
AS_ENV+=("XDG_DATA_HOME=$T/open/data")
exits 2 "a store that others could replace is refused" client pull toy/1
unset 'AS_ENV[-1]'
chmod 755 "$store"
exits 2 "and one that others may enter" client pull toy/1
like "$ERR" 'chmod 700' "... with the command that mends it"
chmod 700 "$store"

echo garbage >"$state/r/floors"
exits 7 "damaged state is not taken for a first use" client list
like "$ERR" 'remote rm r' "... and the repair is named"
rm -r "$state/r"
exits 7 "nor is state that is gone" client pull toy/1
mkdir -p "$T/full" && mount -t tmpfs -o size=1m,mode=755,uid=60103 none "$T/full" && rm -rf "$home/.local" "$home/.config"
AS_ENV+=("XDG_DATA_HOME=$T/full" "XDG_CACHE_HOME=$T/full")
ok "the remote is added anew" client remote add r "$URL" --fingerprint "$fpr" --insecure-transport
exits 5 "where the image does not fit, it is not even fetched" client pull toy/1
like "$ERR" 'needs .* are free' "... and both sizes are said"
ok "... and nothing is left" test -z "$(find "$T/full" -type f -o -name 'pull.*')"
umount "$T/full"
done_testing
