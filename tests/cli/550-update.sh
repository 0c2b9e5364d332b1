#!/bin/bash
# A nightly update: from a stored image and a delta, or whole when there is no other way.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

PAD=400000
published
image=$one
id_of() { sha256sum <"$public/images/$image/$1/rootfs.man" | cut -d' ' -f1; }
# Everything about a tree: names, kinds, modes, owners, times, links and contents.
facts_of() { (cd "$store/images/$1/rootfs" && find . -printf '%p %y %m %U %G %T@ %n %s %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
links_aside() { sed -E 's/^(\S+ f \S+ \S+ \S+ \S+) [0-9]+/\1 n/'; }

night "$one" 20260101_0000 seed=a
start_server rootyard-httpd --root "$public" --listen 127.0.0.1:0 --user ry-www || exit 1
exits 0 "the remote is added" client remote add r "${URL%/}" --fingerprint "$(cat "$T/fpr")" --insecure-transport
exits 0 "a first image comes whole" client pull --json toy/one
first=$(fact id)
[ "$(fact fetched_bytes)" -gt 400000 ]
is "$?" 0 "... every byte of it"

night "$one" 20260102_0000 seed=a note=second
exits 0 "what it would take is listed" client list -l --json toy/one
update=$(printf '%s' "$OUT" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["update_bytes"])')
[ "$(printf '%s' "$OUT" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["fetch_bytes"])')" -gt 400000 ]
is "$?" 0 "... whole"
exits 0 "and foreseen" client pull -n toy/one
like "$OUT" '20260102_0000: would fetch .*what changed since 20260101_0000' "... as an update"
exits 0 "the next night is pulled" client pull --json toy/one
is "$(fact fetched_bytes)" "$update" "... for as many bytes as was said"
is "$(fact updated_from)" 20260101_0000 "... from the night before"
second=$(fact id)
is "$second" "$(id_of 20260102_0000)" "it is the image that was published"
[ "$(fact fetched_bytes)" -lt 4000 ]
is "$?" 0 "... for less than 4 kB ($(fact fetched_bytes))"
ok "its manifest is the published one" cmp "$store/images/$second/rootfs.man" "$public/images/$image/20260102_0000/rootfs.man"
is "$(stat -c %i "$store/images/$second/rootfs/etc/noise")" "$(stat -c %i "$store/images/$first/rootfs/etc/noise")" "what did not change is one file in both"
isnt "$(stat -c %i "$store/images/$second/rootfs/etc/os-release")" "$(stat -c %i "$store/images/$first/rootfs/etc/os-release")" "what changed is not"
like "$(cat "$store/images/$first/rootfs/etc/os-release")" "^SEED=a$" "the old image is as it was"
facts_of "$second" | links_aside >"$T/by-delta"
rm -rf "$store/images/$second" "$store/images/$first" "$store/refs"
exits 0 "without a base it comes whole again" client pull --json toy/one
[ "$(fact fetched_bytes)" -gt 400000 ]
is "$?" 0 "... every byte of it"
facts_of "$second" | links_aside >"$T/whole"
ok "both ways make the same tree: names, owners, modes, times, contents" cmp "$T/by-delta" "$T/whole"
is "$(ls "$store/tmp")" "" "nothing is left over"

night "$one" 20260103_0000 seed=a note=third
cp -a "$store/images/$second" "$T/kept"
printf X | dd of="$store/images/$second/rootfs/etc/noise" bs=1 seek=100 conv=notrunc 2>/dev/null
exits 0 "a stored image that rotted is no base" client pull --json toy/one
like "$ERR" "'etc/noise' of the stored image is not what its manifest says; fetching the whole image" "... which is said"
is "$(fact id)" "$(id_of 20260103_0000)" "... and the new one is whole"
third=$(fact id)
ok "... with the right content" cmp <(facts_of "$third" | grep noise | grep -v ' f ' | cut -c1-64) <(sha256sum <"$T/kept/rootfs/etc/noise" | cut -c1-64)

night "$one" 20260104_0000 seed=a note=fourth
delta=$public/images/$image/20260104_0000/from-20260103_0000.delta
cp -a "$delta" "$T/delta"
before=$(tree_digest "$store/images")
printf X | dd of="$delta" bs=1 seek=150 conv=notrunc 2>/dev/null
exits 3 "a delta of which a byte is changed is not trusted" client pull toy/one
like "$ERR" "from-20260103_0000.delta" "... and named"
is "$(tree_digest "$store/images")" "$before" "... and the store is as before"
rm "$delta"
for _ in {1..50}; do [ "$(curl -s -o /dev/null -w '%{http_code}' "${URL%/}/${delta#"$public"/}")" = 404 ] && break; sleep 0.1; done
exits 0 "a delta that is gone from the server is done without" client pull --json toy/one
is "$(fact id)" "$(id_of 20260104_0000)" "... by the whole image"
cp -a "$T/delta" "$delta"

night "$one" 20260105_0000 seed=a note=fifth
exits 0 "a user without subordinate ids starts whole" as_user ry-poor rootyard remote add r "${URL%/}" --fingerprint "$(cat "$T/fpr")" --insecure-transport
as_user ry-poor rootyard pull -q toy/one@20260104_0000 >/dev/null 2>&1
exits 0 "... and updates by the delta" as_user ry-poor rootyard pull --json toy/one
[ "$(fact fetched_bytes)" -lt 4000 ]
is "$?" 0 "... for as little"
exits 0 "a build that is stored costs nothing" client pull --json toy/one@20260104_0000
is "$(fact was_stored)" True "... and is known"
done_testing
