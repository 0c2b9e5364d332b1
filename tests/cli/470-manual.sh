#!/bin/bash
# The manual names what --help names, and nothing else; completion knows the verbs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

page=$(MANWIDTH=200 mandoc -T utf8 "$TOP/docs/rootyard.1" | col -bx | sed 's/‐/-/g')
ok "the manual is well-formed" test -z "$(mandoc -T lint -W warning "$TOP/docs/rootyard.1" 2>&1 | grep -v STYLE)"
ry --help >"$T/help"
verbs=$(sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$T/help")
options() { grep -oE '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u; }
for verb in $verbs "remote add" "remote list" "remote rm"; do
	# shellcheck disable=SC2086 # words
	ry $verb --help >"$T/help.$verb" 2>&1
	like "$page" "^ +rootyard $verb( |\$)" "the synopsis has '$verb'"
	sed -n 's/^ *\(-.*\)/\1/p' "$T/help.$verb" | sed 's/  .*//' | options >>"$T/all"
done
sed -n 's/^ *\(-.*\)/\1/p' "$T/help" | sed 's/  .*//' | options >>"$T/all"
documented=$(printf '%s\n' "$page" | options)
for option in $(sort -u "$T/all" | grep -e '^--'); do
	like "$documented" "^$option\$" "the manual has $option"
done
is "$(comm -13 <(sort -u "$T/all") <(printf '%s\n' "$documented" | grep -e '^--' | sort -u))" "" "... and none that is not there"
for program in rootyard rootyard-build rootyard-index; do
	for verb in $("$program" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
		"$program" "$verb" --help
	done | awk '/^usage:/ { delete seen; verb = $2 " " $3 } /^ *(-., )?--[a-z]/ { sub(/^ *(-., )?/, ""); if (seen[$1]++) print verb, $1 }'
done >"$T/twice"
is "$(cat "$T/twice")" "" "no verb has an option twice"
rootyard --completion=bash >"$T/completion"
ok "completion is a script" bash -n "$T/completion"
for verb in $verbs; do
	like "$(cat "$T/completion")" "[|[:space:]]${verb}[|)]" "completion knows $verb"
done
completes() { # WORD...: what the shell offers for the last
	local COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"_${1//-/_}"
	echo "${COMPREPLY[*]}"
}
. "$T/completion"
eval "$(rootyard-index --completion=bash)"
is "$(completes rootyard pul)" "pull" "completion offers verbs"
is "$(completes rootyard run --detach --vol)" "--volume" "... and their options"
is "$(completes rootyard pull --dry)" "--dry-run" "... those of the other half of the program too"
is "$(completes rootyard remote set)" "set-url" "... and the verbs of a verb"
is "$(completes rootyard-index -C tree key root ro)" "rotate" "... of any depth"
is "$(completes rootyard-index key root init --root-p)" "--root-passphrase-fd" "... with their options"
is "$(completes rootyard pull x)" "" "... and leaves the rest to the shell"
is "$(ry --version)" "rootyard $(sed -n 's/^VERSION = //p' "$TOP/Makefile")" "--version is the Makefile's"
done_testing
