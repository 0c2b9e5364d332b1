#!/bin/bash
# A night: all that is due and nothing else, each failure alone and classified, and what remains of a killed one.
# KILLS: how often the last part kills (tests/torture takes a hundred).
. "$(dirname "$0")/../lib.sh"

"$DATA/ok/toy/make-rootfs.sh" "$T/toy" || exit 1
export TMPDIR=$T/tmp
mkdir -p "$T/tmp" "$T/report"
recipe() { # NAME URL RELEASE...: a toy recipe of that distribution
	local d=$T/recipes/$1 name=$1 url=$2 r
	shift 2
	mkdir -p "$d"
	sed -e "s/distribution: toy/distribution: $name/" -e "s|url: file:.*|url: $url|" "$DATA/ok/toy/image.yaml" >"$d/image.yaml"
	printf 'schema: 1\ndistro: %s\ndefault_release: "%s"\nreleases:\n' "$name" "$1" >"$d/releases.yaml"
	for r; do printf '  "%s": {version: "1", eol: 2036-01-01, arches: [amd64], variants: [default]}\n' "$r" >>"$d/releases.yaml"; done
}
night() { # ARG...
	rootyard-build nightly --out "$T/in" --cache "$T/cache" --compress xz=0,zstd=1 --allow-unverified --retry-pause 0 --report "$T/report" \
		--metrics "$T/report/night.prom" "$@"
}
field() { # IMAGE KEY: of the summary
	python3 -c 'import json, sys; print(next(i[sys.argv[3]] for i in json.load(open(sys.argv[1]))["images"] if i["image"] == sys.argv[2]))' \
		"$T/report/summary.json" "$1" "$2"
}
said() { # IMAGE: outcome, class, status, tries
	python3 -c 'import json, sys; print(*(i[k] for i in json.load(open(sys.argv[1]))["images"] if i["image"] == sys.argv[2] for k in ("outcome", "class", "status", "tries")))' \
		"$T/report/summary.json" "$1"
}
recipe good "file://$T/toy/rootfs.tar.xz" 1 2

# ---- what is due
exits 0 "a night builds every image" night --jobs 2 "$T/recipes/good"
like "$OUT" '2 images, 2 built, 0 unchanged, 0 failed' "... and sums up"
like "$ERR" '^good/1/amd64/default: ok, [0-9]{8}_[0-9]{4}, ' "... with one plain line for each"
is "$(said good/2/amd64/default)" "built ok 0 1" "... and in JSON"
ok "... whose files are what build.json says" sh -c "cd $T/in/good/1/amd64/default/* && python3 -c 'import json, hashlib
for a in json.load(open(\"build.json\"))[\"artifacts\"]: assert hashlib.sha256(open(a[\"name\"], \"rb\").read()).hexdigest() == a[\"sha256\"]'"
exits 0 "another one at once" night "$T/recipes/good"
like "$OUT" '2 images, 0 built, 2 unchanged' "... builds nothing: nothing changed"
is "$(ls "$T/in/good/1/amd64/default" | wc -l)" 1 "... and hands nothing over"
ok "the report is a JUnit suite" python3 -c 'import sys, xml.etree.ElementTree as x
s = x.parse(sys.argv[1]).getroot()[0]
assert (s.get("tests"), s.get("failures"), s.get("skipped")) == ("2", "0", "2"), s.attrib' "$T/report/junit.xml"
like "$(cat "$T/report/night.prom")" '^rootyard_nightly_images\{class="ok"\} 2$' "... and metrics for node-exporter"
if command -v promtool >/dev/null; then ok "... which promtool accepts" sh -c "promtool check metrics <$T/report/night.prom"; fi
exits 0 "other options" night --compress xz=1,zstd=1 --only 'good/1/*' "$T/recipes/good"
like "$OUT" '1 images, 1 built' "... make an image due"
exits 0 "an old build" env sh -c "sed -i 's/\"serial\":\"[0-9]*/\"serial\":\"20200101/' $T/cache/nightly/good/2/amd64/default.record"
exits 0 "... is due again" night --only 'good/2/*' "$T/recipes/good"
like "$OUT" '1 images, 1 built' "... whatever changed"
touch "$T/toy/new" && tar -C "$T/toy" -cJf "$T/toy/rootfs.tar.xz.new" --transform 's,^new,etc/new,' new && xz -dc "$T/toy/rootfs.tar.xz" >"$T/a.tar" &&
	xz -dc "$T/toy/rootfs.tar.xz.new" >"$T/b.tar" && tar -Af "$T/a.tar" "$T/b.tar" && xz -0c "$T/a.tar" >"$T/toy/rootfs.tar.xz"
exits 0 "another source" night --only 'good/2/*' --compress xz=1,zstd=1 "$T/recipes/good"
like "$OUT" '1 images, 1 built' "... makes it due"
exits 0 "at most so many wait to be collected" night --force --keep 1 "$T/recipes/good"
is "$(ls "$T/in/good/1/amd64/default" | wc -l) $(ls "$T/in/good/2/amd64/default" | wc -l)" "1 1" "... the newest"
exits 5 "a full disk is said before a build begins" night --force --min-free 1000T --only 'good/1/*' "$T/recipes/good"
like "$ERR" 'not begun: less than' "... in so many words"
exits 8 "a pattern that nothing matches is a mistake" night --only 'godo/*' "$T/recipes/good"

exits 8 "a directory for reports that cannot be had is said" night --force --report "$T/no/where" --only 'good/1/*' "$T/recipes/good"
exits 8 "so is one for metrics" night --force --metrics "$T/no/night.prom" --only 'good/1/*' "$T/recipes/good"
like "$ERR" "cannot open directory '$T/no'" "... in a sentence"
unlike "$ERR" 'good/1' "... before a build begins"
exits 0 "one that is not there yet is made" night --report "$T/report/new" --only 'good/1/*' "$T/recipes/good"
like "$(cat "$T/report/new/summary.txt")" '1 images, 0 built, 1 unchanged' "... for the summary of this night alone"

# ---- failures, each alone
cat >"$T/server.py" <<'P'
import http.server, sys
seen = {}
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen[self.path] = seen.get(self.path, 0) + 1
        if self.path.startswith("/never") or seen[self.path] < 3:
            self.send_error(403)
            return
        body = open(sys.argv[1], "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print("listening on http://127.0.0.1:%d" % s.server_port, flush=True)
s.serve_forever()
P
start_server python3 "$T/server.py" "$T/toy/rootfs.tar.xz" || exit 1
recipe flaky "$URL/flaky.tar.xz" 1
recipe gone "$URL/never.tar.xz" 1
recipe wrong "file://$T/toy/rootfs.tar.xz" 1
printf '  - trigger: post-files\n    action: |-\n      #!/bin/sh\n      exit 3\n' >"$T/add"
sed -i -e "/^actions:/r $T/add" "$T/recipes/wrong/image.yaml"
recipe broken x 1
echo 'packges: {}' >>"$T/recipes/broken/image.yaml"
exits 1 "a night with failures of several kinds" night --jobs 3 --tries 3 "$T/recipes/good" "$T/recipes/flaky" "$T/recipes/gone" "$T/recipes/wrong" "$T/recipes/broken"
is "$(said flaky/1/amd64/default)" "built flaky 0 3" "what came at the third try is flaky"
like "$(cat "$T"/in/flaky/1/amd64/default/*/build.json)" '"result":"ok","class":"flaky"' "... and says so in build.json"
is "$(said gone/1/amd64/default)" "failed upstream 11 3" "what never came is upstream's, with its status, after all tries"
is "$(ls "$T/in/gone/1/amd64/default" | wc -l)" 1 "... and handed over once, as a failure"
is "$(said wrong/1/amd64/default)" "failed recipe 10 1" "a failing action is the recipe's, and not tried again"
is "$(said "$T/recipes/broken")" "failed recipe 10 0" "so is a recipe with a fault"
is "$(said good/1/amd64/default)" "unchanged ok 0 1" "the others are as they are"
ok "the JUnit suite counts them" python3 -c 'import sys, xml.etree.ElementTree as x
s = x.parse(sys.argv[1]).getroot()[0]
assert s.get("failures") == "3" and len(s.findall(".//failure[@type=\"recipe\"]")) == 2, s.attrib' "$T/report/junit.xml"
exits 10 "failures of one kind give its status" night "$T/recipes/wrong"

# ---- one at a time, and goes on where it was ended
recipe slow "file://$T/toy/rootfs.tar.xz" 1 2 3
printf '  - trigger: post-files\n    action: |-\n      #!/bin/sh\n      test {{ image.release }} = 1 || sleep 4713\n    pongo: true\n' >"$T/add"
sed -i -e "/^actions:/r $T/add" "$T/recipes/slow/image.yaml"
sleepers() { pgrep -x -f "sleep $1" | wc -l; }
env --default-signal=INT rootyard-build nightly --jobs 2 --out "$T/in" --cache "$T/cache" --compress xz=0,zstd=1 --allow-unverified "$T/recipes/slow" >"$T/slow.out" 2>"$T/slow.err" &
PID=$!
for _ in $(seq 200); do
	[ "$(sleepers 4713)" -lt 2 ] || break
	sleep 0.1
done
is "$(sleepers 4713)" 2 "two images are built at a time"
exits 6 "two nights at once are refused" night "$T/recipes/slow"
like "$ERR" 'another night is under way' "... with a sentence"
exits 6 "an image that is being built is not built twice" rootyard-build build --out "$T/in" --allow-unverified "$T/recipes/slow" 2
kill -INT $PID
wait $PID
is $? 130 "a night that is interrupted ends with status 130"
like "$(cat "$T/slow.err")" 'goes on with the 2 images that are left' "... and says how to go on"
is "$(sleepers 4713)" 0 "... and ends what it ran"
sed -i 's/sleep 4713/true/' "$T/recipes/slow/image.yaml"
exits 0 "the next one goes on" night "$T/recipes/slow"
is "$(field slow/1/amd64/default carried) $(field slow/1/amd64/default outcome) $(field slow/2/amd64/default carried)" "True built False" "... with what was left"

# ---- killed at any moment
left() { find "$T/tmp" "$T/cache/work" "$T/in" \( -name "rootyard-build.*" -o -name ".building.*" \) -printf "%P\n" 2>/dev/null; }
whole() { # every build that is visible is complete
	python3 - "$T/in" <<'P'
import glob, hashlib, json, os, sys
for d in glob.glob(sys.argv[1] + "/*/*/*/*/[0-9]*"):
    b = json.load(open(d + "/build.json"))
    for a in b["artifacts"]:
        assert hashlib.sha256(open(os.path.join(d, a["name"]), "rb").read()).hexdigest() == a["sha256"], d
P
}
bad=
for i in $(seq "${KILLS:-4}"); do
	setsid rootyard-build -q nightly --jobs 2 --force --keep 1 --out "$T/in" --cache "$T/cache" --compress xz=0,zstd=1 --allow-unverified "$T/recipes/slow" "$T/recipes/good" >/dev/null 2>&1 &
	PID=$!
	sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
	kill -KILL $PID 2>/dev/null
	wait $PID 2>/dev/null
	whole 2>"$T/err" || bad="$bad; after kill $i: $(tail -n 1 "$T/err")"
done
is "$bad" "" "whenever a night is killed, what can be seen is whole"
exits 0 "the night behind it succeeds" night --jobs 2 --keep 1 "$T/recipes/slow" "$T/recipes/good"
is "$(left)" "" "... and no half build is left"
unlike "$(cat /proc/*/mountinfo 2>/dev/null)" "$T/(tmp|cache/work)/rootyard-build\." "... and no mount"
is "$(pgrep -f "rootyard-build.*nightly.*$T" | wc -l)" 0 "... and no process"
ok "... and all is whole" whole
install -d -o ry-index -g ry-index "$T/tree"
chmod -R a+rX "$T/in"
index() { as_user ry-index rootyard-index -q -C "$T/tree" "$@"; }
ok "the indexer can look at them" index init --root-home "$T/home/ry-index/root" --name t
ok "... and takes every build" index add "$T"/in/slow/*/amd64/default/* "$T"/in/good/*/amd64/default/*
done_testing
