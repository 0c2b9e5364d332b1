# shellcheck shell=bash
# trees.sh -- published trees in every state that a command starts from (sourced behind lib.sh).
#
# LOGIN  the words that make a command the indexer's user's
# old    one build is published;  added: a second one waits;  both: it is published
# prunable  four builds, of which prune takes one away, with what belongs to it
# signed, rotatable: the root signed for the next key; it waits to be used

image=toy/1/amd64/default
waiting() { echo "$T/incoming/$image/$1"; }

make_trees() { # DIR
	local dir=$1 serial root=$T/home/ry-index/root
	on() { local tree=$1; shift; $LOGIN rootyard-index -q -C "$dir/$tree" "$@" >/dev/null; }
	key() { local tree=$1; shift; $LOGIN rootyard-index key "$@" -q -C "$dir/$tree" >/dev/null; }
	for serial in 20260101_0000 20260102_0000 20260103_0000 20260104_0000; do
		"$TOP/tests/cli/make-incoming.py" "$T/incoming" $image $serial pad=20000 seed=a note=$serial || return 1
	done
	install -d -o ry-index -g ry-index "$dir/old"
	on old init --root-home "$root" --name torture 2>/dev/null &&
		on old add "$(waiting 20260101_0000)" && on old publish || return 1
	cp -a "$dir/old" "$dir/added" && on added add "$(waiting 20260102_0000)" || return 1
	cp -a "$dir/added" "$dir/both" && on both publish || return 1

	cp -a "$dir/both" "$dir/prunable"
	on prunable add "$(waiting 20260103_0000)" && on prunable add "$(waiting 20260104_0000)" && on prunable publish || return 1
	echo 'retention: {keep: 3, keep_tested: false}' >>"$dir/prunable/site.yaml"
	on prunable prune || return 1
	$LOGIN sqlite3 "$dir/prunable/catalog.db" "UPDATE build SET left_at = left_at - 1e6 WHERE left_at IS NOT NULL;
		UPDATE signing SET created = created - 1000000, expires = expires - 1000000 WHERE generation < 4"
	on prunable refresh || return 1

	cp -a "$dir/old" "$dir/signed" && key signed rotate &&
		$LOGIN rootyard-index key root sign -q --root-home "$root" "$dir/signed/root.2" >/dev/null || return 1
	cp -a "$dir/signed" "$dir/rotatable" && key rotatable root install "$dir/rotatable/root.2" || return 1
	cat "$dir/rotatable"/public/keys/*.asc | gpg --batch --no-options --homedir "$T" --dearmor >"$T/keyring" 2>/dev/null
}
