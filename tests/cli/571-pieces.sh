#!/bin/bash
# A long file is signed for piece by piece: unpacked while it comes, kept as far as it is good, never further.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made
hostile "$T/tree" "$T/rules"
AS_ENV+=(ROOTYARD_TIMEOUT=2)
client remote add r "$URL" --fingerprint "$fpr" --insecure-transport >/dev/null 2>&1 && client pull toy/1 >/dev/null 2>&1 || exit 1
n=1
night() { # WORD...: a new build of three and a half pieces
	n=$((n + 1))
	serial=202601$(printf %02d $n)_0000
	make_tree tree "$keys" "$T/tree" "serial=$serial" "version=$n" "generation=$n" "text=$n" pad=3500000 pieces=yes "$@"
	tar=images/toy/1/amd64/default/$serial/rootfs.tar.zst
	: >"$T/rules"
	: >"$SERVER_LOG.err"
	before=$(tree_digest "$store")
	rm -rf "$partial"
}
kept() { find "$partial" -type f -size +500k -printf '%s\n'; }
asked() { tr -d '\000' <"$SERVER_LOG.err" | grep "$tar" | cut -d' ' -f3-; }
untouched() { is "$(tree_digest "$store")" "$before" "... and the store is what it was"; }
has_noise() { cmp -s "$store/images/$OUT/rootfs/home/user/noise" <(python3 -c 'import random,sys; sys.stdout.buffer.write(random.Random(7).randbytes(3500000))'); }

night
exits 0 "a build whose archive has pieces" client pull -q toy/1
ok "... is what was packed" has_noise
is "$(kept)" "" "... and leaves no download behind"
is "$(asked)" "200 -" "... which was fetched once"

night
printf '%s flip\n' "$tar" >"$T/rules"
exits 3 "a byte that was changed in the second piece" client pull toy/1
like "$ERR" "rootfs.tar.zst.*piece 2 of 4 has another sha256" "... is found there"
untouched
is "$(kept)" 1048576 "... the piece before it is kept"
: >"$T/rules"
: >"$SERVER_LOG.err"
exits 0 "a server that is good" client pull -q toy/1
is "$(asked)" "206 bytes=1048576-" "... sends the others alone"
ok "... and it is what was packed" has_noise

night
printf '%s cutweak+\n' "$tar" >"$T/rules"
exits 0 "a line that breaks, and no strong tag" client pull -q toy/1
is "$(asked)" "200 -
206 bytes=1048576-" "... costs what it broke in"

night
printf '%s cut+norange\n' "$tar" >"$T/rules"
exits 0 "a server without ranges" client pull -q toy/1
ok "... sends it again, and it is what was packed" has_noise

night
printf '%s cut+badrange\n' "$tar" >"$T/rules"
exits 0 "one that sends other ranges" client pull -q toy/1
ok "... too" has_noise

night
printf '%s stall\n' "$tar" >"$T/rules"
as_user ry-user rootyard pull -q toy/1 >/dev/null 2>&1 &
pid=$!
for _ in {1..100}; do [ -z "$(kept)" ] || break; sleep 0.1; done
kill -KILL "$(pgrep -P "$pid" -f rootyard 2>/dev/null || echo "$pid")"
wait "$pid" 2>/dev/null
sum=$(sha256sum <"$T/tree/$tar" | cut -d' ' -f1)
printf X | dd of="$partial/$sum" bs=1 seek=1500000 conv=notrunc status=none
: >"$T/rules"
: >"$SERVER_LOG.err"
exits 0 "what a killed pull left, and somebody changed" client pull -q toy/1
is "$(asked | tail -n 1)" "206 bytes=1048576-" "... is kept as far as it is good"
ok "... and it is what was packed" has_noise
is "$(find "$store/tmp" -mindepth 1)" "" "... with nothing left over"

night pieces=few
exits 3 "too few pieces for the size" client pull toy/1
like "$ERR" "'pieces': 3 where the size has 4" "... are counted"
untouched
night pieces=wrong
exits 3 "a piece that is signed for and wrong" client pull toy/1
untouched
night pieces=other
exits 3 "pieces that are right and a whole that is not" client pull toy/1
like "$ERR" "not trusted.*rootfs.tar.zst.*sha256" "... are not trusted"
untouched
is "$(kept)" "" "... and not kept"
night entries=2
exits 3 "what the unpacker refuses before all of it came" client pull toy/1
like "$ERR" "not trusted: what build $serial unpacks to" "... is told by it"
untouched
night
exits 0 "and after all that" client pull -q toy/1
exits 0 "everything that is stored verifies" client verify
done_testing
