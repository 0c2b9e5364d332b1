#!/bin/bash
# Real lxc-create with our template, as root and as a user: the image is verified, and a tree that was
# tampered with makes no container.
[ -n "${RY_TEST_NS:-}" ] || for p in lxc uidmap xz-utils busybox-static; do
	dpkg-query -W "$p" >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$p" >/dev/null 2>&1
done
. "$(dirname "$0")/../lib.sh"
command -v lxc-create >/dev/null || skip_all "lxc cannot be installed"

# The template where lxc-create looks, beside LXC's own.
mkdir "$T/templates" && cp /usr/share/lxc/templates/* "$T/templates/" && cp "$STAGE$PREFIX/share/lxc/templates/lxc-rootyard" "$T/templates/"
mount --bind "$T/templates" /usr/share/lxc/templates || exit 1

# A small system that starts: busybox as init.
arch=$(dpkg --print-architecture)
mkdir -p "$T/fs"/{bin,sbin,etc,proc,sys,dev,run,tmp,root}
cp /bin/busybox "$T/fs/bin/busybox"
for a in sh sleep cat id hostname ls; do ln -s busybox "$T/fs/bin/$a"; done
printf '#!/bin/sh\ntrap "exit 0" PWR TERM INT\nwhile :; do sleep 1; done\n' >"$T/fs/sbin/init"
chmod 755 "$T/fs/sbin/init"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$T/fs/etc/passwd"
echo LXC_NAME >"$T/fs/etc/hostname"
chown -R 0:0 "$T/fs"
tar -C "$T/fs" -cJf "$T/fs.tar.xz" . && chmod 644 "$T/fs.tar.xz"
index() { as_user ry-index rootyard-index "$@"; }
chown ry-index "$T"
tree=$T/tree
index init -q -C "$tree" --root-home "$T/root" >"$T/fpr" 2>/dev/null || exit 1
index import -q -C "$tree" --image "debian/trixie/$arch/default" "$T/fs.tar.xz" >/dev/null && index publish -q -C "$tree" >/dev/null || exit 1
start_server as_user ry-www rootyard-httpd --root "$tree/public" --listen 127.0.0.1:0 || exit 1
chown root "$T"

# as root, with a home of its own
mkdir -m 700 "$T/home/root" "$T/lxc"
asroot() { env -i HOME="$T/home/root" PATH="$PATH" LXC_CACHE_PATH="$T/cache" LC_ALL=C.UTF-8 "$@"; }
create() { asroot lxc-create -P "$T/lxc" -n "$1" -t rootyard -f "$T/lxc.conf" -- -d debian -r trixie "${@:2}"; }
echo "lxc.net.0.type = empty" >"$T/lxc.conf"
exits 1 "without a remote there is no container" create none
like "$ERR$OUT" "remote add" "... and a sentence that says how to add one"
asroot rootyard remote add here "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
exits 0 "root makes a container" create c1 -a "$arch" -v default --remote here
like "$OUT" "made c1 of debian/trixie/$arch/default, build [0-9_]+" "... of the image that was verified"
config=$(cat "$T/lxc/c1/config")
like "$config" '^lxc.uts.name = c1$' "its configuration names it"
like "$config" '^lxc.include = /usr/share/lxc/config/common.conf$' "... includes LXC's own"
is "$(grep -n '^lxc' <<<"$config" | tail -n 1 | cut -d: -f2)" "lxc.net.0.type = empty" "... and the network comes last"
is "$(stat -c %u "$T/lxc/c1/rootfs/sbin/init")" 0 "files belong to root"
exits 0 "a second container" create c2 --remote here
is "$(find "$T/cache" -name rootfs.tar.xz | wc -l)" 2 "... of this machine's architecture, by default"
exits 0 "what the remote offers is listed" asroot sh "$T/templates/lxc-rootyard" --list --remote here
like "$OUT" "debian/trixie/$arch/default" "... by name"
exits 1 "an image that is not there" create c3 -r nothing
[ ! -e "$T/lxc/c3/rootfs/sbin" ] && t_report 0 "... leaves nothing unpacked" || t_report 1 "... leaves nothing unpacked"

# as a user, in a user namespace
home=$T/home/ry-user
user() { as_user ry-user "$@"; }
user rootyard remote add here "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
cat >"$T/user.conf" <<C
lxc.idmap = u 0 1000000 65536
lxc.idmap = g 0 1000000 65536
lxc.net.0.type = empty
C
chmod 644 "$T/user.conf"
chmod 711 "$T/home" "$home"
mkdir -p "$home/lxc" && chown ry-user "$home/lxc"
ucreate() { user lxc-create -P "$home/lxc" -n "$1" -t rootyard -f "$T/user.conf" -- -d debian -r trixie "${@:2}"; }
exits 0 "a user makes a container" ucreate u1 --remote here
like "$(cat "$home/lxc/u1/config")" 'userns.conf' "... with the configuration for users"
is "$(stat -c %u "$home/lxc/u1/rootfs/sbin/init")" 1000000 "... whose files belong to his subordinate ids"
is "$(stat -c '%U %a' "$home/.local/state/rootyard/here/floors")" "ry-user 600" "what was learnt about freshness is his own"

started() { # WHO PATH NAME
	"$1" lxc-start -P "$2" -n "$3" -o "$T/log/start" -l INFO >/dev/null 2>&1 || return 1
	"$1" lxc-wait -P "$2" -n "$3" -s RUNNING -t 10
}
mkdir -m 1777 "$T/log"
sed -i '/apparmor/d' "$T/lxc/c1/config"
if started asroot "$T/lxc" c1; then
	is "$(asroot lxc-attach -P "$T/lxc" -n c1 -- /bin/hostname)" c1 "root's container runs, and is called c1"
	asroot lxc-stop -P "$T/lxc" -n c1 -k
else
	echo "# SKIP starting as root: $(grep -m 1 ERROR "$T/log/start" | cut -c1-200)"
fi
rm -f "$T/log/start"
if started user "$home/lxc" u1; then
	is "$(user lxc-attach -P "$home/lxc" -n u1 -- /bin/id -u)" 0 "the user's container runs"
	user lxc-stop -P "$home/lxc" -n u1 -k
else
	echo "# SKIP starting as a user: $(grep -m 1 ERROR "$T/log/start" 2>/dev/null | cut -c1-200)"
fi

# Tampered: the archive, then the metadata that names it.
file=$(find "$tree/public/images" -name rootfs.tar.xz)
rm -rf "$T/cache" "$home/.cache/lxc"
cp -a "$file" "$T/right" && python3 - "$file" <<'P'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(1000)
    b = f.read(1)
    f.seek(1000)
    f.write(bytes([b[0] ^ 1]))
P
sleep 1.2 # the server looks at a file again after a second
exits 1 "an archive with a changed bit, as root" create t1 --remote here
like "$ERR$OUT" "not trusted|untrusted|not to be trusted" "... is not trusted"
ok "... and nothing of it is unpacked" test ! -e "$T/lxc/t1/rootfs/sbin/init"
exits 1 "... as a user" ucreate t2 --remote here
like "$ERR$OUT" "not trusted|untrusted" "... is not trusted either"
ok "... and nothing is unpacked" test ! -e "$home/lxc/t2/rootfs/sbin/init"
cp -a "$T/right" "$file"
sed -i 's/"generation":1/"generation":9/; s/"payload":"./"payload":"f/' "$tree/public/.gen/1/meta/2/current"
sleep 1.2
exits 1 "metadata that was changed" create t3 --remote here
like "$ERR$OUT" "not trusted|untrusted|signature" "... is not trusted"
ok "... and makes no container" test ! -e "$T/lxc/t3/rootfs/sbin/init"
for c in c1 c2 c3 t1 t3; do asroot lxc-destroy -P "$T/lxc" -n "$c" -f >/dev/null 2>&1; done
user lxc-destroy -P "$home/lxc" -n u1 -f >/dev/null 2>&1
user lxc-destroy -P "$home/lxc" -n t2 -f >/dev/null 2>&1
done_testing
