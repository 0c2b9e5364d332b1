#!/bin/bash
# What distributions and registries offer as a first tree: container images, Alpine's and Arch's archives.
. "$(dirname "$0")/../lib.sh"
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"

command -v python3 >/dev/null || skip_all "needs python3"
export TMPDIR=$T/tmp GNUPGHOME=$T/gnupg ROOTYARD_FETCH_STALL_S=30 ROOTYARD_FETCH_TRIES=2
mkdir -p "$T/tmp" "$T/www"
mkdir -m 700 "$T/gnupg"
log=$T/requests
: >"$log"
start_server python3 "$TOP/tests/cli/source-server.py" "$T/www" "$log" || exit 1
host=${URL#http://}

recipe() { # DIR DOWNLOADER URL [LINE...]: one release "3.20", and what else releases.yaml says
	local dir=$1
	mkdir -p "$dir/keys"
	printf 'image: {distribution: toy}\nsource: {downloader: %s, url: "%s"}\n' "$2" "$3" >"$dir/image.yaml"
	printf 'packages: {custom_manager: {clean: {cmd: "true"}, install: {cmd: "true"}, remove: {cmd: "true"}, refresh: {cmd: "true"}, update: {cmd: "true"}}}\n' >>"$dir/image.yaml"
	printf 'schema: 1\ndistro: toy\nreleases:\n' >"$dir/releases.yaml"
	shift 3
	for release in 3.20 edge current; do
		printf '  "%s":\n    arches: [amd64, i386]\n    variants: [default]\n' $release
		[ $# = 0 ] || printf '    %s\n' "$@"
	done >>"$dir/releases.yaml"
}
n=0
build() { # RECIPE RELEASE ARG...
	local recipe=$1 release=$2
	shift 2
	n=$((n + 1))
	rm -rf "$T/out"
	rootyard-build build --out "$T/out" --cache "$T/cache" --compress xz=0,zstd=1 --serial "$(printf '20260101_%02d%02d' $((n / 60)) $((n % 60)))" \
		"$@" "$recipe" "$release"
}
tree() { tar xOf "$T"/out/*/*/*/*/*/rootfs.tar.xz "./$1" 2>/dev/null; }
names() { tar tf "$T"/out/*/*/*/*/*/rootfs.tar.xz | grep -v '/$' | tr '\n' ' '; }
record() { cat "$T"/out/*/*/*/*/*/build.json; }

# ---- a container image
python3 "$TOP/tests/cli/make-oci.py" "$T/oci" || exit 1
reg=$T/www/registry
mkdir -p "$reg/blobs" "$reg/manifests"
for f in "$T"/oci/blobs/sha256/*; do
	cp "$f" "$reg/blobs/sha256-${f##*/}"
	cp "$f" "$reg/manifests/sha256-${f##*/}"
done
cp "$T/oci/index.json" "$reg/manifests/latest"
hex=$(sha256sum <"$T/oci/index.json" | cut -d' ' -f1)
cp "$T/oci/index.json" "$reg/manifests/sha256-$hex"

recipe "$T/tag" docker-http "$host/some/toy"
exits 3 "a tag proves nothing" build "$T/tag" 3.20/amd64
like "$ERR" "nothing verifies '$host/some/toy'" "... which is said"
is "$(grep -c . "$log")" 0 "... before anything is asked"
exits 0 "an image of a registry becomes a tree" build "$T/tag" 3.20/amd64 --allow-unverified
is "$(names)" "./etc/kept ./etc/replaced ./opaque/new " "what upper layers hide is not there"
is "$(tree etc/kept)$(tree etc/replaced)$(tree opaque/new)" "kepttwonew" "... and the rest is as the last layer has it"
like "$(record)" '"verified":"none"' "... and build.json says that nothing proved it"
exits 8 "an architecture that it has not" build "$T/tag" 3.20/i386 --allow-unverified
like "$ERR" "no image for 'i386'" "... is named"
recipe "$T/private" docker-http "docker://$host/private/toy@sha256:$hex"
exits 0 "one that wants a token, by its digest" build "$T/private" 3.20/amd64
like "$(cat "$log")" '^200 /token\?service=toy&scope=repository%3Aprivate%2Ftoy%3Apull' "... gets one"
unlike "$(record)" '"verified":"none"' "... and is proven"
: >"$log"
exits 0 "... once more" build "$T/private" 3.20/amd64
is "$(grep -c . "$log")" 0 "... asks nobody"
recipe "$T/pinned" docker-http "$host/some/toy" "sha256: {\"$host/some/toy\": $hex}"
exits 0 "a tag that releases.yaml pins is proven too" build "$T/pinned" 3.20/amd64
rm -rf "$T/cache/sources"
layer=$(grep -l opaque/new "$reg"/blobs/* | head -n 1)
printf x | dd of="$layer" bs=1 seek=1024 conv=notrunc 2>/dev/null
exits 3 "a layer that is not what its manifest says is refused" build "$T/pinned" 3.20/amd64
like "$ERR" 'has sha256 [0-9a-f]{64}, its manifest says' "... with both digests"
exits 8 "an image that is not there" build "$T/tag" 3.20/amd64 --allow-unverified -o "source.url=$host/some/toy:none"
like "$ERR" 'the server says 404' "... is named"
exits 10 "what is no reference" build "$T/tag" 3.20/amd64 -o "source.url=$host/Some/../toy"
like "$ERR" 'is no image of a registry' "... is the recipe's fault"

# ---- Alpine
mkdir -p "$T/a/etc/apk" "$T/a/bin" "$T/a/usr/share" "$T/a/sbin" "$T/a/lib"
cp /bin/busybox "$T/a/bin/" && ln -s busybox "$T/a/bin/sh" && ln -s busybox "$T/a/bin/echo"
printf 'https://mirror/alpine/v3.20/main\nhttps://mirror/alpine/v3.20/community\n' >"$T/a/etc/apk/repositories"
printf '#!/bin/sh\necho "$*" >/etc/apk-ran\n' >"$T/a/sbin/apk"
chmod 755 "$T/a/sbin/apk"
al=$T/www/alpine/v3.20/releases/x86_64
mkdir -p "$al"
for v in 2 10 9; do
	echo "3.20.$v" >"$T/a/etc/alpine-release"
	tar -C "$T/a" -czf "$al/alpine-minirootfs-3.20.$v-x86_64.tar.gz" .
	(cd "$al" && sha256sum "alpine-minirootfs-3.20.$v-x86_64.tar.gz" >"alpine-minirootfs-3.20.$v-x86_64.tar.gz.sha256")
done
cp "$al/alpine-minirootfs-3.20.9-x86_64.tar.gz" "$al/alpine-minirootfs-3.20.11_rc1-x86_64.tar.gz"
gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key alpine rsa2048 sign never 2>/dev/null
gpg --batch -q --pinentry-mode loopback --passphrase '' --armor --detach-sign "$al/alpine-minirootfs-3.20.10-x86_64.tar.gz" 2>/dev/null
recipe "$T/al" alpinelinux-http "$URL/ok/alpine/" 'keys: [keys/alpine.asc]'
gpg --batch --armor --export alpine >"$T/al/keys/alpine.asc"
sed -i '$a mappings: {architecture_map: alpinelinux}' "$T/al/image.yaml"
exits 0 "Alpine's newest archive of a release is built" build "$T/al" 3.20/amd64
is "$(tree etc/alpine-release)" 3.20.10 "... number by number, without candidates"
like "$(record)" '"verified":"openpgp:[0-9A-F]{40}"' "... by its signature"
exits 0 "edge grows out of a release" build "$T/al" edge/amd64 -o source.same_as=3.20.10
is "$(tree etc/apk/repositories | tr '\n' ' ')" "https://mirror/alpine/edge/main https://mirror/alpine/edge/community " "... with edge's repositories"
is "$(tree etc/apk-ran)" "upgrade --update-cache --available" "... and is upgraded"
exits 10 "... which must be said" build "$T/al" edge/amd64
like "$ERR" "'source.same_as'" "... in same_as"
sed -i 's/^./0/' "$al/alpine-minirootfs-3.20.10-x86_64.tar.gz.sha256"
exits 3 "a wrong checksum refuses it" build "$T/al" 3.20/amd64
exits 11 "a page that is no directory's" build "$T/al" 3.20/amd64 -o "source.url=$URL/page/alpine/v3.20/releases/x86_64/alpine-minirootfs-3.20.9-x86_64.tar.gz?"
like "$ERR" "links to no 'alpine-minirootfs-3.20....-x86_64.tar.gz'" "... says what was looked for"

# ---- Arch
mkdir -p "$T/b/root.x86_64/etc" "$T/www/iso/2026.09.01" "$T/www/iso/2026.10.01" "$T/www/iso/latest" "$T/www/os"
echo arch >"$T/b/root.x86_64/etc/name"
ln "$T/b/root.x86_64/etc/name" "$T/b/root.x86_64/etc/second"
echo version >"$T/b/version"
tar -C "$T/b" --zstd -cf "$T/www/iso/2026.10.01/archlinux-bootstrap-2026.10.01-x86_64.tar.zst" .
gpg --batch -q --pinentry-mode loopback --passphrase '' --detach-sign "$T/www/iso/2026.10.01/archlinux-bootstrap-2026.10.01-x86_64.tar.zst" 2>/dev/null
recipe "$T/ar" archlinux-http "$URL/ok/iso" 'keys: [keys/arch.asc]'
gpg --batch --armor --export alpine >"$T/ar/keys/arch.asc"
sed -i '$a mappings: {architecture_map: archlinux}' "$T/ar/image.yaml"
exits 0 "Arch's newest archive is built" build "$T/ar" current/amd64
is "$(names)" "./etc/name ./etc/second " "... without the directory around it"
is "$(tree etc/name)" arch "... but with what is in it"
gpgconf --kill all
is "$(ls -A "$T/tmp"; ls -A "$T/cache/work"; find "$T/cache/sources" -name 'part-*')" "" "nothing is left behind"
done_testing
