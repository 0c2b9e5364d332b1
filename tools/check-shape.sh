#!/bin/bash
# The shape of the house: no file over 700 lines, 95 of 100 functions within 60, none over 120.
set -eu
cd "$(dirname "$0")/.."
bad=0
for f in $(git ls-files '*.c' '*.h'); do
	[ "$(wc -l <"$f")" -le 700 ] || { echo "check-shape: $f has over 700 lines"; bad=1; }
done
git ls-files 'lib/*.c' 'builder/*.c' 'indexer/*.c' 'httpd/*.c' 'client/*.c' 'tools/*.c' | xargs awk '
	FNR == 1 { open = 0 }
	/^[a-zA-Z_].*\(/ && !/;$/ { name = $0 }
	/^\{/ { open = FNR }
	/^\}$/ && open {
		n++; len = FNR - open - 1
		if (len > 60) long++
		if (len > 120) { print "check-shape: " FILENAME ": a function of " len " lines: " name; bad = 1 }
		open = 0
	}
	END {
		if (n && long * 20 > n) { print "check-shape: " long " of " n " functions are longer than 60 lines"; bad = 1 }
		if (ENVIRON["V"]) printf "# %d functions, %d over 60 lines\n", n, long
		exit bad
	}' || bad=1
exit $bad
