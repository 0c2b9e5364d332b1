#!/bin/bash
# Images whose root file system tries to lead the start astray: each starts safely or is refused.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

echo untouched >"$T/canary"
chmod 666 "$T/canary"
mkdir -m 777 "$T/outside"
n=0

# hostile FACT: builds one more image by the commands on stdin, run in its root; NAME is it.
hostile() {
	local id
	n=$((n + 1))
	NAME=bad$n
	id=$(printf '%064x' "$n")
	store_image ry-user "$id" "$NAME" "$SUB"
	ROOT=$STORE/images/$id/rootfs
	(cd "$ROOT" && bash -eu)
	chown -hR "$SUB:$SUB" "$ROOT"
}
safe() { # FACT: the container ran, or was refused with 125, and nothing outside changed
	local fact=$1 status
	ry run --rm "$NAME" -- sh -c 'cat /proc/self/mountinfo >/dev/null; echo x >/dev/null' >"$T/.o" 2>"$T/.e" </dev/null
	status=$?
	case $status in
	0 | 125) is "$(cat "$T/canary") $(ls -A "$T/outside" | wc -l)" "untouched 0" "$fact ($status)" ;;
	*) is "$status" "0 or 125" "$fact"; t_show "$(cat "$T/.e")" ;;
	esac
}
refused() { # FACT REGEX
	exits 125 "$1 is refused" ry run --rm "$NAME" -- true
	like "$ERR" "$2" "... by its reason"
}

for d in proc sys dev; do
	for to in /etc ../../../../../../../../../../"$T/outside" "$T/outside" /proc/self/cwd /proc/self/root/tmp . ../.. tmp; do
		hostile <<<"rmdir $d; ln -s '$to' $d"
		safe "/$d is a link to $to"
		refused "/$d -> $to" "the image's '/$d' is a link or no directory"
	done
	hostile <<<"rmdir $d; echo file >$d"
	refused "/$d as a file" "'/$d' is a link or no directory"
	hostile <<<"rmdir $d; mkfifo $d"
	refused "/$d as a pipe" "'/$d' is a link or no directory"
	hostile <<<"rmdir $d"
	exits 0 "/$d that is missing is made" ry run --rm "$NAME" -- sh -c 'test -e /proc/self/exe && test -c /dev/null && test -d /sys/class'
	hostile <<<"rmdir $d; mkdir -p $d/sub; chmod 0 $d"
	safe "/$d is closed and not empty"
done
hostile <<<"mkdir -p dev/pts; ln -s '$T/outside' dev/shm; ln -s '$T/canary' dev/null; ln -s '$T/canary' dev/console; ln -s . dev/fd"
exits 0 "links in the image's /dev are covered" ry run --rm "$NAME" -- sh -c 'echo x >/dev/null; test -c /dev/null; test -d /dev/shm'
is "$(cat "$T/canary")" untouched "... not followed"

for f in hostname hosts resolv.conf; do
	for to in "$T/canary" "../../../../../../../../../../..$T/canary" /proc/self/fd/1 /proc/1/root/"$T"/canary loop; do
		hostile <<<"rm -f etc/$f; ln -s '$to' etc/$f; ln -sf loop etc/loop"
		safe "/etc/$f is a link to $to"
		exits 0 "... and with the host's network" ry run --rm --net host "$NAME" -- true
		is "$(cat "$T/canary")" untouched "... which writes nothing outside"
	done
	hostile <<<"rm -f etc/$f; mkdir -p etc/$f/x"
	safe "/etc/$f is a directory"
	hostile <<<"rm -f etc/$f; mkfifo etc/$f; mkfifo etc/.rootyard-new"
	safe "/etc/$f is a pipe"
done
for to in "$T/outside" ../../../../../../../../../../.."$T/outside" /proc/self/cwd /tmp; do
	hostile <<<"rm -r etc; ln -s '$to' etc"
	safe "/etc is a link to $to"
done
hostile <<<"rm -r etc; echo file >etc"
safe "/etc is a file"
hostile <<<"rm -r etc proc sys dev tmp root usr"
exits 0 "an image with next to nothing starts" ry run --rm "$NAME" -- /bin/true
hostile <<<"chmod 0 ."
safe "the root itself is closed"

# A command cannot be what it is not.
hostile <<<"ln -s /proc/self/exe bin/self; ln -s /proc/1/exe bin/one"
exits 126 "pid 1's program cannot be executed" ry run --rm "$NAME" -- /bin/one
hostile <<<"printf '#!/proc/self/exe\n' >bin/script; chmod 755 bin/script; printf '#!/proc/1/exe\n' >bin/other; chmod 755 bin/other"
isnt "$(ry run --rm "$NAME" -- /bin/other 2>/dev/null; echo $?)" 0 "... nor through a script"
hostile <<<"mkdir -p w; ln -s /proc/self/fd/7 w/fd; ln -s /proc/1/cwd w/cwd"
not_ok "a working directory cannot be a descriptor of ours" ry run --rm --workdir /w/fd "$NAME" -- true
not_ok "... nor pid 1's" ry run --rm --workdir /proc/1/cwd "$NAME" -- true

ok "nothing is left" leaves_nothing
done_testing
