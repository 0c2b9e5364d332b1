#!/bin/bash
# Everything a mirror can do wrong, by accident or not: the documented status, one sentence, and a
# store that is byte for byte what it was before.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/upstream.sh
. "$(dirname "$0")/../upstream.sh"

hand_made
hostile "$T/tree" "$T/rules"
new=images/toy/1/amd64/default/20260102_0000

ok "a good image is stored" client remote add r "$URL" --fingerprint "$fpr" --insecure-transport
ok "... before the trouble begins" client pull toy/1
cp -a "$T/tree" "$T/old-tree"
publish() { # generation 2 with a second build, changed by NAME=VALUE
	make_tree tree "$keys" "$T/tree" serial=20260102_0000 version=2 generation=2 pad=400000 "$@"
}
publish
object() { cat "$T/tree/image.path"; }
catalog() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["path"])' "$T/tree/catalog.path"; }
before=$(tree_digest "$store")

untouched() { # FACT
	is "$(tree_digest "$store")" "$before" "$1: the store is what it was"
}

refused() { # STATUS FACT REGEX [RULE]...
	local status=$1 fact=$2 regex=$3
	shift 3
	rm -rf "$partial" # what was fetched and verified before would not be fetched again
	printf '%s\n' "$@" >"$T/rules"
	exits "$status" "$fact" client pull toy/1
	like "$ERR" "$regex" "... with a sentence: $(printf '%s' "$ERR" | tail -n 1 | cut -c -150)"
	untouched "$fact"
	: >"$T/rules"
}

# One byte changed, in each thing that is fetched.
refused 3 "a changed tarball" 'not trusted: .*rootfs.tar.zst.*sha256' "$new/rootfs.tar.zst flip"
ok "... and no partial download of it is kept" test -z "$(find "$partial" -mindepth 1 ! -name '*.lock')"
refused 3 "a changed manifest" 'not trusted: .*rootfs.man.*sha256' "$new/rootfs.man flip"
refused 3 "changed metadata" 'not trusted: .*meta.tar.xz.*sha256' "$new/meta.tar.xz flip"
refused 3 "a changed image document" 'not trusted: the image document has sha256' "$(object) flip"
refused 3 "a changed catalog" 'not trusted: the catalog has sha256' "$(catalog) flip"
refused 3 "a changed current" 'not trusted: meta/2/current' "meta/2/current flip"
cp "$T/tree/trust/root.1" "$T/tree/trust/root.2"
refused 3 "an old root as the next one" 'hands out root 1 as root 2'
refused 3 "a next root that is garbage" 'not trusted: trust/root.2' "trust/root.2 flip"
rm "$T/tree/trust/root.2"
printf 'trust/root.1 flip\n' >"$T/rules"
exits 3 "a changed first root" client remote add bad "$URL" --fingerprint "$fpr" --insecure-transport
ok "... is not remembered" test ! -e "$state/bad"
: >"$T/rules"

# Bytes that do not end, or end too early.
refused 3 "half a tarball" 'bytes where .* were signed for' "$new/rootfs.tar.zst truncate"
refused 3 "a tarball with more behind it" 'more than the [0-9]+ bytes that were signed for' "$new/rootfs.tar.zst long"
refused 3 "a tarball without end" 'more than the [0-9]+ bytes that were signed for' "$new/rootfs.tar.zst endless"
refused 3 "a catalog without end" 'more than the [0-9]+ bytes' "$(catalog) endless"
refused 3 "a current without end" 'more than the 65536 bytes' "meta/2/current endless"
refused 4 "a header without end" 'header' "meta/2/current header"
refused 4 "a connection that always breaks" 'cannot fetch' "$new/meta.tar.xz cut"

# Answers to other questions.
refused 4 "a redirect to itself" 'redirects' "$new/rootfs.man loop"
refused 4 "a redirect to a local file" 'cannot fetch' "$new/rootfs.man leave"
refused 4 "a content coding nobody asked for" 'content coding' "$new/rootfs.tar.zst gzip"
refused 4 "... nor for current" 'content coding' "meta/2/current gzip"
refused 3 "an error page with status 200" 'bytes where .* were signed for' "$new/rootfs.man html200"
refused 3 "... in place of current" 'not trusted: meta/2/current' "meta/2/current html200"
refused 4 "a listed file that is not there" "generation 2 of 'r' lists rootfs.man" "$new/rootfs.man 404"
refused 4 "a listed document that is not there" "lists the image document" "$(object) 404"
refused 4 "current that is not there" 'no such file' "meta/2/current 404"
refused 4 "a server that is always busy" 'status 503' "$new/rootfs.man 503"

# Time.
stale() { # STATUS FACT REGEX NAME=VALUE...
	local status=$1 fact=$2 regex=$3
	shift 3
	make_tree current "$keys" "$T/tree" generation=2 version=2 "$@"
	refused "$status" "$fact" "$regex"
}
stale 3 "an expired current" 'expired .* hours ago' created=-10 expires=-5
stale 3 "a current from the future" 'check your clock' created=7200

# Keys.
stale 3 "a current by another key" 'not trusted: meta/2/current' current_key=other
stale 3 "a current by the publish key" 'not trusted: meta/2/current' current_key=publish
stale 3 "a current signed as something else" 'not trusted: meta/2/current' 'current_type=rootyard/root+json;v=1'
stale 3 "a catalog by another key" 'not trusted: the catalog' catalog_key=other
stale 3 "a catalog by the timestamp key" 'not trusted: the catalog' catalog_key=timestamp
stale 3 "a catalog signed as something else" 'not trusted: the catalog' 'catalog_type=rootyard/current+json;v=1'
stale 3 "another repository" 'another repository' repo=ffffffffffffffffffffffffffffffff
stale 3 "a root that is not shown" 'shows no root after 1' root_version=2
stale 3 "a catalog of another generation" 'generation 2 .*generation 3|generation 3' generation=3
swapped() {
	make_tree current "$keys" "$T/tree" generation=2 version=2
	python3 - "$T/tree/meta/2/current" "$T/tree/trust/root.1" <<'P'
import json, sys
current, root = (json.load(open(f)) for f in sys.argv[1:])
current["signatures"] = root["signatures"]
json.dump(current, open(sys.argv[1], "w"))
P
}
swapped
refused 3 "a current under the root's signature" 'not trusted: meta/2/current'

# What is signed, but does not fit together.
python3 - "$T/other.tar" <<'P'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.USTAR_FORMAT) as t:
    root = tarfile.TarInfo(".")
    root.type, root.mode, root.mtime = tarfile.DIRTYPE, 0o755, 1700000000
    t.addfile(root)
    for name, data in (("./a", b"one"), ("./b", b"two")):
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(data), 1700000000
        t.addfile(info, io.BytesIO(data))
P
sed 's/one/eno/' "$T/other.tar" >"$T/another.tar"
unfit() { # FACT REGEX NAME=VALUE...
	local fact=$1 regex=$2
	shift 2
	publish version=3 generation=3 "$@"
	refused 3 "$fact" "$regex"
}
unfit "a tarball that is not its manifest's" "rootfs.man and the image document name different" tar="$T/other.tar" man_of="$T/another.tar"
unfit "more entries than were signed for" 'entries' tar="$T/other.tar" entries=2
unfit "fewer entries than were signed for" 'entries where' tar="$T/other.tar" entries=4
unfit "more bytes than were signed for" 'larger than 5 bytes' tar="$T/other.tar" unpacked=5
unfit "fewer bytes than were signed for" 'bytes unpacked where 7' tar="$T/other.tar" unpacked=7
python3 - "$T" <<'P'
import io, sys, tarfile
def meta(name, members):
    with tarfile.open(sys.argv[1] + "/" + name, "w", format=tarfile.USTAR_FORMAT) as t:
        for path, kind, data in members:
            info = tarfile.TarInfo(path)
            info.type, info.size = kind, len(data)
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = "/etc/passwd"
            t.addfile(info, io.BytesIO(data))
R = tarfile.REGTYPE
meta("meta-dotdot.tar", [("../config", R, b"x\n")])
meta("meta-link.tar", [("config", tarfile.SYMTYPE, b"")])
meta("meta-strange.tar", [("start", R, b"init evil\n")])
meta("meta-big.tar", [("create-message", R, b"x" * ((1 << 20) + 1))])
families = ("config", "config-user", "create-message", "excludes", "excludes-user", "templates", "templates-user", "fstab")
meta("meta-many.tar", [("%s.%d" % (f, n), R, b"x\n") for f in families for n in range(1, 10)])
meta("meta-twice.tar", [("config", R, b"x\n")] * 2)
meta("meta-dir.tar", [("templates", tarfile.DIRTYPE, b"")])
P
for bad in dotdot:'unknown file' link:'not a regular file' strange:'unknown file' big:'1 MiB' many:'more than 64' twice:'twice' dir:'not a regular file'; do
	unfit "metadata with its crime (${bad%%:*})" "meta.tar.xz.*${bad#*:}" meta="$T/meta-${bad%%:*}.tar"
done

# Back in time: after generation 3 nothing older is taken.
publish version=3 generation=3
ok "the newest generation is seen" client list
make_tree current "$keys" "$T/tree" generation=3 version=2
refused 3 "an older version of the same generation" 'the version went back from 3 to 2'
make_tree current "$keys" "$T/tree" generation=2 version=4
refused 3 "an older generation" 'the generation went back from 3 to 2'
make_tree current "$keys" "$T/tree" generation=3 version=4 created=-100000 expires=3600
refused 3 "an older time of creation" 'the time of creation went back'
cp -a "$T/tree" "$T/keep"
rm -rf "$T/tree" && cp -a "$T/old-tree" "$T/tree"
refused 3 "the whole tree of an earlier day" 'went back from'
rm -rf "$T/tree" && mv "$T/keep" "$T/tree"

# Roots.
publish version=4 generation=4
make_tree root "$keys" "$T/tree" 2 root_signers=other roots=root,root2
refused 3 "a next root signed by a stranger" 'not trusted: trust/root.2.*not signed as root 1 demands'
make_tree root "$keys" "$T/tree" 2 root_signers=root roots=root2
refused 3 "a next root that its own key has not signed" 'not trusted: trust/root.2.*not signed as root 2 demands'
make_tree root "$keys" "$T/tree" 2 repo=ffffffffffffffffffffffffffffffff
refused 3 "a next root of another repository" 'another repository'
make_tree root "$keys" "$T/tree" 2 root_expires=-60
refused 3 "an expired root" "the server's root expired"
rm "$T/tree/trust/root.2"
exits 3 "... and it stays the one that counts" client pull toy/1
like "$ERR" "the server's root expired" "... with its sentence"
make_tree root "$keys" "$T/tree" 3 root_signers=root
untouched "roots"

# Recovery: the very same client goes on when the server does.
publish version=9 generation=9
ok "a fast-forwarded server" client list
make_tree root "$keys" "$T/tree" 4 publish=other root_signers=root
publish version=5 generation=5
make_tree current "$keys" "$T/tree" version=5 generation=5 catalog_key=publish root_version=4
refused 3 "the replaced publish key" 'not trusted: the catalog'
make_tree current "$keys" "$T/tree" version=5 generation=5 catalog_key=other root_version=4
printf '%s cut+\n' "$new/rootfs.tar.zst" >"$T/rules"
: >"$SERVER_LOG.err"
exits 0 "with the new key, floors start anew, and an interrupted download is resumed" client pull -q toy/1
like "$(tr -d '\000' <"$SERVER_LOG.err")" 'rootfs.tar.zst 206 bytes=[1-9]' "... from where it broke"
again() { # a fresh build by that key: REF changes, everything is fetched anew
	serial=$1
	make_tree tree "$keys" "$T/tree" "serial=$serial" "version=$2" "generation=$2" pad=400000 "text=$serial" catalog_key=other root_version=4
	new=images/toy/1/amd64/default/$serial
}
again 20260103_0000 6
printf '%s cut+norange\n' "$new/rootfs.tar.zst" >"$T/rules"
exits 0 "a server that answers a range with the whole file is no harm" client pull toy/1
again 20260104_0000 7
printf '%s cut+badrange\n' "$new/rootfs.tar.zst" >"$T/rules"
exits 0 "nor is one that answers with another range" client pull toy/1
again 20260105_0000 8
printf '%s cutweak+\n' "$new/rootfs.tar.zst" >"$T/rules"
: >"$SERVER_LOG.err"
exits 0 "behind a weak ETag nothing is resumed" client pull toy/1
unlike "$(tr -d '\000' <"$SERVER_LOG.err")" ' 206 ' "... but fetched again"
again 20260106_0000 9
printf '%s 503+\n' "$new/rootfs.man" >"$T/rules"
exits 0 "a server that is busy once is asked again" client pull toy/1
again 20260107_0000 10
sum=$(sha256sum <"$T/tree/$new/rootfs.tar.zst" | cut -d' ' -f1)
head -c "$(stat -c %s "$T/tree/$new/rootfs.tar.zst")" /dev/zero >"$partial/$sum"
chown ry-user "$partial/$sum"
: >"$T/rules"
exits 0 "what lies in the cache is never believed" client pull toy/1
again 20260108_0000 11
cp -a "$T/tree" "$T/mirror"
other=$URL
hostile "$T/mirror" "$T/none"
make_tree tree "$keys" "$T/tree" serial=20260108_0000 version=11 generation=11 pad=400000 text=20260108_0000 catalog_key=other root_version=4 "mirrors=$other,$URL"
printf '%s flip\n' "$new/rootfs.tar.zst" >"$T/rules"
exits 0 "a good mirror makes up for a bad server" client pull toy/1
again 20260109_0000 12
make_tree tree "$keys" "$T/tree" serial=20260109_0000 version=12 generation=12 "description=$(printf 'a\033[31mred\u202e')" catalog_key=other root_version=4
exits 0 "a description" client info toy/1
unlike "$(printf '%s' "$OUT" | od -An -c | tr -d '\n ')" '033' "... cannot colour a terminal"
like "$OUT" '\\x1b' "... its escapes are shown"

# Large documents are fetched by their compressed companion.
again 20260110_0000 13
make_tree tree "$keys" "$T/tree" serial=20260110_0000 version=13 generation=13 dots=90000 catalog_key=other root_version=4
exits 0 "a large document is fetched" client info toy/1
said=$(tr -d '\000' <"${SERVER_LOG%/*}/server.1.log.err")
like "$said" "$(object).zst 200" "... by its companion"
unlike "$said" "$(object) 200" "... alone"
printf '%s.zst flip\n' "$(object)" >"$T/rules"
exits 3 "a changed companion is refused" client info toy/1
printf '%s.zst endless\n' "$(object)" >"$T/rules"
exits 3 "and one without end" client info toy/1
printf '%s.zst 404\n' "$(object)" >"$T/rules"
exits 0 "one that is missing is not missed" client info toy/1
done_testing
