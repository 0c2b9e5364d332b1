#!/bin/bash
# need.sh PKG...: installs what is missing, before a test enters its namespace (where users are others').
missing=()
for p in "$@"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
[ ${#missing[@]} = 0 ] && exit
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"; }
install >/dev/null 2>&1 || { apt-get -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1; install >&2; } ||
	{ echo "Bail out! cannot install ${missing[*]}"; exit 1; }
