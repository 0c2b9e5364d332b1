#!/bin/bash
# rootyard-httpd and clients that share addresses: an index and its signature stay one pair across publications.
. "$(dirname "$0")/../lib.sh"
export ASAN_OPTIONS=detect_leaks=0

P=$T/public
mkdir -p "$P/meta/1.0" "$P/.gen/0"
rmdir "$P/meta/1.0"
ln -s ../.live/meta/1.0 "$P/meta/1.0"
ln -s .gen/0 "$P/.live"
start_server rootyard-httpd --user ry-www --root "$P" --listen 127.0.0.1:0 --per-address 0 || exit 1

"$TOP/tests/cli/pair-clients.py" "$URL" "$P" "${PAIR_SECONDS:-6}" >"$T/clients" 2>"$T/errors"
is "$? $(cat "$T/errors")" "0 " "every request of every client was answered"
t_show "$(cat "$T/clients")"
fact() { awk -v kind="$1" -v name="$2" '$1 == kind { for (i = 2; i < NF; i += 2) if ($i == name) print $(i + 1) }' "$T/clients"; }
last=$(awk '/^published/ { print $2 }' "$T/clients")
ok "tens of publications went on meanwhile" test "$last" -ge 20
for kind in lone shared pool; do
	ok "$kind: pairs were read all the time" test "$(fact $kind pairs)" -ge 50
	is "$(fact $kind torn)" 0 "$kind: no index came with a signature of another generation"
	is "$(fact $kind bad)" 0 "$kind: nor when both were read anew"
done
ok "lone clients saw new generations at once" test "$(fact lone last)" -ge $((last - 2))
# Nobody waits for a signature any more: the newest shows, as on the first day.
for address in 127.1.0.1 127.2.0.1 127.3.0.9; do
	is "$(curl -s --interface $address "$URL/meta/1.0/index-user") $(curl -s --interface $address "$URL/meta/1.0/index-user.asc")" \
		"$last $last" "$address: then comes the newest pair"
done
done_testing
