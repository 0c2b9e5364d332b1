# shellcheck shell=bash disable=SC2034 # its variables are for who sources it
# upstream.sh -- servers to pull and to mirror from (sourced behind lib.sh).
#
# client CMD...            rootyard as ry-user, whose places are $home, $store, $state, $partial
# hostile DIR RULES        serves DIR and disturbs by the lines of RULES (tests/cli/hostile-mirror.py); sets URL and $log
#
# said                     what it was asked and answered
# fact NAME                a member of the JSON object $OUT
#
# hand_made [WORD...]      $T/tree: one image, toy/1, signed with the $keys of make-tree.py, believed by $fpr
#
# published                an empty catalog of ry-index: index CMD..., $tree, $public, $in; $T/fpr is what to believe
# night IMAGE SERIAL WORD...   one more build of it, with $PAD bytes of noise, is published; $one and $two are names
here=$TOP/tests/cli
home=$T/home/ry-user
store=$home/.local/share/rootyard
state=$home/.local/state/rootyard
partial=$home/.cache/rootyard/partial

client() { as_user ry-user rootyard "$@"; }

hostile() {
	[ -e "$2" ] || : >"$2"
	start_server python3 "$here/hostile-mirror.py" "$1" "$2" || exit 1
	log=$SERVER_LOG.err
}

said() { tr -d '\000' <"$log"; }
fact() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$OUT" "$1"; }

make_tree() { python3 "$here/make-tree.py" "$@"; }

hand_made() {
	keys=$T/keys
	make_tree keys "$keys" && make_tree tree "$keys" "$T/tree" "$@" || exit 1
	fpr=$(make_tree fingerprint "$keys" root)
}

published() {
	arch=$(dpkg --print-architecture)
	one=toy/one/$arch/default two=toy/two/$arch/default
	yard=$T/yard tree=$T/yard/tree in=$T/incoming public=$T/yard/tree/public
	install -d -o ry-index "$yard"
	index init -q --root-home "$yard/root" --name "Test site" >"$T/fpr" 2>/dev/null || exit 1
}

index() { as_user ry-index rootyard-index -C "$tree" "$@"; }

night() {
	local image=$1
	shift
	"$here/make-incoming.py" "$in" "$image" "$@" "pad=${PAD:-300000}" packages="base=$1"
	index add -q "$in/$image/$1" >/dev/null && index publish -q >/dev/null 2>&1
}
