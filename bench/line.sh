# shellcheck shell=bash
# line.sh -- a line of a given rate between two network namespaces (sourced by a bench that runs in one of its own).
#
# line_open       the far namespace, with the client's end at 10.9.8.2; the servers are here, at 10.9.8.1
# line_rate RATE [BURST LATENCY]  shapes what comes down the line, as tc has it (100mbit); none: as fast as it goes.
#                 So much and so long a queue waits before the line, and comes down it even when nobody wants it any more
# on_line CMD...  runs at the far end
# line_bytes      what came down so far, with all headers
# line_payload    the same without those of Ethernet, IPv4 and TCP (with timestamps)
LINE=
line_open() {
	ip link set lo up
	unshare --net sleep infinity &
	LINE=$!
	SERVERS+=("$LINE")
	until [ "$(readlink "/proc/$LINE/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
	ip link add line0 type veth peer name line1 netns "$LINE" && ip addr add 10.9.8.1/24 dev line0 && ip link set line0 up || return 1
	nsenter --net="/proc/$LINE/ns/net" sh -c 'ip link set lo up; ip addr add 10.9.8.2/24 dev line1; ip link set line1 up'
}
line_rate() {
	tc qdisc del dev line0 root 2>/dev/null
	[ "$1" = none ] || tc qdisc add dev line0 root tbf rate "$1" burst "${2:-256k}" latency "${3:-100ms}"
}
on_line() { nsenter --net="/proc/$LINE/ns/net" "$@"; }
line_bytes() { awk '$1 == "line0:" { print $10 }' /proc/net/dev; }
line_payload() { awk '$1 == "line0:" { print $10 - $11 * (14 + 20 + 32) }' /proc/net/dev; }

# say_case CASE OURS PEER NAME UNIT GOAL: one line of JSON; GOAL compares OURS / PEER, as "<= 0.35".
say_case() {
	python3 - "$@" <<'P'
import json, sys
case, ours, peer, name, unit, goal = sys.argv[1:]
ratio = float(ours) / float(peer) if float(peer) else 0.0
op, _, want = goal.partition(" ")
ok = ratio <= float(want) if op == "<=" else ratio < float(want)
print(json.dumps({"case": case, "ours": float(ours), "peer": float(peer), "peer_name": name, "unit": unit, "ratio": round(ratio, 4), "goal": goal, "ok": ok}), flush=True)
P
}
