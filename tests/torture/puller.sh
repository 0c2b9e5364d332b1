# shellcheck shell=bash
# puller.sh -- what run.sh does to rootyard and the user's store (sourced): it verifies; then the same command succeeds,
# the store holds what it should and nothing else, and no download is left over.
wants pull pull-delta prune-store mend export || return 0

image=toy/1/amd64/default home=$W/user/home
store=$home/.local/share/rootyard
# shellcheck disable=SC2034 # for the functions below, in shells of their own
CLIENT=$(login ry-user "$home" "$W/user/run") SITE=$(login ry-index "$T/home/ry-index" "$T/run/ry-index")
export CLIENT home store
client() { $CLIENT rootyard "$@"; }
site() { $SITE rootyard-index "$@" -C "$W/site" >/dev/null 2>&1; }

# A site with two nights, and users who stored neither, the first, both.
install -d -o ry-index -g ry-index "$W/site"
$SITE rootyard-index init -q --root-home "$T/home/ry-index/site-root" --name torture -C "$W/site" >"$T/fpr" 2>/dev/null || exit 1
for night in 1 2; do
	"$TOP/tests/cli/make-incoming.py" "$T/nights" $image 2026010${night}_0000 pad=200000 seed=a note=$night &&
		site add "$T/nights/$image/2026010${night}_0000" && site publish || exit 1
done
nights=()
for night in 1 2; do nights+=("$(sha256sum <"$W/site/public/images/$image/2026010${night}_0000/rootfs.man" | cut -d' ' -f1)"); done
start_server rootyard-httpd --root "$W/site/public" --listen 127.0.0.1:0 --user ry-www || exit 1
install -d "$W/user" && install -d -m 700 -o ry-user -g ry-user "$home" "$W/user/run"
as_base() { mv "$W/user" "$W/$1" && cp -a "$W/$1" "$W/user"; }
client remote add r "$URL" --fingerprint "$(cat "$T/fpr")" --insecure-transport >/dev/null 2>&1 || exit 1
as_base new
client pull -q toy/1@20260101_0000 >/dev/null || exit 1
as_base first
client pull -q toy/1 >/dev/null || exit 1
as_base second
printf X | dd of="$store/images/${nights[1]}/rootfs/etc/os-release" bs=1 conv=notrunc 2>/dev/null
rm "$store/images/${nights[1]}/rootfs/bin/sh"
as_base damaged

holds() { # ID...: these images and nothing else
	local stored
	stored=$(ls "$store/images")
	[ "${stored//$'\n'/ }" = "$(printf '%s\n' "$@" | sort | paste -sd' ')" ] || { echo "stored are: $stored"; return 1; }
	[ -z "$(ls -A "$store/tmp")$(ls -A "$home/.cache/rootyard/partial")" ] || { echo "left over: $(ls -A "$store/tmp" "$home/.cache/rootyard/partial")"; return 1; }
}
puller_recovers() { # BEFORE IDS CMD...: BEFORE: true, or what must hold at once
	local before=$1 ids=$2
	shift 2
	$before || { echo "the store does not verify"; return 1; }
	"$@" || { echo "the next try fails"; return 1; }
	# a mend that was cut off behind its last step: its downloads go with the next pull
	[[ " $* " != *" --mend "* ]] || client pull -q toy/1 || { echo "the next pull fails"; return 1; }
	client verify || { echo "the store does not verify behind the next try"; return 1; }
	# shellcheck disable=SC2086 # words
	holds $ids
}
export -f client holds puller_recovers

puller() { # NAME BASE BEFORE IDS CMD...
	local name=$1 base=$2 before=$3 ids=$4
	shift 4
	# shellcheck disable=SC2086
	tortured "$name" "$W/$base" "$W/user" "puller_recovers '$before' '$ids'" $CLIENT rootyard "$@"
}
puller pull new 'client verify' "${nights[1]}" pull -q toy/1
puller pull-delta first 'client verify' "${nights[*]}" pull -q toy/1
puller prune-store second 'client verify' "${nights[1]}" prune -q
puller mend damaged true "${nights[*]}" verify --mend -q
puller export second 'client verify' "${nights[*]}" export toy/1 "$home/exported.tar"
stop_server "$SERVER_PID"
