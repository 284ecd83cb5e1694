# tollbook: make, make demo, make check; `make help` lists the rest.
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
ISAL     ?= 1
MODE     ?= release
PREFIX   ?= /usr/local
DESTDIR  ?=
V        ?= 0
# V=1 shows every command
Q        := $(if $(filter 1,$(V)),,@)

# One folder of objects per way of building, so that they never mix.
variant   = build/$(1)$(if $(filter 0,$(ISAL)),-zlib)
B        := $(call variant,$(MODE))

WARN     := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror
CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Ipipeline -DTB_ISAL=$(ISAL) -DTB_PROGRAM_VERSION='"$(shell cat VERSION)"'
CFLAGS.release := -O2 -g -fno-plt
CFLAGS.debug   := -O0 -g3
CFLAGS.asan    := -O1 -g3 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS.tsan    := -O1 -g3 -fsanitize=thread -fno-omit-frame-pointer
CFLAGS.coverage := -O0 -g3 --coverage
# profiled is release compiled with the counts of branches that profiling made while it read logs. What is inlined, and so what gcc believes
# to see, hangs on the counts: warnings are release's business.
CFLAGS.profiling := $(CFLAGS.release) -fprofile-generate -fprofile-update=prefer-atomic
CFLAGS.profiled = $(CFLAGS.release) -fprofile-use -fprofile-partial-training -dumpdir $(PROFILING)/obj/$(dir $*) -w
CFLAGS.fuzz    := -O1 -g3 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS    = -std=c11 $(WARN) $(CFLAGS.$(MODE)) $(EXTRA_CFLAGS)
LDFLAGS  := $(filter -fsanitize% --coverage -fprofile-generate,$(CFLAGS.$(MODE))) -pthread
# xz, bzip2 and zstd by their own libraries where their headers are (pipeline/input/stream_unpack.c), else by libarchive
UNPACK   := $(foreach p,lzma:lzma bzlib:bz2 zstd:zstd,$(shell echo '\#include <$(firstword $(subst :, ,$p)).h>' | \
                $(CC) -E -xc - > /dev/null 2>&1 && echo -l$(lastword $(subst :, ,$p))))
LIBS     := -lxlsxwriter -lsmartcols -lsqlite3 -larchive $(UNPACK) $(if $(filter 1,$(ISAL)),-lisal) -lz -lcsv -lcjson -lxxhash -lsodium -lm

# The folders, lowest first: each may use only those before it (`make layers` proves it by linking).
LAYERS   := pipeline/base pipeline/config pipeline/input pipeline/event pipeline/format pipeline/store pipeline/load \
            pipeline/rate pipeline/detect pipeline/plan reports/table reports/writer reports pipeline/cmd
PRESENT  := $(foreach l,$(LAYERS),$(if $(wildcard $(l)/*.c),$(l)))
lib       = $(B)/lib/$(subst /,_,$(1)).a
upto      = $(foreach l,$(PRESENT),$(if $(filter $(l),$(2)),,$(l)))
sources   = $(filter-out pipeline/cmd/main.c,$(wildcard $(1)/*.c))
ALL_LIBS := $(foreach l,$(PRESENT),$(call lib,$(l)))
reverse   = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
LINK_LIBS = $(call reverse,$(ALL_LIBS))

.PHONY: all
all: tollbook

tollbook: $(B)/tollbook
	@ln -sf $< $@

# --- embedded files: every .sql beside its user, the schemas; as tb_embed lists (base/embed.h) ----------------------
EMBED.pipeline/format := $(sort $(wildcard schemas/formats/*.json))
EMBED.pipeline/store  := $(sort $(wildcard schemas/store/*.sql))
EMBED.pipeline/detect := $(sort $(wildcard schemas/rules/*.json))
EMBED.pipeline/plan   := $(sort $(wildcard schemas/rules/advice/*.json))
EMBED.pipeline/cmd    := $(sort $(wildcard schemas/init/*.jsonc schemas/init/*.csv))
embeds    = $(strip $(EMBED.$(1)) $(sort $(wildcard $(1)/*.sql)))

define embed_rule
$(B)/gen/$(subst /,_,$(1))_embed.c: $(call embeds,$(1)) contrib/embed.sh
	@mkdir -p $$(@D)
	@sh contrib/embed.sh $(notdir $(1)) $(call embeds,$(1)) > $$@
endef
$(foreach l,$(PRESENT),$(if $(call embeds,$(l)),$(eval $(call embed_rule,$(l)))))

# MODE=profiled: first a program that counts, then what it counted, then the program.
PROFILING := $(call variant,profiling)
PROFILE   := $(if $(filter profiled,$(MODE)),$(PROFILING)/profile)
$(PROFILING)/profile: $(foreach l,$(PRESENT),$(wildcard $(l)/*.[ch])) contrib/profile.sh tests/bench/generate.c
	@$(MAKE) --no-print-directory MODE=profiling $(PROFILING)/tollbook $(PROFILING)/bench/generate
	@sh contrib/profile.sh $(PROFILING)
	@touch $@
.PHONY: profiled
profiled:
	@$(MAKE) --no-print-directory MODE=profiled $(call variant,profiled)/tollbook

$(B)/obj/%.o: %.c | $(PROFILE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/gen/%.o: $(B)/gen/%.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define lib_rule
$(call lib,$(1)): $(patsubst %.c,$(B)/obj/%.o,$(call sources,$(1))) $(if $(call embeds,$(1)),$(B)/gen/$(subst /,_,$(1))_embed.o)
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(PRESENT),$(eval $(call lib_rule,$(l))))

$(B)/tollbook: $(B)/obj/pipeline/cmd/main.o $(ALL_LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LIBS)

.PHONY: libs
libs: $(ALL_LIBS)

# --- tests ------------------------------------------------------------------------------------------------------------
# tests/unit/FOLDER/NAME_test.c links the archives of FOLDER and of the folders below it, no others.
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT_BIN := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
layer_of  = $(filter %/$(1) $(1),$(PRESENT))
through   = $(if $(1),$(firstword $(1)) $(if $(filter $(2),$(firstword $(1))),,$(call through,$(wordlist 2,$(words $(1)),$(1)),$(2))))
libs_to   = $(call reverse,$(foreach l,$(call through,$(PRESENT),$(1)),$(call lib,$(l))))
define unit_rule
$(B)/$(basename $(1)): $(B)/obj/$(basename $(1)).o $(call libs_to,$(call layer_of,$(notdir $(patsubst %/,%,$(dir $(1))))))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$< $(call libs_to,$(call layer_of,$(notdir $(patsubst %/,%,$(dir $(1)))))) -lcmocka $$(LIBS)
endef
$(foreach t,$(UNIT_SRC),$(eval $(call unit_rule,$(t))))

.PHONY: unit unit-build
unit-build: $(UNIT_BIN)
unit: $(UNIT_BIN)
	@sh tests/unit/run.sh $(UNIT_BIN)
unit-%: 
	@$(MAKE) --no-print-directory $(patsubst %.c,$(B)/%,$(wildcard tests/unit/$*/*_test.c))
	@sh tests/unit/run.sh $(patsubst %.c,$(B)/%,$(wildcard tests/unit/$*/*_test.c))

.PHONY: golden accept
golden: tollbook
	@sh tests/golden/run.sh ./tollbook
accept: tollbook
	@sh tests/golden/run.sh ./tollbook --accept

# Each of these may bring targets of its own: bench, fault, fuzz.
-include $(wildcard tests/*/*.mk)

# --- the two commands of the README -------------------------------------------------------------------------------------
.PHONY: demo check deps
deps:
	@sh contrib/install-deps.sh build
demo:
	@sh contrib/install-deps.sh build
	@$(MAKE) --no-print-directory -j2 tollbook
	@sh contrib/demo.sh

CHECKS := unit golden layers $(CHECK_TARGETS)
check:
	@sh contrib/install-deps.sh check
	@sh tests/check.sh "$(MAKE)" $(CHECKS)

# Each folder linked with only the folders below it: an upward call does not link.
.PHONY: layers
layers: $(ALL_LIBS)
	@sh tests/layers/check.sh $(CC) "$(LIBS)" $(foreach l,$(PRESENT),$(call lib,$(l)))

.PHONY: fmt lint
fmt:
	clang-format -i $(shell git ls-files '*.c' '*.h')
lint:
	clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')
	sh contrib/lint.sh

.PHONY: install uninstall dist help
install: profiled
	install -D -m 755 $(call variant,profiled)/tollbook $(DESTDIR)$(PREFIX)/bin/tollbook
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tollbook
dist:
	git archive --prefix=tollbook-$(shell cat VERSION)/ -o build/tollbook-$(shell cat VERSION).tar.gz HEAD
help:
	@echo 'all        the program, ./tollbook (ISAL=0: zlib instead of ISA-L; MODE=debug|asan|tsan|coverage|profiled)'
	@echo 'profiled   the program compiled by what it did while it read logs: 5 % less work; what install and bench take'
	@echo 'demo       the main job on the shipped fixtures: prints the path of the workbook'
	@echo 'check      every test (about ten minutes); installs what it lacks'
	@echo 'unit       unit tests; unit-FOLDER those of one folder'
	@echo 'golden     command-line cases; accept shows differences and takes them'
	@echo 'layers     links each folder with only the folders below it'
	@echo 'asan tsan valgrind coverage   unit tests built or run that way'
	@echo 'fuzz       the fuzz targets for FUZZ_SECONDS each (600)'
	@echo 'hostile    sixty inputs that somebody made to break a reader'
	@echo 'fault      kill -9 at random moments, fifty times, on a million events'
	@echo 'bench      ingest against DuckDB on the same files'
	@echo 'fmt lint   clang-format; the rules of the house'
	@echo 'install uninstall dist clean'

.PHONY: asan tsan valgrind coverage
asan:
	@$(MAKE) --no-print-directory MODE=asan unit
tsan:
	@$(MAKE) --no-print-directory MODE=tsan unit-load
valgrind: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do valgrind -q --error-exitcode=99 --leak-check=full "$$t" > /dev/null || exit 1; done
coverage:
	@$(MAKE) --no-print-directory MODE=coverage unit
	@gcovr -r . --exclude tests build/coverage

.PHONY: clean
clean:
	rm -rf build tollbook demo

-include $(shell find $(B) -name '*.d' 2>/dev/null)
