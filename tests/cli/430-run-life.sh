#!/bin/bash
# Life and death: killed supervisors, signals, many at once, nothing left behind; no network on the way.
# In a pid namespace of its own, so that the processes it sees are its own.
[ -n "${RY_LIFE_PIDS:-}" ] || [ "$(id -u)" != 0 ] || RY_LIFE_PIDS=1 exec unshare --pid --fork --kill-child --mount-proc bash "$0" "$@"
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

no_process() { ! ps -eo uid= | awk '$1 >= 1000000 && $1 < 1065536 { found = 1 } END { exit !found }'; }
runs() { [ -n "$(init_of "$1")" ] && kill -0 "$(init_of "$1")" 2>/dev/null; }
# The supervisor itself, not what starts it.
begin() { # NAME ARGS...
	local name=$1
	shift
	as_user ry-user rootyard run --name "$name" "$@" >"$T/$name.out" 2>&1 </dev/null &
	until_true runs "$name"
}
supervisor_of() { sed -n 's/^supervisor //p' "$RUNS/$1/state"; }

# ---- seen while it runs
begin alive --rm toy/1 -- sh -c 'trap "echo term; exit 3" TERM; trap "echo hup" HUP; echo up; while :; do sleep 0.1; done'
job=$!
exits 0 "ps shows a running container" ry ps
like "$OUT" "^alive +lab:toy/1/$ARCH/default +aaaaaaaaaaaa +$(init_of alive) +[0-9]s running$" "... its pid and since when"
is "$(ry ps --json | python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; print(d["status"], d["pid"])')" "running $(init_of alive)" "... for machines too"
is "$(tr -s ' ' <"/proc/$(init_of alive)/uid_map")" " 0 1000000 65536" "the host sees the same map"
exits 6 "a running container cannot be removed" ry rm alive
exits 125 "its name is taken" ry run --name alive toy/1 -- true
like "$ERR" "'alive' is running" "... by its reason"
until_true grep -q up "$T/alive.out"
kill -HUP "$(supervisor_of alive)"
ok "a signal is handed on" until_true grep -q hup "$T/alive.out"
kill -TERM "$(supervisor_of alive)"
wait "$job"
is "$?" 3 "... and what the command makes of it comes back"
like "$(cat "$T/alive.out")" term "... after it was heard"
for sig in INT QUIT TERM HUP; do
	begin "s$sig" --rm toy/1 -- sleep 100
	job=$!
	kill -"$sig" "$(supervisor_of "s$sig")"
	wait "$job"
	is "$?" "$((128 + $(kill -l "$sig")))" "SIG$sig ends a command that does not handle it"
done
ok "nothing is left" leaves_nothing

# ---- killed
begin victim --rm toy/1 -- sh -c 'sleep 1000 & sleep 1000'
job=$!
kill -KILL "$(supervisor_of victim)"
wait "$job" 2>/dev/null
ok "a killed supervisor takes its container with it" until_true no_process
ok "... but not its traces" test -d "$RUNS/victim"
exits 0 "the next command removes them" ry ps -a
unlike "$OUT" victim "... and does not list it"
ok "... so that nothing is left" leaves_nothing
begin victim2 toy/1 -- sh -c 'echo kept >/root/kept; sleep 1000'
kill -KILL "$(supervisor_of victim2)"
wait $! 2>/dev/null
until_true no_process
exits 0 "a container that was to stay stays" ry ps -a
like "$OUT" "^victim2 .* stopped$" "... stopped"
ok "... with what it wrote" test -e "$STORE/containers/victim2/upper/root/kept"
exits 0 "... until it is removed" ry rm victim2
begin init --rm toy/1 -- sleep 1000
job=$!
kill -KILL "$(init_of init)"
wait "$job"
is "$?" 137 "a killed pid 1 is reported"
exits 0 "children that the command left end with it" ry run --rm toy/1 -- sh -c 'sleep 1000 & exit 0'
ok "... all" no_process
exits 0 "pid 1 reaps what the command forgot" ry run --rm toy/1 -- sh -c '(sleep 0.1 & exit 0); sleep 0.4; ps -o stat | grep -c Z || true'
is "$OUT" 0 "... at once"

# Killed at any moment of the start.
for i in $(seq 1 30); do
	as_user ry-user timeout -s KILL "0.$(printf '%03d' $((i * 2 % 40)))" rootyard run --rm toy/1 -- sleep 5 >/dev/null 2>&1 </dev/null
done
ok "kills at thirty moments of the start leave no process" until_true no_process
exits 0 "... and no container behind the next command" ry ps -a
is "$(printf '%s\n' "$OUT" | wc -l)" 1 "... listed"
ok "... or on disk" leaves_nothing
is "$(ls -A "$STORE/containers" | wc -l)" 0 "... not even as trash"
is "$(grep -c "$STORE" /proc/self/mountinfo)" 0 "... and no mount"

# ---- many
for i in $(seq 1 20); do
	ry run --rm toy/1 -- sh -c 'hostname; exit 9' >"$T/many.$i" 2>&1 </dev/null &
	many[i]=$!
done
good=0
for i in $(seq 1 20); do
	wait "${many[$i]}"
	[ $? = 9 ] && good=$((good + 1))
done
is "$good" 20 "twenty start at once"
is "$(cat "$T"/many.* | sort -u | wc -l)" 20 "... under twenty names"
for i in $(seq 1 8); do
	ry run --name same toy/1 -- true >/dev/null 2>&1 </dev/null &
	many[i]=$!
done
good=0
for i in $(seq 1 8); do
	wait "${many[$i]}" && good=$((good + 1))
done
is "$good" 1 "of eight that want one name one gets it"
exits 0 "... which can be removed" ry rm same
ok "nothing is left" leaves_nothing

# ---- what the start asks of the kernel
trace() {
	ASAN_OPTIONS=detect_leaks=0 HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user strace -f -u ry-user -o "$T/trace" "$@" rootyard run --rm toy/1 -- true </dev/null
}
ok "a start can be traced" trace
unlike "$(grep -E 'socket\(' "$T/trace")" 'AF_INET|AF_NETLINK' "it opens no network socket"
unlike "$(cat "$T/trace")" 'rootyard-image' "it runs nothing else of ours"
is "$(grep -cE 'execve\(' "$T/trace") $(grep -E 'execve\(' "$T/trace" | grep -c '"/bin/true"')" "7 1" "it executes, along PATH, the command alone"
first=$(awk '{ print $1; exit }' "$T/trace")
unlike "$(cat "$T/trace")" '(fsync|fdatasync|syncfs)\(' "nothing is synced"
echo "# system calls: supervisor $(awk -v p="$first" '$1 == p' "$T/trace" | wc -l), all $(wc -l <"$T/trace")"
is "$(grep -E 'open(at)?\(' "$T/trace" | grep -c '\.json')" 0 "no JSON is read"

# ---- limits of the host
exits 125 "too few descriptors are an error, not a half start" bash -c 'ulimit -n 8; exec "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" run --rm toy/1 -- true
long=$(head -c 100000 /dev/zero | tr '\0' x)
exits 0 "long arguments pass" ry run --rm toy/1 -- sh -c 'test ${#1} = 100000' x "$long"
exits 0 "... into a container that stays, too" ry run --name long toy/1 -- sh -c 'test ${#1} = 100000' x "$long"
exits 0 "... and can be removed" ry rm long
mount -t tmpfs -o size=400k,mode=700,uid=60103,gid=60103 none "$STORE/containers"
exits 5 "a full disk inside is the command's own" ry run --rm --layer disk toy/1 -- sh -c 'dd if=/dev/zero of=/big bs=1k count=2000 2>/dev/null || exit 5'
head -c 1000000 /dev/zero >"$STORE/containers/fill" 2>/dev/null
exits 125 "a full disk outside is ours" ry run --rm --layer disk toy/1 -- true
like "$ERR" "No space left on device" "... and said"
exits 0 "... and none of a container whose layer is in memory" ry run --rm toy/1 -- touch /x
umount "$STORE/containers"
exits 5 "a full layer in memory is the command's own too" ry run --rm --layer memory:400k toy/1 -- sh -c 'dd if=/dev/zero of=/big bs=1k count=2000 2>/dev/null || exit 5'
ok "nothing is left" leaves_nothing
done_testing
