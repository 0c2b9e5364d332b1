#!/bin/bash
# A mirror in a bucket: signed requests, files first, the switch last, whatever the store does meanwhile.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

published
night "$one" 20260101_0000 seed=a
hostile "$public" "$T/rules"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
mkdir -p "$T/store/bucket" && : >"$T/faults"
start_server python3 "$TOP/tests/cli/toy-s3.py" "$T/store" "$T/faults" || exit 1
store=$URL log=$SERVER_LOG.err
mirror() { client mirror --endpoint "$store" --insecure-transport "$@"; }
copy=$T/store/bucket/pub

exits 2 "a bucket wants to know who asks" mirror r: s3://bucket/pub
AS_ENV+=(AWS_ACCESS_KEY_ID=toy AWS_SECRET_ACCESS_KEY=wrong)
exits 2 "a wrong secret is refused" mirror r: s3://bucket/pub
like "$ERR" 'SignatureDoesNotMatch' "... in the store's words"
AS_ENV+=(AWS_SECRET_ACCESS_KEY=secret)
exits 2 "a place that is none" mirror r: s3://B
exits 8 "a bucket that is not there" mirror r: s3://other/pub
exits 0 "what would be sent is said" mirror -n --json r: s3://bucket/pub
is "$(find "$T/store/bucket" -type f)" "" "... and nothing is"
: >"$log"
exits 0 "a tree is mirrored to a bucket" mirror --json r: s3://bucket/pub
is "$(fact builds)" 1 "... whole"
is "$(said | sed -n 's|^PUT pub/||p' | tail -n 1)" "meta/2/current 200" "... what clients follow comes last"
served() { (cd "$1" && find -L images streams meta/1.0 meta/2/current trust keys -type f ! -name build.log ! -name index.html ! -name history.json -print0 | sort -z | xargs -0 sha256sum); }
ok "... byte for byte" diff <(served "$public") <(served "$copy")
: >"$log"
exits 0 "again" mirror --json r: s3://bucket/pub
is "$(fact fetched_files)" 0 "... nothing is fetched"
unlike "$(said)" 'PUT pub/images' "... and no file sent"
start_server python3 "$TOP/tests/cli/hostile-mirror.py" "$copy" "$T/rules" || exit 1
client remote add m "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1
exits 0 "an image is pulled from it" client pull -q m:toy/one
is "$OUT" "$(sha256sum <"$public/images/$one/20260101_0000/rootfs.man" | cut -d' ' -f1)" "... under its id"

night "$one" 20260102_0000 seed=a note=second
night "$one" 20260103_0000 seed=a note=second
before=$(sha256sum <"$copy/meta/2/current")
for fault in "PUT pub/images/*/rootfs.tar.xz 503" "PUT pub/streams/v1/* reset" "PUT pub/meta/2/current 503"; do
	echo "$fault" >"$T/faults"
	exits 4 "a store that does not take it: $fault" mirror r: s3://bucket/pub
	is "$(sha256sum <"$copy/meta/2/current")" "$before" "... the switch was not made"
done
exits 0 "... what it serves is the old tree" client pull -q m:toy/one
: >"$T/faults"
: >"$log"
exits 0 "then all is well" mirror --json r: s3://bucket/pub
ok "... and there" diff <(served "$public") <(served "$copy")
exits 0 "its client follows" client pull --json m:toy/one
like "$OUT" '"serial":"20260103_0000"' "... to the newest"
exits 0 "what is not wanted any more" mirror --builds 1 --grace 0 --json r: s3://bucket/pub
is "$(cd "$copy/images/$one" && find . -type f | cut -d/ -f2 | sort -u)" 20260103_0000 "... goes"
done_testing
