# shellcheck shell=bash
# store.sh -- a store made by hand (sourced behind lib.sh): images without a server.
#
# ID     id of the image lab:toy/1/<arch>/default, a static busybox
# STORE  ry-user's data place;  ROOTFS  the image's tree
# ry     rootyard as ry-user

STORE=$T/home/ry-user/.local/share/rootyard
RUNS=$T/run/ry-user/rootyard
SUB=1000000
ARCH=$(dpkg --print-architecture)

ry() { as_user ry-user rootyard "$@"; }

# store_image USER ID NAME FIRST_ID: a busybox tree owned by FIRST_ID, named lab:NAME/1.
store_image() {
	local home=$T/home/$1 data root a
	data=$home/.local/share/rootyard
	root=$data/images/$2/rootfs
	install -d -m 700 -o "$1" -g "$1" "$home/.local" "$home/.local/share" "$data" "$data/images" "$data/refs"
	install -d -m 755 -o "$1" -g "$1" "$data/images/$2" "$data/refs/lab"
	mkdir -p "$root"/{bin,sbin,etc,proc,sys,dev,root,tmp,usr/bin}
	chmod 1777 "$root/tmp"
	cp /bin/busybox "$root/bin/busybox"
	for a in cat chown chroot cut dd echo env false find grep hostname id ip kill ln ls mkdir mknod mount nc ping ps readlink \
		rm sh sleep sort stat stty su sync test touch true tty umount unshare wc; do
		ln -s busybox "$root/bin/$a"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nsomeone:x:1000:1000::/:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\ntty:x:5:\nsomeone:x:1000:\n' >"$root/etc/group"
	printf 'ID=%s\n' "$3" >"$root/etc/os-release"
	chown -hR "$4:$4" "$root"
	mkdir -p "$data/refs/lab/$3/1/$ARCH"
	echo "20260101_0000 $2" >"$data/refs/lab/$3/1/$ARCH/default"
	echo "$3 $3/1" >>"$data/refs/lab/aliases"
	chown -R "$1:$1" "$data/refs"
	printf 'arch %s\ninit /sbin/init\nstop_signal SIGTERM\nepoch 0\n' "$ARCH" >"$data/images/$2/start"
}

ID=$(printf 'a%.0s' {1..64})
ROOTFS=$STORE/images/$ID/rootfs
store_image ry-user "$ID" toy "$SUB"

# until_true CMD...: tries for five seconds.
until_true() {
	local i
	for ((i = 0; i < 50; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

# init_of NAME: pid 1 of a running container, as the host sees it.
init_of() { sed -n 's/^init //p' "$RUNS/$1/state" 2>/dev/null; }

# leaves_nothing: no container and no state on disk, but for the keeper of the id namespace.
leaves_nothing() { [ -z "$(ls -A "$STORE/containers" 2>/dev/null)" ] && [ -z "$(ls -A "$RUNS" 2>/dev/null | grep -vx '\.holder')" ]; }

# keeper_pid [USER]: the process that keeps a user's id namespace between commands.
keeper_pid() { cut -d' ' -f1 "$T/run/${1:-ry-user}/rootyard/.holder/record" 2>/dev/null; }
