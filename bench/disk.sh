# shellcheck shell=bash
# disk.sh -- a file system as most people have it, for a bench that writes (sourced after tests/lib.sh).
#
# disk_open DIR   a new ext4 with a journal, mounted there until the script ends. The machine's own may have none, and then
#                 looks for minutes after a removal for inodes that nobody used lately, which would be measured instead.
disk_open() {
	local image=$T/${1##*/}.ext4
	truncate -s 8G "$image" && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$image" && mkdir -p "$1" && mount -o loop "$image" "$1" || return 1
	# shellcheck disable=SC2064 # this one
	trap "umount '$1'; t_cleanup" EXIT
}
