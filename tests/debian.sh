# shellcheck shell=bash
# A Debian archive of toy packages, in which dpkg, tar and the shell are this host's own, signed by the key of GNUPGHOME. To be
# sourced: debian_begin DIR; deb_base; files into $A/root and $A/control; deb NAME VERSION FIELDS; ...; debian_publish SUITE
# debian_key DIR     makes that key, and DIR/toy.asc
debian_key() {
	export GNUPGHOME=$T/gnupg
	mkdir -p "$1" && mkdir -m 700 "$GNUPGHOME"
	gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key toy rsa2048 sign never 2>/dev/null
	gpg --batch --armor --export toy >"$1/toy.asc"
}

debian_begin() {
	A=$1
	arch=$(dpkg --print-architecture)
	mkdir -p "$A/pool" "$A/root"
}

# deb NAME VERSION FIELDS: packs $A/root (files) and $A/control (scripts), which are empty then
deb() {
	local d=$A/pack
	mkdir -p "$A/control"
	mv "$A/root" "$d" && mv "$A/control" "$d/DEBIAN"
	{
		printf 'Package: %s\nVersion: %s\n' "$1" "$2"
		grep -q '^Architecture:' <<<"$3" || printf 'Architecture: %s\n' "$arch"
		printf 'Maintainer: Toy <toy@example.org>\nDescription: toy\n%s\n' "$3"
	} | sed '/^$/d' >"$d/DEBIAN/control"
	find "$d" -exec touch -hd '2026-01-02 03:04:05Z' {} +
	SOURCE_DATE_EPOCH=1767323045 dpkg-deb --root-owner-group -Zgzip -z1 -b "$d" "$A/pool/$1_$2.deb" >/dev/null || return 1
	rm -rf "$d"
	mkdir -p "$A/root" "$A/control"
}

# A package that a tree can run with: merged /usr, a shell, dpkg.
deb_base() {
	local r=$A/root applet program
	mkdir -p "$r"/{usr/{bin,sbin,lib,lib64,share},etc,var/{lib/dpkg,log,cache,tmp},proc,sys,dev,run,root,tmp,home}
	chmod 1777 "$r/tmp" "$r/var/tmp"
	chmod 700 "$r/root"
	for d in bin sbin lib lib64; do ln -s "usr/$d" "$r/$d"; done
	cp "$(command -v busybox)" "$r/usr/bin/busybox"
	for applet in cat cp mv rm ls ln grep sed mkdir chmod chown true false touch id cmp diff find sort; do ln -s busybox "$r/usr/bin/$applet"; done
	ln -s ../bin/busybox "$r/usr/sbin/start-stop-daemon"
	printf '#!/bin/sh\n' >"$r/usr/sbin/ldconfig"
	chmod 755 "$r/usr/sbin/ldconfig"
	# busybox has a dpkg of its own, which its shell and its env would run.
	ln -s dash "$r/usr/bin/sh"
	for program in dash env dpkg dpkg-deb dpkg-query dpkg-divert dpkg-split dpkg-trigger dpkg-statoverride tar; do
		cp "$(command -v $program)" "$r/usr/bin/$program"
		ldd "$(command -v $program)" | grep -oE '/[^ ]+' | while read -r lib; do
			mkdir -p "$r/usr${lib%/*}"
			cp -nL "$lib" "$r/usr$lib" 2>/dev/null || true
		done
	done
	rm -rf "$r/usr/usr"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$r/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$r/etc/group"
	deb base-files 1 $'Essential: yes\nPriority: required'
}

# debian_publish SUITE: signed indexes over all that is in pool/
debian_publish() {
	local s=$A/dists/$1 p=main/binary-$arch/Packages f
	mkdir -p "$s/main/binary-$arch"
	(cd "$A" && for f in pool/*.deb; do
		dpkg-deb -f "$f"
		printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$f" "$(stat -c %s "$f")" "$(sha256sum <"$f" | cut -d' ' -f1)"
	done) >"$s/$p"
	xz -kf0 "$s/$p"
	debian_sign "$1"
}

# debian_sign SUITE: what is in its directory now
debian_sign() {
	local s=$A/dists/$1 f
	{
		printf 'Origin: Toy\nLabel: Toy\nSuite: %s\nCodename: %s\nDate: %s\nArchitectures: %s\nComponents: main\nSHA256:\n' "$1" "$1" "$(date -uR)" "$arch"
		(cd "$s" && for f in main/binary-*/*; do
			printf ' %s %s %s\n' "$(sha256sum <"$f" | cut -d' ' -f1)" "$(stat -c %s "$f")" "$f"
		done)
	} | gpg --batch -q --pinentry-mode loopback --passphrase '' --clearsign >"$s/InRelease" 2>/dev/null
}
