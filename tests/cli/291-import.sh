#!/bin/bash
# A foreign tarball, an OCI image and a squashfs are served in three commands, from an empty directory.
. "$(dirname "$0")/../lib.sh"

index() { as_user ry-index rootyard-index "$@"; }
sql() { as_user ry-index sqlite3 "$tree/catalog.db" "$1"; }
chown ry-index "$T"
cd "$T" || exit 1
tree=$T/tree public=$T/tree/public

# A root file system nobody here has made: other order, other dialect, devices, links, an owner, attributes.
mkdir -p "$T/fs"/{etc,usr/bin,usr/lib/systemd,dev,tmp,var/lib}
cd "$T/fs" || exit 1
printf 'ID=foreign\n' >etc/os-release
echo box >etc/hostname
echo 'root:*::' >etc/shadow
head -c 200000 /dev/urandom >usr/lib/blob
printf 'init' >usr/lib/systemd/systemd
ln usr/lib/systemd/systemd usr/lib/systemd/again
ln -s ../usr/lib/systemd/systemd usr/bin/init
mknod dev/null c 1 3
echo left >tmp/left
chown 0:42 etc/shadow && chmod 640 etc/shadow
chmod 4755 usr/lib/systemd/systemd
setcap cap_net_raw+ep usr/lib/blob
touch -d '2024-05-06 07:08:09 UTC' etc/os-release
cd "$T" || exit 1
tar --xattrs --xattrs-include='*' -C "$T/fs" -cJf "$T/fs.tar.xz" usr dev etc tmp var
chmod 644 "$T/fs.tar.xz"

ok "init, import and publish" sh -e -c 'for c in "$@"; do eval "$c" >/dev/null 2>&1; done' sh \
	"setpriv --reuid ry-index --regid ry-index --init-groups env -i HOME=$T/home/ry-index PATH=$PATH rootyard-index init -C tree --root-home root" \
	"setpriv --reuid ry-index --regid ry-index --init-groups env -i HOME=$T/home/ry-index PATH=$PATH rootyard-index import -C tree --image foreign/1/amd64/default fs.tar.xz" \
	"setpriv --reuid ry-index --regid ry-index --init-groups env -i HOME=$T/home/ry-index PATH=$PATH rootyard-index publish -C tree"
AS_ENV+=("ROOTYARD_TREE=$tree")
exits 0 "the tree is whole" index fsck
serial=$(cut -d';' -f5 "$public/meta/1.0/index-user")
dir=$public/images/foreign/1/amd64/default/$serial
like "$serial" '^[0-9]{8}_[0-9]{4}$' "lxc-download finds it"
is "$(tar -tf "$dir/rootfs.tar.xz" | tr '\n' ' ')" "./ ./dev/ ./etc/ ./tmp/ ./usr/ ./usr/bin/ ./usr/lib/ ./usr/lib/systemd/ ./var/ ./var/lib/ ./etc/hostname ./etc/os-release ./etc/shadow ./usr/bin/init ./usr/lib/blob ./usr/lib/systemd/again ./usr/lib/systemd/systemd " "the tree is in our dialect, without devices and leftovers"
ok "both archives hold the same tar" sh -c 'test "$(xz -dc "$1/rootfs.tar.xz" | sha256sum)" = "$(zstd -dcq "$1/rootfs.tar.zst" | sha256sum)"' sh "$dir"
listing=$(tar --numeric-owner --full-time -tvf "$dir/rootfs.tar.xz")
like "$listing" '^-rw-r----- 0/42 .* ./etc/shadow' "owners and modes come from the archive"
like "$listing" '^-rwsr-xr-x 0/0 .* ./usr/lib/systemd/again$' "... set-uid bits too"
like "$listing" '^hrwsr-xr-x .* ./usr/lib/systemd/systemd link to ./usr/lib/systemd/again' "of two names the first in order is the file"
like "$listing" '2024-05-06 07:08:09 ./etc/os-release' "times are kept"
like "$(tar --xattrs --xattrs-include='*' -tvvf "$dir/rootfs.tar.xz")" 'security.capability' "capabilities are kept"
like "$(tar -xOf "$dir/meta.tar.xz" config-user)" 'userns.conf' "LXC has its configuration"
like "$(tar -xOf "$dir/incus.tar.xz" metadata.yaml)" 'template: hostname.tpl' "... and Incus its metadata, with the host name"
is "$(sql "SELECT origin || ' ' || init FROM build")" "import systemd" "the catalog knows where it is from"
like "$(cat "$dir/build.json")" "\"origin\":\"import\".*\"url\":\"file:fs.tar.xz\",\"sha256\":\"$(sha256sum <fs.tar.xz | cut -d' ' -f1)\"" "... and so does build.json"

exits 0 "the same again is the next serial" index import --image foreign/1/amd64/default "$T/fs.tar.xz"
isnt "$(sed -n 's/^added .*@\([0-9_]*\).*/\1/p' <<<"$OUT")" "$serial" "... not the same one"
like "$ERR" "2 entries were left out" "... and says what it left out"
is "$(sql "SELECT count(DISTINCT tree) FROM build")" 1 "... with the same tree"
for kind in gz:gzip bz2:bzip2 zst:zstd; do
	xz -dc fs.tar.xz | "${kind#*:}" -q >"fs.tar.${kind%%:*}" && chmod 644 "fs.tar.${kind%%:*}"
	exits 0 "a tarball by ${kind#*:}" index import --image "foreign/1/amd64/${kind#*:}" "$T/fs.tar.${kind%%:*}"
done
xz -dc fs.tar.xz >fs.tar && chmod 644 fs.tar
exits 0 "a plain tar" index import --image foreign/1/amd64/plain "$T/fs.tar" --serial 20260101_0000
is "$(sql "SELECT count(DISTINCT tree) FROM build")" 1 "all of them are the same tree"
exits 1 "a serial that is taken" index import --image foreign/1/amd64/plain "$T/fs.tar" --serial 20260101_0000 --xz 1
like "$ERR" "cannot import '$T/fs.tar': cannot admit 'foreign/1/amd64/plain@20260101_0000': serial '20260101_0000' is admitted already with another content" "... is refused"

# An OCI image of two layers: the second removes, empties and replaces.
"$TOP/tests/cli/make-oci.py" "$T/oci" >/dev/null && chmod -R a+rX "$T/oci"
exits 0 "an OCI layout" index import --image layers/1/amd64/default "$T/oci"
oci=$public/images/layers/1/amd64/default/$(sed -n 's/^added .*@\([0-9_]*\) .*/\1/p' <<<"$OUT")
is "$(tar -tf "$oci/rootfs.tar.xz" | tr '\n' ' ')" "./ ./etc/ ./opaque/ ./etc/kept ./etc/replaced ./opaque/new " "its layers are one tree, whiteouts applied"
is "$(tar -xOf "$oci/rootfs.tar.xz" ./etc/replaced)" two "... the later content wins"
tar -C "$T/oci" -czf "$T/oci.tar.gz" . && chmod 644 "$T/oci.tar.gz"
exits 0 "the same as a compressed OCI archive" index import --image layers/1/amd64/archive "$T/oci.tar.gz"
is "$(sql "SELECT count(DISTINCT tree) FROM build JOIN image ON image.id = image WHERE distro = 'layers'")" 1 "... is the same tree"
exits 8 "an image of another architecture" index import --image layers/1/arm64/default "$T/oci"
like "$ERR" "cannot import '$T/oci': '$T/oci': it holds no image of 'arm64'" "... is not found"
for blob in "$T"/oci/blobs/sha256/*; do
	if gzip -t "$blob" 2>/dev/null; then printf x >>"$blob"; break; fi
done
exits 3 "a layer with a byte too many" index import --image layers/1/amd64/bad "$T/oci"

if [ -x /usr/bin/sqfs2tar ] && command -v mksquashfs >/dev/null; then
	rm -rf "$T/fs/dev/null" "$T/fs/tmp/left"
	mksquashfs "$T/fs" "$T/fs.squashfs" -quiet -no-progress >/dev/null && chmod 644 "$T/fs.squashfs"
	exits 0 "a squashfs" index import --image foreign/1/amd64/squashfs "$T/fs.squashfs"
	squash=$public/images/foreign/1/amd64/squashfs/$(sed -n 's/^added .*@\([0-9_]*\) .*/\1/p' <<<"$OUT")
	like "$(tar --numeric-owner -tvf "$squash/rootfs.tar.xz")" '^-rw-r----- 0/42 .* ./etc/shadow' "... with its owners"
	like "$(tar --xattrs --xattrs-include='*' -tvvf "$squash/rootfs.tar.xz")" 'security.capability' "... and capabilities"
	head -c 3000 "$T/fs.squashfs" >"$T/cut.squashfs" && chmod 644 "$T/cut.squashfs"
	not_ok "a squashfs that is cut" index import --image foreign/1/amd64/cut "$T/cut.squashfs"
else
	echo "# SKIP squashfs: sqfs2tar or mksquashfs is not installed"
fi

refused() { # STATUS REGEX FACT ARGS...
	local status=$1 regex=$2 fact=$3
	shift 3
	exits "$status" "$fact" index import "$@"
	like "$ERR" "$regex" "... in one sentence"
}
head -c 5000 fs.tar.xz >cut.tar.xz && chmod 644 cut.tar.xz
refused 1 "cannot import '$T/cut.tar.xz': '$T/cut.tar.xz': " "a tarball that is cut" --image foreign/1/amd64/x "$T/cut.tar.xz"
head -c 30000 /dev/urandom >noise && chmod 644 noise
refused 1 "cannot import '$T/noise': '$T/noise': tar: " "something that is no tar" --image foreign/1/amd64/x "$T/noise"
python3 - "$T/evil.tar" "$T/ids.tar" <<'P'
import io, sys, tarfile
for path, name, uid in ((sys.argv[1], "../../evil", 0), (sys.argv[2], "big", 70000)):
    with tarfile.open(path, "w") as t:
        i = tarfile.TarInfo(name)
        i.uid = uid
        t.addfile(i)
P
chmod 644 evil.tar ids.tar
refused 1 "cannot unpack '../../evil'" "a path that leaves the tree" --image foreign/1/amd64/x "$T/evil.tar"
refused 1 "'big' belongs to 70000:0, outside of the 65536 ids" "an owner that no client maps" --image foreign/1/amd64/x "$T/ids.tar"
refused 2 "without 'oci-layout'" "a directory that is no image" --image foreign/1/amd64/x "$T/fs"
refused 2 "'--image' is missing" "no name" "$T/fs.tar"
refused 2 "no serial" "no serial" --image foreign/1/amd64/x --serial today "$T/fs.tar"
refused 8 "cannot open '$T/nothing'" "no file" --image foreign/1/amd64/x "$T/nothing"
is "$(ls "$tree/staging")" "" "nothing is left in staging"
index publish -q >/dev/null
exits 0 "the tree is whole" index fsck
done_testing
