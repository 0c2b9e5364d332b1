# shellcheck shell=bash
# publisher.sh -- what run.sh does to rootyard-index (sourced): readers see the old publication or the new one, whole;
# then the same command succeeds, and nothing is wrong with the tree.
wants publish add refresh rollback rotate install switch prune || return 0

LOGIN=$(login ry-index "$T/home/ry-index" "$T/run/ry-index")
export LOGIN
. "$TOP/tests/torture/trees.sh"
make_trees "$W" || exit 1
for tree in old both prunable; do cp "$W/$tree/public/meta/1.0/index-user" "$T/shown.$tree" || exit 1; done

index() { $LOGIN rootyard-index -q -C "$@"; }
publisher_recovers() { # OLD WANTED CMD...: names of indexes
	local shown="$T/shown.$1 $T/shown.$2" wanted=$T/shown.$2
	shift 2
	# shellcheck disable=SC2086 # words
	python3 "$TOP/tests/torture/reader.py" "$W/work/public" "$T/keyring" $shown || return 1
	# a root that was installed takes its proposal along: then nobody tries again
	if [[ " $* " != *" install "* || -e $W/work/root.2 ]]; then "$@" || { echo "the next try fails"; return 1; }; fi
	index "$W/work" publish || { echo "the next publication fails"; return 1; }
	index "$W/work" fsck || { echo "fsck finds damage"; return 1; }
	cmp "$W/work/public/meta/1.0/index-user" "$wanted" || { echo "what should be published in the end is not"; return 1; }
	# shellcheck disable=SC2086
	python3 "$TOP/tests/torture/reader.py" "$W/work/public" "$T/keyring" $wanted
}
export -f index publisher_recovers

publisher() { # NAME BASE OLD WANTED CMD...
	local name=$1 base=$2 shown="$3 $4"
	shift 4
	# shellcheck disable=SC2086
	tortured "$name" "$base" "$W/work" "publisher_recovers $shown" $LOGIN rootyard-index "$@" -C "$W/work"
}
publisher publish "$W/added" old both publish -q
publisher add "$W/old" old both add -q "$(waiting 20260102_0000)"
publisher refresh "$W/old" old old refresh -q
publisher rollback "$W/both" both old rollback -q $image 20260101_0000
publisher rotate "$W/old" old old key rotate -q
publisher install "$W/signed" old old key root install -q "$W/work/root.2"
publisher switch "$W/rotatable" old old key rotate -q --switch
publisher prune "$W/prunable" prunable prunable prune -q
