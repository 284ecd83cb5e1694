# The workbook as other programs see it: well-formed parts, LibreOffice's own recalculation, pages without a cut number.
CHECK_TARGETS += workbook
.PHONY: workbook
workbook: tollbook
	@python3 tests/workbook/check.py $(or $(TOLLBOOK),./tollbook)
	@python3 tests/workbook/formats.py $(or $(TOLLBOOK),./tollbook)
