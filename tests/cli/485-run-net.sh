#!/bin/bash
# --net user: a way out, none in but what is published, and none to the host's own services.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

like "$(ry run --rm --net user --publish x toy/1 -- true 2>&1 </dev/null)" "'--publish': 'x' is not \[ADDRESS:\]PORT" "a port that is none is refused"
like "$(ry run --rm --publish 8080 toy/1 -- true 2>&1 </dev/null)" "'--publish' needs '--net user'" "without a network there is nothing to publish"
mknod "$T/tun" c 10 200
chmod 600 "$T/tun"
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
mount --bind "$T/tun" /dev/net/tun
exits 125 "without /dev/net/tun it is refused" ry run --rm --net user toy/1 -- true
like "$ERR" "needs '/dev/net/tun'.*mend: modprobe tun && chmod 0666 /dev/net/tun" "... with the mend"
chmod 666 "$T/tun"
python3 -c 'open("/dev/net/tun", "r+b", buffering=0)' 2>/dev/null || { echo "1..0 # SKIP this kernel has no tun"; exit 0; }
exits 2 "a port of root's is refused" ry run --rm --net user -p 80 toy/1 -- true
like "$ERR" "port 80 of this host is for root alone.*sysctl net.ipv4.ip_unprivileged_port_start=80" "... with the mend"

# A service of the host's own, on its loopback address.
cat >"$T/serve.py" <<'P'
import socket, sys
s = socket.socket(); s.bind((sys.argv[1], 0)); s.listen(8)
print("listening on %s" % s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept(); c.sendall(b"from the host\n"); c.close()
P
start_server python3 "$T/serve.py" 127.0.0.1
is "$(python3 -c 'import socket,sys; print(socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(99).decode().strip())' "$URL")" "from the host" "the host has a service of its own"
for tool in pasta slirp4netns; do
	[ -x "/usr/bin/$tool" ] || { echo "# no $tool here"; continue; }
	[ "$tool" = pasta ] || mount --bind /dev/null /usr/bin/pasta
	exits 0 "$tool: the container has an interface" ry run --rm --net user toy/1 -- sh -c 'ls /sys/class/net; ip route; cat /etc/resolv.conf'
	like "$OUT" "^default via " "... with a route"
	like "$OUT" "^nameserver (169.254.1.1|10.0.2.3)$" "... and a name server"
	gateway=$(sed -n 's/^default via \([0-9.]*\).*/\1/p' <<<"$OUT")
	for to in 127.0.0.1 "$gateway" 10.0.2.2 169.254.1.1; do
		unlike "$(ry run --rm --net user toy/1 -- sh -c "nc -w 1 $to $URL" </dev/null 2>&1)" "from the host" "... the host's own service is not at $to"
	done
	[ "$tool" = pasta ] || umount /usr/bin/pasta
done

# ---- published
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
as_user ry-user rootyard run --rm --name web --net user -p "127.0.0.1:$port:8000" toy/1 -- sh -c 'echo inside | nc -l -p 8000' </dev/null &
job=$!
got=
for _ in $(seq 50); do
	got=$(timeout 2 python3 -c 'import socket,sys; print(socket.create_connection(("127.0.0.1", int(sys.argv[1]))).recv(99).decode().strip())' "$port" 2>/dev/null)
	[ -z "$got" ] || break
	sleep 0.1
done
is "$got" inside "a published port leads inside"
wait "$job"
helpers() { pgrep -u ry-user -x 'pasta|pasta.avx2|slirp4netns|rootyard-net'; }
no_helper() { [ -z "$(helpers)" ]; }
ok "no helper is left" until_true no_helper
as_user ry-user rootyard run --rm --name victim --net user toy/1 -- sleep 100 </dev/null &
job=$!
until_true test -n "$(init_of victim)"
until_true helpers
kill -9 "$(sed -n 's/^supervisor //p' "$RUNS/victim/state")" "$job" 2>/dev/null
wait "$job" 2>/dev/null
ok "... of a killed supervisor's neither" until_true no_helper
exits 0 "the next command tidies up" ry ps -a
ok "nothing is left" leaves_nothing
done_testing
