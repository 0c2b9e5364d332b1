#!/bin/bash
# A mirror: everything verified, nothing fetched twice, whole at every instant, and what it serves is pulled like the original.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

published
copy=$home/mirror
night "$one" 20260101_0000 seed=a
night "$two" 20260101_0001 seed=b
hostile "$public" "$T/rules"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
# What a mirror has of a tree: all that somebody signed for.
served() { (cd "$1" && find -L . -type f ! -path './.*' ! -path './v2/*' ! -path './sigs/*' ! -path './badge/*' ! -path './api/v1/images/*' \
	! -path './api/v1/schema.json' ! -name 'build.log' ! -path './images/*/index.html' ! -name history.json -print0 | sort -z | xargs -0 sha256sum); }
same_as_source() { diff <(served "$public" | grep -v meta/2/objects) <(served "$copy" | grep -v meta/2/objects); }

exits 0 "what a mirror would fetch is said" client mirror -n --json r: "$copy"
ok "... and nothing is made" test ! -e "$copy"
would=$(fact fetched_bytes)
exits 0 "a tree is mirrored" client mirror --json r: "$copy"
is "$(fact builds) $(fact images)" "2 2" "... whole"
ok "... about as many bytes as was said" test "$(fact fetched_bytes)" -ge "$would"
ok "all that is signed for is there, byte for byte" same_as_source
is "$(getfattr --only-values -n user.rootyard.sha256 "$copy/images/$one/20260101_0000/rootfs.tar.xz" 2>/dev/null)" "$(sha256sum <"$copy/images/$one/20260101_0000/rootfs.tar.xz" | cut -d' ' -f1)" "files carry the digest that a server makes their tag of"
: >"$log"
exits 0 "again" client mirror --json r: "$copy"
is "$(fact fetched_files) $(fact removed_files)" "0 0" "... nothing is fetched"
unlike "$(said)" 'images/' "... not even asked for"

# What is served is what was mirrored.
chmod 711 "$home"
start_server rootyard-httpd --user ry-www --root "$copy" --listen 127.0.0.1:0 || exit 1
mirror=$URL
exits 0 "the mirror is a remote like the original" client remote add m "$mirror" --fingerprint "$(cat "$T/fpr")" --insecure-transport
exits 0 "an image is pulled from it" client pull -q m:toy/one
is "$OUT" "$(sha256sum <"$public/images/$one/20260101_0000/rootfs.man" | cut -d' ' -f1)" "... under its id"
exits 0 "and by way of simplestreams" client remote add s "$mirror" --kind simplestreams --insecure-transport
exits 0 "... too" client pull -q s:toy/two

exits 0 "the mirror is verified" client verify-mirror --remote r --json "$mirror"
like "$OUT" '"state":"good".*"lag_s":0,.*"damaged":0' "... and good"
exits 2 "its catalog names none to verify by default" client verify-mirror --remote r

# A night later.
night "$one" 20260102_0000 seed=a note=second
: >"$log"
exits 75 "the mirror is behind" client verify-mirror --remote r --max-lag 0 --json "$mirror"
like "$OUT" '"state":"lagging".*"generation":2,"source_generation":3.*"lag_s":[1-9]' "... by so much"
exits 0 "the next night" client mirror --json r: "$copy"
unlike "$(said)" '/20260101_000' "... what is old is not fetched again"
ok "... is there" same_as_source
exits 0 "... as an update" client pull --json m:toy/one
like "$OUT" '"updated_from":"20260101_0000"' "... by its delta"
night "$one" 20260103_0000 seed=a note=second
: >"$log"
exits 0 "a night without a change" client mirror --json r: "$copy"
ok "... is linked" test "$(fact linked_files)" -ge 3
unlike "$(said)" '20260103_0000/rootfs.(man|tar.xz|tar.zst) ' "... and not fetched"
is "$(stat -c %i "$copy/images/$one/20260102_0000/rootfs.tar.xz")" "$(stat -c %i "$copy/images/$one/20260103_0000/rootfs.tar.xz")" "... one file, two names"

# Sources that lie: the mirror is what it was, and the same command then goes on.
night "$one" 20260104_0000 seed=c
new=images/$one/20260104_0000
state() { tree_digest "$copy/.live/"; (cd "$copy" && find images trust keys -type f | sort) | grep -v -e 20260104 -e 20260105; readlink "$copy/.live"; }
before=$(state)
refuses() { # PATTERN KIND
	echo "$1 $2" >"$T/rules"
	exits 3 "not trusted: $2 $1" client mirror r: "$copy"
	is "$(state | md5sum)" "$(echo "$before" | md5sum)" "... the mirror is what it was"
}
mv "$copy/trust/root.1" "$T/root.1"
echo "trust/root.1 flip" >"$T/rules"
exits 3 "not trusted: another root" client mirror r: "$copy"
ok "... is not taken" test ! -e "$copy/trust/root.1"
mv "$T/root.1" "$copy/trust/root.1"
refuses meta/2/current flip
refuses 'meta/2/objects/*' flip
refuses "$new/rootfs.tar.xz" flip
refuses "$new/rootfs.tar.xz" long
refuses "$new/SHA256SUMS.asc" html200
ok "... and serves: it pulls" client pull -q m:toy/one@20260103_0000
cp "$public/$new/rootfs.man.asc" "$T/good.asc"
cp "$public/$new/recipe.yaml.asc" "$public/$new/rootfs.man.asc"
refuses nothing flip
like "$ERR" "not trusted: '$new/rootfs.man.asc'" "a signature of another file is named"
cp "$T/good.asc" "$public/$new/rootfs.man.asc"
refuses 'streams/v1/*' truncate
: >"$T/rules"
exits 0 "... then all is well" client mirror r: "$copy"

# Lines that break, and a mirror that somebody else changed.
night "$one" 20260105_0000 seed=d
new=images/$one/20260105_0000
before=$(state)
echo "$new/rootfs.tar.zst 404" >"$T/rules"
exits 75 "a file that is not there" client mirror r: "$copy"
rm -f "$copy/$new/rootfs.tar.xz"
echo "$new/rootfs.tar.xz reset" >"$T/rules"
exits 4 "a line that breaks" client mirror r: "$copy"
is "$(state | md5sum)" "$(echo "$before" | md5sum)" "... leaves the mirror as it was"
mv "$copy/images/$one" "$T/moved" && ln -s "$T/moved" "$copy/images/$one"
: >"$log"
echo "nothing flip" >"$T/rules"
exits 1 "a link in the mirror" client mirror r: "$copy"
like "$ERR" "symbolic link|Too many levels" "... is refused"
rm "$copy/images/$one" && mv "$T/moved" "$copy/images/$one"
rm -f "$copy/$new/rootfs.tar.xz"
: >"$log"
exits 0 "... then all is well" client mirror r: "$copy"
like "$(said)" "$new/rootfs.tar.xz 206 bytes=" "... and what had come is not fetched again"
ok "... and whole" same_as_source
is "$(find "$copy/.mirror/partial" -type f)" "" "... with nothing left over"
printf 'x' | dd of="$copy/images/$two/20260101_0001/rootfs.tar.xz" bs=1 seek=1000 conv=notrunc status=none
exits 7 "damage is found from outside" client verify-mirror --remote r --full "$mirror"
like "$OUT" "^  images/$two/20260101_0001/rootfs.tar.xz: .*not trusted" "... and named"
exits 4 "a mirror that is not there" client verify-mirror --remote r http://127.0.0.1:1
exits 0 "damage that the file does not show" client mirror --json r: "$copy"
is "$(fact fetched_files)" 0 "... is not seen"
exits 0 "but --full reads it all" client mirror --full --json r: "$copy"
is "$(fact fetched_files)" 1 "... and mends it"
ok "... whole again" same_as_source

# Cut off at any instant.
night "$two" 20260106_0001 seed=f
for s in 0.05 0.1 0.2 0.3 0.5 0.8; do
	as_user ry-user timeout -s KILL "$s" rootyard mirror -q r: "$copy" >/dev/null 2>&1
	client verify-mirror -q --remote r "$mirror" >"$T/killed" 2>&1 || { t_report 1 "killed after $s s the mirror is whole"; t_show "$(cat "$T/killed")"; }
done
exits 0 "after being killed six times" client mirror r: "$copy"
ok "... it is whole" same_as_source
exits 0 "... seen from outside, too" client verify-mirror --remote r --full --max-lag 0 "$mirror"

# What leaves, and what is chosen.
mkdir "$T/other" && touch "$T/other/file" && chmod 777 "$T/other"
exits 1 "a directory with something else in it is not taken" client mirror r: "$T/other"
exits 0 "fewer builds than there were" client mirror --builds 1 --json r: "$copy"
is "$(fact builds) $(fact removed_files)" "2 0" "... are named"
ok "... the others stay for a time" test -e "$copy/images/$one/20260101_0000/rootfs.tar.xz"
exits 0 "... then" client mirror --builds 1 --grace 0 r: "$copy"
is "$(ls "$copy/images/$one")" 20260105_0000 "... they go"
ok "... and what is named stays" client pull -q m:toy/one
exits 0 "the images of a pattern" client mirror --json r: "$home/some" toy/two
is "$(fact images)" 1 "... are mirrored"
ok "... no others" test ! -e "$home/some/images/$one" -a -e "$home/some/images/$two" -a ! -e "$home/some/.live/streams"
exits 8 "a pattern that nothing matches" client mirror r: "$home/none" toy/three

# What was found out stands on the site's own page.
echo 'mirrors: [https://mirror.example.org/x, https://other.example.org]' >>"$tree/site.yaml"
client verify-mirror --remote r --match toy --json "$mirror" >"$T/found"
sed "s|\"url\":\"$mirror\"|\"url\":\"https://mirror.example.org/x\"|" "$T/found" >"$tree/mirrors.json"
night "$two" 20260107_0001 seed=g
like "$(cat "$public/index.html")" 'mirror.example.org/x</a></th><td><span class="tag">up to date</span></td><td><time ' "the front page has the state of a mirror"
like "$(cat "$public/index.html")" 'other.example.org</a></th><td>not checked' "... and says of which nothing is known"
done_testing
