#!/bin/sh
# Usage: run.sh TOLLBOOK FOLDER "SEEDS". Each set is written (or copied), ingested and scored.
set -u
tollbook=$(realpath "$1") here=$(dirname "$0") dir=$2
mkdir -p "$dir" || exit 1
one() { # name, folder
    echo "== $1"
    rm -f "$2"/tollbook.db*
    "$tollbook" --quiet --config "$2/tollbook.jsonc" ingest || exit 1
    python3 "$here/score.py" "$tollbook" "$2" || exit 1
    python3 "$here/change.py" "$tollbook" "$2" || exit 1
    python3 "$here/explain.py" "$tollbook" "$2" --days 7 || exit 1
}
if [ -d ../shared/labelled ]; then
    rm -rf "$dir/labelled"
    cp -r ../shared/labelled "$dir/labelled" && chmod -R u+w "$dir/labelled"
    one "labelled, as given" "$dir/labelled"
else
    echo "== labelled: ../shared/labelled is not there, left out"
fi
for seed in $3; do
    for kind in normal hard lumpy lumpy-hard tail tail-hard; do
        rm -rf "$dir/$kind-$seed"
        generator=generate.py option=
        case $kind in lumpy*) generator=generate_lumpy.py ;; tail*) generator=generate_tail.py ;; esac
        case $kind in *hard) option=--hard ;; esac
        # shellcheck disable=SC2086
        timeout 300 python3 "$here/$generator" "$seed" "$dir/$kind-$seed" $option || exit 1
        one "own, $kind, seed $seed" "$dir/$kind-$seed"
    done
done
