#!/bin/bash
# The real distrobuilder builds what we build, from one definition and one small tree: the metadata archive has the same
# members in the same order with the same bytes, commands ran in the same order with the same arguments and environment,
# and the tree is the same but for what our scrub removes.
"$(dirname "$0")/need.sh" mmdebstrap debian-archive-keyring busybox-static python3-yaml >&2 || exit 1
[ -n "${RY_TEST_NS:-}" ] || DISTROBUILDER=$("$(dirname "$0")/distrobuilder.sh") || exit 1
export DISTROBUILDER
. "$(dirname "$0")/../lib.sh"
serial=20260101_0000
place=$DISTROBUILDER/root/cmp
rm -rf "$place"
mkdir -p "$place/beside/deep/er"
"$DATA/ok/toy/make-rootfs.sh" "$place" || exit 1

# ---- a tree whose programs write down who called them, how, and with what environment
mkdir "$T/r" && tar --xattrs --xattrs-include='*' -xpf "$place/rootfs.tar.xz" -C "$T/r"
cat >"$T/r/bin/recorder" <<'R'
#!/bin/sh
{
	printf '%s' "${0##*/}"
	for a; do printf ' [%s]' "$a"; done
	echo " in $(readlink /proc/self/cwd), umask $(umask), as $(id -u)"
	env | grep -vE '^(_|PWD|OLDPWD|SHLVL)=' | sort | sed 's/^/    /'
} >>/effects
R
chmod 755 "$T/r/bin/recorder"
for c in manage action; do ln -s recorder "$T/r/bin/$c"; done
find "$T/r" -exec touch -h -d '2026-01-01 00:00:00Z' {} +
tar --numeric-owner --xattrs --xattrs-include='*' --sort=name -C "$T/r" -cf "$place/rootfs.tar" .

# ---- one definition with everything that a container has
echo beside >"$place/beside/file" && echo one >"$place/beside/one.conf" && echo two >"$place/beside/two.conf" && echo deep >"$place/beside/deep/er/d"
ln -s er/d "$place/beside/deep/link"
chmod 640 "$place/beside/file"
cat >"$place/image.yaml" <<'Y'
image:
  distribution: toy
  release: "1"
  architecture: x86_64
  expiry: 10d
source:
  downloader: rootfs-http
  url: file:///cmp/rootfs.tar
targets:
  lxc:
    create_message: |-
      This is a {{ image.description }} container ({{ image.serial }}).
      {% if image.variant == "default" %}Plain.{% else %}Odd.{% endif %}
    config:
    - {type: all, before: 5, content: lxc.include = LXC_TEMPLATE_CONFIG/debian.common.conf}
    - {type: user, before: 5, content: lxc.include = LXC_TEMPLATE_CONFIG/debian.userns.conf}
    - {type: all, after: 4, content: lxc.include = LXC_TEMPLATE_CONFIG/common.conf}
    - {type: user, after: 4, content: lxc.include = LXC_TEMPLATE_CONFIG/userns.conf}
    - {type: system, content: "lxc.x = {{ image.release }}"}
    - {type: all, after: 2, before: 4, content: lxc.y = 3}
    - {type: all, architectures: [arm64], content: lxc.never = 1}
    - type: all
      content: |-
        lxc.arch = {{ image.architecture_personality }}
files:
- {generator: hostname, path: /etc/hostname}
- {generator: hosts, path: /etc/hosts}
- {generator: dump, path: /etc/plain, content: plain}
- {generator: dump, path: /etc/owned/by/somebody, content: "a\n", mode: "0640", uid: "12", gid: "13"}
- {generator: dump, path: /etc/empty}
- {generator: dump, path: "/etc/{{ image.distribution }}.conf", content: "{{ image.architecture_mapped }}", pongo: true}
- {generator: dump, path: /etc/literal, content: "{{ container.name }}"}
- {generator: dump, path: /etc/templated, content: "LXC_NAME", templated: true}
- {generator: copy, source: /cmp/beside/file, path: /etc/copied}
- {generator: copy, source: /cmp/beside/file, path: /etc/into/}
- {generator: copy, source: /cmp/beside/*.conf, path: /etc/matched, mode: "0600"}
- {generator: copy, source: /cmp/beside/deep, path: /etc/contents}
- {generator: template, path: /etc/later, name: later, content: "{{ container.name }}"}
- {generator: cloud-init, name: user-data, variants: [cloud]}
- {generator: cloud-init, name: vendor-data, content: "#cloud-config\nx: 1\n", types: [vm, container]}
- {generator: cloud-init, name: network-config, path: /etc/cloud/net}
- {generator: cloud-init, name: meta-data}
- {generator: template, path: /etc/target, name: target, pongo: true, content: "[{{ incus.vm.size }}][{{ incus.VM.Size }}][{{ image.release }}]"}
- {generator: template, path: /etc/started, name: started, content: x, template: {when: [start, rename], properties: {b: "2", a: one}}}
- {generator: remove, path: /usr/lib/toy/numbers}
- {generator: remove, path: /not/there}
- {generator: dump, path: /etc/of-vm, content: x, types: [vm]}
- {generator: dump, path: /etc/of-container, content: x, types: [container]}
- {generator: dump, path: /etc/of-other, content: x, releases: ["2"]}
packages:
  custom_manager:
    flags: [--global]
    refresh: {cmd: manage, flags: [refresh]}
    update: {cmd: manage, flags: [update, all]}
    install: {cmd: manage, flags: [install]}
    remove: {cmd: manage, flags: [remove]}
    clean: {cmd: manage, flags: [clean]}
  update: true
  cleanup: true
  sets:
  - {packages: [one, two], action: install, flags: [--f]}
  - {packages: [three], action: install, flags: [--f]}
  - {packages: [four], action: install}
  - {packages: [early], action: install, early: true}
  - {packages: [five], action: remove}
  - {packages: [six], action: remove, architectures: [arm64]}
  - {packages: [seven], action: install, types: [vm]}
  - {packages: [eight], action: install, types: [container]}
actions:
- {trigger: post-files, action: "#!/bin/sh\naction files 'a b'\n"}
- {trigger: post-unpack, action: "#!/bin/sh\naction unpack\n"}
- {trigger: post-packages, action: "#!/bin/sh\naction packages {{ image.release }}\n"}
- {trigger: post-packages, action: "#!/bin/sh\naction rendered {{ image.release }}\n", pongo: true}
- {trigger: post-update, action: "#!/bin/sh\naction update\n"}
- {trigger: post-unpack, action: "#!/bin/sh\naction never\n", variants: [cloud]}
- {trigger: post-unpack, action: "#!/bin/sh\naction second\n"}
mappings:
  architecture_map: debian
environment:
  variables:
  - {key: TOY, value: "1"}
  - {key: NEVER, value: "1", releases: ["2"]}
Y

# ---- theirs, ours
# cloud-init means something else to each kind of image: the tree of ours is Incus's, that of theirs here LXC's.
sed -e '/generator: cloud-init/d' "$place/image.yaml" >"$place/lxc.yaml"
mkdir -p "$place/out"
"$TOP/tests/peers/distrobuilder.sh" "$DISTROBUILDER" env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c "umask 022; distrobuilder build-lxc /cmp/lxc.yaml /cmp/out -o image.serial=$serial >/cmp/log 2>&1" </dev/null || tail -n 5 "$place/log"
theirs=$place/out
ok "distrobuilder builds it" test -s "$theirs/rootfs.tar.xz"
"$TOP/tests/peers/distrobuilder.sh" "$DISTROBUILDER" env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c "umask 022; distrobuilder build-incus /cmp/image.yaml /cmp/incus -o image.serial=$serial >/cmp/log 2>&1" </dev/null || tail -n 5 "$place/log"
ok "... and for Incus" test -s "$place/incus/incus.tar.xz"
mkdir -p "$T/recipe"
sed -e "s,/cmp/,$place/,g" "$place/image.yaml" >"$T/recipe/image.yaml"
printf 'schema: 1\ndistro: toy\ndefault_release: "1"\nreleases:\n  "1": {version: "1", eol: 2036-01-01, arches: [amd64], variants: [default]}\n' \
	>"$T/recipe/releases.yaml"
exits 0 "we build it" rootyard-build build --out "$T/out" --compress xz=1,zstd=1 --allow-unverified --serial $serial "$T/recipe" 1/amd64
ours=$OUT

# ---- the metadata
is "$(tar tf "$ours/meta.tar.xz" | tr '\n' ' ')" "$(tar tf "$theirs/meta.tar.xz" | tr '\n' ' ')" "the metadata has the same members in the same order"
for m in $(tar tf "$theirs/meta.tar.xz"); do
	[ "$m" != expiry ] || continue
	is "$(tar xOf "$ours/meta.tar.xz" "$m" | od -c)" "$(tar xOf "$theirs/meta.tar.xz" "$m" | od -c)" "... and $m the same bytes"
done
is "$(tar xOf "$ours/meta.tar.xz" expiry | wc -c)" "$(tar xOf "$theirs/meta.tar.xz" expiry | wc -c)" "... expiry is a time of the same form"

incus() { tar xOf "$1/incus.tar.xz" "$2"; }
is "$(tar tf "$ours/incus.tar.xz" | tr '\n' ' ')" "$(tar tf "$place/incus/incus.tar.xz" | tr '\n' ' ')" "Incus's has the same members in the same order"
# Texts may be quoted otherwise; a default network is a property of ours, and part of their template.
facts() {
	/usr/bin/python3 -c 'import json,sys,yaml
d = yaml.safe_load(sys.stdin)
t = d["templates"].get("/etc/cloud/net", {"properties": 0})
d["creation_date"] = d["expiry_date"] = t["properties"] = 0
print(json.dumps(d, indent=1))'
}
incus "$ours" metadata.yaml | facts >"$T/ours.facts"
incus "$place/incus" metadata.yaml | facts >"$T/theirs.facts"
is "$(diff "$T/theirs.facts" "$T/ours.facts")" "" "... metadata.yaml the same facts in the same order, but for its dates"
# The seeds of cloud-init are our own words for the same choice.
for m in $(tar tf "$place/incus/incus.tar.xz" | grep tpl | grep -vE 'cloud-init-(user|vendor|network)'); do
	is "$(incus "$ours" "$m" | od -c)" "$(incus "$place/incus" "$m" | od -c)" "... and $m the same bytes"
done

# ---- the effects
effects() { tar xOf "$1/rootfs.tar.xz" ./effects; }
is "$(effects "$ours" | grep -v '^ ')" "$(effects "$theirs" | grep -v '^ ')" "commands ran in the same order, with the same arguments"
ok "... and these are not few" test "$(effects "$ours" | grep -c -v '^ ')" -gt 10
is "$(effects "$ours")" "$(effects "$theirs")" "... and in the same environment"

# ---- the tree
cat >"$T/list.py" <<'P'
import hashlib, sys, tarfile
t = tarfile.open(sys.argv[1])
seen = {}
for m in t:
    if m.isreg():
        seen[m.name] = hashlib.sha256(t.extractfile(m).read()).hexdigest()
    elif m.islnk():
        seen[m.name] = seen[m.linkname]
    kind = "file" if m.isreg() or m.islnk() else "link" if m.issym() else "dir" if m.isdir() else "other %s" % m.type
    caps = m.pax_headers.get("SCHILY.xattr.security.capability", "").encode("utf-8", "surrogateescape").hex()
    print(m.name, kind, "-" if m.issym() else "%o" % m.mode, m.uid, m.gid, m.linkname if m.issym() else seen.get(m.name, ""), caps)
P
for who in ours theirs; do python3 "$T/list.py" "${!who}/rootfs.tar.xz" | LC_ALL=C sort >"$T/$who.list"; done
# The host's resolver leaves an empty file behind, which the scrub takes away.
is "$(diff "$T/theirs.list" "$T/ours.list" | grep '^[<>]' | cut -d' ' -f1-3)" "< ./etc/resolv.conf file" "the tree is the same, but for what the scrub names"
ok "... and it is not small" test "$(wc -l <"$T/ours.list")" -gt 60
done_testing
