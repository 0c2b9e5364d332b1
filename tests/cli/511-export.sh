#!/bin/bash
# rootyard export leaves verified files of a build in a directory, and believes nothing that lies there.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree
index() { as_user ry-index rootyard-index "$@"; }
client() { as_user ry-user rootyard "$@"; }
chown ry-index "$T"
index init -q -C "$tree" --root-home "$T/root" >"$T/fpr" 2>/dev/null || exit 1
arch=$(dpkg --print-architecture)
"$TOP/tests/cli/make-incoming.py" "$T/in" "toy/one/$arch/default" 20260101_0000 pad=9000 || exit 1
index add -q -C "$tree" --all "$T/in" >/dev/null 2>&1 && index publish -q -C "$tree" >/dev/null || exit 1
start_server as_user ry-www rootyard-httpd --root "$tree/public" --listen 127.0.0.1:0 --log "$T/home/ry-www/log" || exit 1
chown root "$T"
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
dir=$T/home/ry-user/out
install -d -m 755 -o ry-user "$dir"
public=$tree/public/images/toy/one/$arch/default/20260101_0000

exits 0 "files are exported" client export toy/one "$dir"
is "$OUT" "toy/one/$arch/default 20260101_0000 $(sha256sum <"$public/rootfs.man" | cut -d' ' -f1)" "... and told of which build"
is "$(ls "$dir" | tr '\n' ' ')" "meta.tar.xz rootfs.tar.xz " "what LXC wants, and nothing else"
ok "... as it was published" cmp "$dir/rootfs.tar.xz" "$public/rootfs.tar.xz"
exits 0 "another file" client export toy/one "$dir" --file rootfs.man --json
like "$OUT" '"serial":"20260101_0000"' "... told to machines"
ok "... is there" cmp "$dir/rootfs.man" "$public/rootfs.man"
fetched() { grep -c 'GET.*rootfs.tar.xz' "$T/home/ry-www/log"; }
# the server tells of a download when it is over for it, which may be later than for the client
for _ in {1..50}; do [ "$(fetched)" -ge 1 ] && break; sleep 0.1; done
before=$(fetched)
is "$before" 1 "the archive was fetched once"
exits 0 "the same again" client export toy/one "$dir"
is "$(fetched)" "$before" "... fetches nothing that is there"
printf x | dd of="$dir/rootfs.tar.xz" bs=1 seek=100 conv=notrunc status=none
exits 0 "a file that somebody changed" client export toy/one "$dir"
ok "... is fetched anew" cmp "$dir/rootfs.tar.xz" "$public/rootfs.tar.xz"
cp "$public/rootfs.tar.xz" "$public/changed" && printf x | dd of="$public/changed" bs=1 seek=100 conv=notrunc status=none
mv "$public/changed" "$public/rootfs.tar.xz" && rm "$dir/rootfs.tar.xz"
stop_server "$SERVER_PID"
start_server as_user ry-www rootyard-httpd --root "$tree/public" --listen "${URL#http://}" || exit 1
exits 3 "a file that the server changed" client export toy/one "$dir"
ok "... is not there" test ! -e "$dir/rootfs.tar.xz"
is "$(ls "$dir" | tr '\n' ' ')" "meta.tar.xz rootfs.man " "... nor a part of it"
exits 8 "a file that the build does not have" client export toy/one "$dir" --file disk.qcow2
like "$ERR" "cannot export 'toy/one': build 20260101_0000 offers no 'disk.qcow2'" "... is told"
exits 8 "a directory that is not there" client export toy/one "$dir/none"
exits 2 "a name that is none" client export 'toy one' "$dir"
done_testing
