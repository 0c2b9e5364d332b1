#!/bin/bash
# rootyard run: names, statuses, environment; ps and rm.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

# ---- what comes back
exits 0 "a command of a stored image runs" ry run --rm toy/1 -- cat /etc/os-release
is "$OUT" "ID=toy" "... in that image"
is "$ERR" "" "... and nothing else is said"
exits 7 "its exit status comes back" ry run --rm toy/1 -- sh -c 'exit 7'
exits 125 "125 of the command's own too" ry run --rm toy/1 -- sh -c 'exit 125'
exits 143 "a signal is 128 and its number" ry run --rm toy/1 -- sh -c 'kill -TERM $$'
exits 137 "SIGKILL too" ry run --rm toy/1 -- sh -c 'kill -KILL $$'
exits 127 "a missing command is 127" ry run --rm toy/1 -- nothere
like "$ERR" "^rootyard: cannot execute 'nothere' in the container: No such file" "... and named"
exits 127 "a missing path too" ry run --rm toy/1 -- /not/here
exits 126 "a file that is no program is 126" ry run --rm toy/1 -- /etc/passwd
exits 126 "a directory as well" ry run --rm toy/1 -- /etc
exits 126 "a missing --workdir is 126" ry run --rm --workdir /nowhere toy/1 -- true
like "$ERR" "cannot enter '/nowhere' in the container" "... and named"

# ---- names of images
exits 0 "an alias of the remote is followed" ry run --rm toy -- true
exits 0 "the remote may be named" ry run --rm lab:toy/1 -- true
exits 0 "arch and variant may be named" ry run --rm "toy/1/$ARCH/default" -- true
exits 0 "an id is enough" ry run --rm "toy@sha256:$ID" -- true
exits 0 "a serial that is stored will do" ry run --rm toy/1@20260101_0000 -- true
exits 125 "one that is not is asked for elsewhere, in vain" ry run --rm toy/1@20250101_0000 -- true
exits 125 "an image that nobody has is 125" ry run --rm other/1 -- true
like "$ERR" "^rootyard: cannot run 'other/1': it is not stored" "... and named"
mkdir -p "$STORE/refs/lib/toy/1/$ARCH"
cp "$STORE/refs/lab/toy/1/$ARCH/default" "$STORE/refs/lib/toy/1/$ARCH/default"
exits 125 "two remotes that have it are a question" ry run --rm toy/1 -- true
like "$ERR" "stored from the remotes 'lab' and 'lib': say which, as REMOTE:toy/1" "... with its answer"
rm -r "$STORE/refs/lib"

# ---- options
exits 0 "the command's own options are its own" ry run --rm toy/1 sh -c 'echo "$0 $*"' --rm --help
is "$OUT" "--rm --help" "... without a dash before them"
exits 0 "host name, working directory and variables are set" ry run --rm --hostname box.example --workdir /tmp \
	--env A=1 --env "B=x y" --env HOME=/tmp toy/1 -- sh -c 'hostname; cat /etc/hostname; pwd; echo "$A $B $HOME"'
is "$OUT" "$(printf 'box.example\nbox.example\n/tmp\n1 x y /tmp')" "... as asked for"
AS_ENV=(SECRET=xyzzy GIVEN=here)
exits 0 "of the caller's variables none is inherited" ry run --rm --env GIVEN --env ABSENT toy/1 -- env
like "$OUT" '^container=rootyard$' "... but the usual ones are there"
is "$(printf '%s\n' "$OUT" | cut -d= -f1 | grep -vE '^(PWD|SHLVL|_)$' | sort | tr '\n' ' ')" "GIVEN HOME LANG PATH container " "... and one that was asked for"
AS_ENV=()
exits 0 "without a name one is made up, which is the host's" ry run --rm toy/1 -- hostname
like "$OUT" '^toy-[0-9a-f]{4}$' "... from the image's"
exits 0 "without a command it is a shell" bash -c 'echo "echo from the shell" | "$@"' x setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$T/home/ry-user" XDG_RUNTIME_DIR="$T/run/ry-user" "$(command -v rootyard)" run --rm toy/1
is "$OUT" "from the shell" "... that reads our stdin"

while IFS='|' read -r regex args; do
	# shellcheck disable=SC2086 # words
	exits 2 "'run $args' is refused" ry run $args
	like "$ERR" "$regex" "... by its reason"
done <<'A'
too few arguments: needs .*IMAGE|
'--name': '-x' is not|--name=-x toy/1 true
'--name': '\.\./x' is not|--name ../x toy/1 true
'--hostname': 'a_b' is no host name|--hostname a_b toy/1 true
'--workdir': 'tmp' is not absolute|--workdir tmp toy/1 true
'--net': 'bridge' is not none, user or host|--net bridge toy/1 true
'--layer': 'ram' is not disk, memory or memory:SIZE|--layer ram toy/1 true
'--layer': 'memory:1x' is not|--layer memory:1x toy/1 true
'--env': '=x' is not NAME=VALUE|--env =x toy/1 true
unknown option '--nmae', did you mean '--name'|--nmae x toy/1 true
A
exits 2 "a reference that is none is refused" ry run --rm 'a//b' -- true
exits 0 "nothing of all that is left" ry ps -a
is "$(printf '%s\n' "$OUT" | wc -l)" 1 "... but a heading"
ok "... neither on disk" leaves_nothing

# ---- containers that stay
before=$(tree_digest "$ROOTFS")
exits 0 "without --rm the container stays" ry run --name kept toy/1 -- sh -c 'echo changed >/etc/passwd; rm -r /usr; mkdir /new'
is "$(tree_digest "$ROOTFS")" "$before" "what it wrote is not in the image"
exits 125 "its name is taken" ry run --name kept toy/1 -- true
like "$ERR" "container 'kept' exists; remove it with 'rootyard rm kept'" "... and how to free it is said"
exits 0 "ps lists what runs only" ry ps
unlike "$OUT" kept "... so not this one"
exits 0 "ps -a lists all" ry ps -a
like "$OUT" "^kept +lab:toy/1/$ARCH/default +aaaaaaaaaaaa +- +- stopped$" "... with its image"
exits 0 "ps --json is for machines" ry ps -a --json
is "$(printf '%s' "$OUT" | python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d), d[0]["name"], d[0]["status"], len(d[0]["id"]))')" "1 kept stopped 64" "... and says the same"
exits 0 "rm removes it" ry rm kept
exits 8 "rm of a missing one is 8" ry rm kept
like "$ERR" "no container 'kept'" "... and named"
exits 2 "rm of no name at all is refused" ry rm ../x
exits 127 "a command that never ran leaves no container" ry run --name typo toy/1 -- nothere
ok "nothing is left" leaves_nothing

# ---- the other half
exits 0 "--help names the verbs of both halves" ry --help
for verb in run ps rm doctor list info pull unpack remote; do
	like "$OUT" "^  $verb " "... $verb"
done
exits 0 "what is about images is answered by rootyard-image" ry list --help
like "$OUT" "^usage: rootyard list" "... under our name"
exits 2 "a verb that nobody knows is refused" ry lst
like "$ERR" "unknown command 'lst', did you mean 'list'" "... with a guess"

cat >"$T/image-half" <<'I'
#!/bin/sh
echo "$@" >"$HOME/pulled"
mkdir -p "$HOME/.local/share/rootyard/refs/lab/new/1"
cp -r "$HOME/.local/share/rootyard/refs/lab/toy/1/." "$HOME/.local/share/rootyard/refs/lab/new/1"
I
chmod 755 "$T/image-half"
mount --bind "$T/image-half" "$PREFIX/libexec/rootyard/rootyard-image"
exits 0 "an image that is not stored is pulled first" ry run --rm lab:new/1 -- true
is "$(cat "$T/home/ry-user/pulled")" "pull -q lab:new/1" "... by its name"
rm "$T/home/ry-user/pulled"
exits 0 "one that is stored is not" ry run --rm lab:new/1 -- true
not_ok "... asked for again" test -e "$T/home/ry-user/pulled"
umount "$PREFIX/libexec/rootyard/rootyard-image"

# ---- places
chmod 750 "$STORE"
exits 2 "a store that others may read is refused" ry ps
like "$ERR" "is open to others \(mode 0750\): chmod 700" "... with the mend"
chmod 700 "$STORE"
chmod 777 "$T/home/ry-user/.local"
exits 2 "so is one below a directory that everybody may write" ry ps
like "$ERR" "everybody may write '.*/.local'.*chmod o-w" "... with the mend"
chmod 700 "$T/home/ry-user/.local"
chown -h 5:5 "$ROOTFS"
exits 125 "an image of ids that are no longer ours is refused" ry run --rm toy/1 -- true
like "$ERR" "belongs to id 5, outside of your subordinate ids 1000000 to 1065535" "... by its reason"
chown -h "$SUB:$SUB" "$ROOTFS"
done_testing
