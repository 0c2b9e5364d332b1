# What is done with what was built.

deps:
	tools/deps.sh

check: deps
	+tools/check.sh $(BUILD)

unit: $(UNIT)
.PHONY: unit

demo:
	tools/demo.sh run
demo-serve:
	tools/demo.sh serve
demo-clean:
	tools/demo.sh clean

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(sbindir) $(DESTDIR)$(libexecdir) $(DESTDIR)$(datadir)/recipes $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(compdir) $(DESTDIR)$(unitdir) $(DESTDIR)$(sysusersdir)
	install -m 755 $(O)/rootyard $(DESTDIR)$(bindir)/
	install -m 755 $(O)/rootyard-build $(O)/rootyard-index $(O)/rootyard-httpd $(DESTDIR)$(bindir)/
	install -m 755 $(HELPERS:%=$(O)/%) $(DESTDIR)$(libexecdir)/
	cp -R recipes/. $(DESTDIR)$(datadir)/recipes/
	install -d $(DESTDIR)$(datadir)/serving
	install -d $(DESTDIR)$(datadir)/remotes.d
	install -m 644 packaging/remotes.d/*.yaml $(DESTDIR)$(datadir)/remotes.d/
	install -m 644 packaging/nginx.conf packaging/apache.conf packaging/Caddyfile $(DESTDIR)$(datadir)/serving/
	install -d $(DESTDIR)$(lxcdir)
	sed -e 's|@LXC_CONFIG@|$(LXC_SHARE)/config|' -e 's|@LXC_HOOKS@|$(LXC_SHARE)/hooks|' client/lxc/lxc-rootyard >$(DESTDIR)$(lxcdir)/lxc-rootyard
	chmod 755 $(DESTDIR)$(lxcdir)/lxc-rootyard
	for m in docs/*.1; do [ ! -e $$m ] || install -m 644 $$m $(DESTDIR)$(mandir)/man1/; done
	for m in docs/*.5; do [ ! -e $$m ] || install -m 644 $$m $(DESTDIR)$(mandir)/man5/; done
	for m in docs/*.8; do [ ! -e $$m ] || install -m 644 $$m $(DESTDIR)$(mandir)/man8/; done
	for u in packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.timer; do [ ! -e $$u ] || \
		sed 's|=/usr/bin/rootyard|=$(bindir)/rootyard|' $$u >$(DESTDIR)$(unitdir)/$${u##*/} || exit 1; done
	for u in packaging/systemd/*.sysusers; do [ ! -e $$u ] || install -m 644 $$u $(DESTDIR)$(sysusersdir)/$$(basename $$u .sysusers).conf; done
	for p in $(PROGRAMS); do $(O)/$$p --completion=bash >$(DESTDIR)$(compdir)/$$p; done

uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(bindir)/%) $(PROGRAMS:%=$(DESTDIR)$(compdir)/%)
	rm -f $(patsubst docs/%,$(DESTDIR)$(mandir)/man1/%,$(wildcard docs/*.1)) $(patsubst docs/%,$(DESTDIR)$(mandir)/man5/%,$(wildcard docs/*.5)) $(patsubst docs/%,$(DESTDIR)$(mandir)/man8/%,$(wildcard docs/*.8))
	rm -f $(patsubst packaging/systemd/%,$(DESTDIR)$(unitdir)/%,$(wildcard packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.timer))
	rm -f $(patsubst packaging/systemd/%.sysusers,$(DESTDIR)$(sysusersdir)/%.conf,$(wildcard packaging/systemd/*.sysusers))
	rm -rf $(DESTDIR)$(libexecdir) $(DESTDIR)$(datadir)
	rm -f $(DESTDIR)$(lxcdir)/lxc-rootyard

lint: all $(O)/rights compile_flags.txt
	tools/lint.sh $(O)
$(O)/rights: $(O)/tools/rights.o $(O)/libmodel.a
	$(Q)$(CC) $(ALL_LDFLAGS) -pie -o $@ $^
compile_flags.txt: Makefile
	$(Q)printf '%s\n' $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(pkg_cflags) >$@
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_S ?= 60
fuzz:
	tools/fuzz.sh $(BUILD) $(FUZZ_S) $(FUZZERS)

bench: all
	tools/deps.sh --bench
	tools/bench.sh $(abspath $(O))
PUBLICATIONS ?= 1000
# Real clients; PEERS is the directory of the judges outside this repository.
peers: all
	+make -s install DESTDIR=$(abspath $(BUILD))/stage-plain
	STAGE=$(abspath $(BUILD))/stage-plain BUILD=$(abspath $(BUILD)) tests/peers/run.sh
torture: all
	$(Q)$(MAKE) -s install DESTDIR=$(abspath $(BUILD))/stage-$(SAN)
	tests/torture/run.sh $(O)
	tests/torture/mirror.sh $(O)
	tests/torture/interrupted.sh $(O)
	BUILD=$(abspath $(BUILD)) SAN=$(SAN) tests/torture/runtime.sh
	KILLS=$${KILLS:-100} BUILD=$(abspath $(BUILD)) SAN=$(SAN) tests/cli/140-nightly.sh
	tests/torture/lostwrites.sh $(O)
	PUBLICATIONS=$(PUBLICATIONS) BUILD=$(abspath $(BUILD)) SAN=$(SAN) tests/cli/294-race.sh

clean:
	rm -rf $(BUILD)
