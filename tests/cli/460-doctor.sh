#!/bin/bash
# doctor tries what a container needs and says how to mend what is missing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

exits 0 "where containers can start it is content" ry doctor
is "$(printf '%s\n' "$OUT" | sed -E 's/^(ok|warn|FAIL) +([a-z-]+):.*/\2/' | tr '\n' ' ')" \
	"kernel namespaces subordinate-ids newuidmap places overlay seccomp cgroup tun rootyard-image " "... having tried ten things"
for name in kernel namespaces subordinate-ids newuidmap places overlay seccomp rootyard-image; do
	like "$OUT" "^ok +$name: " "... $name is well"
done
before=$(find "$STORE" "$RUNS" | sort)
exits 0 "--json is for machines" ry doctor --json
ok "... and parses" python3 -c 'import json,sys; d=json.loads(sys.argv[1]); assert len(d)==10 and all(set(x)=={"name","status","what","mend"} for x in d)' "$OUT"
is "$(find "$STORE" "$RUNS" | sort)" "$before" "it leaves nothing behind"

exits 0 "a user without ids can start containers of one" as_user ry-poor rootyard doctor
like "$OUT" "^warn subordinate-ids: no range of 65536 ids for 'ry-poor'.*; mend: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ry-poor$" "... and is told how to get more"

echo "other:1060000:65536" >>"$T/etc/subuid"
exits 0 "ranges that overlap are a warning" ry doctor
like "$OUT" "^warn subordinate-ids: /etc/subuid gives some of your ids to another too: 'other:1060000:65536'" "... naming the line"
echo "ry-user:1000000:65536" >"$T/etc/subuid"
exits 0 "without newuidmap there is one id" unshare -m bash -c 'mount --bind /dev/null /usr/bin/newuidmap; exec "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "^warn newuidmap: containers get one id only: .*newuidmap" "... and it is named"
exits 0 "with no new privileges too" setpriv --reuid ry-user --regid ry-user --init-groups --no-new-privs env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "one id only: .*NoNewPrivs" "... by its reason"

mkdir "$T/root"
exits 1 "forbidden namespaces are a failure" unshare -m bash -c 'mount --rbind / "$1" && shift && exec chroot "$@"' x "$T/root" "$T/root" setpriv --reuid ry-user --regid ry-user --init-groups \
	env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" doctor
like "$OUT" "^FAIL namespaces: cannot make a user namespace: .* chroot of this process" "... by their reason"

chmod 755 "$STORE"
exits 1 "a store that others may read is a failure" ry doctor
like "$OUT" "^FAIL places: '.*rootyard' is open to others" "... and said"
chmod 700 "$STORE"
mkdir -p "$T"/ovl/{l,u,w,m}
mount -t overlay -o "lowerdir=$T/ovl/l,upperdir=$T/ovl/u,workdir=$T/ovl/w" none "$T/ovl/m"
install -d -m 700 -o ry-user -g ry-user "$T/ovl/m/data"
AS_ENV=(XDG_DATA_HOME="$T/ovl/m/data")
exits 1 "a data place where no overlay can lie is a failure" ry doctor
like "$OUT" "^FAIL overlay: .*; mend: put XDG_DATA_HOME on ext4, xfs" "... with the way out"
umount "$T/ovl/m"
done_testing
