#!/bin/bash
# What changed between two builds, going back to an earlier one, holding and pinning, and the record of
# it all; the real client sees what readers see.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/r"
image=toy/one/amd64/default
build() { # SERIAL PACKAGE=VERSION...
	local serial=$1 p list=
	shift
	for p; do list+="${list:+,}${p}"; done
	"$TOP/tests/cli/make-incoming.py" "$T/in" "$image" "$serial" pad=9000 seed="$serial" packages="$list"
	index add -q --force "$T/in/$image/$serial" >/dev/null || exit 1
}
fpr=$(index init -q --root-home "$T/r" --name history 2>/dev/null) || exit 1
build 20260101_0000 apt=2.6.1 bash=5.2-1 libc6=2.36-9 nano=7.2-1
build 20260102_0000 apt=2.6.1 bash=5.2-1+deb12u1 libc6=2.36-9~bpo1 vim=9.0
index publish -q >/dev/null || exit 1
start_server as_user ry-www rootyard-httpd --root "$public" --listen 127.0.0.1:0 || exit 1
client remote add r "$URL" --fingerprint "$fpr" --insecure-transport >/dev/null 2>&1 || exit 1

exits 0 "two builds are compared" index diff "$image@20260101_0000" "$image@20260102_0000"
like "$OUT" '^upgraded +bash:amd64 +5.2-1 -> 5.2-1\+deb12u1$' "... what went up"
like "$OUT" '^downgraded +libc6:amd64 +2.36-9 -> 2.36-9~bpo1$' "... what went down, by dpkg's order"
like "$OUT" '^added +vim:amd64 +9.0$' "... what came"
like "$OUT" '^removed +nano:amd64 +7.2-1$' "... what went"
unlike "$OUT" 'apt' "... and not what stayed"
like "$OUT" '^unpacked +.* -> ' "... with sizes"
two=$OUT
exits 0 "one build is compared with the one before it" index diff toy/one
is "$OUT" "$two" "... which says the same"
exits 0 "files are compared when asked for" index diff --files toy/one
like "$OUT" '^changed +/etc/noise$' "... by content"
unlike "$OUT" '/bin/sh' "... those alone that changed"
exits 0 "backwards" index diff "$image@20260102_0000" "$image@20260101_0000" --json
is "$(python3 -c 'import json,sys; d = json.load(sys.stdin); print(*sorted((p["change"], p["name"]) for p in d["packages"]), d["old"]["serial"], d["entries"])' <<<"$OUT")" \
	"('added', 'nano') ('downgraded', 'bash') ('removed', 'vim') ('upgraded', 'libc6') 20260102_0000 [15, 15]" "... for machines"
exits 8 "a build that is not there is not found" index diff "$image@20250101_0000" toy/one

# ---- going back
newest() { client list --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["serial"])'; }
legacy() { cut -d';' -f5 "$public/meta/1.0/index-user"; }
is "$(newest)" 20260102_0000 "the client is offered the newest build"
exits 0 "going back is tried" index rollback -n toy/one
like "$OUT" 'would go back to toy/one/amd64/default@20260101_0000' "... saying where to"
is "$(newest)" 20260102_0000 "... and changing nothing"
exits 0 "one command goes back" index rollback toy/one
is "$(newest) $(legacy)" "20260101_0000 20260101_0000" "... for every client"
exits 0 "a pull gets the earlier build" client pull -q toy/one
not_ok "what was taken back is not pulled by its serial" client pull "toy/one@20260102_0000"
like "$(client pull "toy/one@20260102_0000" 2>&1)" 'withdrawn' "... and the client says why"
exits 0 "the tree is whole" index fsck
build 20260103_0000 apt=2.6.1
exits 0 "the next build is published as ever" index publish
is "$(newest)" 20260103_0000 "... and offered"
exits 0 "forward again is going back to a named build" index rollback toy/one 20260102_0000
is "$(newest)" 20260102_0000 "... which is offered again"
exits 8 "there is nothing before the first" index rollback toy/one@20240101_0000
exits 0 "and to the first" index rollback toy/one 20260101_0000
exits 8 "before it there is none" index rollback toy/one
exits 0 "and to the last" index rollback toy/one 20260103_0000
is "$(newest)" 20260103_0000 "... which is offered"

# ---- holding
exits 0 "a build is held" index hold "$image" --reason "breaks ssh"
exits 0 "... for readers, too" index publish
is "$(newest)" 20260101_0000 "the one before it is offered"
exits 0 "the client knows" client list
like "$OUT" '^toy/one/amd64/default +20260101_0000 +held' "... that a newer one is held back"
exits 1 "the only build that is left is not held" index hold "$image"
like "$ERR" 'the image would disappear' "... and the sentence says why"
exits 0 "it is released" index release "$image@20260103_0000"
exits 1 "once" index release "$image@20260103_0000"
index publish -q >/dev/null
is "$(newest)" 20260103_0000 "... and offered again"

# ---- pinning
exits 0 "a build is pinned" index pin "$image@20260101_0000" --reason "release 1"
exits 0 "... for readers, too" index publish
documents() { python3 - "$public" <<'P'
import base64, json, sys
public = sys.argv[1]
c = json.loads(base64.b64decode(json.load(open(public + "/meta/2/current"))["payload"]))
line = json.loads(open(public + "/" + c["catalog"]["path"]).read().splitlines()[1])
print(json.dumps(json.load(open(public + "/meta/2/objects/" + line[4]))))
P
}
is "$(documents | python3 -c 'import json,sys; print(*json.load(sys.stdin)["pins"])')" 20260101_0000 "... in the image document"
exits 8 "what is not pinned is not let go" index unpin "$image"
exits 0 "what is pinned is" index unpin "$image@20260101_0000"

# ---- the record
exits 0 "all of it is on record" index events
for line in 'unpinned +toy/one/amd64/default@20260101_0000' 'pinned .*: release 1' 'held-back +.*@20260103_0000: breaks ssh' 'released' \
	'rolled-back +.*@20260102_0000' 'rolled-back +.*@20260101_0000' 'admitted' 'init'; do
	like "$OUT" "$line" "... $line"
done
is "$(grep -c rolled-back <<<"$OUT")" 4 "... each time it happened"
exits 0 "for machines" index events --json --since 1h
is "$(python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["kind"])' <<<"$OUT")" unpinned "... newest first"
exits 2 "a span that is none" index events --since tomorrow
exits 0 "the tree is whole" index fsck
done_testing
