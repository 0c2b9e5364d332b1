#!/bin/bash
# A user without subordinate ids: one id, said once.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

poor() { as_user ry-poor rootyard "$@"; }
store_image ry-poor "$ID.1id" toy 60104

exits 3 "a container of one id starts" poor run --rm toy/1 -- sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /root/f; stat -c %u /root/f; exit 3'
is "$OUT" "$(printf '0\n 0 60104 1\n0')" "... as root of that one"
like "$ERR" "^rootyard: .*this container has one id: .*no range of 65536 ids for 'ry-poor'.*usermod --add-subuids" "... and what will not work is said, with the mend"
is "$(printf '%s\n' "$ERR" | wc -l)" 1 "... once"
exits 0 "the walls are the same" poor run --rm toy/1 -- sh -c 'grep -E "^(NoNewPrivs|Seccomp|CapEff)" /proc/self/status; ls /sys/class/net; test -c /dev/null'
like "$OUT" "Seccomp:	2" "... filter"
like "$OUT" "CapEff:	00000000800405fb" "... capabilities"
not_ok "... pid 1's program stays closed" poor run --rm toy/1 -- sh -c 'cat /proc/1/exe >/dev/null'
exits 0 "what would name another id does nothing and succeeds" poor run --rm toy/1 -- sh -c 'touch /f && chown 1:2 /f && chown -h 7 /bin/sh && stat -c %u:%g /f'
is "$OUT" "0:0" "... so that package managers run"
not_ok "... but another user cannot be changed to" poor run --rm toy/1 -- su someone -c id
exits 0 "a container of one id can stay" poor run --name one toy/1 -- touch /root/kept
ok "... with its files the user's own" test "$(stat -c %u "$T/home/ry-poor/.local/share/rootyard/containers/one/upper/root/kept")" = 60104
exits 0 "... and be removed" poor rm one
is "$(ls -A "$T/home/ry-poor/.local/share/rootyard/containers")" "" "nothing is left"

# Which of the two unpacked forms is started.
store_image ry-poor "$ID" full 1000000
exits 125 "an image unpacked for many ids is not started with one" poor run --rm full/1 -- true
store_image ry-user "$ID.1id" old 60103
exits 0 "one unpacked for a single id is, by whoever has more" ry run --rm old/1 -- sh -c 'tr -s " " </proc/self/uid_map'
is "$OUT" " 0 60103 1" "... as one id"

# Root's own id is not a container.
mkdir -p "$T/root-home" && chmod 700 "$T/root-home"
exits 2 "root without subordinate ids is refused" env -i HOME="$T/root-home" XDG_RUNTIME_DIR="$T/root-home" "$(command -v rootyard)" run toy/1 -- true
like "$ERR" "run it as an ordinary user" "... with the way out"
done_testing
