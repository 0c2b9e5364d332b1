#!/bin/bash
# Limits where a login's own cgroup is not delegated: systemd's user manager is asked for a scope, over its bus.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -z "$V2" ] || ! mkdir "$V2/rytest-$$" 2>/dev/null; then skip_all "no cgroup2 can be made here"; fi
PLACE=$V2/rytest-$$
mkdir "$PLACE/login" "$PLACE/app"
chown ry-user "$PLACE/app" "$PLACE"/app/cgroup.{procs,subtree_control,threads} # as user@UID.service is; the login is root's
cat >"$T/in-login" <<'S'
#!/bin/bash
echo $$ >"$1/${WHERE:-login}/cgroup.procs"; shift
umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
exec setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$1" XDG_RUNTIME_DIR="$2" ${BUS:+DBUS_SESSION_BUS_ADDRESS="$BUS"} "${@:3}"
S
chmod 755 "$T/in-login"
login() { unshare -m "$T/in-login" "$PLACE" "$T/home/ry-user" "$T/run/ry-user" "$(command -v rootyard)" "$@"; }
BUS_PID=
manager() { # MODE [SOCKET]
	[ -z "$BUS_PID" ] || { kill "$BUS_PID"; wait "$BUS_PID" 2>/dev/null; }
	rm -f "${2:-$T/run/ry-user/bus}" "$T/bus.out"
	python3 "$TOP/tests/cli/user-manager.py" "${2:-$T/run/ry-user/bus}" "$PLACE/app" "$(id -u ry-user)" "$1" >"$T/bus.out" 2>&1 &
	BUS_PID=$!
	SERVERS+=("$BUS_PID")
	until_true grep -q ready "$T/bus.out"
}
# Beside version 1 there may be no controller for the limit, which then falls back all the same.

exits 0 "without a user manager a limit of processes falls back" login run --rm --pids 20 toy/1 -- true
like "$ERR" "no cgroup is delegated to you: '--pids' holds" "... and says so"

manager grant
exits 0 "a plain command asks for nothing" login run --rm toy/1 -- true
unlike "$(cat "$T/bus.out")" "scope" "... of anybody"
login run --rm --name limited --pids 20 toy/1 -- sleep 3 >"$T/limited.out" 2>&1 </dev/null &
job=$!
until_true grep -q 'scope' "$T/bus.out"
like "$(cat "$T/bus.out")" '^rootyard-limited-[0-9]+\.scope delegated$' "a limit asks for a delegated scope, named after the container"
until_true test -s "$RUNS/limited/state"
like "$(cat "/proc/$(init_of limited)/cgroup")" "/rytest-$$/app/rootyard-limited-[0-9]+\.scope/rootyard-limited$" "the container stands in it"
like "$(cat "/proc/$(sed -n 's/^supervisor //p' "$RUNS/limited/state" | cut -d' ' -f1)/cgroup")" "scope/supervisor$" "... beside its supervisor"
exits 0 "it can be frozen, as a cgroup" login freeze limited
exits 0 "... and thawed" login thaw limited
wait $job
rmdir "$PLACE"/app/*/supervisor "$PLACE"/app/*.scope 2>/dev/null
is "$(find "$PLACE/app" -mindepth 1 -type d)" "" "it leaves no cgroup of its own"

exits 0 "a system in the background has one too" login run -d --init --name box toy/1 -- /bin/sleep 100
like "$(cat "/proc/$(init_of box)/cgroup")" "scope/rootyard-box$" "... where its supervisor is"
exits 0 "it ends" login stop --kill box
exits 0 "it is removed" login rm box

manager late
exits 0 "signals, others' answers and a late move are waited for" login run --rm --pids 20 toy/1 -- true
unlike "$ERR" "no cgroup is delegated" "... and there is a cgroup then"

manager refuse
exits 0 "a manager that refuses is like none" login run --rm --pids 20 toy/1 -- true
like "$ERR" "no cgroup is delegated to you \(systemd's user manager: there are too many\?units\): '--pids' holds" "... and its reason is said"
exits 2 "a limit that cannot be kept is refused" login run --rm --memory 64m toy/1 -- true
like "$ERR" "option '--memory' cannot be enforced: .*too many" "... with it too"

BUS="unix:path=$T/run/other,guid=0" manager grant "$T/run/other"
export BUS="unix:path=$T/run/other,guid=00"
exits 0 "the address in the environment goes first" login run --rm --init toy/1 -- /bin/true
like "$(cat "$T/bus.out")" "scope delegated" "... and is asked"
unset BUS
rm -f "$T/run/ry-user/bus"
python3 -c 'import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); c,_=s.accept(); c.recv(99); c.sendall(b"OK 00\r\n"); c.recv(999); c.sendall(b"\xff"*4096); time.sleep(1)' "$T/run/ry-user/bus" &
SERVERS+=("$!")
until_true test -S "$T/run/ry-user/bus"
chmod 666 "$T/run/ry-user/bus"
exits 0 "nonsense on the bus is refused" login run --rm --pids 20 toy/1 -- true
like "$ERR" "the bus sent no message" "... by name"

# ---- a service that is delegated a cgroup, and stands in it
mkdir "$PLACE/unit" && chown ry-user "$PLACE/unit" "$PLACE"/unit/cgroup.{procs,subtree_control,threads}
export WHERE=unit
login run --rm --name served --pids 20 toy/1 -- sleep 2 >"$T/served.out" 2>&1 </dev/null &
job=$!
until_true test -s "$RUNS/served/state"
like "$(cat "/proc/$(init_of served)/cgroup" "/proc/$(sed -n 's/^supervisor //p' "$RUNS/served/state" | cut -d' ' -f1)/cgroup")" "/unit/rootyard-served$" "its container stands in it"
like "$(cat "/proc/$(sed -n 's/^supervisor //p' "$RUNS/served/state" | cut -d' ' -f1)/cgroup")" "/unit/supervisor$" "... and the supervisor makes room"
wait $job
unset WHERE

# The keeper of the ids stands where the first command stood.
kill "$(keeper_pid)"
until_true test ! -e "/proc/$(keeper_pid)"
find "$PLACE" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
ok "no process is left in it" rmdir "$PLACE"
ok "nothing is left" leaves_nothing
done_testing
