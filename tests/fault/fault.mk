# make fault: kill -9 fifty times (minutes). FAULT_KILLS, FAULT_EVENTS make it shorter.
# make pipes: interrupts while a pipe is read (seconds, part of check).
.PHONY: fault pipes
CHECK_TARGETS += pipes
pipes: tollbook
	@python3 tests/fault/pipes.py ./tollbook
fault: tollbook $(B)/bench/generate
	@python3 tests/fault/kill.py ./tollbook $(B)/bench/generate $(FAULT_KILLS) $(FAULT_EVENTS)
