#!/bin/bash
# Systems in a container: busybox's init and Debian's systemd boot, answer, reboot and stop, as an ordinary user.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
. "$(dirname "$0")/../system.sh"
BB=$(printf 'b%.0s' {1..64})
busybox_image "$BB" bb

boots() { [ "$(ry exec "$1" -- grep -c '^[0-9]*$' /booted 2>/dev/null)" = "$2" ]; }
key() { ry inspect "$1" | python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; print(eval(sys.argv[1], {"d": d}))' "$2"; }
supervisor_of() { sed -n 's/^supervisor //p' "$RUNS/$1/state"; }

# ---- who decides
exits 0 "an image with an init becomes a system" ry create --name bb bb/1
is "$(key bb 'd["profile"], d["command"], d["stop_signal"], d["tty"]')" "('system', ['/sbin/init'], 'SIGUSR2', True)" "... by its own metadata"
exits 0 "--app overrules it" ry create --name app --app bb/1
is "$(key app 'd["profile"], d["command"], d["stop_signal"]')" "('app', ['/bin/sh'], 'TERM')" "... to a command"
exits 0 "so does a command" ry create --name cmd bb/1 -- true
is "$(key cmd 'd["profile"]')" app "... of the caller's"
exits 0 "--init makes a system of a command" ry create --name own --init bb/1 -- /sbin/init
is "$(key own 'd["profile"]')" system "... of the caller's"
exits 2 "both are too much" ry create --init --app bb/1
ry rm app cmd own

# ---- without a cgroup
if [ "$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)" = / ]; then
	exits 0 "without a delegated cgroup a system is started" ry start bb
	like "$ERR" "no cgroup is delegated to you: .*Delegate=yes rootyard start bb" "... with a warning that says how to get one"
	ok "... and boots when its init does not need one" until_true boots bb 1
	exits 0 "... and stops" ry stop bb
fi
ry rm bb
delegate ry-user

# ---- an init that listens to nobody
exits 0 "an init that ignores every signal starts" ry run -d --init --name deaf bb/1 -- sh -c 'i=0; while [ $((i += 1)) -lt 32 ]; do trap "" $i; done 2>/dev/null; while :; do sleep 1; done'
exits 0 "it is killed when its time is up" ry stop -t 1 deaf
like "$ERR" "'deaf' did not end within 1 s of signal 12; it was killed" "... and that is said"
ok "... with its cgroup" test -z "$(cgroups)"
exits 0 "... and can be removed" ry rm deaf

# ---- busybox
exits 0 "a system starts" ry run -d --init --name bb bb/1
is "$ERR" "" "... without a warning when a cgroup is delegated"
ok "it boots" until_true boots bb 1
is "$(ry exec bb -- sh -c 'cat /proc/1/comm; hostname; readlink /proc/1/exe')" "$(printf 'init\nbb\n/bin/busybox')" "its init is pid 1 itself"
is "$(ry exec bb -- cat /proc/self/cgroup | sed -n 's/^0:://p')" / "exec is in its cgroup"
is "$(cgroups | wc -l)" 1 "... which is one"
exits 0 "it has the rights of a system" ry exec bb -- sh -c 'mkdir /sys/fs/cgroup/x && mount -t tmpfs none /mnt && umount /mnt; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/1/status'
is "$(printf '%s' "$OUT" | tr -s '\t\n' ' ')" "CapEff: 000001ffffffffff NoNewPrivs: 0 Seccomp: 2" "... of its own user namespace"
is "$(ry exec bb -- sh -c 'grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/1/status')" "$(ry exec bb -- sh -c 'grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/self/status')" "exec has the same"
not_ok "not those of the host" ry exec bb -- sh -c 'echo 1 >/proc/sys/kernel/printk || echo 1 >/proc/sys/kernel/panic || echo b >/proc/sysrq-trigger || mount -o remount,rw /sys || echo max >/sys/fs/cgroup/cgroup.max.depth'
uuid=$(key bb 'd["uuid"]')
is "$(ry exec bb -- sh -c 'tr "\0" "\n" </proc/1/environ | grep -E ^container; cat /run/host/container-uuid /run/host/container-manager; grep -c " /run tmpfs" /proc/mounts')" \
	"$(printf 'container=lxc\ncontainer_uuid=%s\n%s\nlxc\n1' "$uuid" "$uuid")" "it finds what a system in a container looks for"
isnt "$(ry exec bb -- cat /proc/sys/kernel/random/boot_id)" "$(cat /proc/sys/kernel/random/boot_id)" "... and a boot id of its own"
exits 0 "reboot inside" ry exec bb -- reboot
ok "... boots it again" until_true boots bb 2
is "$(ry exec bb -- sh -c 'grep -c down /booted; grep - /booted | sort -u | wc -l')" "$(printf '1\n2')" "... after a shutdown, with another boot id"
exits 0 "stop" ry stop bb
is "$ERR" "" "... is its own shutdown"
is "$(grep -c down "$STORE/containers/bb/upper/booted")" 2 "... the whole of it"
is "$(cgroups)" "" "no cgroup is left"
exits 0 "one that is in the middle of a reboot" ry start bb
until_true boots bb 3
ry exec bb -- reboot
exits 0 "... stops too" ry stop bb
exits 0 "its log has all of it" ry logs bb
like "$OUT" "Requesting system reboot" "... the reboots"
like "$OUT" "Requesting system poweroff" "... and the ends"
ry start bb
until_true boots bb 4
kill -KILL "$(supervisor_of bb)"
until_true sh -c "! kill -0 $(init_of bb)"
exits 0 "a killed supervisor leaves a cgroup" ry ps -a
is "$(cgroups)" "" "... that the next command removes"
is "$(find "$RUNS" -mindepth 1 -maxdepth 1 ! -name .holder)" "" "... with its state"
exits 0 "in the foreground a system ends with its poweroff" bash -c "(sleep 1; $(printf '%q ' setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)") exec fore -- poweroff) & $(printf '%q ' setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)") run --rm --init --name fore bb/1; r=\$?; wait; [ \$r = 130 ]"
ry rm bb

# ---- systemd
debian_image
is_running() { [ "$(ry exec deb -- systemctl is-system-running 2>/dev/null)" = running ]; }
exits 0 "debian/trixie, from our own builder" ry create --name deb debian/1
took=0 good=0
for i in $(seq 1 10); do
	[ "$(ry start deb 2>&1)" = "" ] && until_true is_running && [ "$(ry exec deb -- cat /proc/1/comm)" = systemd ] || { ry logs -n 20 deb | sed 's/^/# /'; break; }
	before=$(init_of deb)
	ry exec deb -- systemctl reboot >/dev/null 2>&1
	until_true sh -c "! kill -0 $before" && until_true is_running || break
	t=$EPOCHREALTIME
	[ "$(ry stop deb 2>&1)" = "" ] || break
	took=$(awk -v t="$took" -v a="$t" -v b="$EPOCHREALTIME" 'BEGIN { print t + b - a }')
	good=$i
done
is "$good" 10 "boots to 'running', answers exec, reboots and stops by itself, ten times in a row"
ok "... in under two seconds each ($took s for ten)" awk -v t="$took" 'BEGIN { exit !(t < 20) }'
like "$(ry logs deb)" "Reached target .*System Halt" "it was its own shutdown"
is "$(cgroups)" "" "no cgroup is left"
ry start deb
until_true is_running
is "$(ry exec deb -- cat /etc/machine-id)" "$(key deb 'd["uuid"].replace("-", "")')" "its machine id is the container's"
is "$(ry exec deb -- systemd-detect-virt)" lxc "it knows that it is a container"
is "$(ry exec deb -- systemctl --failed --no-legend)" "" "no unit has failed"
MAKE_JOE='useradd -m joe && echo "joe ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/joe'
exits 0 "a user made in a system" ry exec deb -- sh -c "$MAKE_JOE && su joe -c 'sudo -n id -u'"
is "$OUT" 0 "... may sudo"
exits 0 "... and log in, with pam_loginuid" ry exec deb -- sh -c 'grep -q pam_loginuid /etc/pam.d/login && machinectl --version >/dev/null; systemd-run -q --wait --pipe -p PAMName=login -p User=joe id -un'
is "$OUT" joe "... in a session"
ry stop deb
ry rm deb
not_ok "in a command he may not" ry run --rm debian/1 -- sh -c "$MAKE_JOE && su joe -c 'sudo -n id -u'"
ok "nothing is left" leaves_nothing
done_testing
