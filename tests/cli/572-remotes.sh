#!/bin/bash
# Which server a name without one means, and servers that move.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made
cp -a "$T/tree" "$T/moved"
make_tree tree "$keys" "$T/other" repo=ffffffffffffffffffffffffffffffff
urls=()
for d in tree moved other; do
	hostile "$T/$d" "$T/none"
	urls+=("$URL")
done
tree=${urls[0]} moved=${urls[1]} other=${urls[2]}
usual() { client remote list --json | python3 -c 'import json,sys; print(*[r["name"] for r in json.load(sys.stdin) if r["default"]])'; }

is "$(usual)" default "without a remote of one's own the shipped one is asked"
exits 0 "one's own is added" client remote add mine "$tree" --fingerprint "$fpr" --insecure-transport
is "$(usual)" mine "... and is asked from then on"
exits 0 "a pull without a remote's name" client pull -q toy/1
ok "... comes from there" test -e "$T/home/ry-user/.local/share/rootyard/refs/mine/toy"
exits 0 "a second one" client remote add second "$moved" --fingerprint "$fpr" --insecure-transport
exits 2 "leaves it open" client pull toy/1
like "$ERR" "several remotes.*'rootyard remote default" "... with a way out"
exits 0 "one is preferred" client remote default second
is "$(usual)" second "... and asked"
exits 0 "... for a pull too" client pull -q toy/1
exits 8 "one that is not there" client remote default secnd
like "$ERR" "did you mean 'second'" "... is not preferred"
exits 0 "the preferred one is removed" client remote rm second
is "$(usual)" mine "... and the other one is asked again"
exits 3 "a server that moved is not another repository" client remote set-url mine "$other"
like "$ERR" "cannot move 'mine'.*another repository" "... which is said"
exits 0 "where it moved to" client remote set-url mine "$moved"
like "$(client remote list)" "mine +rootyard +$fpr +$moved +\(default\)" "... it is followed"
exits 2 "what is shipped is not changed" client remote set-url default https://example.org
exits 4 "a place that nobody answers at" client remote set-url mine http://127.0.0.1:1
like "$(client remote list)" "$moved" "... is not followed"
done_testing
