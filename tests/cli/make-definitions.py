#!/usr/bin/env python3
"""make-definitions.py DIR: writes DIR/{ok,bad,stricter}/NAME.yaml, small definitions that each have one peculiarity.
ok and bad are distrobuilder's verdict (3.4.0; tests/peers/distrobuilder-validate.sh asks it again), stricter is what it
takes and we refuse: tags of types, NULs, scalars of megabytes, numbers beyond 64 bits."""
import os
import sys

B="image:\n  distribution: toy\nsource:\n  downloader: rootfs-http\npackages:\n  manager: apt\n"
def b(image="",source="",packages="",rest=""):
    return "image:\n  distribution: toy\n"+image+"source:\n  downloader: rootfs-http\n"+source+"packages:\n  manager: apt\n"+packages+rest
C={}
C["plain"]=B
C["release-number"]=b("  release: 15.0\n")
C["release-int"]=b("  release: 12\n")
C["release-hex"]=b("  release: 0x1F\n")
C["release-date"]=b("  release: 2026-01-02\n")
C["release-yes"]=b("  release: yes\n")
C["release-tilde"]=b("  release: ~\n")
C["release-null-word"]=b("  release: null\n")
C["release-NULL"]=b("  release: NULL\n")
C["release-empty"]=b("  release:\n")
C["release-timestamp"]=b("  release: 2026-01-02T03:04:05Z\n")
C["release-inf"]=b("  release: .inf\n")
C["release-list"]=b("  release: [a]\n")
C["release-map"]=b("  release: {a: b}\n")
C["release-str-tag"]=b("  release: !!str 15.0\n")
C["release-int-tag"]=b("  release: !!int 15\n")
C["release-float-tag"]=b("  release: !!float 15\n")
C["release-bool-tag"]=b("  release: !!bool yes\n")
C["release-binary-tag"]=b("  release: !!binary aGVsbG8=\n")
C["release-binary-bad"]=b("  release: !!binary '***'\n")
C["release-custom-tag"]=b("  release: !foo x\n")
C["release-nonspecific-tag"]=b("  release: ! x\n")
C["release-timestamp-tag"]=b("  release: !!timestamp 2026-01-02\n")
C["release-null-tag"]=b("  release: !!null x\n")
C["int-tag-word"]=b("  release: !!int word\n")
for w in "true false yes no on off y n True TRUE Yes YES On ON Y N tRue 1 0 t f T F ~ null".split()+['"true"',"'yes'","!!bool yes","!!bool 'yes'","!!str true",'!!bool "true"',"[]","{}","", "1.0","truee"]:
    C["bool-"+w.replace('"','dq').replace("'","sq").replace(" ","_")+("" if w else "empty")]=b(packages="  update: %s\n"%w)
for w in ["4294967296","0x10","0o17","017","0b11","1_000","1.5","1e3","1e30","-1","+5","4GiB",'"5"',"~","","0","1.0","-0","18446744073709551615","18446744073709551616","!!int 5","!!int '5'","!!float 5",".inf",".nan","0x","08","190:20:30","yes"]:
    C["uint-"+w.replace('"','dq').replace("'","sq").replace(" ","_")+("" if w else "empty")]=B+"targets:\n  incus:\n    vm:\n      size: %s\n"%w
C["crlf"]=B.replace("\n","\r\n")
C["bom"]="\ufeff"+B
C["dashes"]="---\n"+B
C["two-documents"]=B+"---\nfoo: [\n"
C["two-documents-ok"]=B+"---\nfoo: 1\n"
C["flow"]="{image: {distribution: toy}, source: {downloader: rootfs-http}, packages: {manager: apt, sets: [{packages: [a, b], action: install}]}}\n"
C["json"]='{"image": {"distribution": "toy"}, "source": {"downloader": "rootfs-http"}, "packages": {"manager": "apt"}}\n'
C["anchor-alias"]=b(packages="  sets:\n  - &a\n    packages: [x]\n    action: install\n  - *a\n")
C["merge"]=b(packages="  sets:\n  - &a\n    packages: [x]\n    action: install\n  - <<: *a\n    packages: [y]\n")
C["merge-list"]=b(packages="  sets:\n  - &a\n    packages: [x]\n    action: install\n  - &b\n    action: remove\n    early: true\n  - <<: [*b, *a]\n    packages: [y]\n")
C["merge-unknown-key"]=b(packages="  sets:\n  - &a\n    packages: [x]\n    action: install\n  - <<: {colour: red}\n    action: install\n    packages: [y]\n")
C["merge-scalar"]=b(packages="  sets:\n  - <<: x\n    action: install\n")
C["merge-quoted"]=b(packages="  sets:\n  - &a\n    action: install\n  - \"<<\": *a\n    packages: [y]\n")
C["merge-twice"]=b(packages="  sets:\n  - &a\n    action: install\n  - <<: *a\n    <<: *a\n    packages: [y]\n")
C["merge-null"]=b(packages="  sets:\n  - <<: ~\n    action: install\n")
C["merge-nested-list"]=b(packages="  sets:\n  - &a\n    action: install\n  - <<: [[*a]]\n    action: install\n")
C["merge-key-tag"]=b(packages="  sets:\n  - &a\n    action: install\n  - !!merge <<: *a\n    packages: [y]\n")
C["merge-into-top"]="x: &x\n  a: b\n"+B
C["anchor-unknown"]=b(packages="  sets:\n  - *nope\n")
C["anchor-self"]=b(packages="  sets: &s\n  - *s\n")
C["anchor-redefined"]=b("  release: &a x\n  variant: &a y\n  name: *a\n")
C["null-list"]=b(packages="  sets: ~\n")
C["null-list-empty"]=b(packages="  sets:\n")
C["null-struct"]=b(rest="mappings:\n")
C["null-item"]=b(packages="  sets:\n  -\n  - ~\n")
C["null-in-texts"]=b(source="  components: [~, a]\n")
C["null-files-item"]=B+"files:\n-\n"
C["null-action-item"]=B+"actions:\n-\n"
C["empty-list"]=b(packages="  sets: []\n")
C["empty-string-list"]=b(packages="  sets: ''\n")
C["texts-scalar"]=b(source="  keys: abc\n")
C["texts-map"]=b(source="  keys: {a: b}\n")
C["texts-nested"]=b(source="  keys: [[a]]\n")
C["texts-numbers"]=b(source="  components: [1, 2.5, yes, ~]\n")
C["list-for-struct"]=B+"targets: [lxc]\n"
C["scalar-for-struct"]=B+"targets: lxc\n"
C["map-scalar"]=B+"mappings:\n  architectures: x\n"
C["map-ok"]=B+"mappings:\n  architectures:\n    x86_64: amd64\n    1: 2\n    yes: no\n"
C["map-list-value"]=B+"mappings:\n  architectures:\n    x86_64: [a]\n"
C["map-dup"]=B+"mappings:\n  architectures:\n    x86_64: a\n    x86_64: b\n"
C["map-merge"]=B+"mappings:\n  architectures:\n    <<: {a: b}\n    x86_64: b\n"
C["map-null-key"]=B+"mappings:\n  architectures:\n    ~: b\n"
C["manager-blanks"]=B.replace("apt","' apt '")
C["downloader-blanks"]=B.replace("rootfs-http","\" rootfs-http\\n\"")
C["distribution-blanks"]=B.replace("toy","'  '")
C["distribution-missing"]="source:\n  downloader: rootfs-http\npackages:\n  manager: apt\n"
C["downloader-missing"]="image:\n  distribution: toy\npackages:\n  manager: apt\n"
C["downloader-unknown"]=B.replace("rootfs-http","rootfs-htp")
C["downloader-case"]=B.replace("rootfs-http","Rootfs-http")
C["downloader-sabayon"]=B.replace("rootfs-http","sabayon-http")
C["manager-missing"]="image:\n  distribution: toy\nsource:\n  downloader: rootfs-http\n"
C["manager-unknown"]=B.replace("apt","aptt")
for m in "apk apt dnf egoportage opkg pacman portage yum equo xbps zypper anise slackpkg luet apt-get".split(): C["manager-"+m]=B.replace("apt",m)
for d in "almalinux-http alpaquita-http alpinelinux-http alt-http apertis-http archlinux-http busybox centos-http debootstrap docker-http fedora-http funtoo-http gentoo-http nixos-http openeuler-http opensuse-http openwrt-http oraclelinux-http plamolinux-http rockylinux-http rootfs-http rpmbootstrap slackware-http springdalelinux-http ubuntu-http voidlinux-http vyos-http".split(): C["downloader-"+d]=B.replace("rootfs-http",d)
cm="image:\n  distribution: toy\nsource:\n  downloader: rootfs-http\npackages:\n  custom_manager:\n"
full="".join("    %s:\n      cmd: 'true'\n"%v for v in "clean install remove refresh update".split())
C["custom"]=cm+full
C["custom-plain-true"]=cm+full.replace("'true'","true")
C["custom-and-manager"]=cm.replace("packages:\n","packages:\n  manager: apt\n")+full
C["custom-and-blank-manager"]=cm.replace("packages:\n","packages:\n  manager: ' '\n")+full
C["custom-missing-verb"]=cm+full.replace("    clean:\n      cmd: 'true'\n","")
C["custom-blank-cmd"]=cm+full.replace("'true'","' '",1)
C["custom-empty"]=cm.rstrip("\n")+" {}\n"
C["custom-null"]=cm.rstrip("\n")+"\n"
C["custom-empty-and-manager"]=cm.rstrip("\n")+" {}\n  manager: apt\n"
C["custom-flags"]=cm+full+"    flags: [-a, -b]\n"
C["set-no-packages"]=b(packages="  sets:\n  - action: install\n")
C["set-no-action"]=b(packages="  sets:\n  - packages: [a]\n")
C["set-bad-action"]=b(packages="  sets:\n  - packages: [a]\n    action: purge\n")
C["set-action-blank"]=b(packages="  sets:\n  - packages: [a]\n    action: 'install '\n")
C["set-unknown-key"]=b(packages="  sets:\n  - packages: [a]\n    action: install\n    flag: [x]\n")
C["config-unknown-type"]=B+"targets:\n  lxc:\n    config:\n    - type: alll\n      content: a\n"
C["config-no-type"]=B+"targets:\n  lxc:\n    config:\n    - content: a\n"
C["config-before-neg"]=B+"targets:\n  lxc:\n    config:\n    - type: all\n      before: -5\n"
C["config-before-quoted"]=B+"targets:\n  lxc:\n    config:\n    - type: all\n      before: '5'\n"
C["config-before-float"]=B+"targets:\n  lxc:\n    config:\n    - type: all\n      before: 4.9\n"
C["create-message-dash"]=B+"targets:\n  lxc:\n    create-message: x\n"
C["targets-lxd"]=B+"targets:\n  lxd:\n    vm:\n      size: 5\n"
C["targets-type"]=B+"targets:\n  type: vm\n"
C["targets-type-odd"]=B+"targets:\n  type: odd\n"
C["ignore_release"]=b(source="  ignore_release: true\n")
C["apt_sources"]=b(source="  apt_sources: x\n")
C["mode-999"]=B+"files:\n- generator: dump\n  path: /a\n  mode: 999\n"
C["mode-word"]=B+"files:\n- generator: dump\n  path: /a\n  mode: rwx\n"
C["uid-word"]=B+"files:\n- generator: dump\n  path: /a\n  uid: root\n"
C["expiry-banana"]=b("  expiry: banana\n")
C["expiry-int"]=b("  expiry: 30\n")
C["vm-xfs"]=B+"targets:\n  incus:\n    vm:\n      filesystem: xfs\n"
C["template-broken"]=B+"targets:\n  lxc:\n    create_message: '{{ image.name'\n"
C["files-no-generator"]=B+"files:\n- path: /a\n"
C["files-bad-generator"]=B+"files:\n- generator: dmup\n"
C["files-gen-blank"]=B+"files:\n- generator: ' dump'\n"
C["files-lxd-agent"]=B+"files:\n- generator: lxd-agent\n"
C["files-upstart-tty"]=B+"files:\n- generator: upstart-tty\n"
for g in "dump copy template hostname hosts remove cloud-init incus-agent fstab".split(): C["files-"+g]=B+"files:\n- generator: %s\n"%g
C["files-scalar-item"]=B+"files:\n- x\n"
C["files-when-odd"]=B+"files:\n- generator: template\n  template:\n    when: [never]\n"
C["types-odd"]=B+"files:\n- generator: dump\n  types: [containers]\n"
C["types-both"]=B+"files:\n- generator: dump\n  types: [container, vm]\n"
C["types-empty-string"]=B+"files:\n- generator: dump\n  types: ['']\n"
C["types-case"]=B+"files:\n- generator: dump\n  types: [VM]\n"
C["types-null"]=B+"files:\n- generator: dump\n  types: [~]\n"
C["types-in-config"]=B+"targets:\n  lxc:\n    config:\n    - type: all\n      types: [vm]\n"
C["types-in-set-odd"]=b(packages="  sets:\n  - action: install\n    types: [x]\n")
C["types-in-repo-odd"]=b(packages="  repositories:\n  - name: a\n    types: [x]\n")
C["types-in-env-odd"]=B+"environment:\n  variables:\n  - key: a\n    types: [x]\n"
C["trigger-blank"]=B+"actions:\n- trigger: 'post-files '\n  action: x\n"
C["trigger-odd"]=B+"actions:\n- trigger: post-fils\n"
C["trigger-missing"]=B+"actions:\n- action: x\n"
for t in "post-unpack post-update post-packages post-files".split(): C["trigger-"+t]=B+"actions:\n- trigger: %s\n"%t
C["action-empty"]=B+"actions:\n- trigger: post-files\n"
C["map-almalinux"]=B+"mappings:\n  architecture_map: almalinux\n"
C["map-unknown"]=B+"mappings:\n  architecture_map: debain\n"
C["map-blank"]=B+"mappings:\n  architecture_map: ' debian '\n"
C["map-both"]=B+"mappings:\n  architecture_map: debian\n  architectures: {x86_64: a}\n"
for a in "i686 i386 amd64 x86_64 armel arm armhf armv7 aarch64 arm64 ppc64el s390x mips riscv64 loong64 AMD64 x86-64 sparc armv8l riscv32 mips64el powerpc all any".split(): C["arch-"+a]=b("  architecture: %s\n"%a)
C["arch-empty"]=b("  architecture: ''\n")
C["arch-blank"]=b("  architecture: ' amd64'\n")
C["arch-computed-given"]=b("  architecture_mapped: q\n  architecture_kernel: r\n  architecture_personality: s\n")
C["unknown-top"]=B+"colour: red\n"
C["unknown-top-anchors"]=B+"x-anchors: {}\n"
C["unknown-deep"]=B+"files:\n- generator: dump\n  template:\n    whenn: [x]\n"
C["case-key"]=B.replace("image:","Image:")
C["case-key-deep"]=b("  Release: x\n")
C["dup-top"]=B+"image:\n  distribution: toy\n"
C["dup-deep"]=b("  release: a\n  release: b\n")
C["dup-in-item"]=B+"files:\n- generator: dump\n  path: /a\n  path: /b\n"
C["dup-unknown"]=B+"q: 1\nq: 2\n"
C["dup-quoted"]=b("  release: a\n  \"release\": b\n")
C["tab-indent"]="image:\n\tdistribution: toy\n"
C["empty"]=""
C["only-comment"]="# x\n"
C["only-dashes"]="---\n"
C["scalar-doc"]="hello\n"
C["list-doc"]="- a\n"
C["null-doc"]="~\n"
C["unterminated-flow"]=B+"files: [\n"
C["unterminated-quote"]=B+"x: 'a\n"
C["key-list"]=B+"? [a]\n: b\n"
C["key-int"]=B+"1: b\n"
C["key-int-deep"]=b("  1: b\n")
C["control-char"]=b("  release: \"a\\0b\"\n")
C["control-raw"]=b("  release: a\x01b\n")
C["folded"]=b("  release: >\n    a\n    b\n")
C["keep"]=b("  release: |+\n    a\n\n")
C["indent-indicator"]=b("  release: |2\n      a\n")
C["huge-scalar"]=b("  name: "+"a"*2000000+"\n")
C["deep-flow"]=B+"files: "+"["*200+"]"*200+"\n"
C["bomb"]="a: &a [x,x,x,x,x,x,x,x,x]\n"+"".join("%s: &%s [%s]\n"%(chr(98+i),chr(98+i),",".join(["*"+chr(97+i)]*9)) for i in range(9))
C["env-ok"]=B+"environment:\n  clear_defaults: true\n  variables:\n  - key: A\n    value: 1\n"
C["env-unset-key"]=B+"environment:\n  variables:\n  - value: 1\n"
C["env-clear-yes"]=B+"environment:\n  clear_defaults: yes\n"
C["repo-odd-type"]=b(packages="  repositories:\n  - name: a\n    type: b\n    url: c\n    key: d\n")
C["repo-empty"]=b(packages="  repositories:\n  - {}\n")
C["skip-quoted"]=b(source="  skip_verification: 'true'\n")
C["comment-odd"]=b(packages="  sets:\n  # c\n  - packages:\n    # d\n    - a # e\n    action: install # f\n")
C["tab-after-colon"]=b("  release:\tx\n")
C["tab-in-flow"]=b(source="  keys: [\ta,\tb]\n")
C["percent-directive"]="%YAML 1.1\n---\n"+B
C["percent-directive-12"]="%YAML 1.2\n---\n"+B
C["tag-directive"]="%TAG ! tag:x,2000:\n---\n"+B
C["map-tag"]=B+"mappings: !!map {}\n"
C["seq-tag"]=B+"files: !!seq []\n"
C["str-tag-map"]=B+"mappings: !!str {}\n"
C["utf8"]=b("  description: \u00fcber \u2603\n")
C["latin1"]=b("  description: QQ\n")
C["many-errors"]=B+"colour: red\nfiles:\n- generator: dmup\n- generator: dump\n  contnt: x\n  path: [a]\nactions:\n- trigger: q\n  pongo: maybe\n"
BAD = """
anchor-self anchor-unknown apt_sources arch-AMD64 arch-all arch-any arch-blank arch-sparc arch-x86-64 bomb
bool-!!str_true bool-0 bool-1 bool-1.0 bool-F bool-T bool-[] bool-dqtruedq bool-f bool-sqyessq bool-t bool-tRue
bool-truee bool-{} case-key case-key-deep config-before-neg config-before-quoted control-raw create-message-dash
custom-and-blank-manager custom-and-manager custom-empty custom-empty-and-manager custom-missing-verb custom-null
deep-flow distribution-blanks distribution-missing downloader-case downloader-missing
downloader-unknown dup-deep dup-in-item dup-quoted dup-top dup-unknown empty empty-string-list files-bad-generator
files-lxd-agent files-no-generator files-scalar-item files-upstart-tty ignore_release int-tag-word key-int
key-int-deep key-list latin1 list-doc list-for-struct manager-apt-get manager-luet manager-missing manager-unknown
many-errors map-almalinux map-blank map-dup map-list-value map-scalar map-unknown merge-into-top merge-nested-list
merge-null merge-quoted merge-scalar merge-unknown-key null-action-item null-doc null-files-item null-item
only-comment only-dashes percent-directive-12 release-binary-bad release-list release-map release-null-tag
scalar-doc scalar-for-struct set-action-blank set-bad-action set-no-action set-unknown-key skip-quoted tab-indent
targets-lxd targets-type-odd texts-map texts-nested texts-scalar trigger-blank trigger-missing trigger-odd
types-case types-empty-string types-in-env-odd types-in-repo-odd types-in-set-odd types-odd uint--1 uint-.inf
uint-.nan uint-0x uint-190:20:30 uint-1e30 uint-4GiB uint-dq5dq uint-yes unknown-deep unknown-top
unknown-top-anchors unterminated-flow unterminated-quote
""".split()
STRICTER = """
bool-!!bool_dqtruedq bool-!!bool_sqyessq bool-!!bool_yes control-char huge-scalar map-tag merge-key-tag
release-bool-tag release-custom-tag release-float-tag release-int-tag release-nonspecific-tag release-timestamp-tag
seq-tag str-tag-map types-null uint-!!float_5 uint-!!int_5 uint-!!int_sq5sq uint-18446744073709551616
""".split()

for verdict in ("ok", "bad", "stricter"):
    os.makedirs(os.path.join(sys.argv[1], verdict), exist_ok=True)
for name, text in C.items():
    verdict = "bad" if name in BAD else "stricter" if name in STRICTER else "ok"
    data = text.encode()
    if name == "latin1":
        data = data.replace(b"QQ", b"\xfc")
    with open(os.path.join(sys.argv[1], verdict, name + ".yaml"), "wb") as f:
        f.write(data)
