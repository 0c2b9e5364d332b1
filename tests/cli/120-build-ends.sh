#!/bin/bash
# However a build ends: no mount, process or file is left, and the next one cleans up.
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
url=file://$T/toy/rootfs.tar.xz
export TMPDIR=$T/tmp
mkdir -p "$T/tmp"
with_action() { # DIR TEXT: the toy recipe with one more action
	rm -rf "$1"
	cp -r "$DATA/ok/toy" "$1"
	printf '  - trigger: post-files\n    action: |-\n      #!/bin/sh\n      %s\n' "$2" >"$1/add"
	sed -i -e "/^actions:/r $1/add" "$1/image.yaml"
}
build() { # RECIPE ARG...
	local recipe=$1
	shift
	rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified -o "source.url=$url" "$@" "$recipe" 1/amd64
}
at=$T/out/toy/1/amd64/default
left() { find "$T/tmp" "$at" -maxdepth 1 \( -name "rootyard-build.*" -o -name ".building.*" \) -printf "%f\n" 2>/dev/null; }
sleepers() { pgrep -x -f "sleep $1" | tr '\n' ' '; }

with_action "$T/slow" 'sleep 4712 & sleep 4712'
start_slow() { # sets PID once the action runs
	rm -f "$T/slow.err"
	# A shell starts its background jobs with INT ignored; a terminal's are not.
	env --default-signal=INT rootyard-build build --out "$T/out" --compress xz=0,zstd=1 --allow-unverified \
		-o "source.url=$url" "$T/slow" 1/amd64 >"$T/slow.out" 2>"$T/slow.err" &
	PID=$!
	for _ in $(seq 100); do
		[ -z "$(sleepers 4712)" ] || return 0
		kill -0 "$PID" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

for sig in INT TERM HUP; do
	start_slow || t_show "$(cat "$T/slow.err")"
	kill -$sig "$PID"
	wait "$PID"
	is $? 130 "a build ends with status 130 on $sig"
	like "$(cat "$T/slow.err")" 'interrupted by signal' "... says so"
	is "$(sleepers 4712)" "" "... leaves no process"
	is "$(left)" "" "... and no directory"
	is "$(ls -A "$at")" "" "... and hands nothing over"
done

start_slow || t_show "$(cat "$T/slow.err")"
kill -KILL "$PID"
wait "$PID" 2>/dev/null
for _ in $(seq 50); do
	[ -n "$(sleepers 4712)" ] || break
	sleep 0.1
done
is "$(sleepers 4712)" "" "a killed build leaves no process"
unlike "$(cat /proc/*/mountinfo 2>/dev/null)" "$T/tmp/rootyard-build\." "... and no mount"
isnt "$(left)" "" "... but its directories"
is "$(find "$T/tmp" -maxdepth 1 -name 'rootyard-build.*' -printf '%m ')" "700 " "... which nobody else can enter"
exits 0 "the next build succeeds" build "$DATA/ok/toy" --serial 20260101_0000
is "$(left)" "" "... and has swept them away"

exits 1 "a taken serial is refused" build "$DATA/ok/toy" --serial 20260101_0000
like "$ERR" "serial '20260101_0000' is taken" "... by name"

start_slow || t_show "$(cat "$T/slow.err")"
exits 6 "the same image cannot be built twice at once" build "$DATA/ok/toy" --serial 20260101_0001
like "$ERR" 'being built' "... and says so"
isnt "$(left)" "" "a running build's directories are not swept"
kill -TERM "$PID"
wait "$PID"

with_action "$T/bad" 'echo a word for the log; exit 3'
exits 10 "a failing action is the recipe's fault" build "$T/bad" --serial 20260101_0002
like "$ERR" "action of line [0-9]+: '/proc/self/fd/[0-9]+' exited with status 3" "... with its line and status"
is "$(ls "$at/20260101_0002" | tr '\n' ' ')" "build.json build.log " "build.json and build.log are handed over, no more"
like "$(cat "$at/20260101_0002/build.json")" '"result":"failed","class":"recipe"' "... as a failure of the recipe's"
like "$(cat "$at/20260101_0002/build.log")" '^a word for the log' "... and the log holds what it said"
is "$(left)" "" "... and nothing else is left"

sed -i 's/^    variants:.*/&\n    timeout_s: 1/' "$T/slow/releases.yaml"
exits 1 "a build that takes too long is ended" build "$T/slow" --serial 20260101_0003
like "$ERR" 'took longer than 1 s' "... and says so"
is "$(sleepers 4712)$(left)" "" "... and leaves nothing"

printf 'this is no archive' >"$T/toy/broken.tar.xz"
exits 1 "a broken archive is refused" build "$DATA/ok/toy" -o "source.url=file://$T/toy/broken.tar.xz" --serial 20260101_0004
is "$(left)" "" "... and leaves nothing"

# ---- a full disk, at sizes from too small for the work to too small for the result
mkdir "$T/small"
for size in 1m 3m 5m 8m 9m; do
	mount -t tmpfs -o size=$size none "$T/small"
	mkdir "$T/small/tmp"
	TMPDIR=$T/small/tmp rootyard-build build --out "$T/small/out" --compress xz=0,zstd=1 --allow-unverified \
		-o "source.url=$url" --serial 20260101_0000 "$DATA/ok/toy" 1/amd64 >/dev/null 2>"$T/err"
	is $? 5 "a disk of $size is too small: status 5"
	like "$(cat "$T/err")" 'No space left|is full' "... and says so"
	is "$(find "$T/small" -type f -printf '%f\n' | grep -vxE 'build\.(json|log)' | tr '\n' ' ')" "" "... with nothing but the record of the failure"
	umount "$T/small"
done

# ---- incoming/ of a group
install -d -m 2750 -g rootyard "$T/incoming"
exits 0 "incoming may belong to a group" rootyard-build build --out "$T/incoming" --compress xz=0,zstd=1 --allow-unverified -o "source.url=$url" \
	--serial 20260101_0000 "$DATA/ok/toy" 1/amd64
is "$(stat -c '%a %G' "$T/incoming/toy/1/amd64/default/20260101_0000")" "2775 rootyard" "... which gets the builds"
ok "... and reads them" as_user ry-index cat "$T/incoming/toy/1/amd64/default/20260101_0000/build.json"
done_testing
