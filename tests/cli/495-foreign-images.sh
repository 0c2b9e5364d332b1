#!/bin/bash
# Images made for LXC start unchanged: what waits in them for the container's name receives it, and nothing else does.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

META=$STORE/images/$ID/meta
in_image() { install -o $((SUB + ${3:-0})) -g $((SUB + ${3:-0})) -m "${4:-644}" /dev/null "$ROOTFS/$1" && printf '%b' "$2" >"$ROOTFS/$1"; }
ok "an image has a list of templates" install -d -m 755 -o ry-user -g ry-user "$META"
mkdir "$ROOTFS/etc/deep" "$ROOTFS/etc/dir" && chown "$SUB:$SUB" "$ROOTFS"/etc/{deep,dir}
in_image etc/hosts '127.0.0.1\tlocalhost\n127.0.1.1\tLXC_NAME LXC_NAME.lan\n'
in_image etc/deep/conf 'name=LXC_NAME path=LXC_PATH root=LXC_ROOTFS\n' 1000 4750
in_image etc/plain 'LXC_NAME is not listed\n'
in_image etc/outside 'LXC_NAME behind a link\n'
ln -s ../outside "$ROOTFS/etc/deep/link"
ln -s deep "$ROOTFS/etc/linked"
mkfifo "$ROOTFS/etc/fifo" && chown "$SUB:$SUB" "$ROOTFS/etc/fifo"
head -c 70000 /dev/zero | tr '\0' x >"$ROOTFS/etc/long" && printf LXC_NAME >>"$ROOTFS/etc/long" && chown "$SUB:$SUB" "$ROOTFS/etc/long"
echo "host LXC_NAME" >"$T/host-file" && chmod 666 "$T/host-file"
ln -s "$T/host-file" "$ROOTFS/etc/deep/away"
printf '%s\n' /etc/hosts /etc/deep/conf /etc/deep/link /etc/linked/conf /etc/fifo /etc/dir /etc/long /etc/missing /etc/deep/away \
	"/../../../../../../..$T/host-file" relative/path / '' /etc/ >"$META/templates"
before=$(tree_digest "$ROOTFS")

exits 0 "it starts" ry run --name one --rm toy/1 -- cat /etc/hosts /etc/deep/conf
is "$OUT" "$(printf '127.0.0.1\tlocalhost\n127.0.1.1\tone one.lan\nname=one path=/var/lib/lxc root=/')" "the name is in the files of the list, and no place of the host"
exits 0 "another start of it" ry run --hostname two --rm toy/1 -- cat /etc/hosts /etc/hostname
like "$OUT" "127.0.1.1.two two.lan" "... has its own name"
exits 0 "owner and mode stay" ry run --rm toy/1 -- stat -c '%u:%g %a' /etc/deep/conf
is "$OUT" "1000:1000 4750" "... of a file that is not root's"
exits 0 "what is not listed, behind a link, or too long stays as it is" ry run --rm toy/1 -- sh -c 'cat /etc/plain /etc/outside; grep -c LXC_NAME /etc/long; test -p /etc/fifo && test -d /etc/dir && echo kinds'
is "$OUT" "$(printf 'LXC_NAME is not listed\nLXC_NAME behind a link\n1\nkinds')" "... each of them"
is "$(cat "$T/host-file")" "host LXC_NAME" "nothing outside is reached"
is "$(tree_digest "$ROOTFS")" "$before" "the image itself does not change"

exits 0 "a container that stays" ry create --name kept toy/1 -- sh -c 'cat /etc/hosts; echo LXC_NAME >/etc/deep/conf'
exits 0 "... is started" ry start kept
until_true ry wait kept
exits 0 "... and again" ry start kept
until_true ry wait kept
like "$(ry logs kept)" "127.0.1.1.kept kept.lan" "... with its name"

echo /etc/hosts >"$META/templates-user"
exits 0 "the list for containers of users goes first" ry run --name three --rm toy/1 -- cat /etc/deep/conf
like "$OUT" "name=LXC_NAME" "... alone"
head -c 100000 /dev/zero | tr '\0' x >"$META/templates-user"
exits 0 "a list that is too long is none" ry run --name four --rm toy/1 -- cat /etc/hosts
done_testing
