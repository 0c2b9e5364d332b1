#!/bin/bash
# The runtime is killed at its system calls: the next command finds what is there and what is not, and leaves nothing behind.
# At every EVERY-th call from a random one on; by default at all. Who is killed is the command, its
# supervisor, or the container's pid 1.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
[ "$SAN" = plain ] || skip_all "sanitizers make calls of their own"
EVERY=${EVERY:-1}
all=0
RY=$(command -v rootyard)
ENV="HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user PATH=$PATH"

gcc -O2 -o "$T/kill-at" "$TOP/tests/torture/kill-at.c" || skip_all "no compiler"

# killed WHO K ARG...: 0 when K came before the end.
killed() {
	local who=$1 k=$2
	shift 2
	# shellcheck disable=SC2086 # words
	timeout -k 1 30 env -i $ENV "$T/kill-at" "$(id -u ry-user)" "$who" "$k" "$RY" "$@" 2>/dev/null
}
# Processes of the container's ids, and of the user's that are no keeper and no test.
alive() { ps -eo uid=,pid=,comm= | awk -v sub="$SUB" -v me="$(id -u ry-user)" -v keeper="$(keeper_pid)" '($1 >= sub && $1 < sub + 65536) || ($1 == me && $2 != keeper)'; }
has_ended() { ! ps -u ry-user -o comm= | grep -qx rootyard; }
is_clean() { [ -z "$(alive)" ]; }
mounts() { grep -c "$T/home/ry-user" /proc/self/mounts; }

# judge WHERE: what the next commands find; the container c is there, runs or not, and can be used again, or is not there.
judge() {
	local where=$1 said
	said=$(ry ps -a -q 2>&1) || { bad "$where: ps fails: $said"; return; }
	case $said in
	c)
		ry stop --kill c >/dev/null 2>&1
		said=$(ry start c 2>&1) || bad "$where: cannot be started again: $said"
		said=$(ry stop --kill c 2>&1) || bad "$where: cannot be stopped: $said"
		said=$(ry rm c 2>&1) || bad "$where: cannot be removed: $said"
		;;
	'') ;;
	*) bad "$where: ps says $said" ;;
	esac
	until_true is_clean || bad "$where: left alive: $(alive)"
	leaves_nothing || bad "$where: left over: $(ls -A "$STORE/containers" "$RUNS")"
}
bad() {
	echo "# $*"
	faults=$((faults + 1))
	ry stop --kill c >/dev/null 2>&1
	ry rm c >/dev/null 2>&1
}

# sweep FACT WHO PREPARE ARG...: until that process ends before it is killed.
sweep() {
	local fact=$1 who=$2 prepare=$3 k points=0 status
	shift 3
	faults=0
	for ((k = RANDOM % EVERY + 1; k < 2000; k += EVERY)); do
		$prepare || { bad "call $k: cannot be prepared"; continue; }
		killed "$who" "$k" "$@"
		status=$?
		until_true has_ended || bad "call $k: the command does not end"
		judge "call $k"
		[ $status -lt 2 ] || bad "call $k: cannot be tried ($status)"
		[ $status = 0 ] || break
		points=$((points + 1))
	done
	is "$faults" 0 "$fact ($points points)"
	all=$((all + points))
}
made() { ry create --name c toy/1 -- sleep 1000 >/dev/null; }
runs() { made && ry start c; }

exits 0 "a first start keeps the ids" ry run --rm toy/1 -- true
before=$(mounts)
sweep "run is killed at its calls" 0 true run --rm --name c toy/1 /bin/true
sweep "... and its pid 1" 1 true run --rm --name c toy/1 /bin/true
sweep "run in the background" 0 true run -d --name c toy/1 sleep 1000
sweep "... and its supervisor" 1 true run -d --name c toy/1 sleep 1000
sweep "create" 0 true create --name c toy/1 -- sleep 1000
sweep "start" 0 made start c
sweep "... and its supervisor" 1 made start c
sweep "... and its pid 1" 2 made start c
sweep "stop" 0 runs stop --kill c
sweep "rm" 0 made rm c
ok "these are points enough" test "$all" -gt 5
is "$(mounts)" "$before" "no mount is left"
exits 0 "and a last one runs" ry run --rm toy/1 -- true
ok "nothing is left" leaves_nothing
kill "$(keeper_pid)"
done_testing
