# make fault: kill -9 fifty times (minutes). FAULT_KILLS, FAULT_EVENTS make it shorter.
# make pipes: interrupts while a pipe is read (seconds, part of check).
# make calls: one call of a run fails, of every kind (part of check; FAULT_POINTS=60 for more).
.PHONY: fault pipes calls
CHECK_TARGETS += pipes calls
FAULT_POINTS ?= 6
$(B)/fault/shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -shared -fPIC -o $@ $< -ldl
calls: tollbook $(B)/fault/shim.so
	@python3 tests/fault/calls.py ./tollbook $(B)/fault/shim.so fixtures/demo $(FAULT_POINTS)
pipes: tollbook
	@python3 tests/fault/pipes.py ./tollbook
fault: tollbook $(B)/bench/generate
	@python3 tests/fault/kill.py ./tollbook $(B)/bench/generate $(FAULT_KILLS) $(FAULT_EVENTS)
