#!/bin/bash
# A real user manager of systemd, with a real bus, gives a container its cgroup: the login's own is root's.
[ -n "${RY_TEST_NS:-}" ] || "$(dirname "$0")/need.sh" systemd dbus-daemon uidmap busybox-static || exit 0
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../store.sh"
[ -x /lib/systemd/systemd ] || skip_all "systemd cannot be installed"

V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -z "$V2" ] || ! mkdir "$V2/rytest-$$" 2>/dev/null; then skip_all "no cgroup2 can be made here"; fi
PLACE=$V2/rytest-$$
mkdir "$PLACE/login" "$PLACE/manager"
chown -R ry-user "$PLACE/manager"
# On a whole host the system's manager moves a process out of the session for the user's; here it may itself.
chown ry-user "$PLACE/cgroup.procs"
cat >"$T/in" <<'S'
#!/bin/bash
echo $$ >"$1/cgroup.procs"
umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run; mkdir -p /run/systemd/system # it looks whether the host was booted with it
exec setpriv --reuid ry-user --regid ry-user --init-groups env -i HOME="$2" XDG_RUNTIME_DIR="$3" PATH="$PATH" "${@:4}"
S
chmod 755 "$T/in"
in_cgroup() { unshare -m "$T/in" "$PLACE/$1" "$T/home/ry-user" "$T/run/ry-user" "${@:2}"; }
login() { in_cgroup login "$(command -v rootyard)" "$@"; }

own() { exec unshare -m "$T/in" "$PLACE/manager" "$T/home/ry-user" "$T/run/ry-user" "$@"; }
(own dbus-daemon --session --nofork --nopidfile --address="unix:path=$T/run/ry-user/bus" >"$T/bus.log" 2>&1) &
SERVERS+=("$!")
until_true test -S "$T/run/ry-user/bus" || skip_all "no bus: $(tail -n 1 "$T/bus.log")"
(own env DBUS_SESSION_BUS_ADDRESS="unix:path=$T/run/ry-user/bus" /lib/systemd/systemd --user >"$T/manager.log" 2>&1) &
manager=$!
SERVERS+=("$manager")
talk() { in_cgroup login busctl --user "$@"; }
until_true talk status org.freedesktop.systemd1 || skip_all "no user manager: $(tail -n 1 "$T/manager.log")"

exits 0 "a system in the background asks the manager" login run -d --init --name box toy/1 -- /bin/sleep 1000
pid=$(init_of box)
like "$(cat "/proc/$pid/cgroup")" "/rytest-$$/manager/.*/rootyard-box-[0-9]+\.scope/rootyard-box$" "its container stands in a scope of the manager"
like "$(in_cgroup login systemctl --user list-units --type=scope --no-legend)" "rootyard-box-[0-9]+\.scope .*active running" "... which the manager knows"
exits 0 "exec goes there too" login exec box -- true
exits 0 "it is frozen" login freeze box
exits 0 "... and thawed" login thaw box
exits 0 "it ends" login stop --kill box
until_true bash -c "! grep -q . <(find '$PLACE/manager' -name 'rootyard-box*')"
is "$(find "$PLACE/manager" -name 'rootyard-box*')" "" "... and its scope with it"
exits 0 "doctor makes one, and looks at what it can limit" login doctor
unlike "$OUT" "^warn cgroup: no cgroup" "... and finds it"
until_true bash -c "! grep -q . <(find '$PLACE/manager' -name 'rootyard-*')"
is "$(find "$PLACE/manager" -name 'rootyard-*')" "" "... and leaves none"

kill "$(keeper_pid)"
kill "$manager"
wait "$manager" 2>/dev/null
kill "${SERVERS[0]}"
wait "${SERVERS[0]}" 2>/dev/null
until_true bash -c "! cat \$(find '$PLACE' -name cgroup.procs) | grep -q ."
find "$PLACE" -depth -type d -exec rmdir {} + 2>/dev/null
ok "nothing is left running" test ! -e "$PLACE"
done_testing
