# shellcheck shell=bash
# recorder.sh -- package managers that only write down what they are asked (sourced).
#
# make_recorder DIR [COMMAND...]   DIR/rootfs.tar, a tree in which every package manager (and each COMMAND) is a script
#                                  that appends its name and arguments to /record; DIR/MANAGER/{image,releases}.yaml, one
#                                  recipe for each of RECORDED with all that a manager is asked
# recorded TREE                    prints what a manager did to the tree: its commands, and the files that it was told by

RECORDED="apt apk dnf yum zypper pacman portage egoportage xbps opkg slackpkg equo anise custom"

make_recorder() {
	local dir=$1 r m c t manager
	shift
	r=$dir/rootfs
	rm -rf "$r"
	mkdir -p "$r"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,run,tmp,root} "$r"/etc/{apt,apk,yum.repos.d,pacman.d,anise} "$r"/var/{lib/rpm,cache/pacman/pkg}
	cp /bin/busybox "$r/bin/busybox"
	for a in sh cat ls echo mkdir rm sed env sort true test grep touch; do ln -s busybox "$r/bin/$a"; done
	cat >"$r/bin/recorder" <<'R'
#!/bin/sh
name=${0##*/}
[ "$name $*" != "yum --help" ] || printf '  --allowerasing  allow\n  --nobest  do not\n'
{ printf '%s' "$name"; for a; do printf ' [%s]' "$a"; done; echo; } >>/record
R
	chmod 755 "$r/bin/recorder"
	for c in apt-get apk dnf yum zypper pacman pacman-key emerge ego xbps-install xbps-remove opkg slackpkg equo enman anise rpmdb "$@"; do
		ln -s ../../bin/recorder "$r/usr/bin/$c"
	done
	echo http://base/main >"$r/etc/apk/repositories"
	find "$r" -exec touch -h -d '2026-01-01 00:00:00Z' {} +
	tar -C "$r" --sort=name --owner=0 --group=0 --numeric-owner -cf "$dir/rootfs.tar" .
	rm -rf "$r"
	for m in $RECORDED; do
		mkdir -p "$dir/$m"
		manager="manager: $m"
		[ $m != custom ] || manager="custom_manager:
    flags: [--global]
    refresh: {cmd: apk, flags: [refresh]}
    update: {cmd: apk, flags: [up, date]}
    install: {cmd: apk, flags: [in]}
    remove: {cmd: apk}
    clean: {cmd: apk, flags: [cl]}"
		cat >"$dir/$m/image.yaml" <<Y
image:
  distribution: toy
  architecture: x86_64
source:
  downloader: rootfs-http
  url: file://$dir/rootfs.tar
packages:
  $manager
  update: true
  cleanup: true
  repositories:
  - name: repo1
    url: "http://example.org/{{ image.release }}"
  - name: repo2
    url: |-
      [second]
      line
    type: $(case $m in equo) echo enman ;; zypper) echo zypper ;; esac)
  - name: repo1
    url: "http://example.org/again"
  - name: sources.list
    url: deb http://example.org x main
  - name: other
    url: http://example.org/other
    releases: [other]
  sets:
  - packages: [a, b]
    action: install
  - packages: [c]
    action: install
  - packages: [z]
    action: install
    architectures: [sparc]
  - packages: [d]
    action: install
    flags: [--flag, -x]
  - packages: [e, f]
    action: remove
  - packages: [g]
    action: install
    early: true
actions:
$(for t in post-unpack post-update post-packages; do printf -- '- trigger: %s\n  action: |-\n    #!/bin/sh\n    echo "== %s" >>/record\n' $t $t; done)
Y
		printf 'schema: 1\ndistro: toy\nreleases:\n  r1: {arches: [amd64], variants: [default]}\n' >"$dir/$m/releases.yaml"
	done
}

recorded() { # TREE
	local f
	cat "$1/record"
	for f in etc/apt/sources.list etc/apt/sources.list.d/{repo1,repo2}.list etc/apk/repositories etc/yum.repos.d/{repo1,repo2,sources.list}.repo \
		etc/pacman.d/mirrorlist etc/anise/repos.conf.d/{repo1,repo2}.yml; do
		[ ! -e "$1/$f" ] || printf -- '-- %s\n%s\n' "$f" "$(cat "$1/$f")"
	done
}
