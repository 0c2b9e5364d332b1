#!/bin/bash
# Who may include whom: arrows point down, each third-party header has one owner, no circles.
set -eu
cd "$(dirname "$0")/.."
bad=0
complain() {
	echo "check-includes: $*"
	bad=1
}

# Third-party headers and the only files that may know them.
while read -r header owners; do
	while IFS=: read -r file _; do
		case " $owners " in *" $file "*) ;; *) complain "$file includes <$header>, which belongs to $owners" ;; esac
	done < <(git grep -nE "^#include <$header>" -- lib builder indexer httpd client || true)
done <<'T'
archive(_entry)?\.h lib/adapt/tar.c lib/adapt/inflate.c lib/adapt/gz.c
zstd\.h lib/adapt/zst.c
lzma\.h lib/adapt/xz.c
divsufsort\.h lib/adapt/sufsort.c
yaml\.h lib/adapt/yaml.c
jansson\.h lib/adapt/json.c
gpgme\.h lib/adapt/verify.c indexer/sign.c
openssl/.*\.h lib/adapt/digest.c
curl/.*\.h client/image/fetch.c client/image/s3.c builder/fetch/transfer.c builder/fetch/token.c
sqlite3\.h indexer/catalog.c
microhttpd\.h httpd/server.c httpd/exchange.c httpd/exchange.h httpd/response.c httpd/monitor.c
gnutls/.*\.h httpd/tls.c httpd/tokens.c
T

# Floors and folders.
room() {
	case $1 in
	lib/base/*) echo base ;; lib/adapt/*) echo adapt ;; lib/model/*) echo model ;;
	builder/fetch/*) echo fetch ;; builder/*) echo builder ;; indexer/*) echo indexer ;; httpd/*) echo httpd ;;
	client/run/*) echo run ;; client/image/*) echo image ;; *) echo other ;;
	esac
}
while IFS=: read -r file line; do
	target=${line#*\"} target=${target%\"*}
	from=$(room "$file") to=$(room "$target")
	case $target in
	seccomp.h | schema.h | assets.h) continue ;; # made at build time
	esac
	case "$from>$to" in
	base\>base | adapt\>base | adapt\>adapt | model\>base | model\>adapt | model\>model) ;;
	fetch\>base | run\>base) ;;
	fetch\>adapt) [ "$target" = lib/adapt/json.h ] || complain "$file includes $target: the network code reads tokens only" ;;
	run\>model) case $target in lib/model/image.h | lib/model/places.h | lib/model/start.h) ;; *) complain "$file includes $target: the static front knows names and places only" ;; esac ;;
	builder\>base | builder\>adapt | builder\>model | indexer\>base | indexer\>adapt | indexer\>model) ;;
	httpd\>base | httpd\>model | image\>base | image\>adapt | image\>model) ;;
	*) [ "$from" = "$to" ] || complain "$file includes $target: no arrow from $from to $to" ;;
	esac
	[ -e "$target" ] || complain "$file includes $target: name the header by its full path"
done < <(git grep -E '^#include "' -- 'lib/*.[ch]' 'builder/*.[ch]' 'indexer/*.[ch]' 'httpd/*.[ch]' 'client/*.[ch]')

# Circles: file.c and file.h are one node; tsort names what goes round.
edges=$(git grep -E '^#include "' -- 'lib/*.[ch]' 'builder/*.[ch]' 'indexer/*.[ch]' 'httpd/*.[ch]' 'client/*.[ch]' |
	sed -E 's/\.[ch]:#include "/ /; s/\.h"$//' | awk '$1 != $2 { print $1, $2 }' | sort -u)
round=$(printf '%s\n' "$edges" | tsort 2>&1 >/dev/null | grep -v 'input contains a loop' || true)
[ -z "$round" ] || complain "a circle of files: $(echo "$round" | sed 's/^tsort: //' | tr '\n' ' ')"
exit $bad
