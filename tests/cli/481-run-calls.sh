#!/bin/bash
# What a start asks of the kernel: counted, so that it does not creep up.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
[ "$SAN" = plain ] || skip_all "sanitizers make calls of their own"

trace() { # FILE ARG...
	local out=$1
	shift
	HOME=$T/home/ry-user XDG_RUNTIME_DIR=$T/run/ry-user strace -f -u ry-user -o "$out" rootyard run "$@" </dev/null >/dev/null 2>"$T/said"
}
calls() { awk -v p="$2" 'p == "" || $1 == p' "$1" | grep -vcE '<unfinished|\+\+\+|---'; }
at_most() { # NUMBER LIMIT FACT
	echo "# $3: $1 (at most $2)"
	ok "$3" test "$1" -le "$2"
}

exits 0 "a first start keeps the ids" ry run --rm toy/1 -- true
ok "the next can be traced" trace "$T/trace" --rm toy/1 /bin/true
ours=$(awk '{ print $1; exit }' "$T/trace")
command=$(grep -E 'execve\("/bin/true"' "$T/trace" | cut -d' ' -f1)
init=$(awk -v a="$ours" -v b="$command" '$1 != a && $1 != b { print $1; exit }' "$T/trace")
sed -n '/execve("\/bin\/true"/q; p' <(grep "^$command " "$T/trace") >"$T/command"
# The library's share: musl sets close-on-exec once more behind open, and maps memory in small pieces.
at_most "$(calls "$T/trace" "$ours")" 190 "calls of the supervisor"
at_most "$(calls "$T/trace" "$init")" 225 "calls of the container's first process"
at_most "$(calls "$T/command" "")" 80 "calls of the command's process before it is executed"
is "$(awk '{ print $1 }' "$T/trace" | sort -u | wc -l)" 4 "four processes: supervisor, pid 1, the maker of its network, command"
is "$(grep -cE 'clone3\(' "$T/trace")" 1 "one clone makes all namespaces"
is "$(grep -E 'umount2\(' "$T/trace" | wc -l)" 1 "one unmount: of the old root"
is "$(grep -cE 'execve\(' "$T/trace")" 2 "nothing is executed but we and the command"
is "$(grep "^$init " "$T/trace" | grep -cE 'brk\(|mmap\(')" 0 "nothing is allocated behind the clone"
is "$(grep "^$ours " "$T/trace" | grep -E 'openat.*O_CREAT|mkdir|rename|unlink' | grep -cE '"[^"]*containers')" 0 "a container of this once writes nothing below the data place"
is "$(grep -cE 'sync(fs)?\(|fdatasync' "$T/trace")" 0 "nothing is synced"
is "$(grep -E 'open' "$T/trace" | grep -cE '/etc/(passwd|group|nsswitch|subuid|subgid|resolv)')" 0 "no file of accounts or names is opened"
is "$(grep -cE 'seccomp\(SECCOMP_SET_MODE_FILTER' "$T/trace")" 1 "one filter serves pid 1 and the command"

ok "a start that writes to disk can be traced" trace "$T/disk" --rm --layer disk toy/1 /bin/true
ours=$(awk '{ print $1; exit }' "$T/disk")
at_most "$(calls "$T/disk" "$ours")" 390 "calls of its supervisor"
ok "nothing is left" leaves_nothing
done_testing
