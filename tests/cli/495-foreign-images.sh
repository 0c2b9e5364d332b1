#!/bin/bash
# Images made for LXC and Incus start unchanged: what waits in them for the container's name receives it, and nothing else does.
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

# ---- Incus: templates that are rendered when an image is stored, all but the name
incus=$T/incus
mkdir -p "$incus/templates"
cat >"$incus/metadata.yaml" <<'Y'
architecture: x86_64
creation_date: 1700000000
properties: {os: Toy}
templates:
  /etc/hosts: {template: hosts.tpl, when: [create, copy]}
  /etc/boots: {template: boots.tpl, when: [start]}
  /etc/plain: {template: new.tpl, when: [create], create_only: true}
  /var/lib/cloud/seed/nocloud-net/meta-data: {template: meta.tpl, when: [create], properties: {default: "given"}}
  /var/lib/cloud/seed/nocloud-net/network-config: {template: net.tpl, when: [create]}
  /etc/linked/conf: {template: new.tpl, when: [create]}
  /etc/late: {template: new.tpl, when: [rename]}
  /etc/broken: {template: broken.tpl, when: [create]}
  /../away: {template: new.tpl, when: [create]}
Y
echo '127.0.1.1 {{ container.name }} {{ instance.type }}' >"$incus/templates/hosts.tpl"
echo '{{ container.name }} on {{ trigger }}' >"$incus/templates/boots.tpl"
echo new >"$incus/templates/new.tpl"
printf '{{ config_get("user.meta-data", properties.default) }} {{ "{{ later }}" }} {{ container.architecture }}\n' >"$incus/templates/meta.tpl"
printf '{%% if config_get("user.network-config", "") == "" %%}version: 1{%% else %%}no{%% endif %%}\n' >"$incus/templates/net.tpl"
echo '{% include "/etc/passwd" %}' >"$incus/templates/broken.tpl"
tar -C "$ROOTFS" --numeric-owner --owner=0 --group=0 --exclude=./etc/fifo -cf "$T/root.tar" .
pack() { tar -C "$incus" --owner=0 --group=0 -cJf "$T/$1" "${@:2}" && chmod 644 "$T/$1"; }
pack incus.tar.xz . && chmod 644 "$T/root.tar"
exits 0 "an image is imported with Incus' metadata" ry import "$T/root.tar" foreign/1 --meta "$T/incus.tar.xz"
like "$ERR" "template of '/etc/broken' is left out: .*unknown tag 'include'" "... and told of what cannot be rendered"
seed=/var/lib/cloud/seed/nocloud-net
exits 0 "it starts" ry run --rm --name five local:foreign/1 -- sh -c "cat /etc/hosts /etc/boots /etc/plain $seed/meta-data $seed/network-config; ls /etc/broken /etc/late /etc/deep /away 2>&1; true"
like "$OUT" '127.0.1.1 five container
five on start
LXC_NAME is not listed
given \{\{ later \}\} x86_64
version: 1' "the name and what was known are in its files, and what a value holds is no template"
is "$(grep -c 'No such file' <<<"$OUT")" 3 "what is for a renaming, broken or elsewhere is not made"
unlike "$(grep -A9 deep: <<<"$OUT")" '^conf2|new' "nothing goes through a link"
exits 0 "a container that stays" ry create --name stays local:foreign/1 -- sh -c 'cat /etc/hosts /etc/boots; echo mine >/etc/hosts; echo mine >/etc/boots; rm -f /etc/resolv.conf'
for i in 1 2; do ry start stays && until_true ry wait stays; done
is "$(ry logs stays)" "$(printf '127.0.1.1 stays container\nstays on start\nmine\nstays on start')" "what was made with it is its own, and what is made at each start is made again"
mv "$incus/metadata.yaml" "$incus/config" && pack bad.tar.xz config templates && mv "$incus/config" "$incus/metadata.yaml"
exits 3 "templates without metadata.yaml" ry import "$T/root.tar" foreign/2 --meta "$T/bad.tar.xz"
echo x >"$incus/files" && pack bad.tar.xz metadata.yaml files
exits 3 "what we make ourselves is believed from nobody" ry import "$T/root.tar" foreign/2 --meta "$T/bad.tar.xz"
done_testing
