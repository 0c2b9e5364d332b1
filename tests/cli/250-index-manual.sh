#!/bin/bash
# The manual of rootyard-index names what --help names, and nothing else.
. "$(dirname "$0")/../lib.sh"

page=$(MANWIDTH=200 mandoc -T utf8 "$TOP/docs/rootyard-index.1" | col -bx | sed -e 's/‐/-/g' -e '/^EXAMPLES/,/^SEE/d')
ok "the manual is well-formed" test -z "$(mandoc -T lint -W warning "$TOP/docs/rootyard-index.1" 2>&1 | grep -v STYLE)"
options() { grep -oE '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u; }
# Verbs may have verbs below them: `key root sign`.
walk() { # VERB...
	local help verb
	help=$(rootyard-index "$@" --help) || exit 1
	sed -n 's/^ *\(-.*\)/\1/p' <<<"$help" | sed 's/  .*//' | options >>"$T/all"
	if grep -q '^commands:' <<<"$help"; then
		while read -r verb; do walk "$@" "$verb"; done < <(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help")
	else
		like "$page" "^ +rootyard-index $*( |\$)" "the synopsis has '$*'"
	fi
}
walk
is "$(printf '%s\n' "$page" | options)" "$(sort -u "$T/all")" "the manual has the options of --help and no others"
for status in 0 1 2 3 5 6 7 8 75; do
	like "$page" "^ +$status +[a-z]" "it has exit status $status"
done
is "$(rootyard-index --version)" "rootyard-index $(sed -n 's/^VERSION = //p' "$TOP/Makefile")" "--version is the Makefile's"
ok "completion is a script" bash -n <(rootyard-index --completion=bash)
exits 2 "an unknown command" rootyard-index pubish
like "$ERR" "did you mean 'publish'" "... is told the nearest"
done_testing
