# How well the detectors find what was put there: our own sets, and the labelled one beside the project when it is there.
EVAL_SEEDS ?= 1 2
EVAL_DIR   ?= build/eval
.PHONY: eval
eval: tollbook
	@sh tests/eval/run.sh ./tollbook $(EVAL_DIR) "$(EVAL_SEEDS)"
