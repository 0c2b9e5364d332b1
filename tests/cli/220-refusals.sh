#!/bin/bash
# rootyard-index believes nothing: what is refused, with which status and sentence, and that
# nothing is left of it.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree
index() { as_user ry-index rootyard-index "$@"; }
make_build() { local in=$1; shift; "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
index init -q -C "$tree" --root-home "$T/root" >/dev/null 2>&1 || exit 1
make_build "$T/good" toy/one/amd64/default 20260101_0000 || exit 1
index add -q -C "$tree" "$T/good/toy/one/amd64/default/20260101_0000" >/dev/null && index publish -q -C "$tree" >/dev/null || exit 1
before=$(tree_digest "$tree/public")

refused() { # CRIME STATUS REGEX FACT
	make_build "$T/$1" toy/one/amd64/default 20260102_0000 crime="$1" || exit 1
	exits "$2" "$4" index add -C "$tree" "$T/$1/toy/one/amd64/default/20260102_0000"
	like "$ERR" "cannot admit 'toy/one/amd64/default@20260102_0000': .*$3" "... in one sentence"
	[ "$(wc -l <<<"$ERR")" = 1 ] || like "$ERR" "^one line only$" "... and no more"
}
refused json 1 "build.json" "a build.json that is no JSON"
refused name 3 "not its directory" "a build.json of another image"
refused truncated 3 "'rootfs.tar.zst' has [0-9]+ bytes, build.json says" "a truncated artifact"
refused digest 3 "'rootfs.tar.xz' has sha256" "a wrong digest"
refused missing 1 "does not list 'incus.tar.xz'" "an artifact that is missing"
refused unknown 1 "'disk.qcow2'" "an artifact that no build hands over"
refused symlink 1 "'rootfs.man' is a symbolic link" "an artifact that is a symbolic link"
refused fifo 1 "'meta.tar.xz' is not a regular file" "an artifact that is a FIFO"
refused entries 3 "entries, build.json says" "a build.json with a wrong number of entries"
refused mode 3 "'rootfs.man' does not describe the tar" "a manifest that does not match"
refused traversal 1 "evil" "a path that leaves the tree"
refused device 1 "etc/null" "a device node"
refused big-id 1 "etc/empty" "an id that no client maps"
refused order 1 "bin" "an entry before its directory"
refused two-tars 3 "'rootfs.tar.xz'" "two tarballs that differ"
refused dialect 3 "dialect" "a tar with names of users"
refused longer 3 "rootfs" "a tar that goes on behind its end"
refused no-config 1 "'config' is missing" "meta.tar.xz without config"
refused no-newline 1 "config-user:3: .*newline" "a file that does not end in a newline"
refused hook 1 "config:3: .*lxc.hook.pre-start" "a configuration that runs a command on the host"
refused expiry 1 "expiry:1: " "an expiry that is no time"
refused excludes 1 "excludes-user:1: " "a pattern that is an option of tar"
refused message 1 "create-message:1: .*control" "a message that talks to the terminal"
refused meta-link 1 "'templates' is not a regular file" "a symbolic link in meta.tar.xz"
refused dot 1 "'./metadata.yaml'|'\.'" "metadata.yaml behind ./"
refused arch 1 "metadata.yaml:1:.*'aarch64'" "metadata of another architecture"
refused packages 1 "'packages.json': 'packages': element 1: 'name': a control character" "a package whose name talks to the terminal"
refused template 1 "metadata.yaml:.*bare file name" "a template from elsewhere"
refused failed 1 "the build had failed \(upstream: the mirror is down\)" "a failed build"
ok "a failed build is remembered" sh -c 'sqlite3 "$1" "SELECT message FROM event WHERE kind = '"'failed'"'" | grep -q "mirror is down"' sh "$tree/catalog.db"

make_build "$T/again" toy/one/amd64/default 20260101_0000 seed=other
exits 1 "a serial is never used twice" index add -C "$tree" "$T/again/toy/one/amd64/default/20260101_0000"
like "$ERR" "never used twice" "... and says so"
exits 2 "a directory that is no build's" index add -C "$tree" "$T/good"
like "$ERR" "DISTRO/RELEASE/ARCH/VARIANT/SERIAL" "... is told what one looks like"
exits 8 "a directory that is not there" index add -C "$tree" "$T/good/toy/one/amd64/default/20260109_0000"
exits 2 "nothing to add" index add -C "$tree"
exits 2 "root adds nothing" rootyard-index add -C "$tree" "$T/good/toy/one/amd64/default/20260101_0000"
is "$(tree_digest "$tree/public")" "$before" "nothing of all this is visible"
is "$(ls "$tree/staging")" "" "... nor left in staging"
exits 0 "the tree is whole" index fsck -C "$tree"

# One bad build does not keep a good one out.
make_build "$T/mixed" toy/one/amd64/default 20260103_0000 crime=digest
make_build "$T/mixed" toy/one/amd64/cloud 20260103_0000
exits 3 "the first error decides the status" index add --all "$T/mixed" -C "$tree"
like "$OUT" "added toy/one/amd64/cloud@20260103_0000" "... and the good build is in"

# The lock.
install -m 600 -o ry-index /dev/null "$T/held"
as_user ry-index sh -c 'exec 9<>"$1" && flock 9 && echo $$ >"$1" && : >"$2" && exec sleep 60' sh "$tree/lock" "$T/held.ready" &
holder=$!
for _ in $(seq 100); do [ ! -e "$T/held.ready" ] || break; sleep 0.05; done
pid=$(cat "$tree/lock")
exits 6 "a tree somebody else changes is busy" index publish -C "$tree" --wait 1
like "$ERR" "held by process $pid" "... and says who"
exits 0 "reading goes on" index list -C "$tree"
kill "$pid" "$holder" 2>/dev/null
wait "$holder" 2>/dev/null

# A full disk.
small=$T/small
mkdir "$small"
mount -t tmpfs -o size=24m,mode=755,uid=60101,gid=60101 none "$small" || exit 1
if index init -q -C "$small/tree" --root-home "$T/root2" >/dev/null 2>&1; then
	make_build "$T/big" toy/one/amd64/default 20260105_0000 pad=12000000
	exits 5 "a build that does not fit" index add -C "$small/tree" "$T/big/toy/one/amd64/default/20260105_0000"
	like "$ERR" "needs [0-9]+ bytes .* [0-9]+ are free" "... is told both numbers"
	head -c 40m /dev/zero >"$small/filler" 2>/dev/null
	exits 5 "a disk with nothing left" index publish -C "$small/tree"
	rm -f "$small/filler"
	exits 0 "with room again all is well" index fsck -C "$small/tree"
else
	index init -C "$small/tree2" --root-home "$T/root3" 2>&1 | t_show "$(cat)"
	t_report 1 "a tree on a small file system"
fi
umount "$small"
done_testing
