#!/bin/sh
# Installs what building, testing and the demo need, and says what it installs.
#   deps.sh [--build|--demo|--bench]    without a word: everything for the tests
set -eu

BUILD="gcc musl-tools make pkg-config libc6-dev libarchive-dev libzstd-dev liblzma-dev libjansson-dev libyaml-dev
libgpgme-dev libdivsufsort-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libmicrohttpd-dev libgnutls28-dev libseccomp-dev"
RUN="mmdebstrap debian-archive-keyring gnupg gpgv gpg-agent uidmap xz-utils zstd tar ca-certificates openssl"
TEST="libcmocka-dev libfuse3-dev fuse3 e2fsprogs lxc crun perl curl wget attr strace iproute2 procps util-linux sqlite3 clang
libclang-rt-14-dev busybox-static prometheus systemd libcap2-bin squashfs-tools squashfs-tools-ng dnf rpm createrepo-c zypper libsolv-tools pacman-package-manager makepkg libarchive-tools bzip2 nginx-light apache2-bin caddy python3 python3-jsonschema in-toto clang-format clang-tidy cppcheck shellcheck mandoc binutils git"

command -v apt-get >/dev/null || {
	echo "deps.sh: only apt is known here; install: $BUILD $RUN $TEST" >&2
	exit 1
}
case ${1:-} in
--build) want=$BUILD ;;
--bench) want="$BUILD $RUN python3 curl hyperfine bubblewrap strace sqlite3 eatmydata wget podman iproute2 xdelta3 casync zsync nginx-light" ;;
--demo) want="$BUILD $RUN curl iproute2 util-linux procps" ;;
'') want="$BUILD $RUN $TEST" ;;
*) echo "usage: deps.sh [--build|--demo|--bench]" >&2; exit 2 ;;
esac
missing=
for p in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "deps.sh: missing:$missing; run as root: apt-get install$missing" >&2
	exit 1
fi
echo "deps.sh: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null 2>&1 || {
	apt-get -o DPkg::Lock::Timeout=300 update >/dev/null
	# shellcheck disable=SC2086
	apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null
}
