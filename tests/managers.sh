# shellcheck shell=bash
# managers.sh -- trees in which this host's own apt, dnf, zypper and pacman run, and their toy repositories (sourced).
#
# managers_make DIR      of each a tree in DIR/{apt,dnf,zypper,pacman}: a shell, the manager with all it needs, and in its database
#                        kept 1 and gone 1; DIR/repo/{apt,rpm,pacman}, signed by the key "toy" of GNUPGHOME: kept 1 and 2,
#                        fresh 1, which needs helper 1, and gone 1
# shellcheck source=tests/debian.sh
. "$TOP/tests/debian.sh"

# What programs below usr/ need to be loaded.
tree_libraries() { # TREE
	local lib
	find "$1/usr" -type f \( -perm -100 -o -name '*.so*' \) -print0 | xargs -0 -n 200 ldd 2>/dev/null |
		sed -nE 's,^\t(.* => )?(/[^ ]+) \(0x.*,\2,p' | sort -u | while read -r lib; do
			lib=/usr/${lib#/usr}
			lib=${lib//\/\//\/}
			mkdir -p "$1${lib%/*}"
			cp -nL "$lib" "$1$lib"
		done
	return 0 # ldd says of a static program that it is none
}

tree_copy() { # TREE PATH...: with what lies below
	local tree=$1
	shift
	(cd / && for p; do [ ! -e "$p" ] || echo "${p#/}"; done | tar -cf - --exclude=__pycache__ --exclude=test --exclude=idlelib -T -) | tar -xf - -C "$tree"
}

manager_tree() { # DIR MANAGER
	local r=$1/$2 f
	rm -rf "$r"
	mkdir -p "$r"/{usr/{bin,sbin,lib,lib64,share/keyrings},etc,proc,sys,dev,run,root,tmp,home} "$r"/var/{tmp,log,cache,lib}
	chmod 1777 "$r/tmp" "$r/var/tmp"
	for f in bin sbin lib lib64; do ln -s "usr/$f" "$r/$f"; done
	printf '#!/bin/sh\n' >"$r/usr/sbin/ldconfig"
	chmod 755 "$r/usr/sbin/ldconfig"
	ln -s /bin/true "$r/usr/sbin/start-stop-daemon"
	cp "$(command -v busybox)" "$r/usr/bin/busybox"
	ln -s dash "$r/usr/bin/sh"
	ln -s mawk "$r/usr/bin/awk"
	printf 'root:x:0:0:root:/root:/bin/sh\n_apt:x:42:65534::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n' >"$r/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$r/etc/group"
	tree_copy "$r" /usr/bin/{dash,bash,tar,gzip,xz,zstd,gpg,gpg-agent,gpgv,gpgconf,gettext,grep,sed,find,cmp,diff,mawk} /usr/lib/locale/C.utf8 \
		/usr/bin/{cat,cp,mv,rm,ls,ln,mkdir,rmdir,chmod,chown,true,false,touch,id,sort,env,test,readlink,mktemp,cut,head,tail,tr,wc,uniq,basename,dirname,date,stat,uname,base64}
	"tree_$2" "$r"
	tree_libraries "$r"
}

tree_apt() { # TREE
	mkdir -p "$1"/etc/apt/{apt.conf,preferences,sources.list,trusted.gpg}.d "$1"/var/{cache/apt/archives/partial,lib/dpkg/{info,updates,triggers},lib/apt/lists/partial}
	: >"$1/var/lib/dpkg/status"
	tree_copy "$1" /usr/bin/apt-{get,key,config,mark} /usr/lib/apt /usr/bin/dpkg{,-deb,-split,-query,-trigger,-divert,-statoverride} /usr/share/dpkg
}

tree_rpm() { # TREE
	mkdir -p "$1/etc/rpm" "$1/var/lib/rpm"
	printf '%%_dbpath /var/lib/rpm\n' >"$1/etc/rpm/macros"
	tree_copy "$1" /usr/bin/rpm{,keys,db} /usr/lib/rpm/{macros,macros.d,rpmrc,platform}
}

tree_dnf() { # TREE
	tree_rpm "$1"
	mkdir -p "$1/etc/yum.repos.d"
	tree_copy "$1" /usr/bin/{dnf,dnf-3,python3,python3.11} /etc/dnf /usr/lib/python3/dist-packages/{dnf,hawkey,libdnf,libcomps,rpm,gpg,dateutil,six.py,iniparse} \
		/usr/lib/python3.11
}

tree_zypper() { # TREE
	tree_rpm "$1"
	mkdir -p "$1"/etc/zypp/{repos,services,vendors,multiversion,systemCheck}.d
	tree_copy "$1" /usr/bin/{zypper,rpmdb2solv,repo2solv} /usr/share/zypp{er,}
}

tree_pacman() { # TREE
	mkdir -p "$1/etc/pacman.d" "$1"/var/{cache/pacman/pkg,lib/pacman/{local,sync}}
	echo 9 >"$1/var/lib/pacman/local/ALPM_DB_VERSION"
	tree_copy "$1" /usr/bin/pacman{,-key,-conf} /usr/bin/vercmp /usr/share/makepkg
	gpg --batch --export =toy >"$1/usr/share/keyrings/archlinux.gpg"
	gpg --batch --with-colons --list-keys =toy | awk -F: '/^fpr/ { print $10 ":4:"; exit }' >"$1/usr/share/keyrings/archlinux-trusted"
}

# ---- packages

repo_deb() { # DIR: builds with debian.sh
	debian_begin "$1/repo/apt"
	local p
	for p in kept:1 kept:2 fresh:1 helper:1 gone:1; do
		mkdir -p "$A/root/usr/share/toy-deb"
		echo "${p#*:}" >"$A/root/usr/share/toy-deb/${p%:*}"
		[ "${p%:*}" != fresh ] || printf '#!/bin/sh\necho "configured as $(id -u)" >>/usr/share/toy-deb/said\n' >"$A/control/postinst"
		[ ! -e "$A/control/postinst" ] || chmod 755 "$A/control/postinst"
		deb "${p%:*}" "${p#*:}" "$([ "${p%:*}" != fresh ] || echo 'Depends: helper')"
	done
	debian_publish one
	dpkg --root="$1/apt" --force-script-chrootless --log=/dev/null -i "$A/pool/kept_1.deb" "$A/pool/gone_1.deb" >/dev/null
}

repo_rpm() { # DIR
	local p r=$1/repo/rpm
	mkdir -p "$r"
	for p in kept:1 kept:2 fresh:1 helper:1 gone:1; do
		cat >"$1/spec" <<-S
			Name: ${p%:*}
			Version: ${p#*:}
			Release: 1
			Summary: toy
			License: MIT
			BuildArch: noarch
			$([ "${p%:*}" != fresh ] || echo 'Requires: helper')
			$([ "${p%:*}" != helper ] || echo 'Provides: /bin/sh')
			%description
			toy
			%install
			mkdir -p %{buildroot}/usr/share/toy-rpm
			echo ${p#*:} >%{buildroot}/usr/share/toy-rpm/${p%:*}
			$([ "${p%:*}" != fresh ] || printf '%%post\necho "configured as $(id -u)" >>/usr/share/toy-rpm/said')
			%files
			/usr/share/toy-rpm/${p%:*}
		S
		rpmbuild -bb --quiet --define "_topdir $1/rpmbuild" --define "_rpmdir $r" "$1/spec" >/dev/null 2>&1 || return 1
	done
	find "$r" -name '*.rpm' -exec rpm --define '_gpg_name =toy' --define '__gpg /usr/bin/gpg' --addsign {} + >/dev/null 2>&1
	createrepo_c -q "$r"
	gpg --batch -q --pinentry-mode loopback --passphrase '' --armor --detach-sign "$r/repodata/repomd.xml"
	gpg --batch --armor --export toy | tee "$r/key.asc" >"$r/repodata/repomd.xml.key"
	for p in dnf zypper; do
		rpm --force-debian --root "$1/$p" --dbpath /var/lib/rpm --nosignature -i "$r"/noarch/{kept,gone}-1-1.noarch.rpm || return 1
	done
}

repo_pacman() { # DIR
	local p n v r=$1/repo/pacman
	mkdir -p "$r" "$1/pack"
	for p in kept:1 kept:2 fresh:1 helper:1 gone:1; do
		n=${p%:*} v=${p#*:}
		rm -rf "$1/pack" && mkdir -p "$1/pack/usr/share/toy-pacman"
		echo "$v" >"$1/pack/usr/share/toy-pacman/$n"
		printf 'pkgname = %s\npkgbase = %s\npkgver = %s-1\npkgdesc = toy\nbuilddate = 1767323045\npackager = Toy\nsize = 2\narch = any\nlicense = MIT\n' "$n" "$n" "$v" >"$1/pack/.PKGINFO"
		[ "$n" != fresh ] || echo 'depend = helper' >>"$1/pack/.PKGINFO"
		: >"$1/pack/.INSTALL"
		[ "$n" != fresh ] || printf 'post_install() { echo "configured as $(id -u)" >>/usr/share/toy-pacman/said; }\n' >"$1/pack/.INSTALL"
		(cd "$1/pack" && tar --owner=0 --group=0 -cf - .PKGINFO .INSTALL usr) | zstd -q -1 >"$r/$n-$v-1-any.pkg.tar.zst"
		gpg --batch -q --pinentry-mode loopback --passphrase '' --detach-sign "$r/$n-$v-1-any.pkg.tar.zst"
	done
	repo-add -q "$r/toy.db.tar.gz" "$r"/{kept-2,fresh-1,helper-1,gone-1}-1-any.pkg.tar.zst >/dev/null || return 1
	rm "$r/toy.db" && cp "$r/toy.db.tar.gz" "$r/toy.db"
	printf '[options]\nSigLevel = Never\nLocalFileSigLevel = Never\n' >"$1/pacman.conf"
	pacman --root "$1/pacman" --dbpath "$1/pacman/var/lib/pacman" --cachedir "$1/pack" --logfile /dev/null --config "$1/pacman.conf" --noconfirm \
		-U "$r"/{kept,gone}-1-1-any.pkg.tar.zst >/dev/null
}

managers_make() { # DIR
	local m
	for m in apt dnf zypper pacman; do manager_tree "$1" $m || return 1; done
	repo_deb "$1" && repo_rpm "$1" && repo_pacman "$1"
}
