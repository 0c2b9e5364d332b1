#!/bin/bash
# Lines that break, stall and drip; mirrors that lag; proxies, tokens and limits: what is fetched is fetched once.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made pad=400000
cp -a "$T/tree" "$T/mirror"
hostile "$T/mirror" "$T/mirror-rules"
mirror=${URL%/}
mirror_log=$log
hostile "$T/tree" "$T/rules"
main=${URL%/} main_log=$log
AS_ENV+=(ROOTYARD_TIMEOUT=2)
client remote add r "$main" --fingerprint "$fpr" --insecure-transport >/dev/null 2>&1 || exit 1
n=1
night() { # WORDS: a new build on both servers
	n=$((n + 1))
	serial=202601$(printf %02d $n)_0000
	make_tree tree "$keys" "$T/tree" "serial=$serial" "version=$n" "generation=$n" "text=$n" pad=400000 "$@"
	new=images/toy/1/amd64/default/$serial
	tar=$new/rootfs.tar.zst
	: >"$T/rules"
	: >"$T/mirror-rules"
	: >"$main_log"
	: >"$mirror_log"
}
said() { tr -d '\000' <"$1"; }

# One server.
for fault in reset parts+ norangehead+ short; do
	night
	case $fault in
	reset | short) printf '%s %s+\n' "$tar" "$fault" >"$T/rules" ;;
	*) printf '%s cut+%s\n' "$tar" "${fault%+}" >"$T/rules" ;;
	esac
	want=0
	[ "$fault" = short ] && want=3
	exits "$want" "a transfer with its fault: $fault" client pull -q toy/1
done
exits 0 "... is made good by the next one" client pull -q toy/1
night
printf '%s stall\n' "$tar" >"$T/rules"
exits 4 "a server that falls silent" as_user ry-user timeout 60 rootyard pull -q toy/1
like "$ERR" 'too slow|timed out|bytes/sec' "... is given up"
ok "... and what came is kept" test "$(find "$partial" -size +100k | wc -l)" -ge 1
: >"$T/rules"
: >"$main_log"
exits 0 "another run" client pull -q toy/1
like "$(said "$main_log")" 'rootfs.tar.zst 206 bytes=[1-9]' "... goes on from there"
night
printf '%s drip\n' "$new/meta.tar.xz" >"$T/rules"
exits 4 "a server that drips" as_user ry-user timeout 60 rootyard pull -q toy/1

# Two servers.
night "mirrors=$main,$mirror"
cp -a "$T/tree/." "$T/mirror/"
printf '%s stall\n' "$tar" >"$T/rules"
exits 0 "where a mirror has it too, a silent server is left" client pull toy/1
like "$ERR" "$tar.*asking another mirror" "... which is said"
like "$(said "$mirror_log")" 'rootfs.tar.zst 206 bytes=[1-9]' "... in the middle of the file: the mirror goes on"
night "mirrors=$main,$mirror"
printf '%s reset\n' "$tar" >"$T/rules"
exits 4 "a mirror that lags does not help" client pull toy/1
like "$ERR" "$mirror.*no such file" "... and is named"
: >"$T/rules"
exits 0 "and does not harm" client pull toy/1
night "mirrors=$main,$mirror"
cp -a "$T/tree/." "$T/mirror/"
printf '%s cut\n' "$tar" >"$T/rules"
printf '%s flip\n' "$tar" >"$T/mirror-rules"
rm -rf "$partial"
exits 3 "half of it from one, and something else from the other" client pull toy/1
ok "... is not kept" test -z "$(find "$partial" -size +100k)"
printf '%s cut\n' "$tar" >"$T/rules"
: >"$T/mirror-rules"
exits 0 "half from one, half from the other" client pull toy/1

# Rate, dry run, offline.
night
exits 0 "a rate that is limited" client pull -q --limit-rate 200K toy/1
id=$OUT
night
exits 0 "what a pull would fetch is said" client pull -n toy/1
like "$OUT" "$serial: would fetch 4[0-9][0-9]" "... in bytes"
unlike "$(said "$main_log")" 'rootfs.tar.zst' "... and not fetched"
stop_server "$SERVER_PID"
exits 4 "without a server there is no update" client pull toy/1
exits 0 "offline, what is stored will do" client pull --offline toy/1
is "$OUT" "$id" "... and is named"
exits 4 "what is not stored is not" client pull --offline toy/2
exits 4 "all that is stored" client pull --all
exits 2 "nothing at all is no request" client pull

# A private server, behind TLS, for those with a token; and a proxy before it.
test_ca "$T/ca" || skip_all "no openssl"
echo "ci $(printf s3cret | sha256sum | cut -d' ' -f1)" >"$T/tokens"
chmod 600 "$T/tokens"
start_server rootyard-httpd --user ry-www --root "$T/tree" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" --tokens "$T/tokens" --log "$T/access" || exit 1
echo s3cret >"$home/token"
echo wrong >"$home/wrong"
chown ry-user "$home/token" "$home/wrong"
chmod 600 "$home/token" "$home/wrong"
exits 4 "a private server knows nobody without a token" client remote add p "${URL%/}" --fingerprint "$fpr" --ca "$T/ca/ca.crt"
like "$ERR" '401' "... and says so"
exits 4 "nor with a wrong one" client remote add p "${URL%/}" --fingerprint "$fpr" --ca "$T/ca/ca.crt" --token-file "$home/wrong"
exits 0 "but with its own" client remote add p "${URL%/}" --fingerprint "$fpr" --ca "$T/ca/ca.crt" --token-file "$home/token"
exits 0 "... it serves" client pull -q p:toy/1
unlike "$(cat "$home/.config/rootyard/remotes.yaml")" s3cret "the token stands in its own file alone"
exits 2 "a token is not sent where others read it" client remote add q http://127.0.0.1:9 --fingerprint "$fpr" --insecure-transport --token-file "$home/token"
AS_ENV+=(https_proxy=http://127.0.0.1:1)
exits 4 "a proxy that is named is used" client list p:
like "$ERR" 'proxy|port 1' "... and none but it"
done_testing
