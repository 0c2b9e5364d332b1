#!/bin/bash
# An archive as a source: from servers good and bad, with and without proof, kept between builds.
. "$(dirname "$0")/../lib.sh"

command -v python3 >/dev/null || skip_all "needs python3"
export TMPDIR=$T/tmp GNUPGHOME=$T/gnupg ROOTYARD_FETCH_STALL_S=1 ROOTYARD_FETCH_TRIES=2
mkdir -p "$T/tmp" "$T/www/d"
mkdir -m 700 "$T/gnupg"
"$DATA/ok/toy/make-rootfs.sh" "$T/www/d" || exit 1
file=$T/www/d/rootfs.tar.xz
hex=$(sha256sum <"$file" | cut -d' ' -f1)
log=$T/requests
: >"$log"
start_server python3 "$TOP/tests/cli/source-server.py" "$T/www" "$log" || exit 1

mkdir -p "$T/r/keys"
sed -e 's/^image:/&/' "$DATA/ok/toy/image.yaml" >"$T/r/image.yaml"
release() { # LINE...: releases.yaml with these lines more
	printf 'schema: 1\ndistro: toy\nreleases:\n  "1":\n    arches: [amd64]\n    variants: [default]\n' >"$T/r/releases.yaml"
	[ $# = 0 ] || printf '    %s\n' "$@" >>"$T/r/releases.yaml"
}
n=0
build() { # WAY ARG...
	local way=$1
	shift
	n=$((n + 1))
	rootyard-build build --out "$T/out" --cache "$T/cache" --compress xz=0,zstd=1 --serial "$(printf '20260101_%02d%02d' $((n / 60)) $((n % 60)))" \
		-o "source.url=$URL/$way/d/rootfs.tar.xz" "$@" "$T/r" 1/amd64
}
record() { cat "$(ls -d "$T"/out/toy/1/amd64/default/* | sort | tail -n 1)/build.json"; }
asked() { grep -c . "$log"; }
left() { (cd "$T/cache" && ls -A work; find sources -name 'part-*' -printf '%f '; ls -A "$T/tmp"); }
pin() { release "sha256: {\"$URL/$1/d/rootfs.tar.xz\": ${2:-$hex}}"; }

# ---- it comes through, whatever the way
pin ok
exits 0 "a pinned archive is fetched and built" build ok
like "$(record)" '"verified":"sha256"' "... which build.json says"
is "$(sha256sum <"$T/cache/sources/$hex" | cut -d' ' -f1)" "$hex" "... and kept by its digest"
is "$(stat -c '%a %U' "$T/cache/sources/$hex")" "644 root" "... where nobody else changes it"
: >"$log"
pin other
exits 0 "the next build, of another server" build other
is "$(asked)" 0 "... asks nobody"
truncate -s -1 "$T/cache/sources/$hex"
exits 0 "when what was kept is damaged" build other
like "$(cat "$log")" '^200 /other/' "... it is fetched again"

for way in cut whole moved busy; do
	rm -rf "$T/cache/sources"
	: >"$log"
	pin $way
	ROOTYARD_FETCH_TRIES=3 exits 0 "an answer that is $way" build $way
	is "$(left)" "" "... leaves nothing behind"
done

# ---- what a build that ended has fetched, the next one need not
rm -rf "$T/cache/sources"
: >"$log"
pin 'cut' ; sed -i 's|rootfs.tar.xz"|rootfs.tar.xz?2"|' "$T/r/releases.yaml"
again() { build "$1" -o "source.url=$URL/$1/d/rootfs.tar.xz?2"; }
ROOTYARD_FETCH_TRIES=1 exits 4 "a build whose server hangs up fails" again cut
isnt "$(left)" "" "... and keeps the beginning"
ROOTYARD_FETCH_TRIES=1 exits 0 "the next build goes on" again cut
like "$(tail -n 1 "$log")" '^206 .* range=bytes=[1-9][0-9]*-$' "... where it ended"
rm -rf "$T/cache/sources"
sed -i 's|/cut/|/stall/|' "$T/r/releases.yaml"
ROOTYARD_FETCH_STALL_S=60 rootyard-build build --out "$T/out" --cache "$T/cache" -o "source.url=$URL/stall/d/rootfs.tar.xz?2" "$T/r" 1/amd64 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do
	[ -z "$(find "$T/cache/sources" -name 'part-*' -size +100k 2>/dev/null)" ] || break
	sleep 0.1
done
kill -KILL $pid
wait $pid 2>/dev/null
flock -w 20 "$T/out/toy/1/amd64/default" true # what it left running ends with it, in a moment
exits 0 "so does the one behind a build that was killed" again stall
like "$(tail -n 1 "$log")" '^206 ' "... with the rest alone"
is "$(left)" "" "... and leaves nothing behind"

# ---- servers and files that are at fault
class() { # EXIT CLASS WAY SENTENCE
	exits "$1" "an answer that is $3" build "$3" --allow-unverified
	like "$ERR" "$4" "... is named"
	like "$(record)" "\"class\":\"$2\"" "... and of class $2"
	[ -z "$(left)" ] || is "$(left)" "" "... and leaves nothing behind"
}
release
rm -rf "$T/cache/sources"
ROOTYARD_FETCH_TRIES=1 class 4 upstream stall "cannot fetch '.*': .*(slow|[Tt]imeout)"
class 4 upstream trunc "cannot fetch '.*': .*([Tt]ransferred a partial|closed)"
class 4 upstream down "the server says 503"
class 11 upstream loop "redirects more than 5 times"
class 11 upstream astray "continues at another place"
class 11 upstream coded "encoded body"
class 11 upstream page "is a web page, not an archive"
is "$(ls "$T/cache/sources")" "" "nothing of all that is kept"
pin page
class 3 upstream page "'.*' has sha256 [0-9a-f]{64}, releases.yaml pins $hex"
pin ok 0000000000000000000000000000000000000000000000000000000000000000
class 3 upstream ok "releases.yaml pins 0000"
is "$(ls "$T/cache/sources")" "" "nor of what has another digest"
release
exits 8 "a file that is not there" build ok -o "source.url=$URL/ok/nothing.tar" --allow-unverified
like "$ERR" 'the server says 404' "... is named"
: >"$log"
exits 3 "without proof" build ok
is "$(asked)" 0 "... nothing is even asked for"
mkdir "$T/small"
mount -t tmpfs -o size=1m none "$T/small"
exits 5 "a disk that fills up" rootyard-build build --out "$T/small-out" --cache "$T/small" --allow-unverified -o "source.url=$URL/ok/d/rootfs.tar.xz" "$T/r" 1/amd64
like "$ERR" 'No space left' "... is named"
is "$(find "$T/small" -type f)" "" "... and left empty"
umount "$T/small"

# ---- signatures
key() { # NAME EXPIRY GPG_OPTION...: makes a key and signs with it
	local name=$1 expiry=$2
	shift 2
	gpg --batch -q --pinentry-mode loopback --passphrase '' "$@" --quick-generate-key "$name" rsa2048 sign "$expiry" 2>/dev/null
	gpg --batch --armor --export "=$name" >"$T/r/keys/$name.asc"
	gpg --batch -q --pinentry-mode loopback --passphrase '' "$@" -u "=$name" --armor --detach-sign -o "$T/www/d/$name.asc" "$file" 2>/dev/null
}
key right never
key wrong never
key old 1y --faked-system-time 20200102T000000!
fpr=$(gpg --batch --with-colons --list-keys '=right' | awk -F: '/^fpr/ { print $10; exit }')
signed() { release "keys: [keys/$1.asc]" "signature: '$URL/ok/d/$2'"; }
signed right right.asc
exits 0 "an archive with a good signature is built" build ok
like "$(record)" "\"verified\":\"openpgp:$fpr\"" "... and build.json names the key"
: >"$log"
exits 0 "... once more" build ok
like "$(cat "$log")" '^304 /ok/d/rootfs.tar.xz' "... the server is asked whether it is still the same"
signed right wrong.asc
exits 3 "a signature by another key does not count" build ok
like "$ERR" "is signed by a key that is none of the recipe's \([0-9A-F]{16}\)" "... and the key is named"
signed old old.asc
exits 3 "nor one by a key that has expired" build ok
like "$ERR" "is signed by a key that has expired" "... which is said"
cp "$T/www/d/right.asc" "$T/www/other.asc"
signed right right.asc
printf x >>"$file"
exits 3 "nor one over another file" build ok
like "$ERR" 'has a bad signature' "... which is said"
is "$(find "$T/cache/sources" -name "$(sha256sum <"$file" | cut -d' ' -f1)")" "" "... and the file is not kept"
truncate -s -1 "$file"
release 'keys: [keys/right.asc]' "signature: '$URL/page/d/right.asc'"
exits 3 "a page is no signature" build ok
like "$ERR" 'carries no signature' "... which is said"

# ---- lists of checksums
(cd "$T/www/d" && sha256sum rootfs.tar.xz >SUMS && gpg --batch -q --pinentry-mode loopback --passphrase '' -u =right --clearsign -o SUMS.clear SUMS &&
	gpg --batch -q --pinentry-mode loopback --passphrase '' -u =right --detach-sign -o SUMS.sig SUMS && sed 's/^......../00000000/' SUMS >SUMS.bad) 2>/dev/null
release 'keys: [keys/right.asc]' "checksums: '$URL/ok/d/SUMS'" "signature: '$URL/ok/d/SUMS.sig'"
exits 0 "a signed list proves what it lists" build ok
: >"$log"
exits 0 "... once more" build ok
is "$(grep -c rootfs "$log")" 0 "... and what is kept of it is not asked for"
release 'keys: [keys/right.asc]' "checksums: '$URL/ok/d/SUMS.clear'"
exits 0 "so does one that is signed in itself" build ok
like "$(record)" "\"verified\":\"openpgp:$fpr\"" "... and build.json names the key"
release "checksums: '$URL/ok/d/SUMS'"
exits 3 "one that nobody signed proves nothing" build ok
exits 0 "... but is compared" build ok --allow-unverified
like "$(record)" '"verified":"none"' "... which build.json does not call proof"
release "checksums: '$URL/ok/d/SUMS.bad'"
exits 3 "a wrong checksum refuses" build ok --allow-unverified
like "$ERR" 'its list of checksums says 00000000' "... and says what it says"

# ---- other archives, other rules of the cache
release
mkdir "$T/tree" "$T/tree/etc"
echo content >"$T/tree/etc/file"
mksquashfs "$T/tree" "$T/www/d/rootfs.squashfs" -quiet -no-progress >/dev/null
tar -C "$T/tree" -czf "$T/www/d/rootfs.tgz" .
sed -i '/^actions:/,/^mappings:/{/^mappings:/!d}' "$T/r/image.yaml"
for f in rootfs.squashfs rootfs.tgz; do
	exits 0 "$f is a source too" build ok --allow-unverified -o "source.url=$URL/ok/d/$f" --cache-max 1M
	is "$(tar xOf "$(ls -d "$T"/out/toy/1/amd64/default/* | sort | tail -n 1)/rootfs.tar.xz" ./etc/file)" content "... of a tree"
done
is "$(find "$T/cache/sources" -name '????????????????????????????????????????????????????????????????' -size +1000k -printf x)" "" "what is over the limit goes"
rm -rf "$T/cache/sources"
: >"$log"
pin slow
sed -i 's|d/rootfs.tar.xz"|d/rootfs.tar.xz?two"|' "$T/r/releases.yaml"
two() { ROOTYARD_FETCH_STALL_S=30 rootyard-build build --out "$T/two$1" --cache "$T/cache" --compress xz=0,zstd=1 -o "source.url=$URL/slow/d/rootfs.tar.xz?two" "$T/r" 1/amd64; }
two 1 >/dev/null 2>&1 &
two 2 >/dev/null 2>&1 || t_show "the second failed"
wait $!
is "$(grep -c rootfs "$log")" 1 "of two builds at once one fetches"
is "$(find "$T/two1" "$T/two2" -name rootfs.man | wc -l)" 2 "... and both are built"
gpgconf --kill all
done_testing
