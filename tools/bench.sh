#!/bin/bash
# Runs every bench and prints one table. Argument: directory of the built programs.
set -u
cd "$(dirname "$0")/.." || exit 1
export BIN=$1
status=0
printf '%-44s %12s %12s %-14s %7s %9s %s\n' case ours peer 'peer name' ratio goal ok
for b in bench/*; do
	[ -x "$b" ] && [ -f "$b" ] || continue
	"$b" >"$BIN/bench.out" || { echo "bench: $b could not measure" >&2; status=1; }
	sed -n 's/^{"case": *"\([^"]*\)", *"ours": *\([^,]*\), *"peer": *\([^,]*\), *"peer_name": *"\([^"]*\)", *"unit": *"\([^"]*\)", *"ratio": *\([^,]*\), *"goal": *"\([^"]*\)", *"ok": *\([a-z]*\).*/\1|\2 \5|\3 \5|\4|\6|\7|\8/p' "$BIN/bench.out" |
		while IFS='|' read -r name ours peer peer_name ratio goal good; do
			printf '%-44s %12s %12s %-14s %7s %9s %s\n' "$name" "$ours" "$peer" "$peer_name" "$ratio" "$goal" "$good"
		done
done
exit $status
