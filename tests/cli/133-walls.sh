#!/bin/bash
# What runs while a tree is made reaches nothing of this host: not a recipe's action, not a package's script under mmdebstrap.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../debian.sh"

for p in mmdebstrap busybox; do command -v $p >/dev/null || skip_all "needs $p"; done
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"
export TMPDIR=$T/tmp
mkdir -p "$T/tmp"
debian_key "$T/r/keys"
echo a-secret-of-this-host >"$T/secret"
mkdir -p /run/rytest-agent.$$ && trap 'rm -rf /run/rytest-agent.$$; t_cleanup' EXIT
echo agent >/run/rytest-agent.$$/socket

# Looks wherever a process of its own, or one around it, has a root directory.
cat >"$T/thief" <<E
#!/bin/sh
for r in '' /proc/[0-9]*/root /proc/[0-9]*/cwd; do
	for f in $T/secret /run/rytest-agent.$$/socket /etc/shadow; do
		test -e "\$r\$f" && grep -q . "\$r\$f" && echo "\$r\$f"
	done
	find "\$r/home" "\$r/root" -mindepth 1 2>/dev/null
done >/etc/stolen
cat /proc/sys/vm/swappiness >/etc/number
cat /etc/number 2>/dev/null >/proc/sys/vm/swappiness && echo sysctl >>/etc/stolen
for p in /proc/[0-9]*; do grep -q . "\$p/root/proc/sysrq-trigger" 2>/dev/null; test -w "\$p/root/proc/sysrq-trigger" && echo "\$p sysrq" >>/etc/stolen; done
busybox mknod /tmp/disk b 8 0 2>/dev/null && busybox head -c 1 /tmp/disk >/dev/null 2>&1 && echo disk >>/etc/stolen
for t in devtmpfs proc; do
	busybox mount -t \$t none /mnt 2>/dev/null || continue
	ls /mnt/[sv]da* 2>/dev/null >>/etc/stolen
	test -w /mnt/sys/vm/swappiness && echo "\$t" >>/etc/stolen
	busybox umount /mnt
done
busybox kill -0 $$ 2>/dev/null && echo "process $$" >>/etc/stolen
env | grep -i secret >>/etc/stolen
ls -l /proc/\$\$/fd | sed -n 's/.* -> //p' | grep -vE '^(/dev/null|pipe:.*|/memfd:action.*|.*build\.log.*|/.*postinst)\$' >>/etc/stolen
exit 0
E
arch=$(dpkg --print-architecture)
debian_begin "$T/www"
deb_base || exit 1
mkdir -p "$A/root/mnt"
cp "$T/thief" "$A/control/postinst"
chmod 755 "$A/control/postinst"
deb toy-thief 1 $'Priority: required\nPre-Depends: base-files'
debian_publish one
start_server as_user ry-www rootyard-httpd --root "$T/www" --listen 127.0.0.1:0 --log "$T/home/ry-www/log" || exit 1
recipe() { # URL
	printf 'image: {distribution: toy}\nsource: {downloader: debootstrap, variant: minbase, url: "%s"}\n' "$1" >"$T/r/image.yaml"
	printf 'packages: {manager: apt}\nmappings: {architecture_map: debian}\n' >>"$T/r/image.yaml"
	printf 'actions:\n- trigger: post-files\n  action: |-\n%s\n' "$(sed -e 's/^/    /' -e 's,/etc/stolen,/etc/stolen-by-action,;s,/etc/number,/etc/number2,' "$T/thief")" >>"$T/r/image.yaml"
}
printf 'schema: 1\ndistro: toy\nreleases:\n  one: {arches: [%s], variants: [default], keys: [keys/toy.asc]}\n' "$arch" >"$T/r/releases.yaml"
build() { # NAME ARG...
	local name=$1
	shift
	rm -rf "${T:?}/$name"
	SECRET=leaked SSH_AUTH_SOCK=/run/rytest-agent.$$/socket rootyard-build build --out "$T/$name" --cache "$T/cache" --compress xz=0,zstd=1 "$@" "$T/r" "one/$arch"
}
member() { tar --zstd -xOf "$T/$1"/toy/one/*/default/*/rootfs.tar.zst "./$2"; }
stolen() { # NAME WHO
	is "$(member "$1" etc/stolen)" "" "... $2 found nothing of this host"
	is "$(member "$1" etc/stolen-by-action)" "" "... nor did the recipe's action"
	like "$(member "$1" etc/number)$(member "$1" etc/number2)" '^[0-9]+' "... and both did look"
}
recipe "$URL"
exits 0 "a tree is made by ourselves" build ours
stolen ours "a package's script"
exits 0 "one is made by mmdebstrap" build theirs --mmdebstrap
stolen theirs "a package's script"
unlike "$(cat "$T"/theirs/toy/one/*/default/*/build.log)" "$T/tmp" "... which does not even know where it was"
install -d -o ry-user -g ry-user "$T/home/ry-user/tmp"
chmod -R a+rX "$T/r" "$T/www"
AS_ENV+=("TMPDIR=$T/home/ry-user/tmp")
exits 0 "without root mmdebstrap makes one too" as_user ry-user rootyard-build build --unshare --mmdebstrap --out "$T/home/ry-user/out" --compress xz=0,zstd=1 "$T/r" "one/$arch"
is "$(tar --zstd -xOf "$T"/home/ry-user/out/toy/one/*/default/*/rootfs.tar.zst ./etc/stolen)" "" "... and its scripts find nothing"
is "$(ls -A "$T/tmp"; ls -A "$T/home/ry-user/tmp"; ls -A "$T/cache/work")" "" "nothing is left behind"
gpgconf --kill all
done_testing
