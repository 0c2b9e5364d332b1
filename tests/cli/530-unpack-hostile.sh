#!/bin/bash
# `rootyard unpack` as an ordinary user: whatever an archive tries, nothing outside is touched, and
# what is refused leaves nothing behind.
. "$(dirname "$0")/../lib.sh"

here=$(cd "$(dirname "$0")" && pwd)
mkdir "$T/archives" "$T/outside"
echo secret >"$T/outside/secret"
chmod 777 "$T/outside" && chmod 666 "$T/outside/secret"
python3 "$here/hostile-archives.py" "$T/archives" "$T/outside" >"$T/verdicts" || exit 1
install -d -o ry-user "$T/play"
client() { as_user ry-user rootyard "$@"; }
outside=$(tree_digest "$T/outside")
inode=$(stat -c '%i %Z' "$T/outside/secret")
mount_count=$(wc -l </proc/self/mounts)

nothing_outside() {
	is "$(tree_digest "$T/outside") $(stat -c '%i %Z' "$T/outside/secret")" "$outside $inode" "$1: nothing outside is touched"
}

while read -r verdict name; do
	if [ "$verdict" != taken ]; then
		exits "$([ "$verdict" = refused ] && echo 3 || echo 1)" "$name is $verdict" client unpack "$T/archives/$name" "$T/play/$name"
		like "$ERR" "^rootyard: cannot unpack '.*" "... with a sentence: $(printf '%s' "$ERR" | tail -n 1 | sed "s|.*$name': ||" | cut -c -120)"
		is "$(ls -A "$T/play")" "" "$name: nothing is left"
	else
		exits 0 "$name is taken" client unpack "$T/archives/$name" "$T/play/$name"
		mv "$T/play/$name" "$T/$name.taken"
		is "$(ls -A "$T/play")" "" "$name: nothing is left beside it"
	fi
	nothing_outside "$name"
done <"$T/verdicts"

ok "no device node exists anywhere" test -z "$(find "$T"/*.taken -type b -o -type c)"
is "$(stat -c '%a %u' "$T/setuid-root.tar.taken/su")" "6755 1000000" "setuid root means the mapped root"
is "$(stat -c '%a %u %g' "$T/root-mode-6777.tar.taken")" "755 1000000 1000000" "the root is the mapped root's, 0755 at most"
is "$(cat "$T/file-replaces-symlink.tar.taken/l")" mine "a file replaces a symbolic link, not what it points to"
is "$(find "$T/whiteout-names.tar.taken/d" -type f | wc -l)" 3 "whiteout names are ordinary names"
is "$(cat "$T/whiteout-names.tar.taken/d/f")" stays "... and delete nothing"
is "$(python3 -c 'import os, sys; print(*os.listxattr(sys.argv[1]))' "$T/attributes.tar.taken/f")" user.fine "of the attributes only harmless ones are kept"
is "$(stat -c '%a' "$T/closed-directories.tar.taken/c/d/f" "$T/closed-directories.tar.taken/c" | tr '\n' ' ')" "0 0 " "what is closed can be unpacked"
exits 0 "taken devices" client unpack "$T/archives/devices.tar" "$T/play/d"
like "$ERR" '2 device nodes were not made' "... are counted"
rm -rf "$T/play/d"
exits 3 "--strict refuses them" client unpack --strict "$T/archives/devices.tar" "$T/play/d"
is "$(ls -A "$T/play")" "" "... and leaves nothing"

install -d -o ry-user "$T/play/empty" "$T/play/full"
as_user ry-user touch "$T/play/full/mine"
exits 0 "an empty directory may be filled" client unpack "$T/archives/good.tar" "$T/play/empty/"
ok "... and is" test -f "$T/play/empty/d/f"
exits 1 "one that is not empty is left alone" client unpack "$T/archives/good.tar" "$T/play/full"
is "$(ls -A "$T/play/full")" mine "... as it was"
exits 2 "an archive of no known kind" client unpack "$T/verdicts" "$T/play/x"
exits 8 "an archive that is not there" client unpack "$T/play/none.tar" "$T/play/x"
mkdir "$T/dir.tar"
exits 2 "a directory as archive" client unpack "$T/dir.tar" "$T/play/x"
install -d -m 1777 "$T/sticky"
exits 0 "it works in a sticky directory too" client unpack "$T/archives/good.tar" "$T/sticky/x"
is "$(stat -c %u "$T/sticky/x/d")" 1000000 "... with mapped owners"
exits 0 "a user without subordinate ids" as_user ry-poor rootyard unpack "$T/archives/setuid-root.tar" "$T/sticky/y"
is "$(stat -c '%u' "$T/sticky/y/su")" 60104 "... owns all of it"
exits 0 "a machine gets JSON" client unpack --json "$T/archives/good.tar" "$T/play/json"
like "$OUT" '"entries":2' "... with the counts"

mkdir -p "$T/full" && mount -t tmpfs -o size=2m,mode=755,uid=60103 none "$T/full"
head -c 3000000 /dev/urandom >"$T/big" && tar -cf "$T/big.tar" -C "$T" --numeric-owner --owner=0 --group=0 big
exits 5 "a full disk has its own status" client unpack "$T/big.tar" "$T/full/x"
is "$(ls -A "$T/full")" "" "... and nothing is left on it"
umount "$T/full"
is "$(wc -l </proc/self/mounts)" "$mount_count" "no mount is left"
done_testing
