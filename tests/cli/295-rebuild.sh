#!/bin/bash
# The catalog made again from what is published: the same facts, the same indexes byte by byte, and a client that pinned
# before goes on. What was tampered with is named, and nothing is changed.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/in public=$T/tree/public image=toy/one/amd64/default
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
AS_ENV+=("ROOTYARD_TREE=$tree")
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
publish() { index add -q --all "$in" >/dev/null && index publish -q >/dev/null 2>&1; }
install -d -o ry-index -g ry-index "$tree" "$T/r"

# ---- a site with all there is: deltas, OCI with signatures, appliances, pins, holds, what was taken back, two keys
printf 'schema: 1\ndistro: toy\ndefault_release: one\nreleases:\n  one: {version: "1", aliases: [stable]}\n  two: {version: "2", eol: 2020-01-01}\n' >"$T/toy.yaml"
index init -q --root-home "$T/r" --name Rebuilt --releases "$T/toy.yaml" >"$T/fpr" 2>/dev/null || exit 1
printf 'base_url: https://images.example.org\nclients: [lxc, simplestreams, oci, oci-gzip, aplinfo, wsl]\nretention: {deprecate_days: 30}\n' >>"$tree/site.yaml"
make_build "$image" 20260101_0000 seed=a pad=9000 packages=a=1,b=1 sbom='{}'
make_build toy/two/amd64/default 20260101_0000 seed=b
publish || exit 1
make_build "$image" 20260102_0000 seed=a pad=9000 note=2 packages=a=1,b=2 require=secureboot=false
make_build toy/one/arm64/cloud 20260102_0000 seed=c
publish || exit 1
index pin -q "$image@20260101_0000" --reason why >/dev/null
for day in 03 04 05 06 07 08; do make_build "$image" "202601${day}_0000" seed=a pad=9000 note="$day" packages=a=1,b="$day"; done
publish || exit 1
index rollback -q "$image" >/dev/null && index hold -q "$image@20260105_0000" >/dev/null && index publish -q >/dev/null || exit 1
one=$(index key list | awk '$1 == "publish" && $2 == "current" { print $3 }')
index key rotate -q >/dev/null && index key root sign -q --root-home "$T/r" "$tree/root.2" >/dev/null &&
	index key root install -q "$tree/root.2" >/dev/null && index key rotate -q --switch >/dev/null || exit 1
index publish -q >/dev/null && index refresh -q >/dev/null || exit 1
exits 0 "a site with all there is, is whole" index fsck
start_server as_user ry-www rootyard-httpd --root "$public" --listen 127.0.0.1:0 || exit 1
exits 0 "a client pins it" client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport
exits 0 "... and pulls" client pull -q toy/one

facts() { # CATALOG: all that is not lost, without the numbers of rows
	as_user ry-index sqlite3 "$1" "
		CREATE TEMP VIEW b AS SELECT build.*, build.id AS n, distro || '/' || release || '/' || arch || '/' || variant || '@' || serial AS name FROM build JOIN image ON image.id = build.image;
		SELECT 'site', repo, created, hex(facts) FROM site;
		SELECT 'key', fpr, role, state FROM key ORDER BY 2;
		SELECT 'image', distro, release, arch, variant, image.state, hex(document) FROM image ORDER BY 2, 3, 4, 5;
		SELECT 'build', name, state, hex(tree), hex(diff), created, expires, epoch, tested, origin, entries, unpacked_size, max_uid, max_gid, init, stop_signal, description, signer, requirements, retired, abs(admitted - $now) < 600, left_at IS NULL FROM b ORDER BY name;
		SELECT 'file', b.name, file.name, hex(file.sha256), size, signed, hex(combined), sha512 FROM file JOIN object USING(sha256) JOIN b ON n = build ORDER BY 2, 3;
		SELECT 'packages', name, count, hex(sha256) FROM b JOIN package_list ON package_list.id = packages ORDER BY 2;
		SELECT 'package', b.name, package.name, version, added FROM b JOIN package_change ON list = packages JOIN package ON package.id = package ORDER BY 2, 3, 4, 5;
		SELECT 'pin', name FROM pin JOIN b ON n = build ORDER BY 2;
		SELECT 'document', hex(sha256), size, kind, text FROM document ORDER BY 2;
		SELECT 'generation', number, state, created, hex(catalog), hex(files) FROM generation ORDER BY 2;
		SELECT 'signer', signer FROM generation WHERE state = 'live';
		SELECT 'listing', generation, name, hex(document) FROM listing JOIN b ON n = listing.build ORDER BY 2, 3;
		SELECT 'signing', version, generation, state, created, expires, hex(payload) FROM signing ORDER BY 2;
		SELECT 'oci', name, role, hex(sha256), size FROM oci JOIN b ON n = build ORDER BY 2, 3, 4;
		SELECT 'tag', distro, tag, release, variant, serial, hex(sha256) FROM oci_tag ORDER BY 2, 3;
		SELECT 'claim', distro, hex(sha256), reference, number, signer FROM oci_signature ORDER BY 2, 3, 4;
		SELECT 'left', (SELECT count(*) FROM dirty), (SELECT count(*) FROM intent), (SELECT count(*) FROM staged_file), (SELECT count(*) FROM generation_file)"
}
now=$(date +%s)
facts "$tree/catalog.db" >"$T/before"
for what in build file pin oci tag claim signing listing package; do
	[ "$(grep -c "^$what|" "$T/before")" -gt 0 ] || { t_show "nothing to compare: $what"; exit 1; }
done

exits 1 "a catalog that is whole is not replaced" index rebuild
like "$ERR" "is whole and knows the published generation.*--force" "... which is said"
is "$(facts "$tree/catalog.db" | cmp - "$T/before"; find "$tree" -maxdepth 1 -name 'catalog.db.*')" "" "... and leaves nothing behind"

shown=$(tree_digest "$public")
rm -f "$tree"/catalog.db*
exits 8 "without a catalog nothing works" index publish
like "$ERR" "'rootyard-index rebuild' makes it again" "... and what to do is said"
exits 0 "a dry run" index rebuild -n
not_ok "... makes none" test -e "$tree/catalog.db"
exits 0 "it is made again" index rebuild
like "$OUT" "^made the catalog of generation 6: 3 images, 10 builds, [0-9]+ files" "... which is told"
like "$ERR" "events, why builds are pinned" "... with what is lost"
is "$(tree_digest "$public")" "$shown" "what is published did not change"
facts "$tree/catalog.db" >"$T/after"
is "$(diff "$T/before" "$T/after")" "" "it says what the old one said"
exits 0 "a dry run" index publish -n
like "$OUT" "nothing to publish" "... changes nothing"
exits 0 "the tree is whole" index fsck

make_build "$image" 20260109_0000 seed=a pad=9000 note=9 packages=a=1,b=9
cp "$public/meta/2/current" "$T/current"
exits 0 "the next build is added" index add -q "$in/$image/20260109_0000"
exits 0 "... and published" index publish
like "$ERR" "delta from 2026010[0-9]_0000" "... with its delta"
exits 0 "... whole" index fsck
exits 0 "who had pinned accepts it" client pull -q toy/one
like "$(client list --json)" 20260109_0000 "... as the newest"
exits 0 "going back still works" index rollback "$image"
exits 0 "... whole" index fsck

# ---- a catalog that is older than the tree, as a backup brings it
install -d -o ry-index "$T/b" && index backup -q "$T/b" >/dev/null
make_build "$image" 20260110_0000 seed=a pad=9000 note=10
publish || exit 1
cp -a "$tree" "$T/good"
rm -f "$tree"/catalog.db-*
cp "$T/b/catalog.db" "$tree/catalog.db" && chown ry-index "$tree/catalog.db"
exits 1 "an older catalog publishes nothing" index publish
like "$ERR" "shows generation 9, and 'catalog.db' knows of 8.*rebuild" "... and what to do is said"
exits 0 "it is made again without being forced" index rebuild
exits 0 "... whole" index fsck
ok "the old one is kept beside" test -s "$tree/catalog.db.old"
like "$(index show --json "$image" 2>&1)" 20260110_0000 "... and the new one knows the newest build"

# ---- a broken catalog, with a log that must not be replayed into the new one
again() { rm -rf "$tree" && cp -a "$T/good" "$tree"; }
again
as_user ry-index python3 -c 'import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1]); db.execute("PRAGMA wal_autocheckpoint = 0"); db.execute("DELETE FROM event"); db.commit(); os._exit(0)' "$tree/catalog.db"
ok "there is a log" test -s "$tree/catalog.db-wal"
printf 'no database at all' | dd of="$tree/catalog.db" conv=notrunc bs=1 status=none
exits 0 "a broken catalog is replaced" index rebuild
not_ok "... and its log is gone from there" test -e "$tree/catalog.db-wal"
exits 0 "... whole" index fsck
is "$(index events --json | grep -c '"rebuilt"')" 1 "events begin anew"

# ---- killed at any instant: the old state, or the new one
again
rm -f "$tree"/catalog.db*
cp -a "$tree" "$T/bare"
calls=renameat,renameat2,linkat,unlinkat,unlink,fsync
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/good/calls" -e trace=$calls rootyard-index rebuild -q >/dev/null 2>&1
all=$(wc -l <"$T/good/calls")
bad=0
for k in $(seq $((all - 5)) "$all"); do
	rm -rf "$tree" && cp -a "$T/bare" "$tree"
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=$calls -e "inject=$calls:signal=KILL:when=$k" rootyard-index rebuild -q >/dev/null 2>&1
	[ ! -e "$tree/catalog.db" ] && index rebuild -q >/dev/null 2>&1
	index publish -n >"$T/said" 2>&1 && grep -q "nothing to publish" "$T/said" || { t_show "killed at $k of $all: $(cat "$T/said")"; bad=1; }
done
is "$bad" 0 "killed at each of the last 6 of $all steps, there is none or a whole one"

# ---- what was tampered with
rm -rf "$T/bare/gnupg/"S.*
tampered() { # FACT STATUS REGEX FILE CMD...
	local fact=$1 status=$2 regex=$3
	shift 3
	cp -a "$1" "$T/kept"
	"${@:2}"
	exits "$status" "$fact" index rebuild
	like "$OUT$ERR" "$regex" "... is named"
	not_ok "... and there is no catalog" test -e "$tree/catalog.db"
	cp -a --remove-destination "$T/kept" "$1"
	rm -f "$tree"/catalog.db*
}
rm -rf "$tree" && cp -a "$T/bare" "$tree"
flip() { printf X | dd of="$1" bs=1 seek="${2:-100}" conv=notrunc status=none; }
build=$public/images/$image/20260104_0000
tampered "a byte of a build" 7 "images/$image/20260104_0000: 'rootfs.tar.xz' is not what SHA256SUMS says" "$build/rootfs.tar.xz" flip "$build/rootfs.tar.xz"
old=$public/images/$image/20260103_0000
tampered "a list of digests that was changed with its file" 7 "images/$image/20260103_0000: .*SHA256SUMS.*made for other bytes" "$old/SHA256SUMS" sed -i "1y/0123456789/1234567890/" "$old/SHA256SUMS"
tampered "an index" 7 "\.gen/9.*streams/v1/images.json" "$public/.live/streams/v1/images.json" sed -i 's/toy/t0y/' "$public/.live/streams/v1/images.json"
doc=$public/$(python3 -c 'import base64, json, sys; print(json.loads(base64.b64decode(json.load(open(sys.argv[1]))["payload"]))["catalog"]["path"])' "$public/meta/2/current")
tampered "the catalog of images" 3 "${doc#"$public"/}' is not the catalog" "$doc" flip "$doc" 10
tampered "a root" 3 "trust/root.1" "$public/trust/root.1" sed -i 's/"sig":"....../"sig":"AAAAAA/' "$public/trust/root.1"
tag=$public/v2/toy/manifests/one
tampered "an index of a registry" 7 "v2/toy/manifests/" "$tag" sed -i 's/amd64/arm64/' "$(find "$public/v2/toy/manifests" -samefile "$tag" -name 'sha256:*' -o -name "sha256:$(sha256sum <"$tag" | cut -d' ' -f1)")"

# ---- what nothing published names; and a site that changed
make_build "$image" 20260120_0000 seed=a note=20
rm -rf "$tree" && cp -a "$T/good" "$tree"
index add -q "$in/$image/20260120_0000" >/dev/null
rm -f "$tree"/catalog.db*
exits 0 "a build that was never published" index rebuild
like "$ERR" "images/$image/20260120_0000" "... is named"
like "$(index list --all --json "$image" 2>/dev/null; index show --json "$image@20260120_0000" 2>/dev/null)" held "... and held"
exits 0 "it can be released" index release "$image@20260120_0000"
exits 0 "... and published" index publish
like "$(cat "$public/meta/1.0/index-user")" 20260120_0000 "... to readers"

rm -f "$tree"/catalog.db*
sed -i 's/^name: .*/name: Another/' "$tree/site.yaml"
exits 7 "a site with another name is not what was published" index rebuild
like "$ERR" "site-changed" "... and what to do is said"
exits 0 "... until the operator says so" index rebuild --site-changed
exits 0 "what is published then" index publish
exits 0 "... is whole" index fsck
find "$public/images" -name '*.xz' -exec setfattr -x user.rootyard.sha256 {} + 2>/dev/null
rm -f "$tree"/catalog.db*
exits 0 "lost attributes hinder nothing" index rebuild
like "$ERR" "[0-9]+ files have lost the attribute.*fsck --repair" "... and are told"
exits 2 "root makes no catalog" rootyard-index rebuild
done_testing
