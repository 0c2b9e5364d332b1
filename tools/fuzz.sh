#!/bin/sh
# Fuzzes: fuzz.sh BUILD SECONDS NAME...
# Builds tests/fuzz/NAME.c against the floors with clang's fuzzer and sanitizers, runs each for SECONDS from its seeds in
# tests/data/ok/NAME (and what once failed, tests/data/bad/NAME), as many at a time as there are processors, and fails when
# one finds something.
# shellcheck disable=SC2086,SC2046 # package and flag lists are words
set -eu
[ $# -ge 3 ] || { echo "usage: fuzz.sh BUILD SECONDS NAME..." >&2; exit 2; }
build=$1 seconds=$2
shift 2
out=$build/fuzz
if [ -z "${FUZZ_BUILT:-}" ]; then
	# The server's pure decisions and the builder; the linker takes from the archive what a fuzzer calls.
	pure=
	for o in coding cond date framing head range resolve; do pure="$pure $out/httpd/$o.o"; done
	for f in builder/*.c; do [ "$f" = builder/main.c ] || pure="$pure $out/${f%.c}.o"; done
	pure="$pure $out/builder/fetch/answer.o"
	make -s BUILD="$build" SAN=fuzz CC=clang "$out/libmodel.a" "$out/libadapt.a" "$out/libbase.a" $pure >/dev/null
	rm -f "$out/libpure.a"
	ar rcs "$out/libpure.a" $pure
	printf '%s\n' "$@" | FUZZ_BUILT=1 xargs -P "$(nproc)" -n 1 "$0" "$build" "$seconds"
	exit
fi
name=$1
packages="yaml-0.1 libarchive libzstd liblzma jansson gpgme libcrypto"
clang -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined $(pkg-config --cflags $packages) -o "$out/$name" "tests/fuzz/$name.c" \
	"$out/libpure.a" "$out/libmodel.a" "$out/libadapt.a" "$out/libbase.a" $(pkg-config --libs $packages) -lpthread
corpus=$out/corpus/$name
mkdir -p "$corpus" "$out/findings"
for seeds in "tests/data/ok/$name" "tests/data/bad/$name"; do
	[ ! -d "$seeds" ] || cp -R "$seeds/." "$corpus/"
done
dictionary=
[ ! -e "tests/fuzz/$name.dict" ] || dictionary=-dict=tests/fuzz/$name.dict
log=$out/$name.log
if "$out/$name" -max_total_time="$seconds" -max_len=16384 -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
	$dictionary -artifact_prefix="$out/findings/$name-" "$corpus" >"$log" 2>&1; then
	runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
	printf '%-20s %3s s %10s runs, nothing found\n' "$name" "$seconds" "$runs"
else
	where=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	printf '%-20s found %s (see %s)\n' "$name" "${where:-something}" "$log"
	grep -m 3 -E 'ERROR: |runtime error: |^SUMMARY: ' "$log" || tail -n 3 "$log"
	exit 1
fi
