#!/bin/bash
# The units that run rootyard-httpd: how much they leave open, and that the server can live within them.
. "$(dirname "$0")/../lib.sh"
# Confined as it is, the server cannot let LeakSanitizer look at its threads.
export ASAN_OPTIONS=detect_leaks=0

command -v systemd-analyze >/dev/null || skip_all "systemd-analyze is not installed"
U=$PREFIX/lib/systemd/system
for unit in rootyard-httpd.service rootyard-httpd.socket rootyard-httpd-redirect.socket rootyard-httpd-metrics.socket; do
	ok "$unit is installed" test -s "$U/$unit"
done
like "$(grep ^ExecStart= "$U/rootyard-httpd.service")" "^ExecStart=$PREFIX/bin/rootyard-httpd " "and starts what was installed"
ok "systemd counts an exposure below 2" systemd-analyze security --offline=yes --threshold=19 "$U/rootyard-httpd.service"
exposure=$(systemd-analyze security --offline=yes --no-pager "$U/rootyard-httpd.service" 2>/dev/null | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\).*/\1/p')
echo "# exposure $exposure"
like "$exposure" '^[01]\.' "which it says"
mkdir "$T/units"
cp "$U"/rootyard-httpd* "$T/units/"
unlike "$(SYSTEMD_UNIT_PATH=$T/units: systemd-analyze verify --man=no "$T/units/rootyard-httpd.service" 2>&1)" 'rootyard-httpd.*(Unknown|Failed to parse|not)' "no line of it is unknown"

# Options that the units give exist.
help=$(rootyard-httpd --help)
for option in $(grep -oE -- ' --[a-z-]+' "$U/rootyard-httpd.service"); do like "$help" "$option" "$option is an option"; done

# Every call of a server's life is one that the unit's filter lets through.
mkdir -p "$T/public"
printf 0123456789 >"$T/public/digits"
test_ca "$T/ca"
cat >"$T/activate.py" <<'X'
import os, socket, sys
for fd, name in enumerate(("https", "redirect", "metrics"), 3):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(16)
    os.dup2(s.fileno(), 50 + fd)
for fd in (3, 4, 5):
    os.dup2(50 + fd, fd)
    os.close(50 + fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="3", LISTEN_FDNAMES="https:redirect:metrics")
os.execvp(sys.argv[1], sys.argv[1:])
X
chmod 644 "$T/ca/server.key"
start_server env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/trace" setpriv --reuid ry-www --regid ry-www --clear-groups --no-new-privs \
	python3 "$T/activate.py" rootyard-httpd --root "$T/public" --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key"
TLS=$(sed -n 's/^listening on \(https.*\)\/$/\1/p' "$SERVER_LOG")
METRICS=$(sed -n 's/^metrics on \(http:.*\)\/$/\1/p' "$SERVER_LOG")
is "$(curl -s -m 10 --cacert "$T/ca/ca.crt" "$TLS/digits")" 0123456789 "on sockets that it was given an ordinary user serves"
curl -s -m 5 "$METRICS/metrics" >/dev/null
server=$(sed -n 's/^\([0-9]*\) .*execve("[^"]*rootyard-httpd".*/\1/p' "$T/trace" | tail -n 1)
kill -HUP "$server"
sleep 1.5
kill -TERM "$server"
wait "$SERVER_PID"
is $? 0 "to a good end"
is "$(python3 - "$U/rootyard-httpd.service" "$T/trace" <<'X'
import re, subprocess, sys
def members(name):
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], stdout=subprocess.PIPE).stdout.decode()
    out = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            out |= members(word)
    return out
allowed = set()
for line in open(sys.argv[1]):
    if line.startswith("SystemCallFilter="):
        value = line.split("=", 1)[1].strip()
        some = set().union(*(members(n) for n in value.lstrip("~").split()))
        allowed = allowed - some if value.startswith("~") else allowed | some
seen, begun = set(), False
for line in open(sys.argv[2]):
    begun = begun or re.search(r'execve\("[^"]*rootyard-httpd"', line) is not None
    m = re.match(r"\d+ +([a-z_0-9]+)\(", line)
    if begun and m:
        seen.add(m.group(1))
assert len(seen) > 30, seen
print(" ".join(sorted(seen - allowed - {"execve"})))
X
)" "" "with no call that the unit forbids"
done_testing
