#!/bin/bash
# Everything that can be said about the code without running it. Argument: directory of the built programs.
set -u
cd "$(dirname "$0")/.." || exit 1
dir=$1
bad=0
run() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "lint: $name: ok${V:+ }${V:+$said}"
	else
		echo "lint: $name: FAILED"
		printf '%s\n' "$said" | head -n 60
		bad=1
	fi
}
code() { git ls-files 'lib/*.c' 'builder/*.c' 'indexer/*.c' 'httpd/*.c' 'client/*.c'; }
format() { git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror; }
shell() {
	git ls-files '*.sh' '.ci/run' 'bench/*' | xargs grep -lE '^#!.*sh' | xargs shellcheck -x -S warning -e SC1091,SC2034,SC2153
}
pages() {
	local out
	out=$(mandoc -Tlint -W warning docs/*.[158] 2>&1 | grep -v 'STYLE')
	[ -z "$out" ] || { echo "$out"; return 1; }
}
cpp() {
	code | xargs cppcheck -q -j2 --error-exitcode=1 --inline-suppr --enable=warning,portability \
			--suppressions-list=tools/cppcheck.suppress -I. -D_GNU_SOURCE -DVERSION='""' -DLIBEXECDIR='""' -DBINDIR='""' -DDATADIR='""'
}
# A short list of checks that find mistakes, not taste. Left out: DeprecatedOrUnsafeBufferHandling (asks
# for Annex K, which glibc lacks), DeadStores (STEAL leaves a value nobody reads, on purpose),
# suspicious-missing-comma (paths joined from literals), sizeof-expression and misplaced-widening-cast (arrays of pointers; time_t), not-null-terminated-result and bugprone-easily-swappable-parameters (noise).
tidy() {
	local checks='-*,bugprone-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.*,-bugprone-easily-swappable-parameters,-bugprone-not-null-terminated-result,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-reserved-identifier,-bugprone-assignment-in-if-condition,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-signal-handler,-clang-analyzer-valist.Uninitialized,-bugprone-suspicious-include,-bugprone-sizeof-expression,-bugprone-suspicious-missing-comma,-bugprone-misplaced-widening-cast,-clang-analyzer-deadcode.DeadStores'
	code | xargs -P "$(nproc)" -n 6 clang-tidy --quiet --checks="$checks" 2>/dev/null | grep -E 'warning:|error:' | sort -u >"$dir/tidy.out"
	[ ! -s "$dir/tidy.out" ] || { cat "$dir/tidy.out"; return 1; }
}
hygiene() {
	local said
	said=$(git grep -nIwE 'TODO|FIXME|XXX|HACK' -- '*.c' '*.h' '*.sh' '*.md' '*.1' ':!tools/lint.sh'
		git grep -nIE 'deb\.debian\.org|registry\.npmjs' -- ':!tools/lint.sh')
	said=$said$(git ls-files -s 'tests/cli/[0-9]*.sh' | awk '$1 != 100755 { print $4 ": not executable" }')
	[ -z "$said" ] || { echo "$said"; return 1; }
}

run 'rights: links, dlopen, execs' tools/check-links.sh "$dir"
run 'includes: arrows, owners, circles' tools/check-includes.sh
run 'shape of files and functions' tools/check-shape.sh
run 'hygiene' hygiene
run 'clang-format' format
run 'shellcheck' shell
run 'man pages' pages
run 'cppcheck' cpp
[ -n "${QUICK:-}" ] || run 'clang-tidy' tidy
exit $bad
