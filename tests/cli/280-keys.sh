#!/bin/bash
# Keys through their lives, with the real client and plain gpg beside: rotation with overlap, another
# root, thresholds, revocation. The root secret is never where the tree is.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree public=$T/tree/public
AS_ENV+=("ROOTYARD_TREE=$tree")
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/r"
build() { "$TOP/tests/cli/make-incoming.py" "$T/in" toy/one/amd64/default "$1" pad=9000 seed="$1"; }
build 20260101_0000
build 20260102_0000
index init -q --root-home "$T/r" --name keys >"$T/fpr" 2>/dev/null || exit 1
root_fpr=$(cat "$T/fpr")
echo 'base_url: https://images.example.org' >>"$tree/site.yaml"
index add -q --all "$T/in" >/dev/null && index publish -q >/dev/null || exit 1

# Another machine: another user, who has the root key's home and what lies on the stick.
mkdir -p "$T/away" && mv "$T/r" "$T/away/r1" && chown -R ry-poor: "$T/away" && chmod 700 "$T/away"
offline() { (cd "$T/away" && as_user ry-poor env -u ROOTYARD_TREE rootyard-index "$@"); }
carry_out() { install -o ry-poor "$tree/$1" "$T/away/$1"; }
carry_back() { install -o ry-index "$T/away/$1" "$T/$1.signed"; }
sign_and_install() { # ROOT HOME...
	local file=$1 home
	shift
	carry_out "$file"
	for home in "$@"; do offline key root sign -q --root-home "$home" "$file" >/dev/null || return 1; done
	carry_back "$file"
	index key root install -q "$T/$file.signed"
}

start_server as_user ry-www rootyard-httpd --root "$public" --listen 127.0.0.1:0 || exit 1
base=$URL
exits 0 "a client pins the root key" client remote add r "$base" --fingerprint "$root_fpr" --insecure-transport
exits 0 "... and pulls" client pull -q toy/one

one=$(index key list --json | python3 -c 'import json,sys; print([k["fingerprint"] for k in map(json.loads, sys.stdin) if k["role"] == "publish"][0])')
keyring() { # NAME KEYFILE...: a home that has these keys alone
	local home=$T/ring.$1
	shift
	rm -rf "$home" && mkdir -m 700 "$home" && gpg --homedir "$home" -q --batch --import "$@" 2>/dev/null
}
verifies() { # RING: every .asc of the tree, one good signature and no other
	local sig
	while read -r sig; do
		gpg --homedir "$T/ring.$1" --batch --trust-model always --verify "$sig" "${sig%.asc}" >/dev/null 2>&1 || { echo "$sig"; return 1; }
		[ "$(gpg --list-packets "$sig" 2>/dev/null | grep -c '^:signature')" = 1 ] || { echo "two signatures: $sig"; return 1; }
	done < <(find "$public/images" "$public"/.live/meta -name '*.asc')
	# what container engines look for, of images that changed long ago as well
	[ -d "$public/sigs" ] || return 1
	while read -r sig; do
		gpg --homedir "$T/ring.$1" --batch --trust-model always --verify "$sig" >/dev/null 2>&1 || { echo "$sig"; return 1; }
	done < <(find "$public/sigs" -type f)
}
fetches() { # FACT: the client believes what is served
	exits 0 "$1" client list --json
	like "$OUT" '"toy/one/amd64/default"' "... and is told the image"
}
keyring old "$public/keys/$one.asc"
ok "old gpg verifies everything" verifies old

exits 0 "keys are listed" index key list
like "$OUT" "^root +listed +$root_fpr" "... the root key"
like "$OUT" "^publish +current +$one until 20" "... the publish key, with its end"
exits 0 "a publish key is printed" index key export
is "$OUT" "$(cat "$public/keys/$one.asc")" "... as keys/ has it"
index key export --binary >"$T/ring.gpg"
ok "... or as a keyring that gpgv takes" gpgv --keyring "$T/ring.gpg" "$public/meta/1.0/index-user.asc" "$public/meta/1.0/index-user"
exits 8 "a key that is not there is not found" index key export "$root_fpr"

# ---- rotation, with overlap
exits 0 "the next key is made and proposed" index key rotate
is "$OUT" "$tree/root.2" "... in a file to be carried"
two=$(index key list | awk '$2 == "next" { print $3 }')
exits 0 "doing it again" index key rotate
is "$(index key list | awk '$2 == "next" { print $3 }')" "$two" "... makes no other key"
exits 1 "what no root lists is not put to use" index key rotate --switch
isnt "$(index key list | awk '$1 == "publish" && $2 == "current" { print $3 }')" "$two" "... and nothing changed"
exits 3 "an unsigned root is refused" index key root install "$tree/root.2"
ok "... and not published" test ! -e "$public/trust/root.2"
carry_out root.2
exits 2 "a signer is told what is missing" offline key root sign root.2
mkdir -m 755 "$T/empty" && chown ry-poor "$T/empty"
exits 8 "a home without a key signs nothing" offline key root sign --root-home "$T/empty" root.2
exits 0 "the root key signs, away from the tree" offline key root sign --root-home r1 root.2
like "$OUT" "^signed +by 1 of its root keys, it needs 1" "... and says whether it is enough"
like "$OUT" "^ +$two until 20" "... and for what"
carry_back root.2
python3 - "$T/root.2.signed" "$T/root.2.bad" <<'P'
import base64, json, sys
d = json.load(open(sys.argv[1]))
d["payload"] = base64.b64encode(base64.b64decode(d["payload"]).replace(b'"created":1', b'"created":2', 1)).decode()
open(sys.argv[2], "w").write(json.dumps(d, separators=(",", ":")) + "\n")
P
exits 3 "one changed byte is refused" index key root install "$T/root.2.bad"
exits 0 "what was signed is installed" index key root install "$T/root.2.signed"
exits 0 "installing it again changes nothing" index key root install "$T/root.2.signed"
like "$OUT" 'already there' "... and says so"
ok "the proposal is gone" test ! -e "$tree/root.2"
ok "the next key is published" test -s "$public/keys/$two.asc"
ok "old gpg still verifies everything" verifies old
fetches "a client crosses to the second root"
index add -q "$(build 20260103_0000; echo "$T/in/toy/one/amd64/default/20260103_0000")" >/dev/null
index publish -q >/dev/null
ok "what is published meanwhile is by the old key" verifies old
keyring both "$public"/keys/*.asc
exits 0 "the next key is put to use" index key rotate --switch
is "$OUT" "$two" "... by its fingerprint"
keyring new "$public/keys/$two.asc"
ok "now everything is by the new key" verifies new
not_ok "... and by no other" verifies old
ok "who has imported both sees no difference" verifies both
fetches "a client does not notice"
exits 0 "a pull after the switch" client pull -q toy/one
exits 0 "the tree is whole" index fsck
exits 0 "switching again changes nothing" index key rotate --switch

# ---- revocation: the key leaked; the thief has served a tree of his own meanwhile
cp -a "$public" "$T/stolen"
exits 2 "a revocation needs a reason" index key revoke "$two"
exits 8 "an unknown key is not revoked" index key revoke "${two//[0-4]/5}" --reason test
exits 2 "a root key has a command of its own" index key revoke "$root_fpr" --reason test
exits 0 "a key is revoked" index key revoke "$two" --reason "it leaked"
exits 0 "a client is content until the root says so" client list
exits 0 "with a root signed away from the tree" sign_and_install root.3 r1
three=$(index key list | awk '$1 == "publish" && $2 == "current" { print $3 }')
isnt "$three" "$two" "another key is at work at once"
ok "the revoked key is not handed out any more" test ! -e "$public/keys/$two.asc"
keyring third "$public/keys/$three.asc"
ok "everything is by that one" verifies third
fetches "a client that knew the old root crosses"
rm -rf "$T/home/ry-user/.local/state/rootyard" "$T/home/ry-user/.config/rootyard"
exits 0 "one that comes anew walks the whole chain" client remote add r "$base" --fingerprint "$root_fpr" --insecure-transport
fetches "... and believes what is there"
exits 0 "the tree is whole" index fsck
exits 0 "keys are listed" index key list
like "$OUT" "^none +revoked +$two  it leaked" "... the revoked one with its reason"
start_server as_user ry-www rootyard-httpd --root "$T/stolen" --listen 127.0.0.1:0
as_user ry-user sed -i "s|$base|$URL|" "$T/home/ry-user/.config/rootyard/remotes.yaml"
exits 3 "what the thief serves is refused" client list
as_user ry-user sed -i "s|$URL|$base|" "$T/home/ry-user/.config/rootyard/remotes.yaml"
fetches "the true tree is believed again"

exits 0 "nothing is due" index status --monitor
like "$ERR" 'one root key' "... but a second root key is advised"
as_user ry-index sqlite3 "$tree/catalog.db" "UPDATE build SET signer = '$one' WHERE serial = '20260101_0000'"
exits 1 "a build that still carries another key's signature is due" index status --monitor
like "$OUT" "1 builds carry signatures of another key: run 'key rotate --switch'" "... and it is said how to mend it"
exits 0 "which mends it" index key rotate --switch
exits 0 "nothing is due" index status --monitor --json

# ---- more root keys
second=$(cd "$T/away" && offline key root init -q --root-home r2 --name second 2>/dev/null)
third=$(cd "$T/away" && offline key root init -q --root-home r3 --name third 2>/dev/null)
cp "$T/away/r2/$second.asc" "$T/away/r3/$third.asc" "$T/" && chmod 644 "$T"/*.asc
exits 1 "a threshold that nobody can reach is not proposed" index key root rotate --threshold 2
exits 0 "three root keys, two of which must sign" index key root rotate --add "$T/$second.asc" --add "$T/$third.asc" --threshold 2
carry_out root.4
exits 0 "the old key signs" offline key root sign --root-home r1 root.4
like "$OUT" "^signed +by 1 of its root keys, it needs 2" "... which is not enough"
carry_back root.4
exits 3 "one signature of two is refused" index key root install "$T/root.4.signed"
exits 0 "the second key signs as well" offline key root sign --root-home r2 root.4
carry_back root.4
exits 0 "then it is installed" index key root install "$T/root.4.signed"
fetches "a client crosses to a root of thresholds"
exits 0 "a lost root key is revoked" index key root revoke "$root_fpr" --reason "lost"
carry_out root.5
offline key root sign -q --root-home r2 root.5 >/dev/null
carry_back root.5
exits 3 "one of the two that are left is not enough" index key root install "$T/root.5.signed"
exits 0 "the two that are left sign it" sign_and_install root.5 r2 r3
fetches "a client crosses without the first root key"
exits 3 "the lost key signs no more roots" bash -c "$(declare -f as_user index offline carry_out carry_back sign_and_install); T=$T tree=$tree AS_ENV=(ROOTYARD_TREE=$tree); index key root rotate -q >/dev/null; sign_and_install root.6 r1"
exits 0 "the others do" sign_and_install root.6 r2 r3
fetches "a client crosses to a root that changed its date alone"

# ---- a key for timestamps alone
exits 0 "a timestamp key is made" index key rotate --timestamp
exits 0 "... trusted" sign_and_install root.7 r2 r3
exits 0 "... and put to use" index key rotate --switch
fetches "a client believes it"
exits 0 "a refresh" index refresh
fetches "... as well"
stamp=$(index key list | awk '$1 == "timestamp" && $2 == "current" && $3 != "'"$three"'" { print $3 }')
is "$(python3 -c 'import json; print(" ".join(s["fpr"] for s in json.load(open("'"$public"'/meta/2/current"))["signatures"]))' | tr ' ' '\n' | grep -c "$stamp")" 1 "current carries its signature"
exits 0 "the tree is whole" index fsck

# ---- no secret of a root was ever here
is "$(find "$tree" -name 'private-keys-v1.d' -printf '%h\n' | tr '\n' ' ')" "$tree/gnupg " "the tree has one home of secrets"
is "$(as_user ry-index gpg --homedir "$tree/gnupg" --batch -K --with-colons 2>/dev/null | grep -c "$root_fpr\|$second\|$third")" 0 "... without a root key in it"
as_user ry-index gpgconf --homedir "$tree/gnupg" --kill all
done_testing
