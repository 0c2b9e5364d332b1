#!/bin/bash
# Some seventy attempts to get out of a container, made by one program: none succeeds inside, whichever way
# it was started, and outside they do.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
. "$(dirname "$0")/../system.sh"

PROBE=$T/probe-escape
PLANT=$T/probe-plant
{ cc -O1 -static -o "$PROBE" "$TOP/tests/cli/probe-escape.c" && cc -O1 -o "$PLANT" "$TOP/tests/cli/probe-plant.c"; } || { echo "Bail out! cannot compile the probe"; exit 1; }
install -d "$T/host"
CANARY=$T/host/canary
echo canary >"$CANARY"
DISK=$(stat -c '%Hd:%Ld' "$T")
cp "$PROBE" "$ROOTFS/bin/probe-escape"
chown "$SUB:$SUB" "$ROOTFS/bin/probe-escape"
before=$(tree_digest "$ROOTFS")

# with_canaries COMMAND: a shell command in which $P is what the probe is to be called with.
cat >"$T/login" <<L
#!/bin/bash
read -r PID PORT <"$T/info"
P="\$PID \$PORT $DISK $CANARY"
export HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user
eval "\$1"
L
chmod 755 "$T/login"
with_canaries() {
	touch "$T/info" && chmod 666 "$T/info"
	# A terminal of the host, so that there is one to type into.
	script -qec "setpriv --reuid ry-user --regid ry-user --init-groups $PLANT $T/info $T/login '$1'" /dev/null </dev/null 2>&1 | tr -d '\r'
}
holds() { # FACT TEXT LEAST
	local held
	held=$(grep -c '^held ' <<<"$2")
	is "$(grep '^ESCAPED ' <<<"$2")" "" "$1: nothing escapes"
	ok "... of $held attempts" test "$held" -ge "$3" || t_show "$2"
}

# ---- outside they do (root, because the rights that are missing inside are what is tested)
touch "$T/info"
outside=$(script -qec "$PLANT $T/info $T/login '$PROBE try app \$P'" /dev/null </dev/null 2>&1 | tr -d '\r')
reached=$(grep -c '^ESCAPED ' <<<"$outside")
ok "where there is no container $reached attempts succeed" test "$reached" -ge 50 || t_show "$outside"
grep '^held ' <<<"$outside" | sed 's/^held/# this host itself refuses:/'

# ---- a command
holds "run" "$(with_canaries 'rootyard run --rm toy/1 -- /bin/probe-escape try app $P')" 65
holds "run without a terminal" "$(with_canaries 'rootyard run --rm toy/1 -- /bin/probe-escape try app $P </dev/null | cat')" 65
holds "run with the layer on disk" "$(with_canaries 'rootyard run --rm --layer disk toy/1 -- /bin/probe-escape try app $P')" 65

holds "start" "$(with_canaries 'rootyard create --name st toy/1 -- /bin/probe-escape try app $P && rootyard start st && rootyard wait st; rootyard logs st; rootyard rm st')" 65

# ---- a system: more is allowed in it, and no more leads out of it
delegate ry-user
holds "run of a system" "$(with_canaries 'rootyard run --rm --init toy/1 -- /bin/probe-escape try system $P')" 45
holds "start of a system" "$(with_canaries 'rootyard create --name st --init toy/1 -- /bin/probe-escape try system $P && rootyard start st && rootyard wait st; rootyard logs st; rootyard rm st')" 45
exits 0 "one is started" ry run -d --name sys --init toy/1 -- sleep 1000
holds "exec in a system" "$(with_canaries 'rootyard exec sys /bin/probe-escape try system $P')" 45
exits 0 "it ends" ry stop --kill sys
exits 0 "... and goes" ry rm sys

# ---- a container in the background, and exec
exits 0 "one is started" ry run -d --name box toy/1 -- sleep 1000
holds "exec" "$(with_canaries 'rootyard exec box /bin/probe-escape try app $P')" 65
exits 0 "another is started" ry run -d --name other toy/1 -- sleep 1000
for name in box other; do
	init=$(init_of "$name")
	isnt "$init" "" "$name runs"
done
is "$(ry exec other -- /bin/probe-escape try app "$(init_of box)" 1 "$DISK" "$CANARY" </dev/null | grep '^ESCAPED ')" "" "one container of a user neither sees nor touches another"
exits 0 "what one writes" ry exec box -- sh -c 'echo mine >/root/mine'
not_ok "... the other does not see" ry exec other -- cat /root/mine
exits 0 "they end" ry stop box other
exits 0 "... and go" ry rm box other
is "$(tree_digest "$ROOTFS")" "$before" "the stored image is as before"
ok "nothing is left" leaves_nothing
done_testing
