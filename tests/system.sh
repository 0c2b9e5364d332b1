# shellcheck shell=bash
# system.sh -- what booting a system in a container needs (sourced behind lib.sh and store.sh).
#
# delegate USER            a cgroup2 below /sys/fs/cgroup that is USER's, and this script in it
# debian_image [ID NAME]   stores debian/trixie, built by our own builder, as ry-user's lab:NAME/1;
#                          what was built stays in CACHE until the recipe or the builder changes
# busybox_image ID NAME    the toy image with busybox's init

CACHE=${ROOTYARD_TEST_CACHE:-/var/cache/rootyard-tests}

delegate() {
	local v2 uid
	v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$v2" ] || skip_all "no cgroup2 is mounted here"
	uid=$(id -u "$1")
	CGROUP=rytest-$$
	mkdir -p "$v2/$CGROUP/shell" || skip_all "cannot make a cgroup in '$v2'"
	chown "$uid:$uid" "$v2/$CGROUP" "$v2/$CGROUP/shell" "$v2/$CGROUP"{,/shell}/cgroup.{procs,subtree_control,threads}
	sed -n "s,^0::,,p" /proc/self/cgroup >"$T/cgroup.before"
	echo $$ >"$v2/$CGROUP/shell/cgroup.procs"
	umount -R -l /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	trap 'undelegate; t_cleanup' EXIT
}

# What still stands in it, as a keeper of ids does, is ours.
undelegate() {
	local i
	echo $$ >"/sys/fs/cgroup$(cat "$T/cgroup.before")/cgroup.procs" 2>/dev/null
	for ((i = 0; i < 20; i++)); do
		find "/sys/fs/cgroup/$CGROUP" -name cgroup.procs -exec sh -c 'kill $(cat "$@")' x {} + 2>/dev/null
		find "/sys/fs/cgroup/$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null && return
		sleep 0.1
	done
}

# Containers' cgroups that are still there.
cgroups() { find "/sys/fs/cgroup/$CGROUP" -maxdepth 1 -name 'rootyard-*'; }

debian_archive() {
	local arch key dir
	arch=$(dpkg --print-architecture)
	key=$(cat "$PREFIX/share/rootyard/recipes/debian/"*.yaml | sha256sum | cut -c1-16)
	dir=$CACHE/debian-trixie-$key
	DEBIAN=$dir/rootfs.tar.zst
	[ ! -s "$DEBIAN" ] || return 0
	mkdir -p "$CACHE"
	exec 8>"$CACHE/.lock"
	flock 8
	if [ ! -s "$DEBIAN" ]; then
		rm -rf "$CACHE/work" "$dir"
		rootyard-build build --out "$CACHE/work" --cache "$CACHE/cache" --compress xz=0,zstd=3 \
			"$PREFIX/share/rootyard/recipes/debian" "trixie/$arch/default" >"$CACHE/build.log" 2>&1 || { flock -u 8; return 1; }
		mkdir -p "$dir"
		mv "$(find "$CACHE/work" -name rootfs.tar.zst | tail -n 1)" "$DEBIAN"
		rm -rf "$CACHE/work"
	fi
	flock -u 8
}

debian_image() {
	local id=${1:-$(printf 'd%.0s' {1..64})} name=${2:-debian}
	debian_archive || skip_all "debian/trixie cannot be built here (see $CACHE/build.log): $(tail -n 1 "$CACHE/build.log")"
	mkdir -p "$STORE/images/$id" "$STORE/refs/lab/$name/1/$ARCH"
	chown ry-user: "$STORE/images" "$STORE/images/$id"
	ry unpack "$DEBIAN" "$STORE/images/$id/rootfs" >/dev/null || return 1
	printf 'arch %s\ninit systemd\nstop_signal SIGRTMIN+3\nepoch 0\n' "$ARCH" >"$STORE/images/$id/start"
	echo "20260101_0000 $id" >"$STORE/refs/lab/$name/1/$ARCH/default"
	chown -R ry-user: "$STORE/refs" "$STORE/images/$id/start"
}

busybox_image() {
	local root=$STORE/images/$1/rootfs a
	store_image ry-user "$1" "$2" "$SUB"
	for a in init getty login poweroff reboot halt; do ln -sf ../bin/busybox "$root/sbin/$a"; done
	printf '%s\n' '::sysinit:/bin/hostname -F /etc/hostname' '::sysinit:/bin/sh -c "date +%s >>/booted; cat /proc/sys/kernel/random/boot_id >>/booted"' \
		'console::askfirst:/bin/sh' '::shutdown:/bin/sh -c "echo down >>/booted"' >"$root/etc/inittab"
	ln -sf busybox "$root/bin/date"
	chown -hR "$SUB:$SUB" "$root"
	printf 'arch %s\ninit /sbin/init\nstop_signal SIGUSR2\nepoch 0\n' "$ARCH" >"$STORE/images/$1/start"
}
