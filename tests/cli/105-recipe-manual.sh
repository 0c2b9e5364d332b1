#!/bin/bash
# Every key, generator and package manager of the recipe format stands in its manual page.
. "$(dirname "$0")/../lib.sh"

page=$(MANWIDTH=200 mandoc -T utf8 "$TOP/docs/rootyard-recipe.5" | col -bx | sed 's/‐/-/g')
ok "the manual is well-formed" test -z "$(mandoc -T lint -W warning "$TOP/docs/rootyard-recipe.5" 2>&1 | grep -v STYLE)"
missing() {
	for word; do
		grep -qE "(^|[^a-z0-9_-])$word([^a-z0-9_-]|\$)" <<<"$page" || echo "$word"
	done
}
fields() { sed -nE 's/.*(TEXT|WORD|NAME|BOOL|UINT|TEXTS|MAP|STRUCT|STRUCTS|FIELD)\((struct [a-z_]+, )?"([a-z0-9_]+)".*/\3/p; s/.*\.key = "([a-z0-9_]+)".*/\1/p' "$@" | sort -u; }
mapfile -t keys < <(fields "$TOP/builder/recipe_fields.c" "$TOP/builder/releases.c")
ok "the format has keys" test "${#keys[@]}" -gt 60
is "$(missing "${keys[@]}")" "" "each of the ${#keys[@]} keys is there"
mapfile -t names < <(sed -nE 's/.*\{ \.name = "([a-z]+)",.*/\1/p' "$TOP/builder/manager_table.c"; sed -nE 's/^\t\{ "([a-z-]+)", run_.*/\1/p' "$TOP/builder/generator.c")
ok "there are managers and generators" test "${#names[@]}" -ge 20
is "$(missing "${names[@]}")" "" "each manager and generator is there"
done_testing
