#!/bin/bash
# A pull that is killed, at whatever moment, stores nothing or all of it; the next one cleans up.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made pad=20000000
hostile "$T/tree" "$T/rules"
ok "the remote is added" client remote add r "$URL" --fingerprint "$fpr" --insecure-transport
id=$(sha256sum <"$T/tree/images/toy/1/amd64/default/20260101_0000/rootfs.man" | cut -d' ' -f1)
processes() { # of this test's user: other tests may run beside it
	grep -alsF "HOME=$home" /proc/[0-9]*/environ | wc -l
}

for ms in 010 030 060 090 120 150 180 210 240 270 300 350 400; do
	rm -rf "$store/images/$id"
	: >"$T/pid" && chmod 666 "$T/pid"
	# shellcheck disable=SC2016 # the inner shell says its own pid
	as_user ry-user sh -c 'echo $$ >"$1"; exec rootyard pull -q toy/1' - "$T/pid" >/dev/null 2>&1 &
	until [ -s "$T/pid" ]; do sleep 0.005; done
	sleep "0.$ms"
	kill -KILL "$(cat "$T/pid")" 2>/dev/null
	wait "$!" 2>/dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(processes)" = 0 ] || sleep 0.1
	done
	is "$(processes)" 0 "killed after $ms ms no process is left"
	if [ -e "$store/images/$id" ]; then
		is "$(stat -c %s "$store/images/$id/rootfs/home/user/noise" 2>/dev/null)" 20000000 "... what is stored is whole"
	else
		ok "... nothing is stored" test -z "$(ls -A "$store/images" 2>/dev/null)"
	fi
done
exits 0 "the next pull succeeds" client pull -q toy/1
is "$OUT" "$id" "... with the right image"
is "$(ls -A "$store/tmp")" "" "... and nothing is left over"
ok "... nor downloads" test -z "$(ls -A "$home/.cache/rootyard/partial")"
ok "what is stored equals what was packed" cmp -s "$store/images/$id/rootfs.man" "$T/tree/images/toy/1/amd64/default/20260101_0000/rootfs.man"
done_testing
