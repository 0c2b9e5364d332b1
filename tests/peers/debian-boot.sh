#!/bin/bash
# debian-boot.sh BUILD...: handed over images of systemd, as debian/trixie/amd64/default, booted by an ordinary user: systemd
# says that it runs, the host's name resolves, cloud-init read its seed, it stops by itself; result and log are with the build.
"$(dirname "$0")/need.sh" uidmap zstd >&2 || exit 1
. "$(dirname "$0")/../lib.sh"
[ $# -gt 0 ] || skip_all "which builds? debian-boot.sh BUILD..."
export TMPDIR=$T/tmp
install -d -m 1777 "$T/tmp"
umount -R -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2 can be mounted here"
said() { python3 -c 'import json,sys; b=json.load(open(sys.argv[1])); t=b["test"]; print(b["result"], b["class"], t["result"], t.get("kind", ""))' "$1/build.json"; }
# What a system said of itself when it was asked the last time.
state() { sed -n '/systemctl is-system-running/,/^\[status/p' "$1/test.log" | grep -E '^(running|degraded)' | tail -n 1; }
n=0
for build; do
	name=$(python3 -c 'import json,sys; b=json.load(open(sys.argv[1])); print(b["image"])' "$build/build.json")
	cp -a "$build" "$T/build"
	exits 0 "$name boots" rootyard-build test --test-user ry-user "$T/build"
	is "$(said "$T/build")" "ok ok passed systemd" "... with systemd, and build.json says so"
	like "$(state "$T/build")" '^(running|degraded)$' "... it says '$(state "$T/build")'"
	like "$(cat "$T/build/test.log")" 'systemctl --failed' "... its failed units were asked for"
	[ "${name##*/}" != cloud ] || like "$(cat "$T/build/test.log")" 'cloud-init status --wait' "... and whether cloud-init read the seed"
	like "$(cat "$T/build/test.log")" 'rootyard stop' "... and it was stopped"
	is "$(ls -A "$TMPDIR"; find /sys/fs/cgroup -maxdepth 1 -name 'rootyard-test*')" "" "nothing of the test is left"
	mv "$T/build" "$T/build.$((++n))"
	[ -z "${KEEP_LOG:-}" ] || cp "$T/build.$n/test.log" "$KEEP_LOG.${name//\//-}"
done
done_testing
