#!/bin/bash
# Limits: what can be enforced is, and what cannot is refused by name.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

while IFS='|' read -r regex args; do
	# shellcheck disable=SC2086 # words
	exits 2 "'run $args' is refused" ry run $args toy/1 true
	like "$ERR" "$regex" "... by its reason"
done <<'A'
'--memory': 'lots' is not a size|--memory lots
'--pids': '0' is not a number of processes|--pids 0
'--cpus': '1\.x' is not a number of processors|--cpus 1.x
'--cpu-weight': '0' is not 1 to 10000|--cpu-weight 0
'--io-weight': '10001' is not 1 to 10000|--io-weight 10001
'--io-max': '/dev/null:rbps=1' is not /dev/DISK|--io-max /dev/null:rbps=1
A

# ---- nothing is delegated
for option in "--memory 64m" "--cpus 1" "--cpu-weight 50" "--io-weight 50" "--memory 64m --pids 5"; do
	# shellcheck disable=SC2086 # words
	exits 2 "'$option' without a cgroup is refused" ry run --rm $option toy/1 -- true
	like "$ERR" "option '${option%% *}' cannot be enforced: .*rootyard doctor" "... by its name"
done
exits 0 "--pids has something to fall back on" ry run --rm --pids 5 toy/1 -- sh -c '(n=0; while [ $n -lt 20 ]; do sleep 1 & n=$((n+1)); done) 2>/dev/null; true'
like "$ERR" "'--pids' holds for each user of the container" "... which is said"
exits 0 "... and holds" ry run --rm --pids 5 toy/1 -- sh -c '(sleep 2 & sleep 2 & sleep 2 & sleep 2 & sleep 2 & echo TOO MANY) 2>/dev/null; true'
unlike "$OUT" "TOO MANY" "... against a command that forks"
exits 0 "a fork bomb starts" ry run -d --name bomb --pids 20 toy/1 -- sh -c '(b() { b & b & sleep 1000; }; b) 2>/dev/null & exec sleep 1000'
bomb_ns=$(readlink "/proc/$(init_of bomb)/ns/pid")
bombs() { readlink /proc/[0-9]*/ns/pid | grep -cxF "$bomb_ns"; }
has_grown() { [ "$(bombs)" -gt 10 ]; }
ok "... and goes off" until_true has_grown
sleep 0.5
ok "... no further than its limit" test "$(bombs)" -le 21 # pid 1 is ours, before the limit
exits 0 "another container of its user starts all the same" ry run --rm --pids 20 toy/1 -- true
exits 0 "it is ended" ry stop --kill bomb
is "$(bombs)" 0 "... with all its processes"
exits 0 "... and removed" ry rm bomb
ok "nothing of it is left" leaves_nothing

# ---- a cgroup2 of its own, delegated as a login would have it
V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -z "$V2" ] || ! mkdir "$V2/rytest-$$" 2>/dev/null; then
	echo "ok $((t_count + 1)) - # SKIP no cgroup2 can be made here"
	t_count=$((t_count + 1))
	done_testing
fi
PLACE=$V2/rytest-$$
mkdir "$PLACE/login"
for d in "$PLACE" "$PLACE/login"; do chown ry-user "$d" "$d"/cgroup.{procs,subtree_control,threads}; done
delegated() {
	bash -c 'echo $$ >"$1/login/cgroup.procs"; shift; umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"' x "$PLACE" \
		setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" "$@"
}
limited() { unshare -m bash -c "$(declare -f delegated); T=$T PLACE=$PLACE delegated \"\$@\"" x "$@"; }
have=$(cat "$V2/cgroup.controllers")
for option in "memory --memory 64m" "pids --pids 9" "cpu --cpus 0.5" "io --io-weight 50"; do
	# shellcheck disable=SC2086 # words
	set -- $option
	case " $have " in
	*" $1 "*) exits 0 "$2 is enforced" limited run --rm "$2" "$3" toy/1 -- true ;;
	*)
		[ "$1" = pids ] && continue
		exits 2 "$2 is refused where the controller is another's" limited run --rm "$2" "$3" toy/1 -- true
		like "$ERR" "option '$2' cannot be enforced: the controller '$1' is not delegated" "... by its name"
		;;
	esac
done
is "$(find "$PLACE" -name 'rootyard-*')" "" "no cgroup is left"
rmdir "$PLACE/login" "$PLACE"
ok "nothing is left" leaves_nothing
done_testing
