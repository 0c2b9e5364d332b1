#!/bin/bash
# What a container is given beside its image: directories, files, devices, memory; a root that stays as it is.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

home=$T/home/ry-user
as_user ry-user bash -c 'mkdir -p ~/data/sub && echo hello >~/data/file && chmod 700 ~/data'
exits 0 "a directory of the caller's closed home is bound" ry run --rm -v "$home/data:/data" --map-me 1000 toy/1 -- sh -c 'cat /data/file; stat -c %u /data; echo new >/data/new; su someone -c "echo mine >/data/mine"; echo 2 >/root/x; stat -c %u /root/x /etc'
is "$OUT" "$(printf 'hello\n1000\n0\n0')" "... as the caller's id inside, with the image's ids where they were"
is "$(stat -c %U "$home/data/mine")" ry-user "what is written there as that id is the caller's"
is "$(ry run --rm --map-me 1000 toy/1 -- sh -c 'tr -s " " </proc/self/uid_map' </dev/null)" "$(printf ' 0 1000000 1000\n 1000 0 1\n 1001 1001001 64535')" "one id of the image's gives way to the caller's, who is 0 in the namespace above"
exits 0 "without it the directory can be read no more than by anybody" ry run --rm -v "$home/data/sub:/data" toy/1 -- stat -c %u /data
is "$OUT" 65534 "... and is nobody's"
not_ok "read-only is read-only" ry run --rm --map-me 1000 -v "$home/data:/data:ro" toy/1 -- sh -c 'echo x >/data/file'
is "$(cat "$home/data/file")" hello "... to the last"
exits 0 "a file, a relative source, a target that is missing" bash -c 'cd "$1" && shift && exec "$@"' x "$home" setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$home" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" run --rm -v data/file:/a/b/c --map-me 1 toy/1 -- cat /a/b/c
is "$OUT" hello "... all work"

# A mount of the host with locked flags, and one below it.
mkdir -p "$T/mnt"
mount -t tmpfs -o ro,nosuid,nodev,noexec,mode=755 none "$T/mnt"
exits 0 "a mount whose flags the host locks" ry run --rm -v "$T/mnt:/m:ro" -v "$T:/t:ro" toy/1 -- sh -c 'grep -E " (/m|/t/mnt) " /proc/self/mountinfo | cut -d" " -f6; echo x >/m/x || true; touch /t/x || true'
is "$OUT" "$(printf 'ro,nosuid,nodev,noexec,relatime\nro,nosuid,nodev,noexec,relatime')" "... keeps them, below another too"
umount "$T/mnt"

exits 0 "memory can be mounted anywhere" ry run --rm --tmpfs /scratch:1m --tmpfs /var/x toy/1 -- sh -c 'dd if=/dev/zero of=/scratch/f bs=1k count=2000 2>/dev/null; stat -c %s /scratch/f; stat -f -c %T /var/x'
is "$OUT" "$(printf '1048576\ntmpfs')" "... with a size"
exits 0 "a read-only root" ry run --rm --read-only toy/1 -- sh -c 'touch /x 2>/dev/null && echo WROTE; touch /etc/x 2>/dev/null && echo WROTE; touch /tmp/x /dev/shm/x && echo scratch'
is "$OUT" scratch "... has somewhere to write all the same"
not_ok "... which cannot be undone" ry run --rm --read-only toy/1 -- mount -o remount,rw /

exits 0 "one device of the host" ry run --rm --device /dev/null:/dev/other --device /dev/zero:/opt/z toy/1 -- sh -c 'echo x >/dev/other; test -c /dev/other && head -c 3 /opt/z | wc -c' || true
exits 125 "what is no device is refused" ry run --rm --device /etc/passwd toy/1 -- true
like "$ERR" "option '--device': '/etc/passwd' is none" "... and named"
exits 125 "a missing source is an error" ry run --rm -v /nowhere:/x toy/1 -- true
like "$ERR" "option '--volume': cannot open '/nowhere'" "... and named"
exits 125 "what the caller may not enter he may not bind" ry run --rm -v /root/x:/x toy/1 -- true

while IFS='|' read -r regex args; do
	# shellcheck disable=SC2086 # words
	exits 2 "'run $args' is refused" ry run $args toy/1 true
	like "$ERR" "$regex" "... by its reason"
done <<'A'
'--volume': .* is not SOURCE:/TARGET|-v /etc
'--volume': .* is not SOURCE:/TARGET|-v /etc:etc
'--volume': .* is not SOURCE:/TARGET|-v /etc:/x:rx
'--volume': .* is not SOURCE:/TARGET|-v /etc:/
'--volume': .* is not SOURCE:/TARGET|-v /etc:/../.
'--volume': .* is not SOURCE:/TARGET|-v /etc:/proc/sys
'--volume': .* is not SOURCE:/TARGET|-v /etc:/sys
'--tmpfs': .* is not /TARGET|--tmpfs x
'--tmpfs': .* is not /TARGET|--tmpfs /x:1q
'--device': .* is not /SOURCE|--device null
'--map-me': '0' is not 1 to 65535|--map-me 0
'--map-me': '65536' is not|--map-me 65536
A

# Links of the image on the way lead inside.
ln -s "$T" "$ROOTFS/out"
ln -s ../../../../../../../.. "$ROOTFS/up"
ln -s /proc/self/root "$ROOTFS/magic"
exits 125 "a target behind a link that leads nowhere inside is refused" ry run --rm -v "$home/data:/out/in" toy/1 -- true
exits 0 "one behind a link that climbs lies in the container" ry run --rm -v "$home/data:/up/in2" --map-me 1 toy/1 -- sh -c 'ls /in2/file'
not_ok "... and nothing is made outside" test -e "$T/in" -o -e /in2
exits 125 "a magic link is not followed" ry run --rm -v "$home/data:/magic/x" toy/1 -- true
rm "$ROOTFS/out" "$ROOTFS/up" "$ROOTFS/magic"

exits 0 "what was asked for is kept with a container" ry create --name kept -v "$home/data:/data:ro" --map-me 1000 --read-only toy/1 -- sh -c 'cat /data/file; touch /x || sleep 1000'
exits 0 "... that is started later" ry start kept
exits 0 "... and has it" ry exec kept -- cat /data/file
is "$OUT" hello "... all"
exits 0 "it ends" ry stop kept
exits 0 "and goes" ry rm kept
ok "nothing is left" leaves_nothing
done_testing
