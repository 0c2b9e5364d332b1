#!/bin/bash
# The tests: unit and black-box, under one prove, JOBS at a time. BUILD directory as argument; SAN, CC, PROVE_ARGS from outside.
set -eu
build=$(mkdir -p "${1:-build}" && cd "${1:-build}" && pwd)
export SAN=${SAN:-plain} BUILD=$build
make -s -j"$(nproc)" BUILD="$build" SAN="$SAN" WERROR=1 all unit
rm -rf "$build/stage-$SAN"
make -s BUILD="$build" SAN="$SAN" install DESTDIR="$build/stage-$SAN" >/dev/null
export CMOCKA_MESSAGE_OUTPUT=TAP STAGE="$build/stage-$SAN"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
mapfile -t units < <(find "$build/$SAN/tests/unit" -type f -perm -100 -name 'test_*' | sort)
# shellcheck disable=SC2086 # PROVE_ARGS and CLI_TESTS are lists of words
exec prove -e '' --timer -j "${JOBS:-$(nproc)}" ${PROVE_ARGS:-} "${units[@]}" ${CLI_TESTS-tests/cli/*.sh}
