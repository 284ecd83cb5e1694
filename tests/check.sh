#!/bin/sh
# `make check`: builds, then every check in turn; goes on after a failure, and says at the end what failed.
# Usage: check.sh MAKE TARGET...
set -u
make=$1
shift
start=$(date +%s)
passed=0 failed=0 names=""
$make --no-print-directory -j"$(nproc)" tollbook unit-build || exit 1
for t in "$@"; do
    printf '== %s\n' "$t"
    if $make --no-print-directory "$t"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        names="$names $t"
    fi
done
printf 'check took %d s%s\n' "$(($(date +%s) - start))" "${names:+; failed:$names}"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
