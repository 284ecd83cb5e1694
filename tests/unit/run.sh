#!/bin/sh
# Runs each unit-test program; prints one line for each, the whole output of those that fail, and the sum.
passed=0 failed=0
for t in "$@"; do
    if out=$("$t" 2>&1); then
        n=$(printf '%s\n' "$out" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' | awk '{s += $1} END {print s + 0}')
        passed=$((passed + n))
        printf 'ok   %s (%s)\n' "${t##*tests/unit/}" "$n"
    else
        failed=$((failed + 1))
        printf 'FAIL %s\n%s\n' "${t##*tests/unit/}" "$out"
    fi
done
printf 'unit: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
