#!/bin/sh
# Back-test of budget forecasts on the labelled history (../shared/labelled; skipped where it is not there): for each evening of the
# last two weeks of its month, is what the month came to inside the band? Prints the share. Usage: forecast.sh PROGRAM
set -eu
program=$(realpath "$1")
labelled=$(cd "$(dirname "$0")/../.." && pwd)/../shared/labelled
[ -d "$labelled" ] || { echo "forecast: skipped, no labelled history"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp -r "$labelled/." "$tmp/"
cd "$tmp"
export TOLLBOOK_NOW=2026-11-03T04:00:00Z
"$program" ingest
spent=$("$program" report budget --date 2026-10-31 --format csv | sed -n 2p | cut -d, -f6)
for day in 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    "$program" report budget --date "2026-10-$day" --format csv | sed -n 2p | cut -d, -f14-16
done | awk -F, -v spent="$spent" '
    { n++; inside += spent >= $2 && spent <= $3; error += ($1 > spent ? $1 - spent : spent - $1) / spent }
    END { printf "forecast: %d of %d evenings inside the band, mean error %.1f %%\n", inside, n, 100 * error / n; exit inside * 3 < n * 2 }'
