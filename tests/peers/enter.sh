#!/bin/bash
# enter.sh ROOT DIR CMD...: runs CMD with ROOT as its root directory, in which DIR is where it is here, with this
# test's users. By pivot_root in a mount namespace of its own: behind chroot the kernel grants no user namespace.
set -eu
[ -n "${PEER_ENTERED:-}" ] || PEER_ENTERED=1 exec unshare --mount --propagation private bash "$0" "$@"
root=$1 dir=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
for fs in tmp run var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$fs"; done
mkdir -p "$root$dir"
mount --rbind "$dir" "$root$dir"
for file in passwd group shadow subuid subgid; do
	[ -e "$root/etc/$file" ] || : >"$root/etc/$file"
	mount --bind "/etc/$file" "$root/etc/$file"
done
cd "$root"
pivot_root . mnt
umount -l /mnt
unset PEER_ENTERED
cd /
exec "$@"
