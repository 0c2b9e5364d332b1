#!/bin/bash
# A recipe is refused with the place of every fault; good ones pass.
. "$(dirname "$0")/../lib.sh"

fresh() { # a copy of the toy recipe in $T/r
	rm -rf "$T/r"
	cp -r "$DATA/ok/toy" "$T/r"
}
build() { rootyard-build build --out "$T/out" --cache "$T/cache" --allow-unverified "$@"; }

exits 0 "the toy recipe is valid" rootyard-build validate "$DATA/ok/toy"
exits 0 "the Debian recipe is valid" rootyard-build validate "$TOP/recipes/debian"
exits 0 "plan lists what it makes" rootyard-build plan "$TOP/recipes/debian"
like "$OUT" '^debian/trixie/amd64/default ' "... by name"
mkdir "$T/it's" && cp -r "$DATA/ok/toy/." "$T/it's/"
exits 0 "... for GitHub" rootyard-build plan --format github "$T/it's"
is "$(python3 -c 'import json, sys; print(*(c["recipe"] + " " + c["target"] for c in json.load(sys.stdin)["include"]), sep="|")' <<<"$OUT")" \
	"$T/it's 1/amd64/default|$T/it's 1/arm64/default" "... as a matrix of JSON"
exits 0 "... for GitLab" rootyard-build plan --format gitlab "$T/it's"
is "$(sed -n 's,^"toy/1/arm64/default": ,,p' <<<"$OUT" | python3 -c 'import json, sys; j = json.load(sys.stdin); print(j["tags"], j["script"][0])')" \
	"['arm64'] rootyard-build build --out incoming '$T/it'\\''s' 1/arm64/default" "... as jobs of a child pipeline"
exits 0 "... for Slurm" rootyard-build plan --format slurm "$T/it's"
is "$(SLURM_ARRAY_TASK_ID=1 sh -c "${OUT/exec rootyard-build/echo}" | tail -n 1)" "build --out incoming $T/it's 1/arm64/default" "... as an array that runs in sh"
exits 2 "another form is refused" rootyard-build plan --format jenkins "$DATA/ok/toy"

fresh
sed -i 's/^packages:/packges:/' "$T/r/image.yaml"
line=$(grep -n '^packges:' "$T/r/image.yaml" | cut -d: -f1)
exits 10 "an unknown key is refused" rootyard-build validate "$T/r"
like "$ERR" "r/image.yaml:$line:1: unknown key 'packges'; did you mean 'packages'\?" "... with its place and a hint"
exits 10 "... by build too" build "$T/r" 1
not_ok "... and nothing is handed over" test -e "$T/out"

fresh
sed -i -e 's/generator: dump/generator: dmup/' -e 's/trigger: post-files/trigger: post-fils/' -e 's/^  downloader:.*/  downloader: [a]/' "$T/r/image.yaml"
exits 10 "three faults" rootyard-build validate "$T/r"
is "$(printf '%s\n' "$ERR" | grep -cE 'image.yaml:[0-9]+:[0-9]+: ')" 3 "... are all said at once, each with line and column"
like "$ERR" "unknown generator 'dmup'; did you mean 'dump'\?" "... a wrong generator"
like "$ERR" "unknown trigger 'post-fils'; did you mean 'post-files'\?" "... a wrong trigger"
like "$ERR" "'downloader' must be a scalar, not a list" "... and a list where a word must be"

fresh
sed -i 's/^distro: toy/distro: toy\ncolour: red/' "$T/r/releases.yaml"
exits 10 "an unknown key in releases.yaml is refused" rootyard-build validate "$T/r"
like "$ERR" "r/releases.yaml:3:1: unknown key 'colour'" "... with its place"

fresh
printf 'image:\n\tdistribution: toy\n' >"$T/r/image.yaml"
exits 10 "what is no YAML is refused" rootyard-build validate "$T/r"
like "$ERR" 'r/image.yaml:2:1: ' "... with its place"
: >"$T/r/image.yaml"
exits 10 "an empty definition is refused" rootyard-build validate "$T/r"
rm "$T/r/image.yaml"
exits 10 "a missing definition is refused" rootyard-build validate "$T/r"

fresh
sed -i 's/^  downloader: .*/  downloader: gentoo-http/' "$T/r/image.yaml"
exits 0 "a downloader of a later version is valid" rootyard-build validate "$T/r"
exits 10 "... but no plan is made of it" rootyard-build plan "$T/r"
like "$ERR" "downloader 'gentoo-http' is not in this version" "... in a sentence"

fresh
exits 2 "a missing release is a wrong command line" build "$T/r" 2
like "$ERR" "no release '2'" "... that is named"
exits 2 "so is a missing architecture" build "$T/r" 1/riscv64
exits 2 "so is a missing variant" build "$T/r" 1/cloud
exits 2 "so is an option without a value" build -o source.url "$T/r" 1
exits 2 "so is an option that names nothing" build -o source.uri=x "$T/r" 1
exits 2 "so is a level beyond the compressor's" build --compress xz=10 "$T/r" 1
exits 2 "so is a serial that is none" build --serial today "$T/r" 1
sed -i 's/eol: 2036-01-01/eol: 2020-01-01/' "$T/r/releases.yaml"
exits 10 "a release past its end of life is not built" build "$T/r" 1
like "$ERR" 'accept_eol' "... unless releases.yaml accepts it"
not_ok "none of these handed anything over" test -e "$T/out"

exits 1 "an ordinary user cannot build" as_user ry-user rootyard-build build --out "$T/home/ry-user/out" "$DATA/ok/toy" 1
like "$ERR" 'needs root' "... and is told so"
done_testing
