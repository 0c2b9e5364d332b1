#!/bin/bash
# doctor tries what a container needs and says how to mend what is missing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

exits 0 "where containers can start it is content" ry doctor
is "$(printf '%s\n' "$OUT" | sed -E 's/^(ok|warn|FAIL) +([a-z-]+):.*/\2/' | tr '\n' ' ')" \
	"kernel namespaces subordinate-ids newuidmap places overlay seccomp cgroup tun network-helper fuse rootyard-image " "... having tried twelve things"
for name in kernel namespaces subordinate-ids newuidmap places overlay seccomp rootyard-image; do
	like "$OUT" "^ok +$name: " "... $name is well"
done
before=$(find "$STORE" "$RUNS" | sort)
exits 0 "--json is for machines" ry doctor --json
ok "... and parses" python3 -c 'import json,sys; d=json.loads(sys.argv[1]); assert len(d)==12 and all(set(x)=={"name","status","what","mend"} for x in d)' "$OUT"
is "$(find "$STORE" "$RUNS" | sort)" "$before" "it leaves nothing behind"

exits 0 "a user without ids can start containers of one" as_user ry-poor rootyard doctor
like "$OUT" "^warn subordinate-ids: no range of 65536 ids for 'ry-poor'.*; mend: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ry-poor$" "... and is told how to get more"

echo "other:1060000:65536" >>"$T/etc/subuid"
exits 0 "ranges that overlap are a warning" ry doctor
like "$OUT" "^warn subordinate-ids: /etc/subuid gives some of your ids to another too: 'other:1060000:65536'" "... naming the line"
echo "ry-user:1000000:65536" >"$T/etc/subuid"
exits 0 "without newuidmap there is one id" unshare -m bash -c 'mount --bind /dev/null /usr/bin/newuidmap; exec "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "^warn newuidmap: containers get one id only: .*newuidmap" "... and it is named"
exits 0 "with no new privileges too" setpriv --reuid ry-user --regid ry-user --init-groups --no-new-privs env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "one id only: .*NoNewPrivs" "... by its reason"

mkdir "$T/root"
exits 1 "forbidden namespaces are a failure" unshare -m bash -c 'mount --rbind / "$1" && shift && exec chroot "$@"' x "$T/root" "$T/root" setpriv --reuid ry-user --regid ry-user --init-groups \
	env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "^FAIL namespaces: cannot make a user namespace: .* chroot of this process" "... by their reason"

# What forbids them is a setting of this host; here it only reads so, and the chroot does the forbidding.
while IFS='|' read -r dir file value said mend; do
	exits 1 "$file=$value is a failure" unshare -m bash -c 'mount --rbind / "$1" && mount -t tmpfs none "$1/proc/sys/$2" && echo "$4" >"$1/proc/sys/$2/$3" && root=$1 && shift 4 && exec chroot "$root" "$@"' \
		x "$T/root" "$dir" "$file" "$value" setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
	like "$OUT" "^FAIL namespaces: .*$said.*; mend: $mend\$" "... with the command that mends it"
done <<'A'
kernel|unprivileged_userns_clone|0|forbidden by a setting|sysctl kernel.unprivileged_userns_clone=1
user|max_user_namespaces|0|forbidden by a setting|sysctl user.max_user_namespaces=65536
kernel|apparmor_restrict_unprivileged_userns|1|AppArmor forbids|rootyard doctor --apparmor-profile >/etc/apparmor.d/rootyard && apparmor_parser -r /etc/apparmor.d/rootyard
A
exits 0 "the profile is printed" ry doctor --apparmor-profile
like "$OUT" "^profile rootyard $(command -v rootyard) flags=\(unconfined\) \{$" "... for the program that is installed"
like "$OUT" "^  userns,$" "... and gives that one right"

# ---- devices and the network's helper
nodes() { # MODE CMD...: with a tun and a fuse of this mode
	unshare -m bash -c '[ ! -d /dev/net ] || { mount -t tmpfs none /dev/net; mknod /dev/net/tun c 10 200; chmod "$1" /dev/net/tun; }
		[ ! -e /dev/fuse ] || { mknod "$2/fuse.$$" c 10 229; chmod "$1" "$2/fuse.$$"; mount --bind "$2/fuse.$$" /dev/fuse; }
		shift 2; exec "$@"' x "$1" "$T" "${@:2}"
}
me() { setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" "$@"; }
export -f me
export T
exits 0 "devices that others own are warnings" nodes 600 bash -c 'me doctor'
like "$OUT" "^warn tun: '/dev/net/tun': (Permission denied|No such file or directory): no network but none and host; mend: modprobe tun && chmod 0666 /dev/net/tun$" "... the tunnel's"
like "$OUT" "^warn fuse: '/dev/fuse': (Permission denied|No such file or directory): no FUSE file systems in containers; mend: modprobe fuse && chmod 0666 /dev/fuse$" "... and FUSE's"
exits 0 "without helpers there is no network" unshare -m bash -c 'for p in pasta slirp4netns; do [ ! -e /usr/bin/$p ] || { : >$T/not; chmod 644 $T/not; mount --bind $T/not /usr/bin/$p; }; done; me doctor'
like "$OUT" "^warn network-helper: neither pasta nor slirp4netns is here: no '--net user'; mend: apt-get install passt$" "... which is said"

# ---- ids and names that are in no file of ours
printf 'passwd: files\nsubid: sss\n' >"$T/nsswitch"
printf '#!/bin/sh\n[ "$1" = -g ] && { echo "0: $2 3000000 65536"; exit; }\necho "0: $1 2000000 65535"; echo "1: $1 2100000 65536"\n' >"$T/getsubids"
printf '#!/bin/sh\n[ "$*" = "passwd 60103" ] && echo "from-afar:x:60103:60103::/:/bin/sh"\n' >"$T/getent"
chmod 755 "$T/getsubids" "$T/getent"
exits 0 "ranges of a name service count" unshare -m bash -c 'mount --bind $T/nsswitch /etc/nsswitch.conf && mount --bind $T/getsubids /usr/bin/getsubids && me doctor; exit 0'
like "$OUT" "^ok +subordinate-ids: uids from 2100000 and gids from 3000000, 65,536 of each$" "... the first that is long enough"
exits 0 "without its program there are none" unshare -m bash -c 'mount --bind $T/nsswitch /etc/nsswitch.conf && mount --bind /bin/false /usr/bin/getsubids && me doctor'
like "$OUT" "^warn subordinate-ids: no range of 65536 ids for 'ry-user' .* from what nsswitch.conf names as 'subid' \('getsubids ry-user' shows them\)" "... which is said"
echo "from-afar:1000000:65536" >"$T/afar"
exits 0 "a login name of a name service counts" unshare -m bash -c 'sed "s/^ry-user:.*//" /etc/passwd >$T/pw && mount --bind $T/pw /etc/passwd && mount --bind $T/getent /usr/bin/getent && mount --bind $T/afar /etc/subuid && mount --bind $T/afar /etc/subgid &&
	setpriv --reuid 60103 --regid 60103 --clear-groups env -i HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user "$(command -v rootyard)" doctor; exit 0'
like "$OUT" "^ok +subordinate-ids: uids from 1000000 and gids from 1000000" "... in the files of ranges"

chmod 755 "$STORE"
exits 1 "a store that others may read is a failure" ry doctor
like "$OUT" "^FAIL places: '.*rootyard' is open to others" "... and said"
chmod 700 "$STORE"
mkdir -p "$T"/ovl/{l,u,w,m}
mount -t overlay -o "lowerdir=$T/ovl/l,upperdir=$T/ovl/u,workdir=$T/ovl/w" none "$T/ovl/m"
install -d -m 700 -o ry-user -g ry-user "$T/ovl/m/data"
AS_ENV=(XDG_DATA_HOME="$T/ovl/m/data")
exits 1 "a data place where no overlay can lie is a failure" ry doctor
like "$OUT" "^FAIL overlay: .*; mend: put XDG_DATA_HOME on ext4, xfs" "... with the way out"
umount "$T/ovl/m"
done_testing
