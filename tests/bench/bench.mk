# make bench: whole ingest against DuckDB; make bench-scan, bench-store: parts.
.PHONY: bench
$(B)/bench/generate: tests/bench/generate.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 $(WARN) -Wno-error -o $@ $<
$(B)/bench/read_bench: tests/bench/read_bench.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARN),$(CFLAGS)) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LIBS)
bench: profiled $(B)/bench/generate $(B)/bench/read_bench
	@sh contrib/install-deps.sh bench
	@python3 tests/bench/ingest_bench.py $(call variant,profiled)/tollbook $(B)/bench

.PHONY: bench-store
$(B)/bench/store_bench: tests/bench/store_bench.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARN),$(CFLAGS)) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LIBS)
bench-store: $(B)/bench/store_bench
	@$<

.PHONY: bench-day
$(B)/bench/day_bench: tests/bench/day_bench.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARN),$(CFLAGS)) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LIBS)
bench-day: $(B)/bench/day_bench
	@$< 10000000 10000 $(B)/bench
	@$< 10000000 10000 $(B)/bench f
