#!/bin/bash
# What a container is, seen from inside and from outside: namespaces, ids, rights, descriptors, mounts.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

inside() { ry run --rm toy/1 -- sh -c "$1" </dev/null 2>&1; }

# ---- namespaces and ids
theirs=$(inside 'for n in user mnt pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done')
ours=$(as_user ry-user sh -c 'for n in user mnt pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done')
is "$(printf '%s\n' "$theirs" | wc -l)" 7 "seven namespaces"
is "$(printf '%s\n' "$theirs" "$ours" | sort | uniq -d)" "" "... none of them the caller's"
is "$(inside 'cat /proc/self/uid_map /proc/self/gid_map' | tr -s ' \n' ' ')" " 0 1000000 65536 0 1000000 65536 " "65,536 ids are mapped"
is "$(inside 'touch /tmp/f && chown 65535:65534 /tmp/f && stat -c %u:%g /tmp/f')" "65535:65534" "... to the last"
is "$(inside 'su someone -c id')" "uid=1000(someone) gid=1000(someone) groups=1000(someone)" "... and users can be changed to"
is "$(inside 'cat /proc/self/cgroup | grep ^0')" "0::/" "its cgroup is the root of what it sees"
exits 0 "a command is another user's" ry run --rm --user someone toy/1 -- sh -c 'id; echo $HOME; grep -E "CapEff|NoNewPrivs" /proc/self/status; kill -0 1 || echo "pid 1 is not his"'
is "$(tr -s '\t\n' ' ' <<<"$OUT")" "uid=1000(someone) gid=1000(someone) / CapEff: 0000000000000000 NoNewPrivs: 1 pid 1 is not his " "... with his groups, his home and no rights"
exits 0 "... by a number that no line names" ry run --rm -u 77 --env HOME=/tmp toy/1 -- sh -c 'id -u; id -G; echo $HOME; cat /proc/1/environ >/dev/null 2>&1 || echo closed'
is "$(tr '\n' ' ' <<<"$OUT")" "77 0 /tmp closed " "... who has the home that was asked for"
exits 125 "nobody else" ry run --rm --user nobody.here toy/1 -- true
like "$ERR" "the container has no user 'nobody.here'" "... and it is said"
exits 2 "an init is root" ry run --rm --init --user someone toy/1 -- /bin/true
like "$ERR" "'--user' is for a command" "... and stays it"
exits 0 "one that stays" ry create --name his --user someone toy/1 -- id -u
ry start his && ry wait his >/dev/null
is "$(ry logs his)" 1000 "... starts as him"
ry rm his
is "$(inside 'ls /sys/class/net')" lo "its network is a loopback interface"
like "$(inside 'ip addr show lo')" 'LOOPBACK,UP' "... that is up"
is "$(inside 'id -G')" 0 "it has no group of the caller's"

# ---- rights
status=$(inside 'cat /proc/self/status')
for line in 'NoNewPrivs:	1' 'Seccomp:	2' 'CapInh:	0000000000000000' 'CapPrm:	00000000800405fb' \
	'CapEff:	00000000800405fb' 'CapBnd:	00000000800405fb' 'CapAmb:	0000000000000000'; do
	like "$status" "^$line\$" "its status says $line"
done
is "$(inside 'grep -c ^Seccomp:.2 /proc/1/status')" 1 "pid 1 is filtered too"
is "$(inside 'cat /proc/self/limits | grep core' | tr -s ' ' | cut -d' ' -f5,6)" "0 0" "it leaves no core files"
for what in 'mount -t tmpfs none /tmp' 'umount /proc' 'unshare -U true' 'hostname x' 'mknod /tmp/n c 1 3' 'mknod /tmp/b b 8 0' \
	'echo 1 >/proc/sys/vm/drop_caches' 'echo x >/proc/sys/kernel/hostname' 'echo 1 >/proc/sys/net/ipv4/ip_forward' \
	'echo 0 >/proc/sys/kernel/core_pattern' 'echo c >/proc/sysrq-trigger' 'touch /sys/x' 'echo 1 >/sys/kernel/profiling' \
	'mkdir /sys/fs/cgroup/x' 'cat /proc/1/environ' 'ls /proc/1/fd/' 'readlink /proc/1/exe' 'ls /proc/1/root/' 'kill -9 1 && test ! -d /proc/1'; do
	not_ok "no: $what" ry run --rm toy/1 -- sh -c "$what"
done
AS_ENV=(SECRET=xyzzy)
unlike "$(inside 'cat /proc/*/cmdline; cat /proc/1/environ; cat /proc/1/mem' | tr '\0' ' ')" 'xyzzy|rootyard run' "pid 1 tells nothing of the caller"
AS_ENV=()
is "$(inside 'cat /proc/keys | wc -l')" 0 "the kernel's list of keys is hidden"
for f in kcore timer_list interrupts; do
	is "$(inside "cat /proc/$f 2>/dev/null | wc -c")" 0 "/proc/$f is hidden"
done
is "$(inside 'ls /sys/firmware | wc -l')" 0 "/sys/firmware is hidden"

# ---- descriptors
as_user ry-user bash -c 'exec 7</etc/passwd 9</ 45</etc; exec "$@"' x rootyard run --rm toy/1 -- ls -l /proc/self/fd >"$T/fds" 2>&1 </dev/null
is "$(awk '/->/ { print $(NF - 2) }' "$T/fds" | sort -n | tr '\n' ' ' | sed 's/ 3 $/ /')" "0 1 2 " "it has three descriptors, whatever was left open"
unlike "$(cat "$T/fds")" '-> (/etc|/$)' "... none of them a directory of the host"
is "$(as_user ry-user rootyard run --rm toy/1 -- sh -c 'echo out; echo err >&2; cat' <&- 2>"$T/err")" out "with stdin closed it reads nothing"
is "$(cat "$T/err")" err "... and stderr is not something else"
is "$(as_user ry-user bash -c 'rootyard run --rm toy/1 -- sh -c "echo to nowhere; echo seen >&2" 2>&1 >&-')" seen "stdout may be closed too"
is "$(printf 'one\ntwo\n' | ry run --rm toy/1 -- cat | tail -n 1)" two "stdin and stdout may be pipes"

# ---- mounts
mounts=$(inside 'cat /proc/self/mountinfo')
unlike "$mounts" "$T" "no path of the host is among its mounts"
is "$(printf '%s\n' "$mounts" | awk '$5 == "/" { print $8 }')" overlay "its root is an overlay"
is "$(printf '%s\n' "$mounts" | awk '$5 == "/" { n++ } END { print n }')" 1 "... and nothing lies beneath"
like "$mounts" ' /sys ro,nosuid,nodev,noexec' "/sys is read-only"
like "$mounts" ' /proc/sys ro,' "/proc/sys is read-only"
like "$mounts" ' /proc rw,nosuid,nodev,noexec' "/proc is its own"
is "$(inside 'ls -a / | grep -c old')" 0 "the old root is gone"
for n in "null 1,3" "zero 1,5" "full 1,7" "random 1,8" "urandom 1,9" "tty 5,0"; do
	is "$(inside "test -c /dev/${n% *} && stat -c %t,%T /dev/${n% *}")" "$(printf '%x,%x' "$(echo "${n#* }" | cut -d, -f1)" "$(echo "${n#* }" | cut -d, -f2)")" "/dev/${n% *} is that device"
done
is "$(inside 'dd if=/dev/zero of=/dev/null bs=1k count=1 2>/dev/null && dd if=/dev/urandom bs=16 count=1 2>/dev/null | wc -c')" 16 "... and they work"
is "$(inside 'cd /dev && ls | sort | tr "\n" " "')" "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero " "/dev has no more than that"
is "$(inside 'stat -c %a /dev/shm /tmp')" "$(printf '1777\n1777')" "/dev/shm and /tmp are for everybody"
is "$(inside 'pwd; cat /etc/hosts | wc -l')" "$(printf '/\n3')" "it starts in its root and has a hosts file"

# ---- network of the host, when asked for
exits 0 "the host's network can be asked for" ry run --rm --net host toy/1 -- true
like "$ERR" "warning: with '--net host' the container reaches whatever listens on this host's localhost, and its abstract sockets" "... with its warning"
is "$(ry run --rm --net host toy/1 -- readlink /proc/self/ns/net </dev/null)" "$(as_user ry-user readlink /proc/self/ns/net)" "--net host is the caller's network"
not_ok "... with a /sys that cannot be written" ry run --rm --net host toy/1 -- sh -c 'echo 1 >/sys/class/net/lo/mtu'
is "$(ry run --rm --net host toy/1 -- cat /etc/resolv.conf </dev/null)" "$(cat /etc/resolv.conf)" "... and name servers"
is "$(ry run --rm toy/1 -- sh -c 'test -e /etc/resolv.conf; echo $?' </dev/null)" 1 "... which a container without network has not"

ok "nothing is left" leaves_nothing
done_testing
