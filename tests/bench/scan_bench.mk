# make bench-scan: how fast lines are read, by instruction set; BENCH_SCAN="ROUNDS MB" for more.
BENCH_SCAN ?= 9 24
.PHONY: bench-scan
$(B)/bench/scan_bench: tests/bench/scan_bench.c tests/bench/kong_lines.h $(call libs_to,pipeline/format)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/bench $(CFLAGS) $(LDFLAGS) -o $@ $< $(call libs_to,pipeline/format) $(LIBS)
bench-scan: $(B)/bench/scan_bench
	@$< $(BENCH_SCAN)
