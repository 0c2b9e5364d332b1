#!/bin/bash
# Without root: the same image, digest for digest, out of an ordinary user's own namespace.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
cp -r "$DATA/ok/toy" "$T/recipe"
cat >"$T/recipe/add" <<'Y'
  - trigger: post-unpack
    action: |-
      #!/bin/sh
      set -e
      mkdir -p /etc/made && echo x >/etc/made/file && chown 1000:33 /etc/made/file && chmod 4750 /etc/made/file
      echo y >/dev/null && head -c 8 /dev/urandom >/dev/null && test -c /dev/full
      ls /dev | sort | tr '\n' ' ' >/etc/seen-dev
      grep -c : /proc/net/dev >/etc/seen-interfaces
      cut -d' ' -f5 /proc/self/mountinfo | grep -vE '^/(dev/(null|zero|full|u?random|tty)$|proc/)' | sort | tr '\n' ' ' >/etc/seen-mounts
      test "$(mount -t tmpfs none /mnt 2>/dev/null && echo mounted)" = "" || echo mounted >/etc/seen-mount
      grep -E 'Cap(Eff|Bnd)' /proc/self/status >/etc/seen-caps
  - trigger: post-unpack
    action: |-
      #!/bin/sh
      # rootyard: network
      ls /sys/class/net | tr '\n' ' ' >/etc/seen-net
      touch /sys/kernel/x 2>/dev/null && echo written >/etc/seen-sys
      true
Y
sed -i -e "/^actions:/r $T/recipe/add" "$T/recipe/image.yaml"
chmod -R a+rX "$T/recipe" "$T/toy"
export T
home=$T/home/ry-user
install -d -o ry-user -g ry-user "$home/tmp"
AS_ENV+=("TMPDIR=$home/tmp")
cat >"$T/build" <<B
#!/bin/bash
exec rootyard-build build --out "\$1" --compress xz=1,zstd=3 --allow-unverified -o source.url=file://$T/toy/rootfs.tar.xz --serial 20260101_0000 "\${@:2}" $T/recipe 1/amd64
B
chmod 755 "$T/build"
user() { as_user ry-user "$T/build" "$@"; }
roots=$T/in/toy/1/amd64/default/20260101_0000
artifacts="rootfs.man rootfs.tar.xz rootfs.tar.zst meta.tar.xz incus.tar.xz packages.json sbom.spdx.json recipe.yaml provenance.json build.json"
same() { # DIR WHO
	local f
	for f in $artifacts; do
		is "$(sha256sum <"$1/$f")" "$(sha256sum <"$roots/$f")" "$f of $2 is the same as root's, digest for digest"
	done
}

exits 0 "root builds" "$T/build" "$T/in"
exits 1 "an ordinary user cannot" user "$home/in"
like "$ERR" 'needs root.*--unshare' "... and is told how"
exits 0 "with --unshare he can" user "$home/in" --unshare
mine=$home/in/toy/1/amd64/default/20260101_0000
is "$OUT" "$mine" "... and is told where"
same "$mine" "an ordinary user"
is "$(find "$home/in" ! -user ry-user -o ! -group ry-user)" "" "all of it is his own"
is "$(stat -c %a "$mine")" 755 "... with the usual mode"
ok "... to remove too" as_user ry-user rm -r "$home/in/toy"
is "$(ls -A "$home/tmp")" "" "nothing is left in his work directory"
seen() { tar -xOf "$roots/rootfs.tar.zst" --zstd "./etc/seen-$1" 2>/dev/null; }
is "$(seen interfaces)" 1 "no network but loopback"
is "$(seen net)" "lo " "where the network is asked for, /sys says nothing of the host's"
is "$(seen mounts)" "/ /dev /dev/pts /dev/shm /proc /run /sys /tmp " "no mount of the host"
is "$(seen mount)$(seen sys)" "" "nothing can be mounted, /sys not written to"

# ---- nights, and what is left when one is killed
night() { as_user ry-user rootyard-build nightly --unshare --out "$home/in" --cache "$home/cache" --compress xz=0,zstd=1 --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$@"; }
exits 0 "a night without root" night "$T/recipe"
like "$OUT" '1 images, 1 built' "... builds too"
is "$(find "$home/in" "$home/cache" ! -user ry-user)" "" "... and all of it is his own, the cache too"
cp -r "$T/recipe" "$T/slow"
sed -i 's/      touch \/sys/      while :; do sleep 4717; done\n&/' "$T/slow/image.yaml"
setsid setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$home" PATH="$PATH" rootyard-build -q nightly --unshare --force --out "$home/in" --cache "$home/cache" \
	--allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$T/slow" 2>/dev/null &
pid=$!
for _ in $(seq 300); do
	! pgrep -x -f 'sleep 4717' >/dev/null || break
	sleep 0.1
done
is "$(pgrep -x -f 'sleep 4717' | wc -l)" 1 "one is under way"
kill -KILL $pid; wait $pid 2>/dev/null
for _ in $(seq 100); do
	pgrep -x -f 'sleep 4717' >/dev/null || break
	sleep 0.1
done
is "$(pgrep -x -f 'sleep 4717')" "" "killed, it ends what it ran"
isnt "$(ls "$home/cache/work")" "" "... and leaves its work"
exits 0 "the next" night "$T/recipe"
is "$(ls -A "$home/cache/work"; find "$home/in" -name '.building*')" "" "... removes it, though it belongs to other ids"

# ---- who may not
as_poor() { as_user ry-poor TMPDIR=/var/tmp rootyard-build build --out "$T/home/ry-poor/in" --unshare --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz" "$T/recipe" 1/amd64; }
exits 1 "one without subordinate ids cannot" as_poor
like "$ERR" 'no range of 65536 ids.*usermod' "... and is told how to get them"

# ---- in an unprivileged container
echo "root:2000000:200000" | tee -a "$T/etc/subuid" >>"$T/etc/subgid"
contained() { # ARG...: root of a namespace of 200,000 ids, in which ry-user is 60103 and has 100,000 and more
	unshare --user --map-users 2000000,0,200000 --map-groups 2000000,0,200000 --setuid 0 --setgid 0 --mount --pid --fork --mount-proc "$@"
}
chmod 755 "$T/home"
install -d -m 1777 "$T/c" && chown 2000000:2000000 "$T/c"
inside() {
	contained env TMPDIR=/var/tmp "$T/build" "$@"
}
exits 0 "root of an unprivileged container builds, and needs no --unshare" inside "$T/c/in"
same "$T/c/in/toy/1/amd64/default/20260101_0000" "a container's root"
mkdir "$T/helpers"
for h in newuidmap newgidmap; do
	cp "$(command -v $h)" "$T/helpers/$h" && chown 2000000:2000000 "$T/helpers/$h" && chmod 4755 "$T/helpers/$h"
done
echo "ry-user:100000:65536" >"$T/subids"
install -d -o 2060103 -g 2060103 "$T/c/home"
nested() {
	contained bash -c 'for h in newuidmap newgidmap; do mount --bind "$T/helpers/$h" "$(command -v $h)"; done
		mount --bind "$T/subids" /etc/subuid && mount --bind "$T/subids" /etc/subgid &&
		exec setpriv --reuid 60103 --regid 60103 --clear-groups env -i HOME="$T/c/home" TMPDIR=/var/tmp PATH="$PATH" LC_ALL=C.UTF-8 "$T/build" "$@"' nested "$@"
}
exits 0 "an ordinary user of the container builds with --unshare" nested "$T/c/home/in" --unshare
same "$T/c/home/in/toy/1/amd64/default/20260101_0000" "a container's user"
echo "ry-user:100000:1000" >"$T/subids"
exits 1 "where the container has no range for him" nested "$T/c/home/in2" --unshare
like "$ERR" 'no range of 65536 ids' "... a sentence says so"
masked() {
	unshare --mount bash -c 'mount -t tmpfs none /proc/irq && exec unshare --user --map-users 2000000,0,200000 --map-groups 2000000,0,200000 --setuid 0 --setgid 0 --mount "$T/build" "$@"' masked "$@"
}
exits 1 "where the container hides parts of /proc" masked "$T/c/in3"
like "$ERR" 'parts of its /proc are hidden' "... a sentence says so"
done_testing
