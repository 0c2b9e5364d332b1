#!/bin/bash
# One tree, three ways to pull from it: signed, by simplestreams, as lxc-download does; and an archive of one's own. The image is the same.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

published
image=$one
id_of() { sha256sum <"$public/images/$image/$1/rootfs.man" | cut -d' ' -f1; }
night "$one" 20260101_0000 seed=a
test_ca "$T/ca" || skip_all "no openssl"
start_server rootyard-httpd --user ry-www --root "$public" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" || exit 1
URL=${URL%/}

exits 2 "what kind it may be" client remote add s "$URL" --kind ftp --ca "$T/ca/ca.crt"
exits 2 "a server that signs nothing is not pinned" client remote add s "$URL" --kind lxc --ca "$T/ca/ca.crt" --fingerprint "$(cat "$T/fpr")"
exits 0 "a server of simplestreams is added" client remote add s "$URL" --kind simplestreams --ca "$T/ca/ca.crt"
like "$ERR" 'signs nothing.*tls\+digest' "... and said what that is worth"
exits 0 "so is one of lxc-download" client remote add l "$URL" --kind lxc --ca "$T/ca/ca.crt"
exits 0 "and one that signs" client remote add r "$URL" --ca "$T/ca/ca.crt" --fingerprint "$(cat "$T/fpr")"
for kind in r:signed 's:tls\+digest' l:tls; do
	exits 0 "a list of ${kind%%:*}" client list "${kind%%:*}:"
	like "$OUT" "^$image +20260101_0000 +active +[0-9]+d +${kind#*:} +" "... says on every line what trust it gives: ${kind#*:}"
done
first=$(id_of 20260101_0000)
exits 0 "by simplestreams" client pull -q s:toy/one
is "$OUT" "$first" "... comes the image that was published, under its id"
ok "... with its very manifest" cmp "$store/images/$first/rootfs.man" "$public/images/$image/20260101_0000/rootfs.man"
exits 0 "... and it verifies" client verify s:toy/one
exits 0 "pulled again" client pull s:toy/one
like "$OUT" 'stored already' "... it is known"
mv "$store/images/$first" "$T/by-streams"
exits 0 "as lxc-download does" client pull -q l:toy/one
is "$OUT" "$first" "... the same"
mv "$store/images/$first" "$T/by-lxc"
exits 0 "signed" client pull -q r:toy/one
is "$OUT" "$first" "... the same"
facts() { (cd "$1/rootfs" && find . -printf '%p %y %m %U %G %T@ %n %s %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
is "$(facts "$T/by-streams")" "$(facts "$store/images/$first")" "all names, owners, modes, times and contents are equal by simplestreams"
is "$(facts "$T/by-lxc")" "$(facts "$store/images/$first")" "... and as lxc-download does"
is "$(cat "$T/by-lxc/start")" "$(cat "$T/by-streams/start")" "... and are started alike"

night "$one" 20260102_0000 seed=a note=second
second=$(id_of 20260102_0000)
exits 0 "the next night of a server that signs nothing" client pull --json s:toy/one
like "$OUT" "\"id\":\"$second\"" "... comes"
exits 0 "an older one may be named" client pull -q s:toy/one@20260101_0000
is "$OUT" "$first" "... by its serial"
exits 8 "one that is not there" client pull s:toy/one@20250101_0000

# What is not as it was told.
before=$(tree_digest "$store/images")
client pull -q s:toy/one >/dev/null
file=$public/images/$image/20260102_0000/rootfs.tar.xz
rm -rf "$store/images/$second" "$store/refs/s" "$store/refs/l"
cp "$file" "$T/good"
before=$(tree_digest "$store/images")
head -c 1000 /dev/zero | dd of="$file" bs=1 seek=20000 conv=notrunc status=none
stop_server "$SERVER_PID"
start_server rootyard-httpd --user ry-www --root "$public" --listen "${URL#https://}" --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key" || exit 1
exits 3 "a changed file is not what simplestreams told" client pull s:toy/one
like "$ERR" 'not trusted.*sha256' "... by its digest"
client pull l:toy/one >/dev/null 2>"$T/err"
isnt "$?" 0 "as lxc-download has it, xz itself sees it"
is "$(tree_digest "$store/images")" "$before" "the store is what it was"
is "$(find "$store/tmp" "$home/.cache/rootyard/partial" -mindepth 1)" "" "... with nothing left over"
cat "$T/good" >"$file"

# An archive of one's own.
exits 0 "an exported tar" client export r:toy/one "$home/x.tar"
rm -rf "$store/images" "$store/refs"
exits 0 "is imported" client import -q "$home/x.tar" toy/mine
is "$OUT" "$first" "... as the image that it was"
exits 0 "... and verifies" client verify local:toy/mine
mkdir -p "$T/own/etc/a" && echo hello >"$T/own/etc/a/b" && ln "$T/own/etc/a/b" "$T/own/etc/c" && ln -s a/b "$T/own/etc/d"
tar -C "$T/own" --owner 1000 --group 1000 -cJf "$T/own.tar.xz" etc/d etc/c etc/a/b
exits 0 "an archive that names neither root nor directories" client import -q "$T/own.tar.xz" own/1@20260101_0000
own=$OUT
exits 0 "... is an image too" client verify local:own/1
is "$(cat "$store/images/$own/rootfs/etc/d")" hello "... with its content"
exits 0 "the same again" client import -q "$T/own.tar.xz" own/1@20260101_0000
is "$OUT" "$own" "... is the same image"
exits 0 "as a tar" client export local:own/1 "$home/own.tar"
exits 0 "... it comes back" client import -q "$home/own.tar" own/2
is "$OUT" "$own" "... as itself"
exits 2 "it wants a name" client import "$T/own.tar.xz" own
exits 1 "what is no archive is refused" as_user ry-user sh -c 'echo x >"$HOME/no.tar"; rootyard import "$HOME/no.tar" own/3; test $? != 0 && exit 1'
exits 0 "nothing is left over" client verify
is "$(ls "$store/tmp")" "" "... in tmp"
done_testing
