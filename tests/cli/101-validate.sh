#!/bin/bash
# validate says what distrobuilder says, all of it at once, and warns of what that one lets through.
. "$(dirname "$0")/../lib.sh"
BOUNDED=(prlimit --cpu=5)
[ "$SAN" != plain ] || BOUNDED+=(--as=400000000) # sanitizers reserve more than that
export GNUPGHOME=$T/gnupg
mkdir -m 700 "$GNUPGHOME"

def() { # TEXT...: a definition in $T/d.yaml: the least there can be, and these lines
	printf 'image:\n  distribution: toy\nsource:\n  downloader: debootstrap\n  url: http://x\npackages:\n  manager: apt\n' >"$T/d.yaml"
	printf '%b' "$@" >>"$T/d.yaml"
}
warns() { # TEXT PLACE WORDS NAME
	def "$1"
	exits 0 "$4" rootyard-build validate "$T/d.yaml"
	like "$ERR" "warning: $T/d.yaml:$2: .*$3" "... and told of"
}

# ---- the same verdict as the real tool's
"$TOP/tests/cli/make-definitions.py" "$T/defs"
for verdict in ok bad stricter; do
	wrong=
	for f in "$T/defs/$verdict"/*.yaml; do
		rootyard-build validate "$f" >"$T/o" 2>&1
		rc=$?
		[ "$verdict" = ok ] && want=0 || want=10
		[ $rc = $want ] || wrong="$wrong ${f##*/}($rc)"
		[ $rc = 0 ] || grep -qE "yaml:[0-9]+:[0-9]+: |cannot use|yaml: (.|the document)" "$T/o" || wrong="$wrong ${f##*/}(no place)"
	done
	is "$wrong" "" "every definition that is '$verdict' is taken for that ($(ls "$T/defs/$verdict" | wc -l))"
done

# ---- all of it at once
def 'colour: red\nimage:\n  distribution: again\nfiles:\n- generator: dmup\n- generator: dump\n  contnt: x\n  path: [a]\nactions:\n- trigger: post-fils\n  pongo: maybe\nmappings:\n  architecture_map: debain\n'
exits 10 "a definition with eight faults is refused" rootyard-build validate "$T/d.yaml"
is "$(grep -c '^rootyard-build: [^w].*d.yaml:[0-9]*:[0-9]*: ' <<<"$ERR")" 8 "... and all are said, each with its place"
like "$ERR" "d.yaml:9:1: key 'image' again, first in line 1" "... a key that stands twice, too"
like "$ERR" "unknown architecture_map 'debain'; did you mean 'debian'\?" "... with hints"
exits 10 "... with --json" rootyard-build validate --json "$T/d.yaml"
is "$(grep -c '^{"file":.*"line":[0-9]*,"column":[0-9]*,"severity":"error","message":' <<<"$OUT")" 8 "... one object a fault"
exits 0 "a definition comes by stdin" bash -c "rootyard-build validate - <$T/defs/ok/plain.yaml"
exits 10 "one that is not there is refused" rootyard-build validate "$T/none.yaml"

# ---- what the real tool lets through
warns 'actions:\n- trigger: post-files\n  architectures: [aaarch64]\n  action: "#!/bin/sh\\n"\n' 10:19 "no architecture is 'aaarch64' here: did you mean 'aarch64'" "a filter value that cannot match is taken"
warns 'actions:\n- trigger: post-files\n  architectures: [x86_64]\n  action: "#!/bin/sh\\n"\nmappings: {architecture_map: debian}\n' 10:19 "did you mean 'amd64'" "so is an architecture that the map calls otherwise"
warns 'targets:\n  lxc:\n    create_message: |-\n      a\n      {{ image.name\n' 12:1 "template: unterminated '\{\{'" "so is a broken template"
warns 'targets:\n  lxc:\n    create_message: "{{ image.relase }}"\n' 10:21 "nothing is called 'image.relase'" "so is a name that nothing has"
warns 'targets:\n  lxc:\n    create_message: "{{ image.name|shout }}"\n' 10:21 "unknown filter 'shout'" "so is a filter that nobody knows"
warns 'files:\n- generator: dump\n  path: /a\n  mode: 0999\n' 11:9 "'0999' is not octal" "so is a bad mode"
warns 'targets:\n  lxc:\n    config:\n    - type: sytem\n      content: a\n' 11:13 "'sytem' is none of all, system, user" "so is an unknown config type"
warns 'files:\n- generator: fstab\n' 9:14 "add 'types: \[vm\]'" "so is what only a virtual machine can have"
warns 'actions:\n- trigger: post-files\n  action: true\n' 10:11 "no '#!'" "so is an action that cannot be executed"
warns 'actions:\n- trigger: post-update\n  action: "#!/bin/sh\\n"\n' 9:12 "only with 'packages.update: true'" "so is one that never runs"
warns '' 4:15 "nothing verifies what 'debootstrap' fetches" "so is a source that nothing verifies"
sed -e 's/toy/toy\n  expiry: banana/' "$T/d.yaml" >"$T/e.yaml"
exits 0 "so is an expiry that means now" rootyard-build validate "$T/e.yaml"
like "$ERR" "e.yaml:3:11: expiry 'banana' means that the image expires at once" "... and told of"

# ---- keys
key() { # NAME EXPIRY
	gpg --batch --quiet --passphrase '' --quick-generate-key "$1" ed25519 sign "$2" 2>/dev/null
	gpg --armor --export "$1" | sed 's/^/    /'
}
def
{ printf 'x' ; } >/dev/null
soon=$(key soon 30d) late=$(key late 200d)
awk -v a="$soon" -v b="$late" '{ print } /url:/ { print "  keys:\n  - |-\n" a "\n  - |-\n" b }' "$T/d.yaml" >"$T/k.yaml"
exits 0 "a definition with keys is taken" rootyard-build validate "$T/k.yaml"
like "$ERR" "k.yaml:7:5: source.keys: key [0-9A-F]{16} \(soon\) expires on 20.*, in (29|30) days" "a key that expires in 30 days is told of"
unlike "$ERR" "late" "... one that expires in 200 is not"
unlike "$ERR" "nothing verifies" "... and they verify the source"

# ---- hostile
for f in bomb deep-flow huge-scalar; do
	rm -rf "$T/o"
	bad=$T/defs/bad/$f.yaml
	[ -e "$bad" ] || bad=$T/defs/stricter/$f.yaml
	exits 10 "$f is refused" "${BOUNDED[@]}" rootyard-build validate "$bad"
done
python3 - "$T/alias.yaml" <<'P'
import sys
with open(sys.argv[1], "w") as f:
    f.write("x: &a {" + ",".join("k%d: 1" % i for i in range(10000)) + "}\ny:\n")
    f.writelines("- <<: *a\n" for i in range(10000))
P
exits 10 "merges without end are refused" "${BOUNDED[@]}" rootyard-build validate "$T/alias.yaml"
like "$ERR" "alias.yaml:[0-9]+:[0-9]+: (too many nodes|aliases stand for)" "... in a sentence"
done_testing
