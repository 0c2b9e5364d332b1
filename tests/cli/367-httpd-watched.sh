#!/bin/bash
# What the operator of rootyard-httpd hears of a crowd from one address, and of a thread that is stuck.
. "$(dirname "$0")/../lib.sh"
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P"
echo content >"$P/file"

# A crowd of one address.
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --per-address 2 --log - --log-format json || exit 1
METRICS=$(sed -n 's/^metrics on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
python3 - "${URL##*:}" >"$T/crowd" <<'P'
import socket, sys
held = []
for i in range(5):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
    held.append(s)
    if i < 2:
        s.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
    print(i, s.recv(200)[:12].decode())
P
is "$(tr '\n' ';' <"$T/crowd")" "0 HTTP/1.1 200;1 HTTP/1.1 200;2 HTTP/1.1 503;3 HTTP/1.1 503;4 HTTP/1.1 503;" "the third connection of an address is refused"
is "$(curl -s "$METRICS/metrics" | sed -n 's/^rootyard_httpd_connections_refused_total //p')" 3 "the metrics count refusals"
for _ in {1..30}; do [ "$(grep -c '"status":503' "$SERVER_LOG")" -lt 3 ] || break; sleep 0.1; done
is "$(grep -c '"address":"127.0.0.1","method":"-","target":"-","version":"-","status":503' "$SERVER_LOG")" 3 "the log names whom it refused"
stop_server "$SERVER_PID"

# A thread that is stuck: stopped by a tracer, alone, while it holds a connection.
python3 - "$T/notify" >>"$T/told" <<'P' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
P
SERVERS+=($!)
for _ in {1..50}; do [ -S "$T/notify" ] && break; sleep 0.1; done
chmod 777 "$T/notify"
export NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=3000000
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --metrics 127.0.0.1:0 --threads 1 || exit 1
unset NOTIFY_SOCKET WATCHDOG_USEC
METRICS=$(sed -n 's/^metrics on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
alive() { curl -s -m 5 -o /dev/null -w '%{http_code}' "$METRICS/livez"; }
is "$(alive)" 200 "alive"
cat >"$T/stop-thread.py" <<'P'
import ctypes, os, socket, sys, time
pid, port, stop = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
libc = ctypes.CDLL(None, use_errno=True)
held = socket.create_connection(("127.0.0.1", port))
held.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
held.recv(4096)
# the thread that reads clients' sockets: the one that has just used the processor for a request
def ticks(tid):
    with open("/proc/%d/task/%d/schedstat" % (pid, tid)) as f:
        return int(f.read().split()[0])
tids = [int(t) for t in os.listdir("/proc/%d/task" % pid)]
before = {t: ticks(t) for t in tids}
for _ in range(300):
    held.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
    held.recv(4096)
worker = max(tids, key=lambda t: ticks(t) - before[t])
# when it waits for the next request, not at the end of this one
def waits(tid):
    with open("/proc/%d/task/%d/syscall" % (pid, tid)) as f:
        return f.read().split()[0] in ("232", "281") # epoll_wait, epoll_pwait
while not waits(worker):
    time.sleep(0.05)
SEIZE, INTERRUPT = 0x4206, 0x4207
for request in (SEIZE, INTERRUPT):
    if libc.ptrace(request, worker, None, None) != 0:
        print("cannot trace: " + os.strerror(ctypes.get_errno()), flush=True)
        sys.exit(1)
print("stopped", flush=True)
while not os.path.exists(stop):
    time.sleep(0.1)
P
python3 "$T/stop-thread.py" "$SERVER_PID" "${URL##*:}" "$T/go-on" >"$T/tracer" &
tracer=$!
SERVERS+=("$tracer")
for _ in {1..50}; do [ -s "$T/tracer" ] && break; sleep 0.1; done
if ! grep -q stopped "$T/tracer"; then
	echo "ok $((t_count += 1)) - # SKIP no thread can be stopped here: $(cat "$T/tracer")"
	done_testing
	exit
fi
for _ in {1..120}; do [ "$(alive)" != 503 ] || break; sleep 0.5; done
is "$(alive)" 503 "a thread that does not answer any more shows at /livez"
: >"$T/told"
sleep 2.5
unlike "$(cat "$T/told")" WATCHDOG "and the service manager hears no more of us"
touch "$T/go-on"
wait "$tracer"
for _ in {1..20}; do [ "$(alive)" = 200 ] && break; sleep 0.5; done
is "$(alive)" 200 "it shows too when it goes on"
for _ in {1..30}; do grep -q WATCHDOG "$T/told" && break; sleep 0.1; done
like "$(cat "$T/told")" WATCHDOG "which the service manager hears"
is "$(curl -s -m 5 "$URL/file")" content "and it serves"
done_testing
