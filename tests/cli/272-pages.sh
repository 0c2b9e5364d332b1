#!/bin/bash
# The pages, the JSON API with its schema, the feed, badges and histories.
. "$(dirname "$0")/../lib.sh"

tree=$T/tree in=$T/incoming public=$T/tree/public
index() { as_user ry-index rootyard-index "$@"; }
make_build() { "$TOP/tests/cli/make-incoming.py" "$in" "$@"; }
chown ry-index "$T"
AS_ENV+=("ROOTYARD_TREE=$tree")
cat >"$T/releases.yaml" <<'Y'
schema: 1
distro: toy
default_release: one
releases:
  one: {version: "1", aliases: [stable], eol: 2040-01-31}
  two: {version: "2", eol: 2001-01-31}
Y
evil='<script>alert(1)</script>" onclick="x & <!-- &lt;'

# pages.py PUBLIC: what holds of every page, whoever wrote the names in it.
cat >"$T/pages.py" <<'P'
import html.parser, json, os, posixpath, sys, jsonschema, xml.dom.minidom
public = sys.argv[1]
void = {"meta", "link", "input", "br"}
bad = []
class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.path, self.open, self.links, self.ids = path, [], [], set()
        self.feed(open(public + "/" + path, encoding="utf-8").read())
        if self.open != ["html"] and self.open:
            bad.append("%s: open at the end: %s" % (path, self.open))
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in void:
            self.open.append(tag)
        if tag == "script" and "src" not in attrs:
            bad.append(self.path + ": a script in the page")
        for a, v in attrs.items():
            if a.startswith("on") or a == "style":
                bad.append("%s: attribute %s" % (self.path, a))
            if a in ("href", "src", "data-base") and not v.startswith("data:"):
                self.links.append(v)
            if a == "id":
                self.ids.add(v)
    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            bad.append("%s: </%s> does not match" % (self.path, tag))
seen, todo = {}, ["index.html"]
while todo:
    path = todo.pop()
    if path in seen:
        continue
    page = seen[path] = Page(path)
    for link in page.links:
        if "://" in link or link.startswith("/"):
            bad.append("%s: %s leaves the tree" % (path, link))
            continue
        target, _, anchor = link.partition("#")
        if not target:
            continue
        at = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if os.path.isdir(public + "/" + at):
            at = posixpath.normpath(at + "/index.html") if at != "." else "index.html"
        if not os.path.isfile(public + "/" + at):
            bad.append("%s: %s is not there" % (path, link))
        elif at.endswith(".html"):
            todo.append(at)
            if anchor and anchor not in Page(at).ids:
                bad.append("%s: no #%s in %s" % (path, anchor, at))
schema = json.load(open(public + "/api/v1/schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
check = jsonschema.Draft202012Validator(schema)
documents = {}
for top in ("api/v1/index.json", "api/v1/images", "images"):
    for base, _, names in [(os.path.dirname(public + "/" + top), None, [os.path.basename(top)])] if top.endswith("json") else os.walk(public + "/" + top):
        for n in names:
            if top == "images" and n != "history.json":
                continue
            name = os.path.relpath(base + "/" + n, public)
            documents[name] = json.load(open(base + "/" + n))
            for e in check.iter_errors(documents[name]):
                bad.append("%s: %s" % (name, e.message[:200]))
for i in documents["api/v1/index.json"]["images"]:
    for key in ("url", "history", "badge"):
        if not os.path.isfile(public + "/" + i[key]):
            bad.append("%s: %s is not there" % (i["image"], i[key]))
    xml.dom.minidom.parse(public + "/" + i["badge"])
for line in bad:
    print(line)
if len(sys.argv) > 2:
    print(eval(sys.argv[2]))
P
pages() { python3 "$T/pages.py" "$public" "$@"; }

index init -q --root-home "$T/root" --name 'Test & "site"' --releases "$T/releases.yaml" >"$T/fpr" 2>/dev/null || exit 1
make_build toy/one/amd64/default 20260101_0000 seed=a pad=9000 packages=a=1,b=2
make_build toy/one/arm64/cloud 20260101_0000 seed=b describe="$evil"
make_build toy/two/amd64/default 20260101_0000 seed=c
make_build other/x/amd64/default 20260101_0000 seed=d
index add -q --all "$in" >/dev/null && index publish -q >/dev/null || exit 1
exits 0 "the tree is whole" index fsck
is "$(pages)" "" "pages are well formed, without inline code, every link leads somewhere, JSON is as its schema says"
is "$(pages 'len(seen)')" 7 "every image and distribution has a page that is found without a script"
page=$public/images/toy/one/arm64/cloud/index.html
like "$(grep -c alert "$page")" '^1$' "what a build says of itself is on its page"
ok "... as text" grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;&quot; onclick=&quot;x &amp; &lt;!-- &amp;lt;' "$page"
like "$(cat "$public/index.html")" '<h1><bdi>Test &amp; &quot;site&quot;</bdi></h1>' "the site's name is text, too"
like "$(cat "$public/images/toy/two/amd64/default/index.html")" 'end of life since 2001-01-31' "an end of life is told"
like "$(cat "$public/badge/toy/two/amd64/default.svg")" 'end of life' "... by the badge as well"
like "$(cat "$public/badge/toy/one/amd64/default.svg")" '>2026-01-01<' "a badge tells the day of the newest build"
is "$(pages 'documents["images/toy/one/amd64/default/history.json"]["builds"][0]["packages"]')" 2 "a history tells how many packages there are"
is "$(pages '[i["aliases"] for i in documents["api/v1/index.json"]["images"] if i["image"] == "toy/one/amd64/default"]')" "[['toy/1', 'toy/stable', 'toy']]" "the API tells aliases"
ok "the index is there compressed" sh -c 'gzip -dc "$1.gz" | cmp - "$1"' sh "$public/api/v1/index.json"
not_ok "there is no feed without a base_url" test -e "$public/feed.atom"
like "$(cat "$public/images/toy/one/amd64/default/index.html")" 'data-host="host"' "... and commands name the server by the page's own address"

echo 'base_url: https://images.example.org/' >>"$tree/site.yaml"
index publish -q >/dev/null
is "$(pages)" "" "with a base_url all of it still holds"
commands=$(sed -n '/<pre>/,/<\/pre>/p' "$public/images/toy/one/arm64/cloud/index.html")
like "$commands" 'lxc-create -n c1 -t download -- --server images.example.org -d toy -r one -a arm64 --variant cloud' "commands carry it: LXC"
like "$commands" 'podman run --rm -it images.example.org/toy:one-cloud' "... podman"
like "$commands" "rootyard remote add test-site https://images.example.org --fingerprint $(cat "$T/fpr")" "... rootyard, with the fingerprint of the root"
like "$commands" 'curl -fLO https://images.example.org/images/toy/one/arm64/cloud/20260101_0000/rootfs.tar.xz' "... curl"
feed() { python3 -c 'import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); print(eval(sys.argv[2], {"n": lambda t: [e.firstChild.data for e in d.getElementsByTagName(t)]}))' "$public/feed.atom" "$1"; }
is "$(feed 'len(n("id")), n("id")[0], n("id")[1]')" "(5, 'https://images.example.org/feed.atom', 'tag:images.example.org,2026-01-01:other/x/amd64/default@20260101_0000')" "the feed has every build, with an id that never changes"

before=$(cd "$public" && find images/*/index.html images/*/*/*/*/*.html images/*/*/*/*/*.json api/v1/images badge -type f -printf '%i %p\n' | sort)
make_build toy/one/amd64/default 20260102_0000 seed=a pad=9000 packages=a=1,b=3,c=1
index add -q --force --all "$in" >/dev/null && index publish -q >/dev/null
after=$(cd "$public" && find images/*/index.html images/*/*/*/*/*.html images/*/*/*/*/*.json api/v1/images badge -type f -printf '%i %p\n' | sort)
is "$(comm -13 <(echo "$before") <(echo "$after") | cut -d' ' -f2 | sort | tr '\n' ' ')" \
	"api/v1/images/toy/one/amd64/default.json badge/toy/one/amd64/default.svg images/toy/index.html images/toy/one/amd64/default/history.json images/toy/one/amd64/default/index.html " "a new build changes the files of its image and its distribution alone"
is "$(pages '[b["serial"] for b in documents["images/toy/one/amd64/default/history.json"]["builds"]]')" "['20260102_0000', '20260101_0000']" "the history grows"
is "$(pages)" "" "... and everything still holds"

# a kill between the switch and the pages
make_build toy/one/amd64/default 20260103_0000 seed=e pad=9000
index add -q --force --all "$in" >/dev/null
cp -a "$tree" "$T/added"
as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o "$T/calls" -e trace=renameat,symlinkat rootyard-index -q publish >/dev/null
want=$(tree_digest "$public/api")
switch=$(($(sed '/^symlinkat/q' "$T/calls" | grep -c '^renameat') + 1))
all=$(grep -c '^renameat' "$T/calls")
fact=0
step=1
[ "$SAN" = plain ] || step=8 # what is judged is what a kill leaves, not memory
for ((n = switch + 1; n <= all; n += step)); do
	rm -rf "$tree" && cp -a "$T/added" "$tree"
	as_user ry-index env ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=renameat -e "inject=renameat:signal=KILL:when=$n" rootyard-index -q publish >/dev/null 2>&1
	index refresh -q >/dev/null 2>&1 || { echo "# not finished after $n of $all"; fact=1; }
	[ -z "$(pages)" ] && pages 'documents["images/toy/one/amd64/default/history.json"]["builds"][0]["serial"]' | grep -qx 20260103_0000 || { echo "# old pages after $n of $all"; fact=1; }
done
is "$fact" 0 "killed at pages, the next command writes them all"
as_user ry-index find "$public" -exec touch -h -d '3 hours ago' {} +
exits 0 "the tree is whole, and old" index fsck
as_user ry-index sh -c 'touch -d "3 hours ago" "$1/images/toy/one/amd64/default/notes.html"' sh "$public"
exits 7 "what is no page of ours is found" index fsck
like "$OUT$ERR" "F3: images/toy/one/amd64/default/notes.html" "... by name"
rm "$public/images/toy/one/amd64/default/notes.html"
for page in images/toy/index.html images/toy/one/amd64/default/{index.html,history.json} api/v1/images/toy/one/amd64/default.json api/v1/schema.json badge/toy/one/amd64/default.svg; do
	want=$(sha256sum <"$public/$page")
	for damage in changed gone; do
		if [ $damage = gone ]; then rm "$public/$page"; else sed -i 's/[a-z]/#/' "$public/$page"; fi
		index fsck >"$T/found" 2>/dev/null
		like "$? $(cat "$T/found")" "^7 F8: $page: .*; run 'fsck --repair'" "$page, $damage, is found"
		index fsck --repair -q >/dev/null 2>&1
		is "$? $(sha256sum <"$public/$page")" "0 $want" "... and made again"
	done
done
page=images/toy/index.html
as_user ry-index sh -c 'echo "<p>older" >>"$1" && setfattr -n user.rootyard.sha256 -v "$(sha256sum <"$1" | cut -d" " -f1)" "$1"' sh "$public/$page"
exits 0 "a page that is as it was written, by another version perhaps, is none" index fsck
done_testing
