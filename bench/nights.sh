# shellcheck shell=bash
# nights.sh -- pairs of nights of real Debian trees for bench/pull and bench/update (sourced).
#
# Each night is a tar made by mmdebstrap from the archive that this machine's own apt is configured with, and kept:
# the second run is short. The archive as it was on an earlier day is not at hand everywhere, so "as released" is the
# release's main suite without updates and security, and the night after it has both. What a night itself wrote bears
# that night's time; what packages brought bears theirs, as it does on a builder.
#
# NIGHTS   where they are kept (/var/tmp/rootyard-nights)
NIGHTS=${NIGHTS:-/var/tmp/rootyard-nights}
more=systemd,systemd-sysv,openssh-server,python3,git,vim,man-db,iproute2,less

archive() { # END: the configured archive whose address ends so
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u | grep -m1 "/$1/\$"
}

# night NAME: prints the path of its tar, or fails where the archive has no such suite.
night() {
	local name=$1 out=$NIGHTS/$1.tar debian security suite variant=minbase sources hook=() include=() made
	[ ! -s "$out" ] || { echo "$out"; return; }
	debian=$(archive debian) security=$(archive debian-security)
	[ -n "$debian" ] && [ -n "$security" ] || { echo "bench: apt here has no archive of Debian and its security" >&2; return 1; }
	mkdir -p "$NIGHTS"
	case $name in
	forky | sid) suite=$name ;;
	*) suite=bookworm ;;
	esac
	sources="deb $debian $suite main"
	case $name in
	min-*) ;;
	*) include=("--include=$more") ;;
	esac
	case $name in
	*-new | *-openssl) sources="$sources
deb $debian $suite-updates main
deb $security $suite-security main" ;;
	esac
	# nothing but these two is taken from security
	[ "${name%-openssl}" = "$name" ] || hook=("--setup-hook=printf 'Package: *\nPin: release n=bookworm-*\nPin-Priority: -1\n\nPackage: openssl libssl3\nPin: release n=bookworm-security\nPin-Priority: 900\n' >\"\$1/etc/apt/preferences.d/pin\"")
	case $name in
	*-old) made=$(date -d '2 days ago' +%s) ;;
	*) made=$(date +%s) ;;
	esac
	echo "bench: making $name (kept in $NIGHTS)" >&2
	SOURCE_DATE_EPOCH=$made mmdebstrap -q --format=tar --variant=$variant "${include[@]}" "${hook[@]}" \
		--customize-hook='rm -f "$1"/etc/apt/preferences.d/pin "$1"/etc/ssh/ssh_host_*; echo "# none" >"$1/etc/apt/sources.list"; : >"$1/etc/machine-id"' \
		"$suite" "$out.part" - <<<"$sources" >&2 && mv "$out.part" "$out" && echo "$out"
}

# night_build IMAGE SERIAL NAME: prints the directory of that night as rootyard-build hands it over.
night_build() {
	local out=$NIGHTS/incoming/$1/$2 tar
	[ ! -s "$out/build.json" ] || { echo "$out"; return; }
	tar=$(night "$3") || return 1
	mkdir -p "$NIGHTS/recipe"
	cat >"$NIGHTS/recipe/image.yaml" <<-'R'
		image:
		  distribution: night
		source:
		  downloader: rootfs-http
		  url: file:///nowhere
		targets:
		  lxc:
		    create_message: a night
		    config:
		      - type: all
		        before: 5
		        content: |-
		          lxc.include = LXC_TEMPLATE_CONFIG/debian.common.conf
		packages:
		  manager: apt
		mappings:
		  architecture_map: debian
	R
	printf 'schema: 1\ndistro: night\nreleases:\n  %s:\n    arches: [amd64]\n    variants: [default]\n' "$(cut -d/ -f2 <<<"$1")" >"$NIGHTS/recipe/releases.yaml"
	echo "bench: building $1@$2 of $3" >&2
	rootyard-build build --out "$NIGHTS/incoming" --cache "$NIGHTS/cache" --allow-unverified --serial "$2" -o "source.url=file://$tar" \
		"$NIGHTS/recipe" "$(cut -d/ -f2 <<<"$1")/amd64" >&2 && echo "$out"
}

# nights "IMAGE SERIAL NAME"...: makes those that are missing, with the programs of STAGE.
nights() {
	# shellcheck disable=SC2154 # of who sources this
	unshare --mount --propagation private bash -c '
		. "$1/bench/nights.sh"
		mount --bind "$2/usr/local" /usr/local && shift 2 || exit 1
		for one; do
			set -- $one
			night_build "$1" "$2" "$3" >/dev/null || exit 1
		done' nights "$here" "$STAGE" "$@"
}
