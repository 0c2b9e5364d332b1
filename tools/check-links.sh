#!/bin/bash
# Does each program hold only the rights that the table in lib/model/rights.c grants it?
#   check-links.sh DIR   the directory of the built programs
set -eu
dir=$1
bad=0
complain() {
	echo "check-links: $*"
	bad=1
}
while IFS='|' read -r program needed execs root network key folder; do
	file=$dir/$program
	[ -x "$file" ] || { complain "$program is not built"; continue; }
	have=$(readelf -d "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sed 's/\.so.*//; s/-[0-9.]*$//' |
		grep -vE '^(libc|ld-linux.*|libpthread|libm)$' | sort | tr '\n' ' ')
	for lib in $have; do
		case " $(echo "$needed" | sed -E 's/-[0-9.]+//g') " in *" $lib "*) ;; *) complain "$program links $lib, which rights.c does not grant" ;; esac
	done
	if [ "$program" = rootyard ]; then
		readelf -l "$file" | grep -q INTERP && complain "rootyard is not static"
	fi
	# What it may execute: every path or program name that its own folder hands to spawn or exec.
	for path in $(git grep -hoE '"(/usr)?/s?bin/[a-z][a-z0-9.-]*"|LIBEXECDIR "/[a-z-]+"|BINDIR "/[a-z-]+"' -- "$folder*.c" |
		sed 's/"$//; s/.*[/"]//' | sort -u); do
		case " $execs " in *" $path "*) ;; *) complain "$folder names $path, which rights.c does not let $program execute" ;; esac
	done
	[ -n "${V:-}" ] && echo "# $program: links ${have:-nothing}; executes ${execs:-nothing}; root $root, network $network, key $key"
done < <("$dir/rights")

while read -r object; do
	undefined=$(nm -u "$object" 2>/dev/null | awk '{print $2}')
	for symbol in $undefined; do
		case $symbol in
		dlopen | dlsym) complain "$object calls $symbol" ;;
		system | popen) complain "$object calls $symbol" ;;
		execve | execv | execvp | execvpe | execl | execlp | execle | fexecve | execveat | posix_spawn | posix_spawnp)
			case ${object#"$dir"/} in
			lib/base/spawn.o | client/run/*.o | lib/base/userns.o) ;;
			*) complain "$object calls $symbol: programs are run by lib/base/spawn.c" ;;
			esac
			;;
		esac
	done
done < <(find "$dir"/lib "$dir"/builder "$dir"/indexer "$dir"/httpd "$dir"/client -name '*.o')
nm "$dir/rootyard-httpd" 2>/dev/null | grep -qE ' [TtU] (spawn_start|execv[a-z]*)(@|$)' && complain "rootyard-httpd can execute programs"
exit $bad
