#!/bin/sh
# Fresh keys, and signatures of every kind that the verifier must tell apart, into directory $1.
set -eu
cd "$1"
home=$(mktemp -d /tmp/ry-fix.XXXXXX)
trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home"' EXIT
g() { gpg --homedir "$home" --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' "$@" 2>>log; }
fpr() { g --with-colons --list-keys "=$1 <$1@example.org>" | awk -F: '$1 == "fpr" { print $10; exit }'; }
new() { # NAME ALGO USAGE EXPIRE [option...]
	name=$1 algo=$2 usage=$3 expire=$4
	shift 4
	g "$@" --quick-gen-key "$name <$name@example.org>" "$algo" "$usage" "$expire"
	fpr "$name" >"$name.fpr"
}
export_key() { g --armor --export "$(cat "$1.fpr")" >"$1.key"; }
sign() { # OUT DATA KEY [option...]
	out=$1 data=$2 key=$3
	shift 3
	g --yes -u "$(cat "$key.fpr")!" "$@" --output "$out" --detach-sign "$data"
}

printf 'the bytes that were signed\n' >data
printf 'other bytes\n' >other

new pinned rsa2048 sign,cert 0 --faked-system-time 20240101T000000
new second ed25519 sign,cert 0
new unknown ed25519 sign,cert 0
new revoked ed25519 sign,cert 0
new expired ed25519 sign,cert 30d --faked-system-time 20240101T000000
new subkeyed ed25519 cert 0
new misused ed25519 sign,cert 0
g --quick-add-key "$(cat subkeyed.fpr)" ed25519 sign 0
g --with-colons --list-keys "$(cat subkeyed.fpr)" | awk -F: '$1 == "fpr" { f = $10 } END { print f }' >subkey.fpr

sign good.asc data pinned --armor --digest-algo SHA512
sign good.sig data pinned
sign again.sig data pinned --digest-algo SHA384
sign notation.sig data pinned --set-notation path@rootyard=images/x/rootfs.tar.xz --set-notation else@example.org=y
sign other-data.sig other pinned
sign second.sig data second
sign second-other-data.sig other second
sign unknown.sig data unknown
sign revoked.sig data revoked
sign misused.sig data misused
sign expired.sig data expired --faked-system-time 20240102T000000
sign sig-expired.sig data pinned --default-sig-expire 1d --faked-system-time 20240102T000000
sign sha1.sig data pinned --digest-algo SHA1
sign future.sig data pinned --faked-system-time "$(date -u -d '+2 days' +%Y%m%dT%H%M%S)"
sign subkey.sig data subkey
g --yes -u "$(cat pinned.fpr)" --output inline.sig --sign data
g --yes -u "$(cat pinned.fpr)" --output inline-other.sig --sign other
g --yes -u "$(cat pinned.fpr)" --output clear.sig --clear-sign data
g --yes -u "$(cat pinned.fpr)" --output clear-other.sig --clear-sign other
cat unknown.sig good.sig >unknown-good.sig
cat good.sig unknown.sig >good-unknown.sig
cat good.sig second-other-data.sig >good-bad.sig
cat second-other-data.sig good.sig >bad-good.sig
cat good.sig again.sig >twice.sig
cat good.sig second.sig >both.sig
: >empty.sig
printf 'no signature at all\n' >text.sig

# The key may sign when it does, and may not when it is exported.
printf 'change-usage\ns\nq\nsave\n' | g --no-batch --command-fd 0 --edit-key "$(cat misused.fpr)"
# GnuPG stores a ready revocation with a colon before it, lest somebody imports it by mistake.
sed 's/^:---/---/' "$home/openpgp-revocs.d/$(cat revoked.fpr).rev" | g --import
for key in pinned second unknown revoked expired subkeyed misused; do export_key $key; done
g --armor --export "$(cat pinned.fpr)" "$(cat second.fpr)" >two.key
g --export "$(cat pinned.fpr)" >binary.key
g --armor --export-secret-keys "$(cat second.fpr)" >secret.key
