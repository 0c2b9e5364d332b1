#!/bin/bash
# Files copied into containers and out of them, running and stopped, past whatever the container has laid there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"

home=$T/home/ry-user
given() { setpriv --reuid ry-user --regid ry-user --init-groups sh -c "$1"; }
given "mkdir -p $home/data/below && echo private >$home/data/file && chmod 600 $home/data/file && echo x >$home/data/below/x && chmod 750 $home/data/below/x && ln -s file $home/data/link && echo secret >$home/secret && chmod 600 $home/secret"
chmod u+s "$home/data/below/x"

# ---- one that runs
exits 0 "one runs" ry run -d --name box toy/1 -- sleep 1000
exits 0 "a file goes in" ry cp "$home/data/file" box:/root
is "$(ry exec box -- sh -c 'cat /root/file; stat -c "%u %g %a" /root/file')" "$(printf 'private\n0 0 600')" "... and is its root's, with its mode"
exits 0 "... under another name" ry cp "$home/data/file" box:/root/other
is "$(ry exec box -- cat /root/other)" private "... that was asked for"
exits 0 "a tree goes in" ry cp "$home/data" box:/root/tree
is "$(ry exec box -- sh -c 'cd /root/tree && cat file below/x; readlink link; stat -c "%u %a" below/x')" "$(printf 'private\nx\nfile\n0 750')" "... with its links and modes, but nothing that gives rights"
ry exec box -- sh -c 'mkdir -p /home/someone && chown 1000:1000 /home/someone && chmod 700 /home/someone && echo new >/root/new && chmod 4755 /root/new && chown 1000 /root/new'
exits 0 "a directory of another user inside is no obstacle" ry cp "$home/data/file" box:/home/someone/
exits 0 "a file comes out" ry cp box:/root/new "$home/out"
is "$(cat "$home/out"; stat -c '%U %a' "$home/out")" "$(printf 'new\nry-user 755')" "... and is the caller's, without what gives rights"
exits 0 "a tree comes out" ry cp box:/root/tree "$home/"
is "$(cat "$home/tree/below/x"; stat -c %U "$home/tree" "$home/tree/below/x" | sort -u)" "$(printf 'x\nry-user')" "... and is the caller's"
exits 0 "a file that is there is replaced" ry cp "$home/secret" box:/root/file
is "$(ry exec box -- cat /root/file)" secret "... by the new one"
ry exec box -- sh -c "mkdir /root/data && touch /root/data/mine"
exits 1 "a directory with something in it is not replaced" ry cp "$home/data" box:/root
like "$ERR" "already has a 'data' that would be lost" "... and nothing is merged"
is "$(ry exec box -- sh -c 'ls -A /root | grep -c rootyard-cp')" 0 "nothing half copied is left"

# ---- what the container may have laid there
ry exec box -- sh -c "ln -s $home/secret /root/lead; ln -s ../../../../../../../..$home /root/up; mkfifo /root/pipe; ln -s /proc/self/root /root/magic" 2>/dev/null || ry exec box -- sh -c "ln -s $home/secret /root/lead; ln -s ../../../../../../../..$home /root/up"
exits 0 "a link of the container's is copied as a link" ry cp box:/root/lead "$home/lead"
is "$(readlink "$home/lead")" "$home/secret" "... not what it would lead to"
not_ok "a path through its links does not leave it" ry cp box:/root/up/secret "$home/stolen"
ok "... and brings nothing" test ! -e "$home/stolen"
exits 0 "its own absolute links lead to its own files" ry exec box -- ln -s /etc /root/etc
exits 0 "... when copied from" ry cp box:/root/etc/os-release "$home/release"
is "$(cat "$home/release")" ID=toy "... as the container sees them"

# ---- one that does not run
exits 0 "it ends" ry stop -t 0 box
exits 0 "a file goes into a stopped one" ry cp "$home/secret" box:/root/late
exits 0 "a file of its image comes out" ry cp box:/etc/os-release "$home/image"
is "$(cat "$home/image")" ID=toy "... as it is"
exits 0 "what it wrote comes out" ry cp box:/root/new "$home/again"
before=$(tree_digest "$ROOTFS")
exits 0 "it starts again" ry start box
is "$(ry exec box -- sh -c 'cat /root/late; stat -c %u /root/late')" "$(printf 'secret\n0')" "... and has what was brought"
is "$(tree_digest "$ROOTFS")" "$before" "the stored image is as before"

# ---- sentences
exits 8 "a missing file is named" ry cp box:/nothere "$home/x"
like "$ERR" "cannot copy 'box:/nothere'" "... as it was written"
exits 8 "a missing container too" ry cp none:/etc/passwd "$home/x"
exits 2 "one side is a container's" ry cp /etc/passwd "$home/x"
exits 2 "... and only one" ry cp box:/etc/passwd box:/x
exits 2 "the whole root needs a name" ry cp box:/ "$home"
exits 8 "a missing directory is not made" ry cp box:/etc/passwd "$home/no/where"
ry stop -t 0 box
ry rm box
ok "nothing is left" leaves_nothing
done_testing
