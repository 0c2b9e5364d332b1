#!/bin/bash
# TUF's list of attacks, one row each, with the real client against doctored copies of a tree that the
# real indexer published. 520-hostile.sh has the finer variants.
. "$(dirname "$0")/../lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
tree=$T/tree public=$T/tree/public served=$T/served
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/r" "$T/thief" "$T/thief-root"
build() { "$here/make-incoming.py" "$T/in" "$1" "$2" pad=9000 seed="$1$2"; index add -q --force "$T/in/$1/$2" >/dev/null; }
fpr=$(index init -q --root-home "$T/r" --name attacks 2>/dev/null) || exit 1
build toy/one/amd64/default 20260101_0000 && build toy/two/amd64/default 20260101_0000 && index publish -q >/dev/null || exit 1
cp -a "$public" "$T/first"
build toy/one/amd64/default 20260102_0000 && index publish -q >/dev/null || exit 1
cp -a "$public" "$T/second"

: >"$T/rules"
start_server python3 "$here/hostile-mirror.py" "$served" "$T/rules" || exit 1
serve() { rm -rf "$served" && cp -aL "$T/$1" "$served" 2>/dev/null; : >"$T/rules"; }
serve second
client remote add r "$URL" --fingerprint "$fpr" --insecure-transport >/dev/null 2>&1 || exit 1
store=$T/home/ry-user/.local/share/rootyard
mkdir -p "$T/before"
start() { # a client that has seen the second publication, and stored nothing of it
	serve second
	rm -rf "$store" "$T/home/ry-user/.cache/rootyard"
	client list >/dev/null 2>&1
}
# attack NAME STATUS REGEX: what is served now is not believed, and nothing is stored
attack() {
	exits "$2" "$1" client pull toy/one
	like "$ERR" "$3" "... in a sentence: $(tail -n 1 <<<"$ERR" | cut -c -130)"
	is "$(ls "$store/images" 2>/dev/null)" "" "... and nothing is stored"
}
one=images/toy/one/amd64/default/20260102_0000

start
printf '%s\n' "$one/rootfs.tar.zst flip" >"$T/rules"
attack "arbitrary software: another tarball" 3 'not trusted.*rootfs.tar.zst'
start
as_user ry-index env ROOTYARD_TREE="$T/thief" rootyard-index init -q --root-home "$T/thief-root" --name thief >/dev/null 2>&1
as_user ry-index env ROOTYARD_TREE="$T/thief" rootyard-index add -q "$T/in/toy/one/amd64/default/20260102_0000" >/dev/null
as_user ry-index env ROOTYARD_TREE="$T/thief" rootyard-index publish -q >/dev/null
rm -rf "$served" && cp -aL "$T/thief/public" "$served" 2>/dev/null
attack "arbitrary software: another publisher's tree" 3 'not trusted: meta/2/current'

start
serve first
attack "rollback: the tree of an earlier publication" 3 'went back'

start
cp "$T/first/images/toy/two/amd64/default/20260101_0000/"rootfs.* "$served/$one/"
attack "wrong software: the files of another image" 3 'not trusted'
start
python3 - "$served" <<'P'
import base64, json, shutil, sys
top = sys.argv[1]
c = json.loads(base64.b64decode(json.load(open(top + "/meta/2/current"))["payload"]))
lines = [json.loads(l) for l in open(top + "/" + c["catalog"]["path"]).read().splitlines()[1:]]
doc = {l[0]: l[4] for l in lines}
for end in "", ".zst":
    shutil.copy(top + "/meta/2/objects/" + doc["toy/two/amd64/default"] + end, top + "/meta/2/objects/" + doc["toy/one/amd64/default"] + end)
P
attack "wrong software: the document of another image" 3 'not trusted'

start
python3 - "$T/first" "$T/second" "$served" <<'P'
import base64, json, sys
old, new, top = sys.argv[1:]
def load(t):
    e = json.load(open(t + "/meta/2/current"))
    return e, json.loads(base64.b64decode(e["payload"]))
e, c = load(new)
c["catalog"] = load(old)[1]["catalog"]
e["payload"] = base64.b64encode((json.dumps(c, separators=(",", ":")) + "\n").encode()).decode()
json.dump(e, open(top + "/meta/2/current", "w"))
P
attack "mix and match: an old catalog under a new current" 3 'not trusted: meta/2/current'
start
cp "$T/first/images/toy/one/amd64/default/20260101_0000/rootfs.man" "$served/$one/rootfs.man"
attack "mix and match: an old manifest beside a new tarball" 3 'not trusted.*rootfs.man'

start
printf '%s\n' "meta/2/current endless" >"$T/rules"
exits 3 "endless data: a current without end" client pull toy/one
start
printf '%s\n' "$one/rootfs.tar.zst endless" >"$T/rules"
exits 3 "endless data: a tarball without end" client pull toy/one
ok "... of which no more is kept than was signed for" test "$(du -sb "$T/home/ry-user/.cache/rootyard" | cut -f1)" -lt 4000000
is "$(ls "$store/images" 2>/dev/null)" "" "... and nothing is stored"

# Fast-forward: a thief drove the floors up; a root that takes the key away forgets them.
start
as_user ry-user sed -i 's/^version .*/version 4503599627370496/; s/^generation .*/generation 4503599627370496/' \
	"$T/home/ry-user/.local/state/rootyard/r/floors"
attack "fast-forward: floors far ahead lock the client out" 3 'went back'
key=$(index key list | awk '$1 == "publish" && $2 == "current" { print $3 }')
index key revoke -q "$key" --reason stolen >/dev/null && index key root sign -q --root-home "$T/r" "$tree/root.2" >/dev/null &&
	index key root install -q "$tree/root.2" >/dev/null 2>&1
cp -a "$public" "$T/third" && serve third
exits 0 "... until a root takes the stolen key away" client pull -q toy/one

# A key below the threshold signs nothing that counts: 280-keys.sh, thresholds of roots.
rm -rf "$served/meta/2/objects" "$store"
not_ok "a mirror that lies: what it lists is not there" client pull toy/two
serve third
exits 0 "the same client goes on when the mirror does" client pull -q toy/two
done_testing
