#!/bin/bash
# The real distrobuilder judges what our validate judges: the definitions of the Debian package distrobuilder-images, as
# they are, and the small ones that tests/cli/101-validate.sh knows the verdict of.
"$(dirname "$0")/need.sh" mmdebstrap debian-archive-keyring >&2 || exit 1
[ -n "${RY_TEST_NS:-}" ] || DISTROBUILDER=$("$(dirname "$0")/distrobuilder.sh") || exit 1
export DISTROBUILDER
. "$(dirname "$0")/../lib.sh"
real() { "$TOP/tests/peers/distrobuilder.sh" "$DISTROBUILDER" "$@"; }

for suite in trixie forky; do
	total=0 wrong=
	for f in "$DISTROBUILDER/images/$suite"/*.yaml; do
		total=$((total + 1))
		rootyard-build validate "$f" >"$T/o" 2>&1 || wrong="$wrong ${f##*/}: $(tail -n 1 "$T/o")"
	done
	is "$wrong" "" "$total of $total definitions of $suite's distrobuilder-images validate unchanged"
	ok "... and these are not none" test "$total" -gt 20
done

"$TOP/tests/cli/make-definitions.py" "$T/defs"
rm -rf "$DISTROBUILDER/root/defs"
cp -r "$T/defs" "$DISTROBUILDER/root/defs"
# shellcheck disable=SC2016 # expands inside
real sh -c 'for f in /defs/*/*.yaml; do timeout 20 distrobuilder validate "$f" >/dev/null 2>&1 && echo "ok $f" || echo "bad $f"; done' \
	</dev/null | sed -n -e 's,^\(ok\|bad\) /defs/\([a-z]*\)/,\1 \2 ,p' >"$T/verdicts"
is "$(grep -c . "$T/verdicts")" "$(find "$T/defs" -name '*.yaml' | wc -l)" "distrobuilder judged every small definition"
is "$(awk '$1 != ($2 == "bad" ? "bad" : "ok")' "$T/verdicts")" "" "... as we do, but for those where we are stricter"
done_testing
