# How well the detectors find what was put there: our own sets, and the labelled one beside the project when it is there.
EVAL_SEEDS ?= 1 2
EVAL_DIR   ?= build/eval
.PHONY: eval
eval: tollbook
	@sh tests/eval/run.sh ./tollbook $(EVAL_DIR) "$(EVAL_SEEDS)"

# What must not change findings, and what must change them how (about 10 s).
CHECK_TARGETS += metamorphic
.PHONY: metamorphic
metamorphic: tollbook
	@python3 tests/eval/metamorphic.py ./tollbook build/metamorphic

# Are forecasts of budgets inside their bands?
.PHONY: eval-forecast
eval-forecast: tollbook
	@python3 tests/eval/forecast.py ./tollbook build/forecast
