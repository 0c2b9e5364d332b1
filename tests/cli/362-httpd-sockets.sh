#!/bin/bash
# rootyard-httpd on sockets that a service manager opened, and its log opened again.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P" "$T/log"
printf 0123456789 >"$P/digits"
test_ca "$T/ca"
cat >"$T/activate.py" <<'X'
"""usage: activate.py NAMES COMMAND...   opens a listening socket per name and becomes the command"""
import os, socket, sys
names = sys.argv[1].split(":") if sys.argv[1] else []
kept = []
for i, name in enumerate(names):
    kind = socket.SOCK_DGRAM if name == "dgram" else socket.SOCK_STREAM
    s = socket.socket(socket.AF_INET6 if name == "six" else socket.AF_INET, kind)
    s.bind(("::1" if name == "six" else "127.0.0.1", 0))
    if kind == socket.SOCK_STREAM and name != "deaf":
        s.listen(16)
    kept.append(s)
high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(kept)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.close(fd)
os.environ.update(LISTEN_PID=os.environ.get("FAKE_PID") or str(os.getpid()), LISTEN_FDS=os.environ.get("FAKE_FDS") or str(len(names)),
                  LISTEN_FDNAMES=sys.argv[1])
os.execvp(sys.argv[2], sys.argv[2:])
X
start_server python3 "$T/activate.py" https:http:redirect:rootyard-httpd.socket:six rootyard-httpd --user ry-www --root "$P" \
	--tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --plain 127.0.0.1:0 --log "$T/log/access" || exit 1
is "$(sed 's/[0-9]*\/$//' "$SERVER_LOG" | tr '\n' ' ')" \
	"listening on https://127.0.0.1: listening on http://127.0.0.1: redirecting from http://127.0.0.1: listening on https://127.0.0.1: listening on https://[::1]: listening on http://127.0.0.1: " \
	"each is what its name says, before those of the command line"
mapfile -t at < <(sed 's/.* //; s/\/$//' "$SERVER_LOG")
for i in 0 1 3 4 5; do is "$(curl -gs -m 5 --cacert "$T/ca/ca.crt" "${at[i]/\[::1\]/localhost}/digits" --resolve "localhost:${at[i]##*:}:$([ $i = 4 ] && echo ::1 || echo 127.0.0.1)")" 0123456789 "${at[i]%:*} serves"; done
is "$(curl -s -o /dev/null -w '%{http_code}' "${at[2]}/digits")" 308 "${at[2]%:*} redirects"

# The log: moved away, and opened again.
sleep 2.5
mv "$T/log/access" "$T/log/access.1"
curl -s "${at[1]}/before" >/dev/null
sleep 2.5
like "$(cat "$T/log/access.1")" 'before' "until it is told, the server writes where it wrote"
kill -HUP "$SERVER_PID"
sleep 1.5
curl -s "${at[1]}/after" >/dev/null
sleep 2.5
like "$(cat "$T/log/access")" '"GET /after' "SIGHUP opens the log again"
is "$(cat "$T/log/access.1" "$T/log/access" | wc -l)" 8 "no line is lost between"
rm "$T/log/access"
ln -s /etc/passwd "$T/log/access"
kill -HUP "$SERVER_PID"
sleep 1.5
like "$(cat "$SERVER_LOG.err")" "the log stays where it is: cannot open '.*access'" "a log that became a link is not followed"
kill -TERM "$SERVER_PID"
wait "$SERVER_PID"
is $? 0 "SIGTERM ends it well"

exits 2 "what listens to nothing" python3 "$T/activate.py" deaf rootyard-httpd --user ry-www --root "$P"
like "$ERR" 'descriptor 3 is no listening TCP socket' "is refused"
exits 2 "so is what is no TCP" python3 "$T/activate.py" dgram rootyard-httpd --user ry-www --root "$P"
exits 2 "a name for TLS" python3 "$T/activate.py" https rootyard-httpd --user ry-www --root "$P"
like "$ERR" 'needs --tls-cert' "needs a certificate"
FAKE_PID=1 exits 2 "sockets for somebody else" python3 "$T/activate.py" http rootyard-httpd --user ry-www --root "$P"
like "$ERR" 'name a socket' "are not ours"
FAKE_FDS=99 exits 2 "more than there can be" python3 "$T/activate.py" http rootyard-httpd --user ry-www --root "$P"
FAKE_FDS=x exits 2 "a number that is none" python3 "$T/activate.py" http rootyard-httpd --user ry-www --root "$P"
done_testing
