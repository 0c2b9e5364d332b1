#!/bin/bash
# What is not usual: autostart, long arguments, no stdin, no directory, ^C and ^Z, a full disk, with exec and in the background.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

# ---- autostart
for n in a b c; do ry create --name $n toy/1 -- sleep 1000 >/dev/null; done
exits 0 "containers are marked" ry autostart a c
exits 0 "... and listed" ry autostart --list
is "$OUT" "$(printf 'a\nc')" "... by name"
exits 0 "... and no longer" ry autostart --off a
exits 0 "the marked are started" ry autostart --start
is "$(ry ps -q)" c "... and no others"
exits 0 "... and once only" ry autostart --start
exits 0 "an entry for this host" ry autostart --entry
like "$OUT" "(ExecStart=|@reboot )$PREFIX/bin/rootyard autostart --start" "... calls us"
exits 2 "nothing said is nothing done" ry autostart
ry stop --kill c

# ---- arguments
long=$(head -c 100000 /dev/zero | tr '\0' x)
many=() && for i in $(seq 10); do many+=("$long"); done
ry start b
exits 0 "a megabyte of arguments goes to exec" ry exec b -- sh -c 'echo $# ${#1}' x "${many[@]}"
is "$OUT" "10 100000" "... whole"
exits 5 "... and cannot be written down for later" ry create --name big toy/1 -- sh -c true x "${many[@]}"
like "$ERR" "too long to be written down" "... which is said"
exits 8 "... and leaves nothing" ry inspect big
many=() && for i in $(seq 2000); do many+=("$i"); done
exits 0 "many are" ry create --name many toy/1 -- sh -c 'echo $#' x "${many[@]}"
ry start many
ry wait many >/dev/null
is "$(ry logs many)" 2000 "... all of them"

# ---- descriptors and directories
exits 0 "without a stdin" bash -c '"$@" <&-' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" exec b -- sh -c 'cat; echo end'
is "$OUT" end "... exec reads nothing"
exits 0 "without any" bash -c '"$@" <&- >&- 2>&-' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" start a
is "$(ry ps -q | tr '\n' ' ')" "a b " "... start starts"
mkdir -m 777 "$T/gone"
exits 0 "from a directory that is gone" bash -c 'cd "$1" && rmdir "$1" && shift && "$@"' x "$T/gone" setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" exec b -- sh -c pwd
is "$OUT" / "... exec is where the container is"
exits 0 "a pipe that nobody reads" bash -c 'set -o pipefail; "$@" | true; [ ${PIPESTATUS[0]} -ge 0 ]' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" exec b -- sh -c 'i=0; while [ $i -lt 100000 ]; do echo line || exit 0; i=$((i+1)); done'
ok "... ends the command" until_true sh -c "! ry top b | grep -q 'while .*lt 100000'"
exits 125 "few descriptors are an error" bash -c 'ulimit -n 5; "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" exec b -- true

# ---- keys
cat >"$T/keys.py" <<'P'
import os, pty, select, sys, time
pid, m = pty.fork()
if pid == 0: os.execvp("rootyard", ["rootyard", "exec", "b", "--", "sh", "-c", sys.argv[1]])
def until(text, t=10):
    seen, end = b"", time.time() + t
    while text not in seen:
        if not select.select([m], [], [], max(0, end - time.time()))[0]: raise SystemExit("no %r in %r" % (text, seen))
        seen += os.read(m, 4096)
until(b"ready")
os.write(m, sys.argv[2].encode().decode("unicode_escape").encode())
try:
    while os.read(m, 4096): pass
except OSError: pass
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
keys() { as_user ry-user env TERM=xterm python3 "$T/keys.py" "$@" 2>&1; }
is "$(keys 'trap "exit 9" INT; echo ready; while :; do sleep 0.1; done' '\x03')" "status 9" "^C is the command's"
is "$(keys 'trap "exit 8" TSTP; echo ready; while :; do sleep 0.1; done' '\x1a')" "status 8" "^Z too"
is "$(keys 'echo ready; read a; exit 7' '\x04')" "status 7" "^D as well"

# ---- a full disk
ry stop --kill a b
mount -t tmpfs -o size=600k,mode=700,uid=60103,gid=60103 none "$STORE/containers"
ry create --name full toy/1 -- sh -c 'dd if=/dev/zero of=/big bs=1k count=4000 2>/dev/null; echo "full: $?"; while :; do echo log log log log log; sleep 0.01; done' >/dev/null
exits 0 "a container fills its disk" ry start full
ok "... and runs on without a log" sleep 1
is "$(ry ps -q)" full "... as ps sees"
exits 0 "... and stops" ry stop --kill full
exits 5 "another cannot be made" ry create --name more toy/1 -- true
exits 8 "... and nothing of it stays" ry inspect more
exits 0 "... the full one can be removed" ry rm full
is "$(ls -A "$STORE/containers")" "" "... with all of it"
umount "$STORE/containers"
ry rm a b c many
ok "nothing is left" leaves_nothing
done_testing
