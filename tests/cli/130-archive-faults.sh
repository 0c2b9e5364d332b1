#!/bin/bash
# A Debian archive that does not deliver, or is not whose it should be.
. "$(dirname "$0")/../lib.sh"

command -v mmdebstrap >/dev/null || skip_all "needs mmdebstrap"
export TMPDIR=$T/tmp GNUPGHOME=$T/gnupg
mkdir -p "$T/tmp" "$T/www/dists/one" "$T/www/dists/two"
mkdir -m 700 "$T/gnupg"
key() { # NAME: makes a key, prints its fingerprint
	gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key "$1" rsa2048 sign never 2>/dev/null
	gpg --batch --with-colons --list-keys "=$1" | awk -F: '/^fpr/ { print $10; exit }'
}
right=$(key right)
wrong=$(key wrong)

mkdir -p "$T/r/keys"
gpg --batch --armor --export "$right" >"$T/r/keys/right.asc"
start_server as_user ry-www rootyard-httpd --root "$T/www" --listen 127.0.0.1:0 || exit 1
cat >"$T/r/image.yaml" <<Y
image:
  distribution: little
source:
  downloader: debootstrap
  variant: minbase
  url: $URL
packages:
  manager: apt
mappings:
  architecture_map: debian
Y
release() { # NAME: an archive with no package, signed by key $2, of date $3
	local d=$T/www/dists/$1
	mkdir -p "$d/main/binary-amd64"
	printf 'Package: none\nVersion: 1\nArchitecture: amd64\nMaintainer: none\nFilename: none.deb\nSize: 1\nSHA256: %064d\n\n' 0 >"$d/main/binary-amd64/Packages"
	{
		printf 'Origin: Little\nSuite: %s\nCodename: %s\nDate: %s\n' "$1" "$1" "$3"
		[ -z "${4:-}" ] || printf 'Valid-Until: %s\n' "$4"
		printf 'Architectures: amd64\nComponents: main\nSHA256:\n %s %s main/binary-amd64/Packages\n' \
			"$(sha256sum <"$d/main/binary-amd64/Packages" | cut -d' ' -f1)" "$(stat -c %s "$d/main/binary-amd64/Packages")"
	} | gpg --batch -q --pinentry-mode loopback --passphrase '' -u "$2" --clearsign >"$d/InRelease" 2>/dev/null
}
now=$(date -uR)
cat >"$T/r/releases.yaml" <<'Y'
schema: 1
distro: little
releases:
  none: {arches: [amd64], variants: [default], keys: [keys/right.asc]}
  nokey: {arches: [amd64], variants: [default]}
  wrong: {arches: [amd64], variants: [default], keys: [keys/right.asc]}
  stale: {arches: [amd64], variants: [default], keys: [keys/right.asc]}
  other: {arches: [amd64], variants: [default], keys: [keys/right.asc], mirror: nowhere}
  lost: {arches: [amd64], variants: [default], keys: [keys/lost.asc]}
Y
release wrong "$wrong" "$now"
release stale "$right" "$(date -uR -d '-60 days')" "$(date -uR -d '-50 days')"
build() { rootyard-build build --out "$T/out" --cache "$T/cache" "$T/r" "$1/amd64"; }

exits 11 "an archive without the suite is upstream's fault" build none
like "$ERR" "cannot bootstrap 'none'.*Release" "... and apt's own words say so"
exits 3 "an archive signed by another key is not trusted" build wrong
like "$ERR" "InRelease' is signed by a key that is none of the recipe's" "... and the sentence says so"
exits 11 "an expired archive is refused" build stale
like "$ERR" 'expired|not valid anymore' "... as expired"
exits 3 "an archive that nothing verifies is not trusted" build nokey
like "$ERR" 'nothing verifies the archive' "... and is not even asked"

# ---- expired, and accepted
cp -r "$T/r" "$T/e"
sed -i 's/variant: minbase/variant: custom/' "$T/e/image.yaml" # no package, so that a build of it ends well
cat >"$T/e/releases.yaml" <<'Y'
schema: 1
distro: little
releases:
  stale: {arches: [amd64], variants: [default], keys: [keys/right.asc], accept_expired_release_days: 40}
  stale2: {arches: [amd64], variants: [default], keys: [keys/right.asc], accept_expired_release_days: 60}
  old: {arches: [amd64], variants: [default], keys: [keys/right.asc], eol: 2020-01-31}
  old2: {arches: [amd64], variants: [default], keys: [keys/right.asc], eol: 2020-01-31, accept_eol: true}
Y
release stale2 "$right" "$(date -uR -d '-60 days')" "$(date -uR -d '-50 days')"
release old2 "$right" "$now"
expired() { rootyard-build build --out "$T/eout" --cache "$T/cache" --compress xz=0,zstd=1 "$T/e" "$1/amd64"; }
accepted() { python3 -c 'import json,sys,glob; print(json.load(open(glob.glob(sys.argv[1])[0])).get("accepted"))' "$T/eout/little/$1/amd64/default/*/build.json"; }
exits 11 "one that expired longer ago than is accepted is refused too" expired stale
like "$ERR" 'expired on .*accept_expired_release_days' "... with the way out"
exits 0 "one that is within the days is used" expired stale2
like "$(accepted stale2)" "^\[\{'what': 'expired', 'name': 'http://.*', 'until': $(date -d '-50 days' +%s | cut -c1-7)[0-9]{3}\}\]$" "... and build.json records until when it was valid"
exits 10 "a release past its end of life is refused" expired old
like "$ERR" '2020-01-31.*accept_eol' "... with the way out"
exits 0 "one that is accepted is built" expired old2
like "$(accepted old2)" "^\[\{'what': 'eol', 'name': 'old2', 'until': 15[0-9]{8}\}\]$" "... and build.json records that"
exits 10 "an unknown mirror is the recipe's fault" build other
exits 10 "so is a key that is not there" build lost
like "$ERR" 'keys/lost.asc' "... and is named"
is "$(ls -A "$T/tmp"; ls -A "$T/cache/work")" "" "nothing is left behind"
is "$(find "$T/out" -type f | grep -v '/build\.\(json\|log\)$')" "" "and nothing is handed over but what is known of the failures"
gpgconf --kill all
done_testing
