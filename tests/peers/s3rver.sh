#!/bin/bash
# A mirror in a bucket of s3rver, an S3 server that others wrote: it takes our requests, and clients take from it. It computes no
# signatures of version 4; tests/cli/toy-s3.py does.
#   tests/peers/s3rver.sh
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${RY_TEST_NS:-}" ]; then
	S3RVER=${PEER_CACHE:-/var/cache/rootyard-peers}/s3rver
	[ -x "$S3RVER/node_modules/.bin/s3rver" ] || npm install --silent --no-audit --no-fund --prefix "$S3RVER" s3rver@3.7.1 >&2 ||
		{ echo "1..0 # SKIP no node, or npm cannot install s3rver"; exit 0; }
	export S3RVER
fi
. "$here/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$here/../upstream.sh"

published
night "$one" 20260101_0000 seed=a
hostile "$public" "$T/rules"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
mkdir "$T/store"
cat >"$T/s3.js" <<'J'
const S3rver = require(process.env.S3RVER + "/node_modules/s3rver");
new S3rver({ port: 0, address: "127.0.0.1", silent: true, directory: process.argv[2],
	configureBuckets: [{ name: "bucket" }] }).run().then((a) => console.log(`listening on http://127.0.0.1:${a.port}/`));
J
start_server node "$T/s3.js" "$T/store" || exit 1
store=$URL
AS_ENV+=(AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER)
mirror() { client mirror --endpoint "$store" --insecure-transport "$@"; }

exits 0 "a tree is mirrored to a bucket" mirror --json r: s3://bucket/pub
is "$(fact builds)" 1 "... whole"
exits 0 "again" mirror --json r: s3://bucket/pub
is "$(fact fetched_files)" 0 "... nothing is fetched"
client remote add m "$store/bucket/pub" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1
exits 0 "an image is pulled from the bucket" client pull -q m:toy/one
is "$OUT" "$(sha256sum <"$public/images/$one/20260101_0000/rootfs.man" | cut -d' ' -f1)" "... under its id"
night "$one" 20260102_0000 seed=a note=second
night "$one" 20260103_0000 seed=a note=second
exits 0 "the next nights" mirror --json r: s3://bucket/pub
ok "... copied within the store where nothing changed" test "$(fact linked_files)" -ge 3
exits 0 "its client follows" client pull --json m:toy/one
like "$OUT" '"serial":"20260103_0000"' "... to the newest"
exits 0 "the mirror is verified, all of it" client verify-mirror --remote r --full "$store/bucket/pub"
exits 0 "what is not wanted any more" mirror --builds 1 --grace 0 --json r: s3://bucket/pub
ok "... goes" test "$(fact removed_files)" -ge 20
exits 0 "what is wanted still comes" client pull -q m:toy/one
AS_ENV+=(AWS_ACCESS_KEY_ID=nobody)
exits 2 "a key that it does not know is refused" mirror r: s3://bucket/pub
like "$ERR" InvalidAccessKeyId "... in its words"
done_testing
