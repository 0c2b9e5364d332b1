#!/bin/bash
# rootyard export --bundle makes an OCI runtime bundle of a stored image, which crun starts for an ordinary user.
. "$(dirname "$0")/../lib.sh"

command -v crun >/dev/null || skip_all "needs crun"
# crun refuses a host with hybrid cgroups, whatever it is told of them.
umount -R -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2 can be mounted here"
home=$T/home/ry-user store=$T/home/ry-user/.local/share/rootyard
ry() { as_user ry-user rootyard "$@"; }
poor() { as_user ry-poor rootyard "$@"; }
crun_as() { # USER BUNDLE
	as_user "$1" crun --root "$T/run/$1/crun" --cgroup-manager=disabled run -b "$2" "bundle-$$"
}
config() { python3 -c "import json,sys; c=json.load(open(sys.argv[1])); print($2)" "$1/config.json"; }

tree=$T/tree
mkdir -p "$tree"/{bin,etc,dev,proc,sys,root,tmp} "$tree/home/someone"
cp /bin/busybox "$tree/bin/busybox"
for a in cat echo grep hostname id ls sh stat touch; do ln -s busybox "$tree/bin/$a"; done
echo 'ID=bundled' >"$tree/etc/os-release"
echo 'root:x:0:0::/root:/bin/sh' >"$tree/etc/passwd"
chown 1000:1000 "$tree/home/someone"
chmod 4755 "$tree/bin/busybox"
tar -C "$tree" --numeric-owner -cf "$T/toy.tar" . || exit 1
for u in ry-user ry-poor; do as_user "$u" rootyard import -q "$T/toy.tar" toy/one >/dev/null || exit 1; done

b=$T/home/ry-user/b
exits 0 "a stored image becomes a bundle" ry export --bundle toy/one "$b" cat /etc/os-release
like "$OUT" '^[0-9a-f]{64}$' "... and told of which id"
is "$(ls -A "$b" | tr '\n' ' ')" "config.json rootfs " "it has a configuration and a tree, and nothing else"
is "$(stat -c '%u:%g %a' "$b/rootfs/bin/busybox")" "1000000:1000000 4755" "... in the user's own ids"
is "$(stat -c '%u:%g' "$b/rootfs/home/someone")" "1001000:1001000" "... each of them"
exits 0 "crun starts it" crun_as ry-user "$b"
is "$OUT" "ID=bundled" "... with the command that was asked for"

exits 0 "without a command" ry export --bundle toy/one "$T/home/ry-user/c" --json
is "$(config "$home/c" 'c["process"]["args"]')" "['/bin/sh']" "... it is a shell"
exits 0 "a command with words like options" ry export --bundle toy/one "$home/d" -- \
	sh -c 'grep -E "^(CapEff|CapBnd|CapAmb|NoNewPrivs)" /proc/self/status; hostname; ls /sys/class/net; touch /sys/x; echo "$HOME $container"; stat -c %a /dev/shm
		ls -A /sys/firmware; echo x >/proc/sys/kernel/domainname; touch /root/x && stat -c %u /root/x'
exits 0 "... starts" crun_as ry-user "$home/d"
is "$(grep -c 00000000800405fb <<<"$OUT")" 2 "... with the capabilities of rootyard run, bounded"
like "$OUT" '^CapAmb:.0000000000000000$' "... none of them ambient"
like "$OUT" '^NoNewPrivs:.1$' "... and no new privileges"
is "$(tail -n +5 <<<"$OUT")" "$(printf '%s\n' toy lo '/root rootyard' 1777 0)" "its host name, network, environment and ids are its own, and nothing of the firmware is seen"
like "$ERR" '/sys/x: Read-only' "... /sys cannot be written"
like "$ERR" 'domainname: Read-only|domainname: Permission' "... nor the kernel's settings"
is "$(stat -c %u "$home/d/rootfs/root/x")" 1000000 "... and what it wrote is in the bundle"

p=$T/home/ry-poor/b
exits 0 "a user without subordinate ids makes one too" poor export --bundle toy/one "$p" -- sh -c 'tr -s " " </proc/self/uid_map; stat -c %u /bin/sh /home/someone'
like "$ERR" "all files belong to you: .*usermod --add-subuids" "... and is told what is missing"
exits 0 "... which starts" crun_as ry-poor "$p"
is "$OUT" "$(printf ' 0 60104 1\n0\n0')" "... as the one id"

config_before=$(sha256sum "$b/config.json")
exits 1 "a directory with something in it is refused" ry export --bundle toy/one "$b"
like "$ERR" "cannot export 'toy/one': '$b' is not empty" "... by name"
is "$(sha256sum "$b/config.json")" "$config_before" "... and left alone"
exits 8 "an image that is not stored is no source" ry export --bundle toy/two "$home/n"
exits 2 "a command belongs to a bundle" ry export toy/one "$home/n" true
exits 2 "a file of the server does not" ry export --bundle toy/one "$home/n" --file meta.tar.xz
mkdir "$T/small" && mount -t tmpfs -o size=256k,mode=1777 none "$T/small"
exits 5 "on a full disk it fails" ry export --bundle toy/one "$T/small/b"
like "$ERR" 'No space left' "... and says why"
is "$(ls -A "$T/small")" "" "... and nothing half-written stays"
umount "$T/small"
printf X | dd of="$(echo "$store"/images/*/rootfs/etc/os-release)" bs=1 seek=2 conv=notrunc 2>/dev/null
exits 7 "an image that is damaged is no source" ry export --bundle toy/one "$home/n"
like "$ERR" "etc/os-release" "... and the file is named"
is "$(find "$home" -maxdepth 1 \( -name n -o -name '.rootyard*' \))" "" "... and nothing half-written stays"
done_testing
