#!/bin/bash
# Does it boot? Images with busybox's init, good and bad, started by an ordinary user before they are handed over.
. "$(dirname "$0")/../lib.sh"
[ "$SAN" = plain ] || skip_all "the leak sanitizer cannot look into helpers that changed their user"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
export TMPDIR=$T/tmp
install -d -m 1777 "$T/tmp"
AS_ENV+=("TMPDIR=$T/tmp")
recipe() { # NAME LINE...: the toy with an init, and what these commands do to it
	local name=$1
	shift
	cp -r "$DATA/ok/toy" "$T/$name"
	{
		printf '  - trigger: post-files\n    action: |-\n      #!/bin/sh\n      set -e\n'
		printf '      %s\n' "mkdir -p /sbin /bin" 'for a in init poweroff reboot halt hostname sh cat grep id true test tr; do [ -e /bin/$a ] || ln -sf busybox /bin/$a; done' \
			"ln -sf ../bin/busybox /sbin/init" "ln -sf ../bin/busybox /sbin/poweroff" \
			"printf '%s\\n' '::shutdown:/bin/true' >/etc/inittab" ": >/etc/hosts" "$@"
	} >"$T/add"
	sed -i -e "/^actions:/r $T/add" "$T/$name/image.yaml"
	chmod -R a+rX "$T/$name"
}
opts=(--compress "xz=0,zstd=1" --allow-unverified -o "source.url=file://$T/toy/rootfs.tar.xz")
build() { rootyard-build build --out "$T/in" "${opts[@]}" --test --test-user ry-user --test-timeout "${LIMIT:-60}" "$@"; }
at=$T/in/toy/1/amd64/default
said() { python3 -c 'import json,sys; b=json.load(open(sys.argv[1])); print(b["result"], b["class"], b["test"]["result"], b["test"]["kind"], len(b["artifacts"]))' "$1/build.json"; }
running() { pgrep -u "$(id -u ry-user)" -f "$T/tmp|rootyard" | wc -l; }

recipe good true
exits 0 "an image that boots is built" build --serial 20260101_0000 "$T/good" 1
is "$(said "$at/20260101_0000" | cut -d' ' -f1-4)" "ok ok passed command" "... and build.json says that it was tested"
like "$(cat "$at/20260101_0000/test.log")" 'rootyard start boot' "... with the log of it beside"
is "$(ls -A "$T/tmp")" "" "nothing of the test is left"
exits 0 "the same, not tested" rootyard-build build --out "$T/in" "${opts[@]}" --serial 20260102_0000 "$T/good" 1
is "$(said "$at/20260102_0000" | cut -d' ' -f3)" "not" "... says so"
exits 0 "it can be tested later" rootyard-build test --test-user ry-user "$at/20260102_0000"
like "$OUT" 'passed \(command\)' "... with a word about it"
is "$(sha256sum <"$at/20260102_0000/rootfs.tar.xz") $(said "$at/20260102_0000" | cut -d' ' -f1-4)" "$(sha256sum <"$at/20260101_0000/rootfs.tar.xz") ok ok passed command" "... and says the same then"
chown -R ry-user: "$at/20260102_0000"
chmod 755 "$T/in" "$T/in/toy" "$T/in/toy/1" "$T/in/toy/1/amd64" "$at"
exits 0 "an ordinary user tests as himself" as_user ry-user rootyard-build test --json "$at/20260102_0000"
like "$OUT" '"result":"passed","kind":"command"' "... for machines too"
is "$(ls -A "$T/tmp")" "" "... and leaves nothing, though it belongs to other ids"
exits 2 "root names the user" rootyard-build test "$at/20260101_0000"
like "$ERR" '--test-user' "... by an option that the sentence names"

# ---- what fails
recipe noinit 'rm /sbin/init; printf "#!/bin/sh\nexit 3\n" >/sbin/init; chmod 755 /sbin/init'
LIMIT=3 exits 12 "one whose init ends does not pass" build --serial 20260103_0000 "$T/noinit" 1
is "$(said "$at/20260103_0000")" "failed test failed command 0" "... and is handed over as failed"
is "$(ls "$at/20260103_0000" | tr '\n' ' ')" "build.json build.log test.log " "... with its logs and nothing else"
recipe nohost 'printf "127.0.0.1 localhost\n" >/etc/hosts'
exits 12 "one whose own name does not resolve does not pass" build --serial 20260106_0000 "$T/nohost" 1
like "$ERR" 'host name does not resolve' "... with the check's name"
recipe nouser 'sed -i /^root:/d /etc/passwd'
exits 12 "one without root does not pass" build --serial 20260104_0000 "$T/nouser" 1
like "$ERR" 'root is no user' "... with the check's name"
is "$(ls -A "$T/tmp")" "" "nothing of these is left"

# ---- killed and interrupted
recipe slow 'printf "#!/bin/sh\nwhile :; do sleep 1; done\n" >/bin/true.sh; rm -f /bin/true; printf "#!/bin/sh\nexec sleep 4719\n" >/bin/true; chmod 755 /bin/true'
begin() {
	env --default-signal=INT setsid rootyard-build build --out "$T/in" "${opts[@]}" --test --test-user ry-user --test-timeout 600 "$T/slow" 1 >/dev/null 2>"$T/slow.err" &
	pid=$!
	for _ in $(seq 300); do
		! pgrep -x -f 'sleep 4719' >/dev/null || break
		sleep 0.1
	done
}
begin
isnt "$(pgrep -x -f 'sleep 4719')" "" "one is being tested"
kill -KILL $pid; wait $pid 2>/dev/null
isnt "$(ls -A "$T/tmp")" "" "killed, it leaves something"
exits 0 "the next" build --serial 20260105_0000 "$T/good" 1
is "$(pgrep -x -f 'sleep 4719')$(ls -A "$T/tmp")$(find "$at" -name ".building*")" "" "... ends and removes it"
done_testing
