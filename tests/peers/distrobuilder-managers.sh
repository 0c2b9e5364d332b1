#!/bin/bash
# The real distrobuilder is recorded: what it asks each package manager is what tests/cli/102-managers.sh wants of us.
#   distrobuilder-managers.sh [--write]    --write puts what was recorded into tests/data/ok/managers
"$(dirname "$0")/need.sh" mmdebstrap debian-archive-keyring busybox-static >&2 || exit 1
[ -n "${RY_TEST_NS:-}" ] || DISTROBUILDER=$("$(dirname "$0")/distrobuilder.sh") || exit 1
export DISTROBUILDER
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/recorder.sh"
rec=$DISTROBUILDER/root/rec
rm -rf "$rec"
make_recorder "$rec"
sed -i -e "s,file://$DISTROBUILDER/root,file://," -e 's/^  distribution: toy/&\n  release: r1/' "$rec"/*/image.yaml
for m in $RECORDED; do
	rm -rf "$rec/out"
	"$TOP/tests/peers/distrobuilder.sh" "$DISTROBUILDER" sh -c "distrobuilder build-dir /rec/$m/image.yaml /rec/out >/rec/log 2>&1" </dev/null ||
		tail -n 2 "$rec/log"
	recorded "$rec/out" >"$T/got"
	[ "${1:-}" != --write ] || cp "$T/got" "$DATA/ok/managers/$m"
	is "$(cat "$T/got")" "$(cat "$DATA/ok/managers/$m")" "distrobuilder asks $m what we ask"
done
done_testing
