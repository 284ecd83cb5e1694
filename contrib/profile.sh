#!/bin/sh
# usage: profile.sh BUILD: lets BUILD/tollbook, compiled to count its branches, read what the bench reads, a hundredth of it.
# The counts (*.gcda) are left beside its objects.
set -eu
build=$1
work=$build/work
rm -rf "$work"
find "$build/obj" -name '*.gcda' -delete
mkdir -p "$work"
for kind in k p; do
    for file in 0 1; do
        "$build/bench/generate" $kind 3000 $((file * 3000)) 20778 | gzip -6 > "$work/$kind-2026-11-21-$file.log.gz"
    done
    echo "{\"database\": \"$kind.db\", \"output\": \"out\", \"sources\": [{\"name\": \"gateway\", \"format\": \"kong\"," \
        "\"paths\": [\"$kind-{date}-*.log.gz\"]}]}" > "$work/$kind.jsonc"
    "$build/tollbook" --config "$work/$kind.jsonc" ingest > "$work/$kind.out" || { cat "$work/$kind.out" >&2; exit 1; }
done
rm -r "$work"
