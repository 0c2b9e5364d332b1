#!/bin/bash
# The whole trip on this machine: recipe, build, sign, publish, serve, pull, verify, run.
#   demo.sh run|serve|clean      DEMO_DIR (default /var/tmp/rootyard-demo) holds everything it makes
#
# Nothing outside DEMO_DIR changes: users, mounts and processes live in a mount and pid
# namespace that ends with this script, however it ends.
set -eu
set -o pipefail
umask 022
top=$(cd "$(dirname "$0")/.." && pwd)
export DEMO_DIR=${DEMO_DIR:-/var/tmp/rootyard-demo} PREFIX=${PREFIX:-/usr/local} LC_ALL=C.UTF-8
unset MAKEFLAGS MAKELEVEL MFLAGS
verb=${1:-run}

die() {
	echo "demo: $*" >&2
	exit 1
}

# ---- outside: dependencies, then one namespace for everything else

enter() {
	local child status=0
	exec 9>"$DEMO_DIR/.lock"
	flock -n 9 || die "another demo is running in '$DEMO_DIR'; wait for it or set DEMO_DIR"
	setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child=KILL \
		--mount-proc bash "$0" "$@" 9>&- &
	child=$!
	trap 'kill -KILL "$child" 2>/dev/null; exit 130' INT
	trap 'kill -KILL "$child" 2>/dev/null; exit 143' TERM HUP
	wait "$child" || status=$?
	exit "$status"
}

if [ -z "${DEMO_INSIDE:-}" ]; then
	case $DEMO_DIR in /*/*) ;; *) die "DEMO_DIR must be an absolute path below another directory, not '$DEMO_DIR'" ;; esac
	[ "$(id -u)" = 0 ] || die "needs root, to install packages and to build an image (rootyard itself serves and runs as ordinary users)"
	case $verb in
	clean)
		rm -rf --one-file-system "$DEMO_DIR"
		exit
		;;
	serve) [ -d "$DEMO_DIR/tree/public" ] || die "nothing to serve in '$DEMO_DIR'; run 'make demo' first" ;;
	run)
		DEMO_T0=$EPOCHREALTIME
		"$top/tools/deps.sh" --demo
		DEMO_T1=$EPOCHREALTIME
		export DEMO_T0 DEMO_T1
		;;
	*)
		echo "usage: demo.sh run|serve|clean" >&2
		exit 2
		;;
	esac
	mkdir -p "$DEMO_DIR"
	chmod 755 "$DEMO_DIR"
	DEMO_INSIDE=1 enter "$verb"
fi

# ---- inside: users of our own, the installation over PREFIX

D=$DEMO_DIR
path=$PREFIX/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'exit 130' INT TERM

users() {
	mkdir -p "$D/etc"
	{
		grep -E '^(root|nobody|_apt|man|daemon):' /etc/passwd || true
		echo "ry-index:x:60101:60101::$D/tree:/bin/sh"
		echo "ry-www:x:60102:60102::/nonexistent:/bin/sh"
		echo "ry-user:x:60103:60103::$D/client:/bin/sh"
	} >"$D/etc/passwd"
	{
		cat /etc/group
		echo "rootyard:x:60100:ry-index"
		for n in 1:ry-index 2:ry-www 3:ry-user; do echo "${n#*:}:x:6010${n%%:*}:"; done
	} >"$D/etc/group"
	echo "ry-user:1000000:65536" | tee "$D/etc/subuid" >"$D/etc/subgid"
	for f in passwd group subuid subgid; do mount --bind "$D/etc/$f" "/etc/$f"; done
}

as() { # USER HOME CMD...
	local user=$1 home=$2
	shift 2
	${AS_EXEC:-} setpriv --reuid "$user" --regid "$user" --init-groups -- env -i HOME="$home" USER="$user" LOGNAME="$user" \
		PATH="$path" LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="$D/run/$user" ${TERM:+TERM="$TERM"} "$@"
}

phase_names=() phase_times=() phase_notes=()
phase_done() { # NAME START NOTE
	phase_names+=("$1")
	phase_times+=("$(awk -v a="$2" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')")
	phase_notes+=("${3:-}")
}
say() { printf '\n== %s\n' "$*"; }
size() { stat -L -c %s "$1" | numfmt --to=si --suffix=B; }

certificates() {
	local t=$D/tls
	[ -s "$t/server.crt" ] && openssl x509 -checkend 86400 -noout -in "$t/server.crt" >/dev/null && return
	mkdir -p "$t"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=rootyard demo CA" \
		-keyout "$t/ca.key" -out "$t/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$t/server.key" -out "$t/server.csr" 2>/dev/null
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$t/ext"
	openssl x509 -req -in "$t/server.csr" -CA "$t/ca.crt" -CAkey "$t/ca.key" -CAcreateserial -days 365 -extfile "$t/ext" -out "$t/server.crt" 2>/dev/null
	chown ry-www "$t/server.key"
	cp "$t/ca.crt" "$D/ca.crt"
	chmod 644 "$D/ca.crt" "$t/server.crt"
}

server() { # starts it in the background; URL, SERVER_PID
	rm -f "$D/listening"
	# exec, so that the process we know is the server itself
	(
		AS_EXEC='exec'
		as ry-www /nonexistent rootyard-httpd --root "$D/tree/public" --listen "${DEMO_LISTEN:-127.0.0.1:0}" \
			--tls-cert "$D/tls/server.crt" --tls-key "$D/tls/server.key"
	) >"$D/listening" &
	SERVER_PID=$!
	for _ in $(seq 100); do
		URL=$(sed -n 's/^listening on //p' "$D/listening" | tail -n 1)
		[ -z "$URL" ] || break
		kill -0 "$SERVER_PID" 2>/dev/null || die "the server did not start"
		sleep 0.1
	done
	URL=${URL%/}
}

prepare() {
	users
	mkdir -p "$D/cache" "$D/run"
	install -d -m 2750 -o root -g rootyard "$D/incoming"
	install -d -m 755 -o ry-index -g ry-index "$D/tree"
	install -d -m 700 -o ry-index -g ry-index "$D/root-home" "$D/run/ry-index"
	install -d -m 700 -o ry-user -g ry-user "$D/client" "$D/run/ry-user"
	install -d -m 700 -o ry-www -g ry-www "$D/run/ry-www"
	mkdir -p "$D/root$PREFIX" "$PREFIX"
	mount --bind "$D/root$PREFIX" "$PREFIX"
	export PATH=$path
	cd "$D"
}

publish() {
	local t=$EPOCHREALTIME
	say "sign, catalogue and publish, as ry-index"
	[ -e "$D/tree/public/trust/root.1" ] ||
		as ry-index "$D/tree" rootyard-index -C "$D/tree" init --root-home "$D/root-home" --name "rootyard demo" \
			--releases "$PREFIX/share/rootyard/recipes/debian/releases.yaml"
	as ry-index "$D/tree" rootyard-index -C "$D/tree" add --all "$D/incoming"
	as ry-index "$D/tree" rootyard-index -C "$D/tree" publish
	cat "$D"/tree/public/keys/*.asc >"$D/publish-key.asc"
	phase_done publish "$t" "$(find "$D/tree/public" -name '*.asc' | wc -l) signatures"
}

pull() {
	local t=$EPOCHREALTIME fpr
	say "pull over TLS and verify, as ry-user"
	fpr=$(as ry-index "$D/tree" gpg --homedir "$D/root-home" --batch --with-colons --list-keys 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
	as ry-user "$D/client" rootyard remote rm demo >/dev/null 2>&1 || true
	as ry-user "$D/client" rootyard remote add demo "$URL" --fingerprint "$fpr" --ca "$D/ca.crt"
	as ry-user "$D/client" rootyard list
	as ry-user "$D/client" rootyard pull debian/trixie
	phase_done pull "$t" "$(size "$IMAGE_DIR/rootfs.tar.zst") to unpack"
}

# shellcheck disable=SC2016 # expanded by the container's shell
INSIDE='cat /etc/os-release; echo; echo "id map: $(cat /proc/self/uid_map)"
for n in user mnt pid ipc uts net cgroup; do echo "ns $n $(readlink /proc/self/ns/$n)"; done'

container() {
	local t n mine theirs
	say "run a container from it, as ry-user, with the server gone"
	kill "$SERVER_PID" && wait "$SERVER_PID" 2>/dev/null || true
	t=$EPOCHREALTIME
	as ry-user "$D/client" rootyard run --rm debian/trixie -- /bin/sh -c "$INSIDE" >"$D/said"
	phase_done run "$t" "$(grep -c . "$D/said") lines said"
	grep -v '^ns ' "$D/said"
	printf '\n%-10s %-24s %s\n' namespace container caller
	for n in user mnt pid ipc uts net cgroup; do
		theirs=$(awk -v n=$n '$1 == "ns" && $2 == n { print $3 }' "$D/said")
		mine=$(as ry-user "$D/client" readlink /proc/self/ns/$n)
		printf '%-10s %-24s %s\n' $n "$theirs" "$mine"
		[ -n "$theirs" ] && [ "$theirs" != "$mine" ] || die "the container shares the caller's $n namespace"
	done
	rm -f "$D/said"
	grep -q '^[[:space:]]*0[[:space:]]*1000000[[:space:]]*65536$' < <(as ry-user "$D/client" rootyard run --rm debian/trixie -- cat /proc/self/uid_map) ||
		die "the container's id map is not '0 1000000 65536'"
}

table() {
	local i
	printf '\n%-10s %8s  %s\n' phase seconds result
	for i in "${!phase_names[@]}"; do
		printf '%-10s %8s  %s\n' "${phase_names[i]}" "${phase_times[i]}" "${phase_notes[i]}"
	done
	printf '\n%-18s %8s\n' file size
	for f in rootfs.tar.xz rootfs.tar.zst rootfs.man packages.json meta.tar.xz incus.tar.xz; do
		printf '%-18s %8s\n' "$f" "$(size "$IMAGE_DIR/$f")"
	done
	printf '\neverything is in %s; look at it with: make demo-serve; remove it with: make demo-clean\n' "$D"
}

run() {
	local t arch
	phase_names+=(packages)
	phase_times+=("$(awk -v a="$DEMO_T0" -v b="$DEMO_T1" 'BEGIN { printf "%.1f", b - a }')")
	phase_notes+=("what it needs from Debian")
	t=$EPOCHREALTIME
	say "compile and install into $D/root"
	make -s -j"$(nproc)" -C "$top" BUILD="$D/build" PREFIX="$PREFIX" all
	make -s -C "$top" BUILD="$D/build" PREFIX="$PREFIX" DESTDIR="$D/root" install >/dev/null
	phase_done compile "$t" "$(size "$D/build/plain/rootyard") static rootyard"
	prepare
	t=$EPOCHREALTIME
	arch=$(dpkg --print-architecture)
	say "build debian/trixie/$arch/default, as root"
	rootyard-build build --out "$D/incoming" --cache "$D/cache" --compress xz=1,zstd=3 "$PREFIX/share/rootyard/recipes/debian" "trixie/$arch/default"
	phase_done build "$t" "$(find "$D/incoming/debian/trixie/$arch/default" -mindepth 1 -maxdepth 1 -type d | wc -l) in incoming"
	publish
	IMAGE_DIR=$(find "$D/tree/public/images/debian/trixie/$arch/default" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
	certificates
	t=$EPOCHREALTIME
	say "serve it over TLS, as ry-www"
	server
	echo "listening on $URL"
	phase_done serve "$t" "$URL"
	pull
	container
	table
}

case $verb in
run) run ;;
serve)
	prepare
	certificates
	server
	echo "serving $D/tree/public on $URL (CA: $D/ca.crt); ^C ends it"
	wait "$SERVER_PID"
	;;
esac
