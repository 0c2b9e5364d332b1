#!/bin/bash
# rootyard-index init: the tree, the keys, the first root; refusals; interrupted and repeated.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree root=$T/root
index() { as_user ry-index rootyard-index "$@"; }
install -d -o ry-index -g ry-index "$tree" "$T/more"
chown ry-index "$T"

exits 2 "root is refused" rootyard-index init -C "$tree" --root-home "$root"
like "$ERR" "refuses to run as root" "... with the reason"
exits 2 "a home for the root key must be named" index init -C "$tree"
like "$ERR" "root-home" "... by name"
exits 2 "the root key may not live in the tree" index init -C "$tree" --root-home "$tree/root"
like "$ERR" "outside" "... and is told where to go"
rmdir "$tree/root" 2>/dev/null

exits 0 "a tree is made" index init -C "$tree" --root-home "$root" --name "Test site" --releases "$TOP/recipes/debian/releases.yaml"
fpr=$OUT
like "$fpr" '^[0-9A-F]{40}$' "the root key's fingerprint is the result"
like "$ERR" "no passphrase" "a root key without a passphrase is warned about"
is "$(stat -c %a "$tree/gnupg")" 700 "the publish key's home is private"
is "$(stat -c %a "$tree")" 755 "the tree is not"
is "$(stat -c %a "$root")" 700 "the root key's home is private"
ok "the tree names the site" grep -q "Test site" "$tree/site.yaml"
ok "the releases are copied in" test -s "$tree/releases/debian.yaml"
is "$(readlink "$tree/public/meta/2/current")" "../../.live/meta/2/current" "the fixed links stand"
is "$(find "$tree/public" ! -perm -o=r ! -type l | wc -l)" 0 "the server may read all of public/"
pub=("$tree"/public/keys/*.asc)
is "${#pub[@]}" 1 "the public key is published"
is "$(gpg --no-autostart --with-colons --show-keys "${pub[0]}" 2>/dev/null | awk -F: '$1 == "pub" { print $3, $4, $7 }')" "3072 1 " "it is rsa3072 and does not expire"
is "$(as_user ry-index gpg --homedir "$tree/gnupg" --with-colons -K 2>/dev/null | grep -c '^sec')" 1 "... and holds one secret key"
as_user ry-index gpgconf --homedir "$tree/gnupg" --kill all
is "$(pgrep -c -f "gpg-agent --homedir $T/")" 0 "no agent is left"
python3 - "$tree/public/trust/root.1" "$fpr" <<'P'
import base64, json, sys
doc = json.load(open(sys.argv[1]))
payload = json.loads(base64.b64decode(doc["payload"]))
assert doc["payloadType"] == "rootyard/root+json;v=1" and payload["version"] == 1
assert payload["roles"]["root"]["keys"] == [sys.argv[2]] and doc["signatures"][0]["fpr"] == sys.argv[2]
assert payload["roles"]["publish"]["keys"] == payload["roles"]["timestamp"]["keys"] != [sys.argv[2]]
P
is "$?" 0 "root.1 is signed by the root key and lists the publish key"
exits 0 "an empty tree is whole" index fsck -C "$tree"
exits 0 "nothing to publish is not an error" index publish -C "$tree"
is "$OUT" "nothing to publish" "... and is said"

exits 1 "a tree is not made twice" index init -C "$tree" --root-home "$T/root2"
like "$ERR" "already" "... and says why"
install -d -o ry-index "$T/full" && touch "$T/full/file"
exits 1 "a directory with something in it is refused" index init -C "$T/full" --root-home "$T/root3"
like "$ERR" "remove 'file'" "... naming what is in the way"
exits 8 "a directory that is no tree is not published" index publish -C "$T/more"
like "$ERR" "rootyard-index init" "... and says how to make one"

echo "a long passphrase" >"$T/pass"
# shellcheck disable=SC2016
exits 0 "a passphrase comes from a descriptor" as_user ry-index sh -c 'exec rootyard-index init -C "$1" --root-home "$2" --root-passphrase-fd 9 9<"$3"' sh "$T/more" "$T/root4" "$T/pass"
unlike "$ERR" "no passphrase" "... and there is no warning then"
not_ok "the key cannot be used without it" as_user ry-index sh -c 'echo x | gpg --homedir "$1" --batch --pinentry-mode loopback --passphrase wrong --sign >/dev/null 2>&1' sh "$T/root4"
as_user ry-index gpgconf --homedir "$T/root4" --kill all

# Interrupted: the marker stands, and the same arguments continue.
install -d -o ry-index "$T/again"
as_user ry-index sh -c 'rootyard-index init -q -C "$1" --root-home "$2" & p=$!; i=0; until [ -e "$1/site.yaml" ] || [ $i -gt 500 ]; do i=$((i+1)); sleep 0.01; done; kill -9 $p' sh "$T/again" "$T/root5" 2>/dev/null
ok "the marker is left" test -e "$T/again/.init"
exits 2 "an unfinished tree is not used" index status -C "$T/again"
like "$ERR" "interrupted" "... and says what to do"
exits 1 "other arguments do not continue it" index init -C "$T/again" --root-home "$T/root5" --name other
exits 0 "the same arguments do" index init -C "$T/again" --root-home "$T/root5"
exits 0 "and it is whole" index fsck -C "$T/again"
is "$(pgrep -c -f "gpg-agent --homedir $T/")" 0 "no agent is left"
done_testing
