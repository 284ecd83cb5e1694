# make hostile: some sixty inputs that somebody made to break a reader (minutes, most of them to make the inputs).
.PHONY: hostile
hostile: tollbook
	@python3 tests/hostile/hostile.py ./tollbook
