#!/bin/bash
# Every source against servers that do not deliver, or deliver something else: the class, the sentence, and nothing left behind.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../debian.sh"
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"

for p in python3 busybox mmdebstrap dnf rpmbuild createrepo_c; do command -v $p >/dev/null || skip_all "needs $p"; done
export TMPDIR=$T/tmp GNUPGHOME=$T/gnupg ROOTYARD_FETCH_STALL_S=1 ROOTYARD_FETCH_TRIES=1 HOME=$T/home
mkdir -p "$T/tmp" "$T/www/d" "$T/keys"
mkdir -m 700 "$T/gnupg"
arch=$(dpkg --print-architecture)
key() { # NAME EXPIRY GPG_OPTION...
	gpg --batch -q --pinentry-mode loopback --passphrase '' "${@:3}" --quick-generate-key "$1" rsa2048 sign "$2" 2>/dev/null
	gpg --batch --armor --export "=$1" >"$T/keys/$1.asc"
}
sign() { gpg --batch -q --yes --pinentry-mode loopback --passphrase '' --faked-system-time "${WHEN:-$(date -u +%Y%m%dT%H%M%S)}!" -u "=$1" "${@:2}" 2>/dev/null; }
key toy never
key other never
key old 1y --faked-system-time 20200102T000000!

# ---- one tree, in the form of each source
mkdir -p "$T/a/etc" "$T/a/bin" "$T/b/root.x86_64/etc"
cp /bin/busybox "$T/a/bin/"
head -c 300000 /dev/urandom | tee "$T/a/etc/noise" >"$T/b/root.x86_64/etc/noise"
tar -C "$T/a" -czf "$T/www/d/rootfs.tar.gz" .
al=$T/www/alpine/v3.20/releases/x86_64
mkdir -p "$al" "$T/www/arch/2026.10.01"
cp "$T/www/d/rootfs.tar.gz" "$al/alpine-minirootfs-3.20.1-x86_64.tar.gz"
(cd "$al" && sha256sum ./*.tar.gz | sed 's,\./,,' >alpine-minirootfs-3.20.1-x86_64.tar.gz.sha256)
tar -C "$T/b" --zstd -cf "$T/www/arch/2026.10.01/archlinux-bootstrap-2026.10.01-x86_64.tar.zst" .
python3 "$TOP/tests/cli/make-oci.py" "$T/oci" || exit 1
mkdir -p "$T/www/registry/blobs" "$T/www/registry/manifests"
for f in "$T"/oci/blobs/sha256/*; do
	cp "$f" "$T/www/registry/blobs/sha256-${f##*/}"
	cp "$f" "$T/www/registry/manifests/sha256-${f##*/}"
done
cp "$T/oci/index.json" "$T/www/registry/manifests/latest"
debian_begin "$T/www/deb"
deb_base && debian_publish one || exit 1
printf 'Name: dnf\nVersion: 1\nRelease: 1\nSummary: toy\nLicense: MIT\nBuildArch: noarch\nProvides: yum\n%%description\ntoy\n%%install\nmkdir -p %%{buildroot}/toy\nhead -c 300000 /dev/urandom >%%{buildroot}/toy/noise\n%%files\n/toy/noise\n' >"$T/spec"
rpmbuild -bb --quiet --define "_topdir $T/rpmbuild" --define "_rpmdir $T/www/rpm" "$T/spec" >/dev/null 2>&1
createrepo_c -q "$T/www/rpm"
start_server python3 "$TOP/tests/cli/source-server.py" "$T/www" "$T/requests" || exit 1
host=${URL#http://}

# ---- what is asked of each source
url_of() { # SOURCE WAY
	case $1 in
	rootfs-http) echo "$URL/$2/d/rootfs.tar.gz" ;;
	docker-http) echo "$host/$2/toy:latest" ;;
	alpinelinux-http) echo "$URL/$2/alpine/" ;;
	archlinux-http) echo "$URL/$2/arch" ;;
	debootstrap) echo "$URL/$2/deb" ;;
	rpmbootstrap) printf '[toy]\\nname=toy\\nbaseurl=%s\\nretries=1\\ngpgcheck=0\\n' "$URL/$2/rpm" ;;
	esac
}
recipe() { # SOURCE WAY
	rm -rf "$T/r"
	mkdir -p "$T/r"
	cp -r "$T/keys" "$T/r/"
	printf 'image: {distribution: toy, release: "3.20.1"}\nsource: {downloader: %s, variant: minbase, url: "%s"}\n' "$1" "$(url_of "$1" "$2")" >"$T/r/image.yaml"
	printf 'packages: {custom_manager: {clean: {cmd: "true"}, install: {cmd: "true"}, remove: {cmd: "true"}, refresh: {cmd: "true"}, update: {cmd: "true"}}}\n' >>"$T/r/image.yaml"
	case $1 in
	debootstrap) echo 'mappings: {architecture_map: debian}' ;;
	alpinelinux-http) echo 'mappings: {architecture_map: alpinelinux}' ;;
	archlinux-http) echo 'mappings: {architecture_map: archlinux}' ;;
	esac >>"$T/r/image.yaml"
	case $1 in debootstrap) release=one ;; archlinux-http) release=2026.10.01 ;; *) release=3.20.1 ;; esac
	printf 'schema: 1\ndistro: toy\nreleases:\n  "%s": {arches: [%s], variants: [default]%s}\n' $release "$arch" "${3:-}" >"$T/r/releases.yaml"
}
# What was fetched is found by its digest alone, and an index is asked for again and proven again.
left() { find "$T/tmp" "$T/cache/work" -mindepth 1 2>/dev/null; find "$T/cache/sources" "$T/out" -type f 2>/dev/null | grep -vE '/(build\.(json|log)|lock)$'; }
fault() { # SOURCE WAY EXIT WORDS [FIELDS]: FIELDS of the release
	local verified=--allow-unverified
	[ -z "${5:-}" ] || verified=
	[ "$1" != debootstrap ] || verified=
	rm -rf "$T/cache" "$T/out"
	recipe "$1" "$2" "${5:-$([ "$1" != debootstrap ] || echo ', keys: [keys/toy.asc]')}"
	exits "$3" "$1: $2${5:+,$5}" rootyard-build build --out "$T/out" --cache "$T/cache" --compress xz=0,zstd=1 $verified "$T/r" "$release/$arch"
	[ "$3" != 0 ] || return 0
	like "$ERR" "$4" "... is said"
	[ -z "$(left)" ] || is "$(left)" "" "... and nothing is left behind"
}
for s in rootfs-http docker-http alpinelinux-http archlinux-http debootstrap; do
	fault $s ok 0 .
	fault $s stall 4 '(slow|[Tt]imeout)'
	fault $s trunc 4 '([Tt]ransferred a partial|closed)'
	fault $s down 4 'the server says 503'
	fault $s loop 11 'redirects more than 5 times'
done
for s in rootfs-http archlinux-http; do fault $s page 11 'is a web page, not an archive'; done
fault debootstrap page 11 "is a web page, not an archive's index"
fault docker-http page 11 .
fault alpinelinux-http page 11 .
fault rpmbootstrap ok 0 .
# dnf tries again by itself, so a server that stalls once is none.
for way in trunc down loop page; do fault rpmbootstrap $way 11 "exited with status 1: Failed to download metadata for repo 'toy'"; done

# ---- signatures
for s in alpinelinux-http:$al/alpine-minirootfs-3.20.1-x86_64.tar.gz:asc archlinux-http:$T/www/arch/2026.10.01/archlinux-bootstrap-2026.10.01-x86_64.tar.zst:sig; do
	IFS=: read -r source file ext <<<"$s"
	for k in toy other old; do
		rm -f "$file.$ext"
		WHEN=$([ $k != old ] || echo 20200105T000000) sign $k --detach-sign -o "$file.$ext" "$file"
		case $k in
		toy) fault "$source" ok 0 . ", keys: [keys/toy.asc]" ;;
		other) fault "$source" ok 3 "signed by a key that is none of the recipe's" ", keys: [keys/toy.asc]" ;;
		old) fault "$source" ok 3 'signed by a key that has expired' ", keys: [keys/old.asc]" ;;
		esac
	done
	sign toy --detach-sign -o "$file.$ext" "$T/spec"
	fault "$source" ok 3 'has a bad signature' ", keys: [keys/toy.asc]"
done
gpg --batch -q -d "$A/dists/one/InRelease" >"$T/Release" 2>/dev/null
WHEN=20200105T000000 sign old --clearsign -o "$A/dists/one/InRelease" "$T/Release"
fault debootstrap ok 3 'key that has expired' ', keys: [keys/old.asc]'
sign other --clearsign -o "$A/dists/one/InRelease" "$T/Release"
fault debootstrap ok 3 "none of the recipe's" ', keys: [keys/toy.asc]'
gpgconf --kill all
done_testing
