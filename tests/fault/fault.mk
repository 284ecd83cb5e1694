# make fault: kill -9 fifty times (minutes). FAULT_KILLS, FAULT_EVENTS make it shorter.
.PHONY: fault
fault: tollbook $(B)/bench/generate
	@python3 tests/fault/kill.py ./tollbook $(B)/bench/generate $(FAULT_KILLS) $(FAULT_EVENTS)
