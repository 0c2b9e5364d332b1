#!/bin/bash
# apt, dnf, zypper and pacman at work: they refresh, upgrade, install, remove and clean in a tree, from signed repositories, and
# what their databases say afterwards is what the image says of itself.
. "$(dirname "$0")/../lib.sh"

for p in apt-get dnf zypper pacman pacman-key repo-add rpmbuild createrepo_c busybox bash dash; do
	command -v $p >/dev/null || skip_all "needs $p"
done
. "$TOP/tests/managers.sh"
export GNUPGHOME=$T/gnupg TMPDIR=$T/tmp
mkdir -p "$T/tmp"
mkdir -m 700 "$T/gnupg"
gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key toy rsa2048 sign never 2>/dev/null
managers_make "$T" >"$T/log" 2>&1 || { t_show "$(cat "$T/log")"; exit 1; }
start_server as_user ry-www rootyard-httpd --root "$T/repo" --listen 127.0.0.1:0 --log "$T/home/ry-www/log" || exit 1
printf '[options]\nArchitecture = auto\nSigLevel = Required DatabaseNever\n[toy]\nServer = %s/pacman\n' "$URL" >"$T/pacman/etc/pacman.conf"
for m in apt dnf zypper pacman; do
	tar --numeric-owner --owner=0 --group=0 --mtime=@1767323045 --sort=name -C "$T/$m" -cf "$T/$m.tar" . && rm -rf "${T:?}/$m"
done

arch=$(dpkg --print-architecture)
key=$(gpg --batch --armor --export toy)
indented() { sed "s/^/$1/"; }
declare -A repository=(
	[apt]="name: toy
    url: deb $URL/apt one main
    key: |-
$(indented '      ' <<<"$key")"
	[dnf]="name: toy
    url: |-
      [toy]
      name=toy
      baseurl=$URL/rpm
      gpgcheck=1
      gpgkey=$URL/rpm/key.asc"
	[zypper]="name: toy
    url: $URL/rpm"
)
recipe() { # MANAGER
	mkdir -p "$T/$1"
	cat >"$T/$1/image.yaml" <<-Y
	image: {distribution: toy}
	source: {downloader: rootfs-http, url: "file://$T/$1.tar"}
	packages:
	  manager: $1
	  update: true
	  cleanup: true
	  sets:
	  - {packages: [fresh], action: install}
	  - {packages: [gone], action: remove}
	actions:
	- trigger: post-files
	  action: |-
	    #!/usr/bin/busybox sh
	    busybox rm -rf /usr/bin /usr/lib
	Y
	[ -z "${repository[$1]:-}" ] || printf '  repositories:\n  - %s\n' "${repository[$1]}" >"$T/add"
	[ -z "${repository[$1]:-}" ] || sed -i "/^packages:/r $T/add" "$T/$1/image.yaml"
	printf 'schema: 1\ndistro: toy\nreleases:\n  "1": {arches: [%s], variants: [default]}\n' "$arch" >"$T/$1/releases.yaml"
}
member() { tar --zstd -xOf "$OUT/rootfs.tar.zst" "./$1" 2>/dev/null; }
cat >"$T/inside.py" <<'P'
import json, sys
d = sys.argv[1]
p = json.load(open(d + "/packages.json"))
refs = [r["referenceLocator"] for x in json.load(open(d + "/sbom.spdx.json"))["packages"] for r in x.get("externalRefs", [])]
print(p["kind"], *("%s-%s" % (x["name"], x["version"]) for x in p["packages"] if x["name"] != "gpg-pubkey"))
print(len(refs) == len(p["packages"]), {r.split("/")[0] for r in refs})
P
for m in apt dnf zypper pacman; do
	recipe $m
	case $m in apt) kind=dpkg v='' share=deb purl=deb ;; pacman) kind=pacman v=-1 share=pacman purl=alpm ;; *) kind=rpm v=-1 share=rpm purl=rpm ;; esac
	exits 0 "a build with $m" rootyard-build build --out "$T/out-$m" --compress xz=0,zstd=1 --allow-unverified "$T/$m" 1 ||
		{ t_show "$(tail -n 30 "$T/out-$m"/*/*/*/*/*/build.log)"; continue; }
	is "$(python3 "$T/inside.py" "$OUT")" "$kind fresh-1$v helper-1$v kept-2$v"$'\n'"True {'pkg:$purl'}" "... upgrades, installs with what is needed, removes: so say its packages and its bill of materials"
	is "$(member usr/share/toy-$share/kept)$(member usr/share/toy-$share/fresh)$(member usr/share/toy-$share/gone)" 21 "... the files too"
	is "$(member usr/share/toy-$share/said)" "configured as 0" "... a package's script ran once"
	is "$(tar --zstd -tf "$OUT/rootfs.tar.zst" | grep -E '\.(deb|rpm|pkg\.tar\.zst|solv)$|/lists/.|repomd')" "" "... and nothing that was fetched is left"
done

# ---- what is not signed by whom it should be
sign() { gpg --batch -q --pinentry-mode loopback --passphrase '' --yes -u "=$1" "${@:2}" 2>/dev/null; }
gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-generate-key other rsa2048 sign never 2>/dev/null
gpg --batch -q -d "$T/repo/apt/dists/one/InRelease" >"$T/Release" 2>/dev/null
sign other --clearsign -o "$T/repo/apt/dists/one/InRelease" "$T/Release"
# zypper takes any key that the index comes with, so there it is the index that is not what was signed.
find "$T/repo/rpm" -name 'kept-2*.rpm' -exec rpm --define '_gpg_name =other' --define '__gpg /usr/bin/gpg' --resign {} + >/dev/null 2>&1
createrepo_c -q "$T/repo/rpm"
sign toy --armor --detach-sign -o "$T/repo/rpm/repodata/repomd.xml.asc" "$T/repo/rpm/repodata/repomd.xml"
echo "<!-- -->" >>"$T/repo/rpm/repodata/repomd.xml"
gpg --batch --armor --export =toy >"$T/repo/rpm/repodata/repomd.xml.key"
sign other --detach-sign -o "$T/repo/pacman/kept-2-1-any.pkg.tar.zst.sig" "$T/repo/pacman/kept-2-1-any.pkg.tar.zst"
repo-add -q "$T/repo/pacman/toy.db.tar.gz" "$T/repo/pacman/kept-2-1-any.pkg.tar.zst" >/dev/null 2>&1 && cp --remove-destination "$T/repo/pacman/toy.db.tar.gz" "$T/repo/pacman/toy.db"
refuses() { # MANAGER WORDS
	exits 3 "$1 refuses what another key signed, or what was changed" rootyard-build build --out "$T/bad" --compress xz=0,zstd=1 --allow-unverified "$T/$1" 1
	like "$ERR" "exited with status [0-9]+: .*$2" "... and the sentence says why"
}
refuses apt 'is not signed'
refuses dnf 'GPG check FAILED'
refuses zypper 'Signature verification failed'
refuses pacman 'key missing from keyring'
is "$(ls -A "$T/tmp")" "" "nothing is left behind"
gpgconf --kill all
done_testing
