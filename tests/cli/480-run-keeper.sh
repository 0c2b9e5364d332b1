#!/bin/bash
# The id namespace is kept between commands: who keeps it, what it may know, and when it is not believed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

# Counts calls of newuidmap while it still works.
cp /usr/bin/newuidmap "$T/newuidmap.real"
chmod 4755 "$T/newuidmap.real"
touch "$T/mapped" && chmod 666 "$T/mapped"
printf '#!/bin/sh\necho >>%s/mapped\nexec %s/newuidmap.real "$@"\n' "$T" "$T" >"$T/newuidmap"
chmod 4755 "$T/newuidmap"
mount --bind "$T/newuidmap" /usr/bin/newuidmap
mapped() { wc -l <"$T/mapped"; }
# Orphans may wait a while for their reaper.
is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
stat_of() { tr '\0' ' ' <"/proc/$1/$2"; }

AS_ENV=(SECRET=xyzzy)
exits 0 "the first start maps the ids" ry run --rm --hostname plugh toy/1 -- true
AS_ENV=()
is "$(mapped)" 1 "... by newuidmap, once"
keeper=$(keeper_pid)
ok "... and somebody keeps them" kill -0 "$keeper"
exits 0 "the next start needs no helper" ry run --rm toy/1 -- sh -c 'tr -s " " </proc/self/uid_map'
is "$OUT" " 0 1000000 65536" "... and has the same ids"
is "$(mapped)" 1 "... newuidmap was not asked again"
exits 0 "nor does removing" ry run --name stays toy/1 -- sh -c 'touch /root/x && chown 1000 /root/x'
exits 0 "... of what other ids own" ry rm stays
is "$(mapped) $(keeper_pid)" "1 $keeper" "... it is the same keeper"

# ---- what it is
is "$(ls "/proc/$keeper/fd" | tr '\n' ' ')" "1 2 " "it holds its own place and a watch on it"
is "$(readlink "/proc/$keeper/fd/1")" "$RUNS/.holder" "... and no file of anybody else"
is "$(readlink "/proc/$keeper/cwd")" / "it stands in no directory"
is "$(cat "/proc/$keeper/comm")" rootyard-holder "it has a name"
unlike "$(stat_of "$keeper" cmdline)$(stat_of "$keeper" environ)" 'xyzzy|plugh|toy|HOME' "... and nothing of its maker's arguments and environment"
is "$(ps -o ppid= -p "$keeper" | tr -d ' ')" 1 "it is nobody's child"
like "$(cat "/proc/$keeper/status")" "^Threads:	1" "it is one thread"
is "$(tr -s ' ' <"/proc/$keeper/uid_map" | tr '\n' ',')" " 0 60103 1, 1000000 1000000 65536," "its namespace has the caller and his ids only"
is "$(as_user ry-user bash -c 'echo "$(rootyard run --rm toy/1 -- echo ready)"')" ready "a caller that waits for our output is not held up"

# ---- when it is not believed
kill -9 "$keeper" && until_true is_gone "$keeper"
exits 0 "a keeper that was killed is replaced" ry run --rm toy/1 -- true
isnt "$(keeper_pid)" "$keeper" "... by another"
is "$(mapped)" 2 "... for one newuidmap"
second=$(keeper_pid)
as_user ry-user sleep 60 & sleeper=$!
SERVERS+=("$sleeper")
record=$(cat "$RUNS/.holder/record")
echo "$sleeper ${record#* }" >"$RUNS/.holder/record"
exits 0 "a record that names another process is not believed" ry run --rm toy/1 -- true
isnt "$(keeper_pid)" "$sleeper" "... but replaced"
ok "... and who is no longer named ends" until_true is_gone "$second"
ok "... that other process does not" kill -0 "$sleeper"
third=$(keeper_pid)
for text in '' 'x' '1 2 3' "$(head -c 300 /dev/zero | tr '\0' 9)"; do
	printf '%s' "$text" >"$RUNS/.holder/record"
	exits 0 "a damaged record ('${text:0:8}') is replaced" ry run --rm toy/1 -- true
done
ok "... its keeper ends" until_true is_gone "$third"

# ---- edits of the files
keeper=$(keeper_pid) count=$(mapped)
echo "other:3000000:65536" | tee -a "$T/etc/subuid" >>"$T/etc/subgid"
exits 0 "an edit that is about others" ry run --rm toy/1 -- true
is "$(keeper_pid) $(mapped)" "$keeper $count" "... changes nothing"
printf 'ry-user:2000000:65536\n' | tee "$T/etc/subuid" >"$T/etc/subgid"
exits 125 "an edit that takes our ids away is heeded" ry run --rm toy/1 -- true
like "$ERR" "belongs to id 1000000, outside of your subordinate ids 2000000 to 2065535" "... by the next start"
chown -hR 2000000:2000000 "$ROOTFS"
exits 0 "with an image of the new ids" ry run --rm toy/1 -- sh -c 'tr -s " " </proc/self/uid_map'
is "$OUT" " 0 2000000 65536" "... a container has those"
ok "... and the old keeper ends" until_true is_gone "$keeper"
: >"$T/etc/subuid"
exits 125 "without any range there is one id" ry run --rm toy/1 -- true
like "$ERR" "rootyard: " "... whoever still keeps a namespace"
echo "ry-user:1000000:65536" | tee "$T/etc/subuid" >"$T/etc/subgid"
chown -hR 1000000:1000000 "$ROOTFS"
exits 0 "back again" ry run --rm toy/1 -- true

# ---- many at once, several users
rm -rf "$RUNS/.holder"
count=$(mapped)
for i in $(seq 12); do
	ry run --rm toy/1 -- sh -c 'tr -s " " </proc/self/uid_map' >"$T/many.$i" 2>&1 </dev/null &
	SERVERS+=($!)
done
for i in "${SERVERS[@]:1}"; do wait "$i"; done
is "$(cat "$T"/many.* | sort | uniq -c | tr -s ' ')" " 12 0 1000000 65536" "twelve first starts at once all have their ids"
is "$(mapped)" "$((count + 1))" "... from one keeper"
echo "ry-poor:5000000:65536" | tee -a "$T/etc/subuid" >>"$T/etc/subgid"
store_image ry-poor "$ID" toy 5000000
exits 0 "another user" as_user ry-poor rootyard run --rm toy/1 -- sh -c 'tr -s " " </proc/self/uid_map'
is "$OUT" " 0 5000000 65536" "... has his own"
isnt "$(keeper_pid ry-poor)" "$(keeper_pid)" "... and another keeper"
not_ok "... into which the first cannot go" as_user ry-user nsenter -U -t "$(keeper_pid ry-poor)" true
theirs=$(keeper_pid ry-poor) ours=$(keeper_pid)
rm -rf "$RUNS/.holder" "$T/run/ry-poor/rootyard/.holder"
ok "a keeper ends with its place" until_true is_gone "$ours"
ok "... as do all" until_true is_gone "$theirs"
ok "nothing else is left" leaves_nothing
done_testing
