#!/bin/bash
# apt-inside.sh ARCHIVE|BUILD: a Debian of systemd, from a rootfs archive or a build's directory, in which an ordinary user
# installs packages: as a system and as a command with 65,536 ids, and with one id; sudo gains rights in the system alone.
# It asks the mirror that this host's own apt asks.
"$(dirname "$0")/need.sh" uidmap zstd passt >&2 || exit 1
[ -n "${RY_TEST_NS:-}" ] || MIRROR=$(apt-get indextargets --format '$(SITE)/' | grep -m 1 -E '/debian/$')
export MIRROR=${MIRROR%/}
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/system.sh
. "$(dirname "$0")/../system.sh"
[ $# = 1 ] || skip_all "which Debian? apt-inside.sh ARCHIVE|BUILD"
[ -n "$MIRROR" ] || skip_all "apt of this host has no mirror of Debian"
archive=$1
[ ! -d "$archive" ] || archive=$(find "$archive" -name rootfs.tar.zst | head -n 1)
[ -f "$archive" ] || skip_all "no rootfs archive in '$1'"
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
chmod 666 /dev/net/tun
delegate ry-user
ry() { as_user ry-user rootyard "$@"; }
poor() { as_user ry-poor rootyard "$@"; }

# Where the mirror is only by /etc/hosts of this host it is told inside.
site=${MIRROR#*://} site=${site%%/*}
known=$(grep -hwF -- "${site%:*}" /etc/hosts)
proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy | head -n 1)
ready="set -e; . /etc/os-release; rm -f /etc/apt/sources.list.d/*
	echo \"deb $MIRROR \$VERSION_CODENAME main\" >/etc/apt/sources.list
	${known:+echo '$known' >>/etc/hosts}
	${proxy:+echo 'Acquire::http::Proxy \"$proxy\";' >/etc/apt/apt.conf.d/90proxy}
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update && apt-get -q install -y --no-install-recommends \"\$@\""

installs() { # FACT COMMAND...: what changes ids when it is unpacked, makes users, and gives files to them
	local fact=$1
	shift
	exits 0 "$fact" "$@" sh -c "$ready" sh sudo cron openssh-server
	unlike "$OUT$ERR" "dpkg: error|^E:|^W:|Operation not permitted|Invalid argument" "... without a complaint"
}
becomes_root() { ry exec --user someone "$1" -- sudo -n id -u </dev/null; }
with_sudo='useradd -m someone && echo "someone ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/someone && chmod 440 /etc/sudoers.d/someone'

ok "the archive is imported" ry import -q "$archive" debian/inside
exits 0 "a system is started" ry run -d --init --net user --name system debian/inside
for _ in {1..100}; do ry exec system -- systemctl is-system-running 2>/dev/null </dev/null | grep -qE 'running|degraded' && break; sleep 0.2; done
installs "apt installs in the system" ry exec system --
is "$(ry exec system -- systemctl is-active cron </dev/null)" active "... and what it installed runs"
exits 0 "a user of it is made" ry exec system -- sh -c "$with_sudo"
is "$(becomes_root system 2>&1)" 0 "... who becomes root by sudo"
exits 0 "the system stops" ry stop system

exits 0 "a command is started" ry run -d --app --net user --name app debian/inside -- sleep 1000
installs "apt installs in it" ry exec app --
exits 0 "a user of it is made" ry exec app -- sh -c "$with_sudo"
exits 1 "... who does not become root by sudo" becomes_root app
like "$ERR" "no new privileges" "... because of no_new_privs"
exits 0 "it stops" ry stop app

ok "without subordinate ids the archive is imported" poor import -q "$archive" debian/inside
exits 0 "a command of one id is started" poor run -d --app --net user --name app debian/inside -- sleep 1000
installs "apt installs in it" poor exec app --
exits 0 "... what it installed is whole" poor exec app -- sh -c 'dpkg --audit && mkdir -p /run/sshd && sshd -t && crontab -l -u root 2>&1 | grep -F "no crontab"'
is "$OUT" "no crontab for root" "... and answers"
exits 0 "it stops" poor stop app
done_testing
