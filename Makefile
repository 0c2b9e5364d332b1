# rootyard -- the source lists are the architecture: who is made of what, and links what.
#
#   recipes/ --> rootyard-build --> incoming/ --> rootyard-index --> public/ --> rootyard-httpd
#                                                                                     |
#                                    rootyard (static) --exec--> rootyard-image <==HTTP=+

VERSION = 0.1.0
PREFIX ?= /usr/local
CC ?= gcc

PROGRAMS = rootyard-build rootyard-index rootyard-httpd rootyard
HELPERS  = rootyard-image rootyard-fetch

# Floors: base knows libc, adapt one library a file, model the documents; programs stand above.
SRC_base  = $(wildcard lib/base/*.c)
SRC_adapt = $(wildcard lib/adapt/*.c)
SRC_model = $(wildcard lib/model/*.c)

SRC_rootyard-build = $(wildcard builder/*.c)
PKG_rootyard-build = yaml-0.1 libarchive libzstd liblzma jansson gpgme libcrypto
SRC_rootyard-fetch = $(wildcard builder/fetch/*.c)
PKG_rootyard-fetch = libcurl jansson
SRC_rootyard-index = $(wildcard indexer/*.c)
PKG_rootyard-index = libarchive libzstd liblzma gpgme sqlite3 jansson yaml-0.1 libcrypto
SRC_rootyard-httpd = $(wildcard httpd/*.c)
PKG_rootyard-httpd = libmicrohttpd gnutls
SRC_rootyard       = $(wildcard client/run/*.c)
PKG_rootyard       =
SRC_rootyard-image = $(wildcard client/image/*.c)
PKG_rootyard-image = libcurl gpgme libarchive libzstd liblzma jansson yaml-0.1 libcrypto

LIBS_rootyard-httpd = -lpthread
LIBS_rootyard-index = -ldivsufsort
LDFLAGS_rootyard    = $(if $(filter plain,$(SAN)),-static,-pie)

# rootyard is made with musl where that is: a static glibc asks a processor for its caches before main, which a virtual
# machine answers in 0.27 ms. lib/musl has what musl's headers lack; with another compiler, or a sanitizer, glibc serves.
SRC_small = $(SRC_rootyard) $(SRC_base) lib/model/image.c lib/model/places.c lib/model/start.c
MUSL_SPECS ?= $(firstword $(wildcard /usr/lib/*-linux-musl/musl-gcc.specs))
MUSL = $(if $(filter plain,$(SAN)),$(if $(findstring gcc,$(CC)),$(MUSL_SPECS)))

# ---- how
BUILD ?= build
SAN   ?= plain
WERROR ?= 0
V ?= 0
# One name for one place: what .d files say counts for both ways to name it.
O = $(patsubst $(CURDIR)/%,%,$(BUILD))/$(SAN)
Q = $(if $(filter 1,$(V)),,@)
silent = $(findstring s,$(filter-out --% %=%,$(firstword -$(MAKEFLAGS))))
say = $(if $(filter 1,$(V)),,@$(if $(silent),,printf '  %-4s %s\n' '$(1)' '$(2)';))

bindir = $(PREFIX)/bin
sbindir = $(PREFIX)/sbin
libexecdir = $(PREFIX)/libexec/rootyard
datadir = $(PREFIX)/share/rootyard
mandir = $(PREFIX)/share/man
lxcdir = $(PREFIX)/share/lxc/templates
LXC_SHARE ?= /usr/share/lxc
compdir = $(PREFIX)/share/bash-completion/completions
unitdir = $(PREFIX)/lib/systemd/system
sysusersdir = $(PREFIX)/lib/sysusers.d

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wcast-qual -Wpointer-arith -Wundef -Wwrite-strings $(if $(filter 1,$(WERROR)),-Werror)
HARD_plain = -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
HARD_asan  = -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HARD_ubsan = -O1 -fsanitize=undefined -fno-sanitize-recover=undefined
HARD_tsan  = -O1 -fsanitize=thread
HARD_cov   = -O0 --coverage
HARD_fuzz  = -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined
PIE = -fPIE
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(O)/gen $(WARN) $(HARD_$(SAN)) $(PIE) -MMD -MP \
	-DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(libexecdir)"' -DDATADIR='"$(datadir)"' \
	-DBINDIR='"$(bindir)"' $(CFLAGS)
ALL_LDFLAGS = $(filter -fsanitize% --coverage,$(HARD_$(SAN))) -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

pkg_cflags = $(shell pkg-config --cflags yaml-0.1 libarchive libzstd liblzma jansson gpgme libcrypto libcurl sqlite3 libmicrohttpd gnutls 2>/dev/null)

all: $(PROGRAMS:%=$(O)/%) $(HELPERS:%=$(O)/%)
.PHONY: all check demo demo-serve demo-clean install uninstall lint format fuzz bench torture peers deps clean
.SECONDARY:

$(O)/%.o: %.c | $(O)/gen/seccomp.h
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(ALL_CFLAGS) $(pkg_cflags) -c -o $@ $<

define floor # name
$(O)/lib$(1).a: $$(SRC_$(1):%.c=$(O)/%.o)
	$$(call say,AR,$$@) rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach f,base adapt model,$(eval $(call floor,$(f))))
FLOORS = $(O)/libmodel.a $(O)/libadapt.a $(O)/libbase.a

define program # name
$(O)/$(1): $$(SRC_$(1):%.c=$(O)/%.o) $(FLOORS)
	$$(call say,LD,$$@) $$(CC) $$(ALL_LDFLAGS) $$(or $$(LDFLAGS_$(1)),-pie) -o $$@ $$^ \
		$$(if $$(PKG_$(1)),$$(shell pkg-config --libs $$(PKG_$(1)))) -lpthread $$(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS:rootyard=) $(HELPERS) $(if $(MUSL),,rootyard),$(eval $(call program,$(p))))

KERNEL_HEADERS = $(addprefix /usr/include/,linux asm-generic) $(firstword $(wildcard /usr/include/*-linux-gnu*/asm /usr/include/asm))
$(O)/musl/include:
	@mkdir -p $@.tmp && ln -sfn $(KERNEL_HEADERS) $@.tmp && mv $@.tmp $@
$(O)/musl/%.o: %.c | $(O)/gen/seccomp.h $(O)/musl/include
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) -specs $(MUSL) -Ilib/musl $(ALL_CFLAGS) -idirafter $(O)/musl/include -c -o $@ $<
ifneq ($(MUSL),)
$(O)/rootyard: $(SRC_small:%.c=$(O)/musl/%.o)
	$(call say,LD,$@) $(CC) -specs $(MUSL) $(ALL_LDFLAGS) -static -o $@ $^
endif

# The seccomp filters are compiled at build time: the programs load ready BPF.
FILTERS = app client/run/app.seccomp system client/run/system.seccomp single client/run/single.seccomp \
	unpack client/image/unpack.seccomp httpd httpd/httpd.seccomp keeper httpd/keeper.seccomp
$(O)/gen/seccomp.h: tools/seccomp-compile.c $(filter %.seccomp,$(FILTERS))
	@mkdir -p $(@D)
	$(call say,GEN,$@) $(CC) -O1 -D_GNU_SOURCE $(WARN) -o $(O)/gen/seccomp-compile $< -lseccomp && \
		$(O)/gen/seccomp-compile $(FILTERS) >$@.tmp && mv $@.tmp $@

# The schema becomes C strings, one a migration step.
$(O)/gen/schema.h: indexer/schema.sql
	@mkdir -p $(@D)
	$(call say,GEN,$@) { echo '#include <stddef.h>'; echo 'static const char *const schema_steps[] = { ('; \
		sed -e '1,/^-- step 1$$/d' -e 's/^-- step .*/), (/;t' -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' $<; \
		echo ') };'; echo 'static const size_t schema_step_count = sizeof(schema_steps) / sizeof(schema_steps[0]);'; } >$@.tmp && mv $@.tmp $@
$(O)/indexer/catalog.o: $(O)/gen/schema.h

# So do the page's style and script, and the schema of the JSON API.
ASSETS = $(wildcard indexer/web/*)
$(O)/gen/assets.h: $(ASSETS)
	@mkdir -p $(@D)
	$(call say,GEN,$@) for f in $(ASSETS); do n=$${f##*/}; echo "static const char asset_$${n%.*}[] __attribute__((unused)) ="; \
		sed -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' $$f; echo ';'; done >$@.tmp && mv $@.tmp $@
$(O)/indexer/emit_site.o $(O)/indexer/pages.o: $(O)/gen/assets.h

# ---- tests: tests/unit/<floor>/test_<module>.c link their own floor and those beneath
UNIT = $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/test_*.c))
FLOOR_base  = $(O)/libbase.a
FLOOR_adapt = $(O)/libadapt.a $(O)/libbase.a
FLOOR_model = $(FLOORS)
objects_but_main = $(filter-out %/main.o,$(patsubst %.c,$(O)/%.o,$(1)))
FLOOR_builder = $(call objects_but_main,$(SRC_rootyard-build)) $(FLOORS)
FLOOR_indexer = $(call objects_but_main,$(SRC_rootyard-index)) $(FLOORS)
FLOOR_httpd   = $(call objects_but_main,$(SRC_rootyard-httpd)) $(FLOORS)
FLOOR_run     = $(call objects_but_main,$(SRC_rootyard)) $(FLOORS)
FLOOR_image   = $(call objects_but_main,$(SRC_rootyard-image)) $(FLOORS)
LIBS_base =
LIBS_adapt = $(shell pkg-config --libs yaml-0.1 libarchive libzstd liblzma jansson gpgme libcrypto) -ldivsufsort
LIBS_model = $(LIBS_adapt)
LIBS_builder = $(LIBS_adapt)
LIBS_indexer = $(LIBS_adapt) -lsqlite3
LIBS_httpd = $(shell pkg-config --libs $(PKG_rootyard-httpd))
LIBS_run =
LIBS_image = $(LIBS_adapt) -lcurl

define unit # floor
$(O)/tests/unit/$(1)/%: $(O)/tests/unit/$(1)/%.o $$(FLOOR_$(1))
	$$(call say,LD,$$@) $$(CC) $$(ALL_LDFLAGS) -pie -o $$@ $$^ $$(LIBS_$(1)) -lcmocka -lpthread
endef
$(foreach f,base adapt model builder indexer httpd run image,$(eval $(call unit,$(f))))

-include $(shell find $(O) -name '*.d' 2>/dev/null)

include tools/targets.mk
