# make blackbox: the program against the contract, by people who read only the contract. Python 3's standard library alone.
#
# tests/blackbox/ knows nothing of the sources. generate.py composes, from a seed, a hostile but legal folder of configuration,
# tables and logs: every shape of Kong record and tollbook_event lines; wrapped, torn, copied, recompressed, in conflict; around
# a day on which the clock of the billing zone does something. model.py works out a second time what the contract says must come
# of it: exactly once, prices in fractions, civil days, accounts, cents. run.py puts the one through the program and compares
# with the other: every chargeback line, total, team, intake, usage figures and percentiles, positions of rejects; twice the same
# bytes, another order of files, kill -9, other tables, kept revisions; and looks for planted secrets in everything written.
# errors.py asks for each error by itself: exit code, the words that name the place, what is kept.
#
# formats_worlds.py, formats_model.py and formats_run.py do the same for every other format: each trap of formats.md, every wrapper,
# compression and archive, with the format given and with it detected, compared event by event. More: FORMATS_SEEDS=50 make blackbox-formats.
#
# limits.py replays quotas, budgets and plans event by event. kinds.py composes a log for every kind of anomaly; borders.py puts each absolute rule on its limit and just beyond it; incidents.py follows incidents over days,
# packs and forgotten signatures. ledger.py drives small worlds through what operators do over days: late data, new prices, closing,
# mended formats, pruning, kills. More: python3 tests/blackbox/ledger.py ./tollbook --rounds 40.
#
# A seed that failed: python3 tests/blackbox/run.py ./tollbook --seed N --keep. More: BLACKBOX_SEEDS=100 make blackbox.
CHECK_TARGETS += blackbox
BLACKBOX_SEEDS ?= 6
FORMATS_SEEDS ?= 18
.PHONY: blackbox blackbox-formats
blackbox: tollbook
	@python3 tests/blackbox/errors.py ./tollbook
	@python3 tests/blackbox/limits.py ./tollbook --rounds $(BLACKBOX_SEEDS)
	@python3 tests/blackbox/kinds.py ./tollbook
	@python3 tests/blackbox/borders.py ./tollbook
	@python3 tests/blackbox/formats_run.py ./tollbook --seeds 2
	@python3 tests/blackbox/incidents.py ./tollbook
	@python3 tests/blackbox/ledger.py ./tollbook --rounds 4
	@python3 tests/blackbox/run.py ./tollbook --seeds $(BLACKBOX_SEEDS) --events 600 --kills 3

blackbox-formats: tollbook
	@python3 tests/blackbox/formats_run.py ./tollbook --seeds $(FORMATS_SEEDS) --events 150 --keep
