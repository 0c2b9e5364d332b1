#!/bin/bash
# A build that is far from the last good one waits for a person; what is installed is known.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/in public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
sql() { as_user ry-index sqlite3 "$tree/catalog.db" "$1"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@" && echo "$in/$1/$2"; }
listed() { cut -d';' -f5 "$public/meta/1.0/index-user"; }
chown ry-index "$T"
index init -q --root-home "$T/root" >/dev/null 2>&1 || exit 1

one=$(make_build toy/one/amd64/default 20260101_0000 packages=a=1,b=1,c=1,d=1)
exits 0 "the first build has nothing to be compared with" index add "$one"
index publish -q >/dev/null
big=$(make_build toy/one/amd64/default 20260102_0000 pad=40000 packages=a=1,b=1,c=1,d=1)
exits 0 "a build half as large again" index add "$big"
is "$OUT" "" "... is not added"
like "$ERR" "warning: toy/one/amd64/default@20260102_0000 is held back: it unpacks to [0-9]+ bytes, 20260101_0000 to [0-9]+: off by 49 %, more than 30 %; .*--force" "... but held back, and told why"
exits 0 "there is nothing to publish of it" index publish
is "$(listed)" 20260101_0000 "readers keep the good one"
exits 1 "the monitor sees it" index status --monitor
like "$OUT" "warning +1 builds are held back" "... as held back"
exits 0 "its record says why" index show toy/one@20260102_0000
is "$(sql "SELECT kind FROM event WHERE serial = '20260102_0000'")" held "... and so does an event"
few=$(make_build toy/one/amd64/default 20260103_0000 packages=a=1,b=2)
exits 0 "a build without half of its packages" index add --json "$few"
like "$OUT" '"result":"held".*"message":"it has 2 packages, 20260101_0000 has 4: off by 50 %, more than 30 %"' "... is held back too, to machines as well"
good=$(make_build toy/one/amd64/default 20260104_0000 packages=a=1,b=2,c=1,d=1)
exits 0 "the next good one is compared with the last good one" index add "$good"
like "$OUT" "^added toy/one/amd64/default@20260104_0000" "... and added"
exits 0 "what was held is released by force" index add --force "$few"
like "$OUT" "^released toy/one/amd64/default@20260103_0000" "... which is told"
exits 0 "a second time there is nothing to release" index add --force "$few"
is "$OUT" "" "... nor to say"
index publish -q >/dev/null
is "$(listed)" 20260104_0000 "the newest active build is listed"
huge=$(make_build toy/one/amd64/default 20260105_0000 pad=90000 packages=a=1)
exits 0 "with --force nothing is held back" index add --force "$huge"
index publish -q >/dev/null
is "$(listed)" 20260105_0000 "... and it is listed"
exits 0 "the tree is whole" index fsck

echo "hold_percent: 0" >>"$tree/site.yaml"
small=$(make_build toy/one/amd64/default 20260106_0000 packages=a=1)
exits 0 "a site may hold nothing back" index add "$small"
like "$OUT" "^added " "... then it is added"
sed -i 's/^hold_percent: 0/hold_percent: many/' "$tree/site.yaml"
exits 1 "a share that is no number" index status
like "$ERR" "site.yaml:[0-9]+:15: not a number of 0 to 100000" "... is told where"
sed -i '/^hold_percent/d' "$tree/site.yaml"

is "$(sql "SELECT count(*) FROM package WHERE name = 'a'")" 1 "a package is kept once, however many builds have it"
is "$(sql "SELECT count(DISTINCT packages) FROM build")" 4 "... and equal lists are one"
test_failed=$(make_build toy/one/amd64/default 20260107_0000 crime=test-failed)
exits 1 "an image whose boot test failed is not published" index add "$test_failed"
like "$ERR" "the build had failed \(test: it did not boot\)" "... and told why"
exits 0 "... not by force either, among others" index add --force --all "$in"
is "$(sql "SELECT count(*) FROM build WHERE serial = '20260107_0000'")" 0 "... it has no row"
is "$(sql "SELECT message FROM event WHERE kind = 'failed'")" "test: it did not boot" "... but an event"
done_testing
