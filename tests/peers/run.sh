#!/bin/bash
# run.sh [SCRIPT...]: every real client, one script after the other; then what docs/CLIENTS.md has: facts seen of facts asked,
# a row a client, a column a server. Exit status 1 when one of them was not content.
#   PEERS=../shared/peers tests/peers/run.sh
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
[ $# -gt 0 ] || set -- "$here"/{lxd-client,incus-client,lxc-download,systemd-pull,skopeo,containerd,lxc-rootyard,httpd-clients}.sh
bad=0
for script; do
	name=$(basename "$script" .sh)
	bash "$script" >"$log/$name" 2>&1 || bad=1
	grep -E -A 12 '^(not ok|Bail out)|# SKIP' "$log/$name"
	echo "$name: $(grep -c '^ok ' "$log/$name") of $(grep -cE '^(not )?ok ' "$log/$name")"
done
cat "$log"/* | awk '
	match($0, /^(not )?ok [0-9]+ - [a-z-]+, [^:]*: /) {
		split(substr($0, RSTART, RLENGTH - 2), part, " - ")
		comma = index(part[2], ", ")
		server = substr(part[2], 1, comma - 1)
		client = substr(part[2], comma + 2)
		if (!(server in is_server)) { is_server[server] = 1; servers[++server_count] = server }
		if (!(client in is_client)) { is_client[client] = 1; clients[++client_count] = client }
		asked[client, server]++
		seen[client, server] += $1 == "ok"
	}
	END {
		if (!client_count) exit
		line = "| client |"; rule = "| --- |"
		for (s = 1; s <= server_count; s++) { line = line " " servers[s] " |"; rule = rule " --- |" }
		print line; print rule
		for (c = 1; c <= client_count; c++) {
			line = "| " clients[c] " |"
			for (s = 1; s <= server_count; s++)
				line = line (asked[clients[c], servers[s]] ? " " seen[clients[c], servers[s]] " of " asked[clients[c], servers[s]] : "") " |"
			print line
		}
	}'
exit $bad
