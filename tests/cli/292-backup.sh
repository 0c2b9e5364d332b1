#!/bin/bash
# What backup saves makes an operator's directory again, on an empty machine and for another user.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree
index() { as_user ry-index rootyard-index "$@"; }
other() { as_user ry-user rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$T/in" "$@" && echo "$T/in/$1/$2"; }
chown ry-index "$T"
mkdir -m 777 "$T/away"
printf 'schema: 1\ndistro: toy\nreleases:\n  one: {version: "1"}\n' >"$T/toy.yaml"
index init -q -C "$tree" --root-home "$T/root" --releases "$T/toy.yaml" --name "Saved site" >/dev/null 2>&1 || exit 1
index add -q -C "$tree" "$(make_build toy/one/amd64/default 20260101_0000 packages=a=1,b=2)" >/dev/null && index publish -q -C "$tree" >/dev/null || exit 1
index refresh -q -C "$tree" >/dev/null

before=$(tree_digest "$tree/public")
exits 0 "a tree is backed up" index backup -C "$tree" "$T/backup"
like "$OUT" '^saved [0-9]+ files .*generation 1' "... which is told"
is "$(tree_digest "$tree/public")" "$before" "... and changes nothing"
is "$(find "$T/backup" \( -type d ! -perm 700 -o -type f ! -perm 600 \) | wc -l)" 0 "nobody else may read it"
is "$(find "$T/backup" ! -type d ! -type f | wc -l)" 0 "it holds nothing but files"
exits 1 "a directory that is not empty" index backup -C "$tree" "$T/backup"
like "$ERR" "not empty" "... is left alone"

# Another machine: another user, another directory; public/ comes from a mirror.
cp -a "$T/backup" "$T/away/backup" && chown -R ry-user "$T/away/backup"
exits 0 "it is restored elsewhere, by another user" other restore -C "$T/away/tree" "$T/away/backup"
like "$ERR" "public' is empty: copy it back" "... who is told what is missing"
is "$(stat -c %a "$T/away/tree/gnupg")" 700 "the key's home is closed"
is "$(find "$T/away/tree/gnupg/private-keys-v1.d" -type f ! -perm 600 | wc -l)" 0 "... and the key"
cp -a "$tree/public/." "$T/away/tree/public/" && chown -hR ry-user "$T/away/tree/public"
exits 0 "with public/ it is whole" other fsck -C "$T/away/tree"
exits 0 "the site is the same" other status -C "$T/away/tree"
like "$OUT" "site +Saved site" "... by name"
new=$(make_build toy/one/amd64/default 20260102_0000 packages=a=1,b=2)
exits 0 "a new build is taken in there" other add -C "$T/away/tree" "$new"
exits 0 "... and published by the same key" other publish -C "$T/away/tree"
exits 0 "... whole" other fsck -C "$T/away/tree"
is "$(cut -d';' -f5 "$T/away/tree/public/meta/1.0/index-user")" 20260102_0000 "... for readers"

# public/ first, as a mirror made it
mkdir "$T/away/second" && cp -a "$tree/public" "$T/away/second/public" && chown -hR ry-user "$T/away/second"
exits 0 "public/ may be there before" other restore -C "$T/away/second" "$T/away/backup"
exits 0 "... and is whole at once" other fsck -C "$T/away/second"
exits 1 "what is there is not overwritten" other restore -C "$T/away/second" "$T/away/backup"
like "$ERR" "is not empty" "... and says so"
mkdir "$T/away/third" && cp -a "$T/away/tree/public" "$T/away/third/public" && chown -hR ry-user "$T/away/third"
exits 0 "a backup older than public/" other restore -C "$T/away/third" "$T/away/backup"
like "$ERR" "warning: the backup is of generation 1 and .* shows 2: run 'rebuild'" "... is told, with what to do"
exits 1 "... publishes nothing" other publish -C "$T/away/third"
exits 0 "... until its catalog is made from the tree" other rebuild -C "$T/away/third"
exits 0 "... which is whole then" other fsck -C "$T/away/third"

damage() { # FILE CMD...
	rm -rf "$T/away/bad" "$T/away/bad-tree"
	cp -a "$T/away/backup" "$T/away/bad"
	"${@:2}" "$T/away/bad/$1"
}
damage site.yaml sed -i s/Saved/Other/
exits 7 "a saved file that was changed" other restore -C "$T/away/bad-tree" "$T/away/bad"
like "$ERR" "cannot restore '$T/away/bad': 'site.yaml' is not what was saved" "... is named"
exits 2 "an unfinished restore is no tree" other status -C "$T/away/bad-tree"
cp -a "$T/away/backup/site.yaml" "$T/away/bad/site.yaml"
exits 0 "... and the same command finishes it" other restore -C "$T/away/bad-tree" "$T/away/bad"
damage backup.json rm
exits 8 "a backup that was cut" other restore -C "$T/away/bad-tree2" "$T/away/bad"
like "$ERR" "no finished backup" "... is none"
exits 2 "root restores nothing" rootyard-index restore -C "$T/away/root-tree" "$T/away/backup"
done_testing
