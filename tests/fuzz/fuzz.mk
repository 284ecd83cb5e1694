# make fuzz: each target searches for FUZZ_SECONDS (libFuzzer, clang). make fuzz-replay: their seeds under ASan and UBSan, in `check`.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
CHECK_TARGETS += fuzz-replay

# a target is linked with every folder; which ones it needs is its own business
$(B)/fuzz/%-replay: tests/fuzz/%_fuzz.c tests/fuzz/driver.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARN),$(CFLAGS)) $(LDFLAGS) -o $@ tests/fuzz/$*_fuzz.c tests/fuzz/driver.c $(LINK_LIBS) $(LIBS)
$(B)/fuzz/%: tests/fuzz/%_fuzz.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARN),$(CFLAGS)) -fsanitize=fuzzer,address,undefined -pthread -o $@ $< $(LINK_LIBS) $(LIBS)

.PHONY: fuzz fuzz-replay fuzz-replay-run fuzz-run
fuzz-replay:
	@$(MAKE) --no-print-directory MODE=asan fuzz-replay-run
fuzz-replay-run: $(patsubst %,$(B)/fuzz/%-replay,$(FUZZ_TARGETS))
	@for t in $(FUZZ_TARGETS); do printf '%s: ' $$t; $(B)/fuzz/$$t-replay tests/fuzz/$${t}_seeds || exit 1; done
fuzz:
	@sh contrib/install-deps.sh dev
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang EXTRA_CFLAGS=-Wno-error fuzz-run
# malloc_limit: an .xz in a .zip may ask for a dictionary of 4 GiB; it gets the addresses, and touches what it writes
fuzz-run: $(patsubst %,$(B)/fuzz/%,$(FUZZ_TARGETS))
	@for t in $(FUZZ_TARGETS); do mkdir -p build/fuzz-corpus/$$t; \
	    $(B)/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -malloc_limit_mb=5000 -timeout=20 -print_final_stats=1 build/fuzz-corpus/$$t tests/fuzz/$${t}_seeds || exit 1; done
