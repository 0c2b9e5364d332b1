#!/bin/bash
# First trees that others put together: an image of a rootyard server, rpm packages by dnf.
. "$(dirname "$0")/../lib.sh"
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"

export TMPDIR=$T/tmp ROOTYARD_FETCH_TRIES=2
mkdir -p "$T/tmp"
arch=$(dpkg --print-architecture)
recipe() { # DIR DOWNLOADER: one release "1"; source's other lines on stdin
	mkdir -p "$1"
	printf 'image: {distribution: toy}\nsource:\n  downloader: %s\n' "$2" >"$1/image.yaml"
	cat >>"$1/image.yaml"
	printf 'packages: {custom_manager: {clean: {cmd: "true"}, install: {cmd: "true"}, remove: {cmd: "true"}, refresh: {cmd: "true"}, update: {cmd: "true"}}}\n' >>"$1/image.yaml"
	printf 'schema: 1\ndistro: toy\nreleases:\n  "1": {arches: [%s], variants: [default]}\n' "$arch" >"$1/releases.yaml"
}
build() { # RECIPE ARG...
	local recipe=$1
	shift
	rm -rf "$T/out"
	rootyard-build build --out "$T/out" --cache "$T/cache" --compress xz=0,zstd=1 "$@" "$recipe" 1
}
member() { tar xOf "$T"/out/*/*/*/*/*/rootfs.tar.xz "./$1" 2>/dev/null; }
record() { cat "$T"/out/*/*/*/*/*/build.json; }

# ---- an image that is published already
index() { as_user ry-index rootyard-index "$@"; }
tree=$T/tree
chown ry-index "$T"
index init -q -C "$tree" --root-home "$T/root" >"$T/fpr" 2>/dev/null || exit 1
"$TOP/tests/cli/make-incoming.py" "$T/in" "base/one/$arch/default" 20260101_0000 pad=9000 || exit 1
index add -q -C "$tree" --all "$T/in" >/dev/null 2>&1 && index publish -q -C "$tree" >/dev/null || exit 1
chown root "$T"
start_server as_user ry-www rootyard-httpd --root "$tree/public" --listen 127.0.0.1:0 --log "$T/home/ry-www/log" || exit 1
fpr=$(cat "$T/fpr")
at=$tree/public/images/base/one/$arch/default/20260101_0000
id=$(sha256sum <"$at/rootfs.man" | cut -d' ' -f1)
zst=$(sha256sum <"$at/rootfs.tar.zst" | cut -d' ' -f1)
recipe "$T/ry" rootyard <<<"  url: \"$URL#base/one\"
  keys: [\"$fpr\"]"
exits 0 "a published image is a first tree" build "$T/ry"
is "$(tar tf "$T"/out/*/*/*/*/*/rootfs.tar.xz | grep -v '/$' | LC_ALL=C sort | head -n 3)" \
	"$(tar tf "$at/rootfs.tar.xz" | grep -v '/$' | LC_ALL=C sort | head -n 3)" "... with what is in it"
like "$(record)" "\"sha256\":\"$zst\",\"verified\":\"openpgp:$fpr\"" "... proven by the root's key"
fetched() { grep -c 'GET.*rootfs.tar.zst' "$T/home/ry-www/log"; }
for _ in {1..50}; do [ "$(fetched)" -ge 1 ] && break; sleep 0.1; done
exits 0 "... once more" build "$T/ry" -o "source.url=$URL#base/one@sha256:$id"
for _ in {1..50}; do [ "$(fetched)" -ge 2 ] && break; sleep 0.1; done
is "$(fetched)" 2 "by its digest it is another wish"
exits 0 "... and once more" build "$T/ry" -o "source.url=$URL#base/one@sha256:$id"
is "$(fetched)" 2 "what was fetched is not fetched again"
exits 3 "without a key it is not trusted" build "$T/ry" -o "source.keys.0=nothing"
like "$ERR" "fingerprint of its root key" "... and what is missing is said"
exits 3 "nor with another key" build "$T/ry" -o "source.keys.0=0000000000000000000000000000000000000000"
exits 8 "an image that is not published" build "$T/ry" -o "source.url=$URL#base/two"
exits 10 "what is no image" build "$T/ry" -o "source.url=$URL#base"
is "$(ls -A "$T/tmp"; ls -A "$T/cache/work"; find "$T/cache/sources" -name 'part-*')" "" "nothing is left behind"

# ---- rpm packages
for p in dnf rpmbuild createrepo_c; do
	command -v $p >/dev/null && continue
	echo "# SKIP the part about rpm packages: needs $p"
	done_testing
done
export GNUPGHOME=$T/gnupg HOME=$T/home
mkdir -m 700 "$T/gnupg"
for k in right wrong; do
	gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key $k rsa2048 sign never 2>/dev/null
	gpg --batch --armor --export "=$k" >"$T/$k.asc"
done
mkdir -p "$T/rpm"
for p in yum dnf extra; do
	printf 'Name: %s\nVersion: 1\nRelease: 1\nSummary: toy\nLicense: none\nBuildArch: noarch\n%%description\ntoy\n%%install\nmkdir -p %%{buildroot}/toy\necho %s >%%{buildroot}/toy/%s\n%%files\n/toy/%s\n' \
		$p $p $p $p >"$T/$p.spec"
	rpmbuild -bb --quiet --define "_topdir $T/rpmbuild" --define "_rpmdir $T/rpm" "$T/$p.spec" >/dev/null 2>&1
done
find "$T/rpm" -name '*.rpm' -exec rpm --define '_gpg_name =right' --define '__gpg /usr/bin/gpg' --addsign {} + >/dev/null 2>&1
createrepo_c -q "$T/rpm"
repository() { # KEY: the recipe with this key
	{
		printf '  url: |-\n    [toy]\n    name=toy\n    baseurl=file://%s\n    enabled=1\n  components: [extra]\n' "$T/rpm"
		[ -z "${1:-}" ] || { printf '  keys:\n    - |\n'; sed 's/^/      /' "$T/$1.asc"; }
	} | recipe "$T/rp" rpmbootstrap
}
repository right
exits 0 "a tree of rpm packages is built" build "$T/rp"
is "$(member toy/yum)$(member toy/dnf)$(member toy/extra)" "yumdnfextra" "... with the manager and what the recipe names"
repository wrong
exits 3 "one signed by another key is refused" build "$T/rp"
repository
exits 3 "without a key nothing verifies it" build "$T/rp"
like "$ERR" "'source.keys' is empty" "... which is said"
is "$(ls -A "$T/tmp"; ls -A "$T/cache/work")" "" "nothing is left behind"
gpgconf --kill all
done_testing
