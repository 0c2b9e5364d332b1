#!/bin/bash
# From a small local rootfs to a running container, in seconds and without the network; then once
# more for every document with one byte changed.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree
install -d -o ry-index -g ry-index "$tree"
install -d -m 2750 -g rootyard "$T/incoming"
"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1

ok "a recipe becomes a build" rootyard-build build --out "$T/incoming" --cache "$T/cache" --compress xz=1,zstd=3 \
	-o "source.url=file://$T/toy/rootfs.tar.xz" --allow-unverified --serial 20260101_0000 "$DATA/ok/toy" 1/amd64/default
ok "the tree, its catalog and its keys are made" as_user ry-index rootyard-index -C "$tree" init --root-home "$T/home/ry-index/root" --name test
ok "the build is admitted" as_user ry-index rootyard-index -C "$tree" add --all "$T/incoming"
ok "it is published" as_user ry-index rootyard-index -C "$tree" publish
ok "fsck finds nothing" as_user ry-index rootyard-index -C "$tree" fsck
fpr=$(as_user ry-index gpg --homedir "$T/home/ry-index/root" --with-colons --list-keys 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
as_user ry-index gpgconf --homedir "$T/home/ry-index/root" --kill all

test_ca "$T/ca"
serve() { start_server as_user ry-www rootyard-httpd --root "$1" --listen 127.0.0.1:0 --tls-cert "$T/ca/server.crt" --tls-key "$T/ca/server.key"; }
serve "$tree/public" || exit 1
client() { as_user ry-user rootyard "$@"; }

ok "a remote is pinned by the root's fingerprint" client remote add r "$URL" --fingerprint "$fpr" --ca "$T/ca/ca.crt"
exits 0 "the list names the image" client list
like "$OUT" 'toy/1/amd64/default' "... by its whole name"
exits 0 "it is pulled" client pull -q toy/1
id=$OUT
like "$id" '^[0-9a-f]{64}$' "... and called by its id"
is "$(sha256sum <"$tree/public/images/toy/1/amd64/default/20260101_0000/rootfs.man" | cut -d' ' -f1)" "$id" "the id is the digest of rootfs.man"
stop_server "$SERVER_PID"

exits 0 "a container starts with the server gone" client run --rm toy/1 -- cat /etc/os-release
like "$OUT" '^ID=toy' "... and prints its own os-release"
exits 7 "the command's exit status comes back" client run --rm toy/1 -- sh -c 'exit 7'
exits 0 "it has its own ids" client run --rm toy/1 -- cat /proc/self/uid_map
like "$OUT" '^ +0 +1000000 +65536$' "... 65,536 of them"
for ns in user mnt pid ipc uts net cgroup; do
	isnt "$(client run --rm toy/1 -- readlink /proc/self/ns/$ns)" "$(as_user ry-user readlink /proc/self/ns/$ns)" "its $ns namespace is its own"
done
is "$(client ps -a | wc -l)" 1 "no container is left behind"

# One byte changed: each must end in status 3 and an untouched store.
store=$T/home/ry-user/.local/share/rootyard
flip() { # FILE OFFSET
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "$(printf '\\%03o' $(((byte + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
current_object() { # the path of the document that `current` names under this key
	python3 - "$1" "$2" <<'P'
import base64, json, sys
doc = json.loads(base64.b64decode(json.load(open(sys.argv[1]))["payload"]))
print(doc[sys.argv[2]]["path"])
P
}
stored() { # all but the locks, which name their last holder
	find "$store" -type d -printf '%m %u %p\n' -o -type f ! -name '*lock*' -exec sha256sum {} + | sort
}
damage() { # WHAT FILE... (relative to public)
	local what=$1 f size added before
	shift
	rm -rf "$T/bad"
	cp -a "$tree/public" "$T/bad"
	for f; do
		size=$(stat -L -c %s "$T/bad/$f")
		flip "$(readlink -f "$T/bad/$f")" $((size / 2))
	done
	serve "$T/bad" || return 1
	# a user who has nothing stored and remembers nothing
	rm -rf "$T/home/ry-user"
	install -d -m 700 -o ry-user -g ry-user "$T/home/ry-user"
	if [ "$what" = root ]; then
		exits 3 "a changed root is refused" client remote add bad "$URL" --fingerprint "$fpr" --ca "$T/ca/ca.crt"
	else
		client remote add bad "$URL" --root "$tree/public/trust/root.1" --ca "$T/ca/ca.crt" >"$T/.out" 2>"$T/.err"
		added=$?
		client pull bad:toy/1 >/dev/null 2>&1 # makes the store's directories
		before=$(stored)
		if [ "$what" = current ]; then
			is "$added" 3 "a changed $what is refused when the remote is added"
		else
			is "$added" 0 "the remote of a changed $what can be added"
			exits 3 "... but the image is refused" client pull bad:toy/1
			like "$ERR" '^rootyard: cannot pull' "... with a sentence: $ERR"
		fi
		is "$(stored)" "$before" "... and the store is untouched"
		is "$(find "$store"/images "$store"/refs "$store"/tmp -mindepth 1 2>/dev/null)" "" "... without image, reference or half an image"
	fi
	stop_server "$SERVER_PID"
}
build=images/toy/1/amd64/default/20260101_0000
catalog=$(current_object "$tree/public/meta/2/current" catalog)
image_doc=meta/2/objects/$(tail -n +2 "$tree/public/$catalog" | grep -o '"[0-9a-f]\{64\}"' | tr -d '"' | head -n 1)
damage tarball "$build/rootfs.tar.zst"
companion() { [ ! -e "$tree/public/$1.zst" ] || echo "$1.zst"; }
# shellcheck disable=SC2046 # one name or none
damage "image document" "$image_doc" $(companion "$image_doc")
# shellcheck disable=SC2046
damage catalog "$catalog" $(companion "$catalog")
damage current meta/2/current
damage root trust/root.1

# Detached signatures, judged by gpg and by fsck.
gnupg=$T/gnupg
mkdir -m 700 "$gnupg"
gpg --homedir "$gnupg" -q --batch --import "$tree"/public/keys/*.asc 2>/dev/null
for f in $build/rootfs.tar.xz $build/SHA256SUMS meta/1.0/index-user; do
	ok "gpg accepts the signature of ${f##*/}" gpg --homedir "$gnupg" --batch --verify "$tree/public/$f.asc" "$tree/public/$f"
	cp "$tree/public/$f" "$T/one"
	flip "$T/one" 7
	not_ok "... and refuses it with one byte changed" gpg --homedir "$gnupg" --batch --verify "$tree/public/$f.asc" "$T/one"
done
gpgconf --homedir "$gnupg" --kill all
cp -a "$tree" "$T/damaged"
flip "$(readlink -f "$T/damaged/public/$build/rootfs.tar.xz.asc")" 200
exits 7 "fsck finds a signature with one byte changed" as_user ry-index rootyard-index -C "$T/damaged" fsck
like "$OUT$ERR" 'rootfs\.tar\.xz' "... and names it"
done_testing
