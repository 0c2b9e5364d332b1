#!/bin/bash
# Named containers in the background: create, start, exec, logs, attach, wait, stop, restart, inspect.
# In a pid namespace of its own, so that the processes it sees are its own.
[ -n "${RY_LIFE_PIDS:-}" ] || [ "$(id -u)" != 0 ] || RY_LIFE_PIDS=1 exec unshare --pid --fork --kill-child --mount-proc bash "$0" "$@"
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

no_process() { ! ps -eo uid= | awk '$1 >= 1000000 && $1 < 1065536 { found = 1 } END { exit !found }'; }
supervisor_of() { sed -n 's/^supervisor //p' "$RUNS/$1/state"; }
key() { ry inspect "$1" | python3 -c 'import json,sys; d=json.load(sys.stdin)[0]; print(eval(sys.argv[1], {"d": d}))' "$2"; }
logged() { ry logs "$1" 2>/dev/null | grep -q "$2"; }

# ---- create and start
WORKER='echo up; echo loud >&2; trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done'
exits 0 "create makes a container" ry create --name one --env COLOR=blue --workdir /tmp toy/1 -- sh -c "$WORKER"
is "$OUT" one "... and says its name"
exits 0 "... that does not run" ry ps -a
like "$OUT" "^one .* stopped$" "... yet"
exits 125 "nothing can be executed in it" ry exec one -- true
like "$ERR" "container 'one' is not running" "... by its name"
exits 0 "start starts it" ry start one
is "$OUT$ERR" "" "... without a word"
exits 0 "... in the background" ry ps
like "$OUT" "^one .* $(init_of one) +[0-9]s running$" "... where ps sees it"
exits 1 "it is not started twice" ry start one
like "$ERR" "cannot start 'one': container 'one' is running already" "... by its reason"
exits 6 "a running one is not removed" ry rm one
ok "what it says is in its log" until_true logged one up
like "$(ry logs one)" '^loud$' "... with what it says aloud"
is "$(key one 'd["status"], d["profile"], d["running"]["init"]["pid"]')" "('running', 'app', $(init_of one))" "inspect tells it to machines"

# ---- exec is as tight as the start
exits 0 "exec runs a command in it" ry exec one -- sh -c 'id -u; hostname; pwd; echo $COLOR $container; readlink /proc/1/ns/pid >/dev/null 2>&1 && echo seen; true'
is "$OUT" "$(printf '0\none\n/tmp\nblue rootyard')" "... with the container's name, directory and variables"
exits 7 "its exit status comes back" ry exec one -- sh -c 'exit 7'
exits 143 "a signal is 128 and its number" ry exec one -- sh -c 'kill -TERM $$'
exits 127 "a missing command is 127" ry exec one -- nothere
exits 126 "a missing --workdir is 126" ry exec --workdir /nowhere one -- true
exits 0 "another user runs it" ry exec --user someone one -- sh -c 'id -u; id -g; echo $HOME; grep CapEff /proc/self/status'
is "$(tr -s '\t\n' ' ' <<<"$OUT")" "1000 1000 / CapEff: 0000000000000000 " "... with its home and no rights"
exits 0 "... by a number that no line names" ry exec --user 77 one -- sh -c 'id -u; id -g; id -G'
is "$(tr '\n' ' ' <<<"$OUT")" "77 0 0 " "... who has no groups"
exits 2 "nobody else" ry exec --user nobody.here one -- true
like "$ERR" "the container has no user 'nobody.here'" "... and it is said"
exits 0 "a variable may be added" ry exec --env "A=x y" --env COLOR=red one -- sh -c 'echo $A $COLOR'
is "$OUT" "x y red" "... or replaced"
walls='grep -E "^(Cap|NoNewPrivs|Seccomp|Groups)" /proc/self/status; cat /proc/self/uid_map; for n in user mnt pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done; grep -c . /proc/self/mountinfo'
is "$(ry exec one -- sh -c "$walls")" "$(ry exec one -- sh -c "$walls")" "two look alike"
inner=$(printf '%s' "$walls" | sed 's/self/3/g')
is "$(ry exec one -- sh -c "$walls")" "$(ry exec one -- sh -c "$inner")" "... and like what was started with it: rights, ids, namespaces, mounts"
AS_ENV=(SECRET=xyzzy)
exits 0 "of the caller's variables none comes in" ry exec one -- sh -c 'cat /proc/self/environ | grep -c xyzzy; echo $SECRET'
is "$OUT" "0" "... not even to be read in /proc"
AS_ENV=()
mkdir -p "$T/canary"
exits 0 "no descriptor of the caller comes in" bash -c 'exec 9<"$1"; shift; "$@"' x "$T/canary" setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" exec one -- sh -c 'ls /proc/self/fd | grep -c "^[4-9]"; exit 0'
is "$OUT" 0 "... above those it needs"
exits 0 "from inside its processes cannot be looked into" ry exec one -- sh -c 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in *rootyard*) echo seen;; esac; done; ls /proc/1/fd 2>&1 | grep -c denied'
is "$OUT" 1 "... nor can our program be seen"
yes x | head -c 300000 >"$T/typed"
is "$(ry exec one -- wc -c <"$T/typed" | tr -d ' ')" 300000 "what is piped in arrives"
is "$(ry exec one -- sh -c 'i=0; while [ $i -lt 20000 ]; do echo line; i=$((i+1)); done' | wc -l)" 20000 "... and what it says comes back"
exits 0 "shell is root's shell" bash -c 'echo "echo from \$0" | "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" shell one
is "$OUT" "from /bin/sh" "... as the container's passwd file has it"
as_user ry-user rootyard exec one -- sleep 1000 </dev/null >/dev/null 2>&1 &
job=$!
until_true sh -c "ps -eo args= | grep -q '^sleep 1000'"
kill -KILL "$(pgrep -f '^rootyard exec one -- sleep 1000' | head -n 1)"
wait "$job" 2>/dev/null
not_ok "a killed exec takes its command with it" until_true sh -c "ps -eo args= | grep '^sleep 1000' || exit 1; exit 1"

# ---- supervisor
pss=$(awk '/^Pss:/ { print $2 }' "/proc/$(supervisor_of one)/smaps_rollup")
ok "its supervisor is small ($pss kB)" test "$pss" -le 300
is "$(readlink "/proc/$(supervisor_of one)/fd/0")" /dev/null "... holds nothing of who started it"
is "$(ps -o sid= -p "$(supervisor_of one)" | tr -d ' ')" "$(supervisor_of one)" "... and has a session of its own"

# ---- the end
exits 0 "stop asks it to end" ry stop one
ok "... and it does as it wants" logged one bye
exits 0 "wait knows how it ended" ry wait one
is "$OUT" 3 "... by its own status"
ok "no process is left" no_process
is "$(find "$RUNS" -mindepth 1 -maxdepth 1 ! -name .holder)" "" "no state is left"
exits 0 "stopping what is stopped is done already" ry stop one
exits 0 "it can be started again" ry start one
ok "... and goes on in the same log" until_true sh -c "[ \"\$(setpriv --reuid ry-user --regid ry-user --init-groups env HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user rootyard logs one | grep -c up)\" = 2 ]"
before=$(init_of one)
exits 0 "restart stops and starts it" ry restart one
isnt "$(init_of one)" "$before" "... as another process"
exits 0 "logs -n shows the end only" ry logs -n 1 one
is "$(printf '%s\n' "$OUT" | wc -l)" 1 "... of it"
(ry logs -f one >"$T/followed" 2>&1) &
job=$!
until_true grep -q up "$T/followed"
(ry wait one >"$T/waited" 2>&1) &
waiter=$!
exits 0 "it is stopped once more" ry stop one
wait "$job"
is "$(tail -n 1 "$T/followed")" bye "who follows the log sees its end"
wait "$waiter"
is "$(cat "$T/waited")" 3 "who waits for it hears its status"
exits 0 "... and it is removed" ry rm one
exits 8 "a container that is not there cannot be started" ry start one
for verb in stop wait logs inspect attach console; do
	exits 8 "... nor known to $verb" ry "$verb" one
done

# ---- deaf ones and dead ones
exits 0 "a deaf command starts" ry run -d --name deaf toy/1 -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
is "$OUT" deaf "... whose name run -d prints"
exits 0 "it is killed when its time is up" ry stop -t 1 deaf
like "$ERR" "'deaf' did not end within 1 s of signal 15; it was killed" "... and that is said"
exits 0 "how is known" ry wait deaf
is "$OUT" 137 "... as 137"
exits 0 "a container may be killed at once" ry start deaf
exits 0 "... without a word" ry stop --kill deaf
is "$ERR" "" "... about it"
exits 127 "a command that is not there is 127" ry run -d --name gone toy/1 -- nothere
like "$ERR" "cannot execute 'nothere'" "... and named"
exits 8 "... and leaves no container" ry inspect gone
exits 0 "one that was to stay" ry create --name later toy/1 -- nothere
exits 127 "... fails to start as often as it is tried" ry start later
exits 127 "... again" ry start later
exits 0 "... and stays" ry rm later
exits 0 "with --rm it goes away by itself" ry run -d --rm --name short toy/1 -- sh -c 'exit 0'
ok "... at its end" until_true sh -c "! test -e $STORE/containers/short"

ry start deaf
kill -KILL "$(supervisor_of deaf)"
ok "a killed supervisor takes its container with it" until_true no_process
exits 0 "the next command sees it stopped" ry ps -a
like "$OUT" "^deaf .* stopped$" "... and tidies up"
is "$(find "$RUNS" -mindepth 1 -maxdepth 1 ! -name .holder)" "" "... all of it"
exits 0 "it can be started again" ry start deaf
sed -i 's/^starttime .*/starttime 1/' "$RUNS/deaf/state"
exits 125 "a pid alone is not believed" ry exec deaf -- true
like "$ERR" "has ended" "... with another start time"
kill -KILL "$(supervisor_of deaf)"
until_true no_process
ry ps >/dev/null
ry start deaf
kill -TERM "$(supervisor_of deaf)"
exits 0 "SIGTERM to the supervisor is a stop" ry wait deaf
is "$OUT" 137 "... with its time, and an end"
ok "... of all of it" no_process
ry rm deaf
for i in $(seq 1 20); do
	ry create --name "k$i" toy/1 -- sleep 100 >/dev/null
	as_user ry-user timeout -s KILL "0.0$(printf '%02d' $((i * 2)))" rootyard start "k$i" >/dev/null 2>&1 </dev/null
done
exits 0 "starts killed at twenty moments are running or stopped" ry ps -a
is "$(printf '%s\n' "$OUT" | grep -cE '^k.*(running|stopped)$')" 20 "... each"
for i in $(seq 1 20); do
	ry stop --kill "k$i" && ry start "k$i" && ry stop --kill "k$i" && ry rm "k$i"
done >"$T/again" 2>&1
is "$(cat "$T/again")" "" "... and each can be stopped, started and removed"
ok "nothing is left" leaves_nothing
ok "... no process either" no_process

# ---- attach
exits 0 "one with a terminal" ry create --tty --name term toy/1 -- sh -c 'stty size; echo ready; while read a; do echo "<$a>"; done; exit 4'
ry start term
cat >"$T/attach.py" <<'P'
import fcntl, os, pty, select, signal, struct, sys, termios, time
signal.alarm(60)
def spawn(argv):
    pid, m = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 21, 43, 0, 0))
        os.execvp(argv[0], argv)
    return pid, m
def read_until(m, text, t=10):
    seen, end = b"", time.time() + t
    while text not in seen:
        if not select.select([m], [], [], max(0, end - time.time()))[0]: raise SystemExit("no %r in %r" % (text, seen))
        try: data = os.read(m, 4096)
        except OSError: data = b""
        if not data: raise SystemExit("end before %r in %r" % (text, seen))
        seen += data
    return seen
def until_raw(m):
    while termios.tcgetattr(m)[3] & termios.ICANON: time.sleep(0.02)
def status(pid, m):
    try:
        while os.read(m, 4096): pass
    except OSError: pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
exec(sys.argv[1])
P
visit() { as_user ry-user env TERM=xterm python3 "$T/attach.py" "$1" 2>&1; }
like "$(visit 'p, m = spawn(["rootyard", "console", "term"]); read_until(m, b"q leaves"); until_raw(m); os.write(m, b"hi\r"); read_until(m, b"<hi>"); os.write(m, b"\x01q"); print("status", status(p, m))')" '^status 0$' "one types at the console, and leaves by ^A q"
exits 0 "it runs on" ry exec term -- stty -F /dev/console size
is "$OUT" "21 43" "... with the size of who was there last"
like "$(visit 'p, m = spawn(["rootyard", "attach", "term"]); read_until(m, b"q leaves"); until_raw(m); os.write(m, b"\x01\x01x\x7f\x7f\x04"); print("status", status(p, m))')" '^status 4$' "who is there at its end gets its status"
ry rm term
exits 0 "one without" ry run -d --name mute toy/1 -- sh -c 'sleep 0.5; echo said; sleep 0.5; exit 5'
exits 2 "... has no console" ry console mute
exits 5 "attach shows what it says, to its end" ry attach mute
is "$OUT" said "... all of it"
exits 0 "a big one" ry run -d --name big toy/1 -- sh -c 'i=0; while [ $i -lt 60000 ]; do echo "a line of a log that is longer than its limit $i"; i=$((i+1)); done'
ry wait big >/dev/null
ok "the log is bounded" test "$(du -cb "$STORE"/containers/big/log* | tail -n 1 | cut -f1)" -le 2097152
like "$(ry logs -n 1 big)" "limit 59999$" "... and has what came last"
ry rm big mute
ok "nothing is left" leaves_nothing
done_testing
