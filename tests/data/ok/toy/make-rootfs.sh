#!/bin/bash
# make-rootfs.sh DIR: writes DIR/rootfs.tar.xz, a small system around a static busybox: files of
# every kind that a package ships, in a second and without the network.
set -eu
umask 022
dir=$1
r=$dir/root
busybox=
for b in /bin/busybox /usr/bin/busybox; do
	[ -x "$b" ] && ! readelf -l "$b" | grep -q INTERP && busybox=$b
done
[ -n "$busybox" ] || { echo "make-rootfs.sh: needs a static busybox (package busybox-static)" >&2; exit 1; }
rm -rf "$r"
mkdir -p "$r"/{bin,sbin,etc,dev,proc,sys,run,tmp,root,home,usr/bin,usr/share/doc/toy,usr/lib/toy,var/log}
chmod 1777 "$r/tmp"
chmod 700 "$r/root"
cp "$busybox" "$r/bin/busybox"
for a in sh cat ls id echo readlink mkdir rm ln sleep true false touch test env grep sed wc hostname ps kill mount umount head tail stat dd sync tr cut sort printf seq; do
	ln -s busybox "$r/bin/$a"
done
ln -s ../bin/busybox "$r/sbin/init"
printf 'NAME="Toy"\nID=toy\nVERSION_ID=1\nPRETTY_NAME="Toy 1"\n' >"$r/etc/os-release"
echo toy >"$r/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tdistrobuilder\n' >"$r/etc/hosts"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$r/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$r/etc/group"
install -m 4755 "$busybox" "$r/usr/bin/su"
install -m 755 "$busybox" "$r/usr/bin/ping"
setcap cap_net_raw+ep "$r/usr/bin/ping"
echo shared >"$r/usr/lib/toy/first"
ln "$r/usr/lib/toy/first" "$r/usr/lib/toy/second"
ln "$r/usr/lib/toy/first" "$r/etc/third"
mkdir -p "$r/usr/share/doc/toy/$(printf 'a%.0s' {1..90})"
echo long >"$r/usr/share/doc/toy/$(printf 'a%.0s' {1..90})/$(printf 'b%.0s' {1..90})"
seq 200000 >"$r/usr/lib/toy/numbers"
: >"$r/usr/lib/toy/empty"
mkfifo "$r/usr/lib/toy/fifo"
chown 1000:1000 "$r/home"
find "$r" -exec touch -h -d '2026-01-01 00:00:00Z' {} +
tar --numeric-owner --xattrs --xattrs-include='*' --sort=name -C "$r" -cf - . | xz -1 >"$dir/rootfs.tar.xz"
rm -rf "$r"
