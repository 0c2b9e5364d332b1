#!/bin/bash
# A small build: what is in it, what its commands can see, and the same bytes twice.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
export TMPDIR=$T/tmp
mkdir -p "$T/tmp"
build() { # RECIPE ARG...
	local recipe=$1
	shift
	rootyard-build build --out "$T/out" --compress xz=1,zstd=3 --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$@" "$recipe" 1/amd64
}
at=$T/out/toy/1/amd64/default

# ---- the same bytes
exits 0 "a recipe becomes a build" build "$DATA/ok/toy" --threads 1 --serial 20260101_0000
is "$OUT" "$at/20260101_0000" "... whose place is printed"
exits 0 "another night, two threads" build "$DATA/ok/toy" --threads 2 --serial 20260102_0304
for f in rootfs.man rootfs.tar.xz rootfs.tar.zst packages.json recipe.yaml; do
	is "$(sha256sum <"$at/20260101_0000/$f")" "$(sha256sum <"$at/20260102_0304/$f")" "$f is the same, digest for digest"
done
exits 0 "the same serial elsewhere" rootyard-build build --out "$T/out2" --compress xz=1,zstd=3 --allow-unverified \
	-o "source.url=file://$T/toy/rootfs.tar.xz" --serial 20260101_0000 "$DATA/ok/toy" 1/amd64
is "$(sha256sum <"$at/20260101_0000/build.json")" "$(sha256sum <"$T/out2/toy/1/amd64/default/20260101_0000/build.json")" "... gives the same build.json"

# ---- what was handed over
cd "$at/20260101_0000" || exit 1
is "$(find . -mindepth 1 | LC_ALL=C sort | tr '\n' ' ')" \
	"./build.json ./build.log ./incus.tar.xz ./meta.tar.xz ./packages.json ./provenance.json ./recipe.yaml ./rootfs.man ./rootfs.tar.xz ./rootfs.tar.zst ./sbom.spdx.json ./timings.json " \
	"every file is there, and no other"
ok "xz accepts the archive" xz -t rootfs.tar.xz
is "$(xz -dc rootfs.tar.xz | sha256sum)" "$(zstd -dcq rootfs.tar.zst | sha256sum)" "both archives hold the same tar"
diff_id=$(xz -dc rootfs.tar.xz | sha256sum | cut -d' ' -f1)
like "$(cat build.json)" "\"diff_id\":\"$diff_id\"" "build.json names its digest"
like "$(cat build.json)" "\"id\":\"$(sha256sum <rootfs.man | cut -d' ' -f1)\"" "... and the image's id"
like "$(cat build.json)" '"verified":"none","kind":"tarball"' "... and says that nothing verified the source"
for f in incus.tar.xz meta.tar.xz packages.json recipe.yaml rootfs.man rootfs.tar.xz rootfs.tar.zst; do
	like "$(cat build.json)" "\"name\":\"$f\",\"size\":$(stat -c %s $f),\"sha256\":\"$(sha256sum <$f | cut -d' ' -f1)\"" "$f is in build.json as it is"
done
is "$(tar tf meta.tar.xz | tr '\n' ' ')" \
	"create-message expiry excludes-user config config-user config-user.1 config-user.2 config-user.3 config-user.4 config.1 config.2 config.3 config.4 templates " \
	"the LXC metadata has its members in order, with bare names"
is "$(tar xOf meta.tar.xz expiry)" "$(($(date -ud 2026-01-01 +%s) + 30 * 86400))" "it expires 30 days after its serial"
is "$(tar xOf meta.tar.xz templates | tr '\n' ' ')" "/etc/hostname /etc/hosts " "hostname and hosts are templates"
is "$(tar tf incus.tar.xz | tr '\n' ' ')" "metadata.yaml templates/ templates/hostname.tpl templates/hosts.tpl " "the Incus metadata too"
mkdir "$T/recipe" && cp recipe.yaml "$T/recipe/image.yaml" && cp "$DATA/ok/toy/releases.yaml" "$T/recipe/"
exits 0 "recipe.yaml is a valid recipe" rootyard-build validate "$T/recipe"

mkdir "$T/x"
tar --xattrs --xattrs-include='*' --numeric-owner -xpf rootfs.tar.zst --zstd -C "$T/x"
is "$(cat "$T/x/etc/hostname")" LXC_NAME "the host name is LXC's placeholder"
is "$(cat "$T/x/etc/made-by-action")" "made by an action" "an action ran"
is "$(stat -c %a "$T/x/usr/bin/su")" 4755 "set-id bits are kept"
like "$(getfattr -n security.capability -e hex "$T/x/usr/bin/ping" 2>/dev/null)" '=0x01' "file capabilities are kept"
is "$(stat -c %i "$T/x/etc/third")" "$(stat -c %i "$T/x/usr/lib/toy/second")" "hard links are kept"
is "$(find "$T/x"/dev "$T/x"/proc "$T/x"/sys "$T/x"/run "$T/x"/tmp -mindepth 1)" "" "dev, proc, sys, run and tmp are empty"
is "$(find "$T/x" -newermt '2026-01-01 00:00:01Z' ! -type d)" "" "nothing is younger than the epoch, the newest member's time"
cd "$T" || exit 1

# ---- what a command in the tree can see
cp -r "$DATA/ok/toy" "$T/see"
cat >"$T/see/add" <<'Y'
  - trigger: post-unpack
    action: |-
      #!/bin/sh
      env | sort >/etc/seen-env
      ls /dev | sort | tr '\n' ' ' >/etc/seen-dev
      ls -l /proc/self/fd | grep -c -- '->' >/etc/seen-fds
      umask >/etc/seen-umask
      hostname >/etc/seen-hostname
      ps | wc -l >/etc/seen-processes
      cat /proc/net/dev | grep -c : >/etc/seen-interfaces
      grep CapEff /proc/self/status >/etc/seen-caps
      cat /proc/self/mountinfo >/etc/seen-mounts
      mount -t tmpfs none /home 2>/dev/null && echo mounted >/etc/seen-mount
      test -w /sys/kernel && touch /sys/kernel/x 2>/dev/null && echo written >/etc/seen-sys
      sleep 4711 &
      true
Y
sed -i -e "/^actions:/r $T/see/add" "$T/see/image.yaml"
cat >>"$T/see/image.yaml" <<'Y'
environment:
  variables:
    - key: TOY
      value: "1"
    - key: TERM
      value: dumb
Y
exits 0 "a build that looks around" env SECRET=leaked HTTP_PROXY=x LANG=de_DE rootyard-build build --out "$T/out3" --compress xz=0,zstd=1 \
	--allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" --serial 20260101_0000 "$T/see" 1/amd64
seen() { tar xOf "$T/out3/toy/1/amd64/default/20260101_0000/rootfs.tar.xz" "./etc/seen-$1" 2>/dev/null; }
is "$(seen env | grep -vE '^(PWD|SHLVL|_)=' | tr '\n' ' ')" \
	"DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin SHELL=/bin/sh TERM=dumb TOY=1 " \
	"the environment is exactly this"
is "$(seen dev)" "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero " "/dev has the usual nodes"
is "$(seen umask)" 0022 "the umask is 022"
is "$(seen hostname)" rootyard "the host name is ours"
like "$(seen processes)" '^[4-7]$' "only its own processes are seen"
is "$(seen interfaces)" 1 "there is no network but loopback"
is "$(seen caps | tr -d '\t')" "CapEff:00000000a00405fb" "its capabilities are a short list"
is "$(seen mounts | cut -d' ' -f5 | grep -v '^/proc/' | LC_ALL=C sort | tr '\n' ' ')" "/ /dev /dev/pts /dev/shm /proc /run /sys /tmp " "no mount of the host is seen"
is "$(seen mounts | awk '$5 ~ /^\/proc\/sys/ && $6 !~ /^ro/')" "" "... what of /proc is the machine's is read-only"
is "$(seen mount)$(seen sys)" "" "it can neither mount nor write to /sys"
is "$(pgrep -f 'sleep 4711')" "" "what it left running ended with it"

# ---- pinned sources
url=file://$T/toy/rootfs.tar.xz
cp -r "$DATA/ok/toy" "$T/pin"
pin() { # HEX
	sed -i '/sha256/d' "$T/pin/releases.yaml"
	echo "    sha256: {\"$url\": $1}" >>"$T/pin/releases.yaml"
}
exits 3 "a source that nothing verifies is not used" rootyard-build build --out "$T/out4" -o "source.url=$url" "$T/pin" 1/amd64
like "$ERR" 'allow-unverified' "... and the way out is named"
pin "$(sha256sum <"$T/toy/rootfs.tar.xz" | cut -d' ' -f1)"
exits 0 "one with its pinned digest is" rootyard-build build --out "$T/out5" --compress xz=0,zstd=1 -o "source.url=$url" "$T/pin" 1/amd64
like "$(cat "$T"/out5/toy/1/amd64/default/*/build.json)" '"verified":"sha256"' "... and build.json says so"
pin 0000000000000000000000000000000000000000000000000000000000000000
exits 3 "another digest is refused" rootyard-build build --out "$T/out6" -o "source.url=$url" "$T/pin" 1/amd64

# ---- over HTTP, by an ordinary user's process
start_server as_user ry-www rootyard-httpd --root "$T/toy" --listen 127.0.0.1:0 || exit 1
exits 0 "an archive comes over HTTP" rootyard-build build --out "$T/out7" --compress xz=1,zstd=3 --allow-unverified -o "source.url=$URL/rootfs.tar.xz" \
	--serial 20260101_0000 "$DATA/ok/toy" 1/amd64
is "$(sha256sum <"$T/out7/toy/1/amd64/default/20260101_0000/rootfs.man")" "$(sha256sum <"$at/20260101_0000/rootfs.man")" "... and gives the same image"
exits 8 "one that is not there is a clear failure" rootyard-build build --out "$T/out8" --allow-unverified -o "source.url=$URL/other.tar.xz" "$DATA/ok/toy" 1/amd64
like "$(cat "$T"/out8/toy/1/amd64/default/*/build.json)" '"result":"failed","class":"upstream"' "... of upstream's, for the record"
is "$(find "$T/out8" -type f -printf '%f ')" "$(find "$T/out8" -type f \( -name build.json -o -name build.log \) -printf '%f ')" "... with its log and nothing else"
is "$(ls -A "$T/tmp")" "" "no work directory is left"
done_testing
