#!/bin/bash
# Terminals: the container's is its own, relayed; the caller's never enters it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

# on_tty PY ARGS...: rootyard with all of stdin, stdout and stderr on one terminal; PY sees `m` (its master) and `pid`.
cat >"$T/relay.py" <<'P'
import fcntl, os, pty, select, signal, struct, sys, termios, time
script, argv = sys.argv[1], sys.argv[2:]
def size(fd, rows, cols): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
pid, m = pty.fork()
if pid == 0:
    size(0, 33, 77)
    os.execvp(argv[0], argv)
seen = b""
def expect(text, timeout=10):
    global seen
    end = time.time() + timeout
    while text.encode() not in seen:
        left = end - time.time()
        if left <= 0 or not select.select([m], [], [], left)[0]: raise SystemExit("no %r in %r" % (text, seen))
        try: data = os.read(m, 4096)
        except OSError: data = b""
        if not data: raise SystemExit("end before %r in %r" % (text, seen))
        seen += data
def rest():
    global seen
    while True:
        try: data = os.read(m, 4096)
        except OSError: break
        if not data: break
        seen += data
def send(text): os.write(m, text.encode())
def status():
    rest()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def cooked(): return bool(termios.tcgetattr(m)[3] & termios.ICANON)
exec(script)
P
on_tty() {
	local script=$1
	shift
	as_user ry-user env TERM=xterm-256color python3 "$T/relay.py" "$script" rootyard run --rm "$@" toy/1 -- sh -c "$COMMAND" 2>&1
}

COMMAND='tty; stty size; echo TERM=$TERM; ls /dev/pts; test -c /dev/console && echo console; exit 6'
said=$(on_tty 'print("status", status()); print(seen.decode())' | tr -d '\r')
like "$said" '^status 6$' "the status comes back over a terminal"
like "$said" '^/dev/pts/0$' "the terminal has a name inside"
like "$said" '^33 77$' "... the size of the caller's"
like "$said" '^TERM=xterm-256color$' "... and its kind"
like "$said" '^console$' "/dev/console is it"
COMMAND='trap "echo got; exit 4" INT; echo ready; while :; do sleep 0.1; done'
like "$(on_tty 'expect("ready"); send("\x03"); print("status", status(), "got" in seen.decode())')" '^status 4 True$' "^C is the container's"
COMMAND='echo ready; read a; stty size; echo "<$a>"'
like "$(on_tty 'expect("ready"); size(m, 12, 34); os.kill(pid, signal.SIGWINCH); time.sleep(0.3); send("typed\r"); rest(); print(seen.decode())' | tr -d '\r')" '^12 34$' "a new size is handed on"
COMMAND='echo ready; read a; echo "<$a>"'
like "$(on_tty 'expect("ready"); assert not cooked(); send("typed\r"); expect("<typed>"); rest(); print("cooked", cooked())')" '^cooked True$' "the caller's terminal is raw meanwhile and restored"
COMMAND='cat; echo end'
like "$(on_tty 'time.sleep(0.5); send("line\r\x04"); expect("end"); print("status", status())')" '^status 0$' "^D ends its input"
COMMAND='echo ready; sleep 100'
like "$(on_tty 'expect("ready"); os.kill(pid, signal.SIGTERM); r = status(); print("status", r)')" '^status 143$' "a signal to the supervisor is handed on"
COMMAND='i=0; while [ $i -lt 3000 ]; do echo "line $i of many that fill a pipe and a terminal"; i=$((i + 1)); done'
like "$(on_tty 'rest(); print(seen.decode().count("of many"))')" '^3000$' "nothing that it prints is lost"

# The host's terminal is not there, whichever descriptors it is.
COMMAND='for f in 0 1 2; do test -t $f && echo "tty $f"; done; for f in 0 1 2; do readlink /proc/$$/fd/$f; done | grep -c /dev/pts'
said=$(as_user ry-user python3 "$T/relay.py" 'rest(); print(seen.decode())' sh -c "rootyard run --rm toy/1 -- sh -c '$COMMAND' </dev/null" | tr -d '\r')
like "$said" '^0$' "a lone terminal on stdout and stderr becomes pipes"
unlike "$said" '^tty' "... and no descriptor is a terminal"
said=$(as_user ry-user python3 "$T/relay.py" 'send("typed\n\x04"); rest(); print(seen.decode())' sh -c 'rootyard run --rm toy/1 -- sh -c "test -t 0 || cat" | sed s/^/piped:/' | tr -d '\r')
like "$said" '^piped:typed$' "a lone terminal on stdin becomes a pipe"
unlike "$(as_user ry-user python3 "$T/relay.py" 'rest(); print(seen.decode())' sh -c "rootyard run --rm toy/1 -- sh -c 'echo x >/dev/tty' </dev/null" | grep -v "can't create")" '^x' "/dev/tty does not lead to it"
ok "nothing is left" leaves_nothing
done_testing
