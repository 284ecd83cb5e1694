#!/bin/sh
# `make demo`: the main job on the shipped fixtures, as a first user would run it. Everything it writes is in ./demo.
set -u
cd "$(dirname "$0")/.." || exit 1
rm -rf demo
cp -r fixtures/demo demo || exit 1
rm -f demo/SOURCE
TOLLBOOK_NOW=2026-03-31T04:00:00Z
export TOLLBOOK_NOW
echo "\$ tollbook --config demo/tollbook.jsonc run --from 2026-03-28 --to 2026-03-30"
./tollbook --verbose --config demo/tollbook.jsonc run --from 2026-03-28 --to 2026-03-30
status=$?
# the fixtures hold torn lines and a model without a price on purpose, so 3 is what a good program says
if [ "$status" -ne 3 ]; then
    echo "demo: exit $status, expected 3" >&2
    exit 1
fi
echo
echo "\$ tollbook --config demo/tollbook.jsonc report chargeback --date 2026-03-29"
./tollbook --config demo/tollbook.jsonc report chargeback --date 2026-03-29
[ $? -eq 3 ] || exit 1
echo
echo "exit 3 is right: the fixtures hold torn lines and a model without a price, and the pack says so"
echo "the workbooks:"
for f in demo/out/*/chargeback-*.xlsx; do
    echo "  $PWD/$f"
done
