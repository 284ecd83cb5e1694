#!/bin/sh
# Golden cases: tests/golden/AREA/NN-sentence/{cmd,stdout,stderr,exit}. cmd is a shell script that runs in an empty folder with
# $TOLLBOOK (the program), $FIXTURES and $CASE; what it prints and its exit code are compared. A missing stdout or stderr means
# empty, a missing exit 0. Usage: run.sh PROGRAM [--accept] [CASE...]
set -u
here=$(cd "$(dirname "$0")" && pwd)
TOLLBOOK=$(realpath "$1")
shift
accept=0
[ "${1:-}" = "--accept" ] && accept=1 && shift
FIXTURES=$(cd "$here/../../fixtures" && pwd)
export TOLLBOOK FIXTURES
export LC_ALL=C.UTF-8 TZ=UTC
unset TOLLBOOK_CONFIG
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
[ $# -gt 0 ] || set -- "$here"/*/*/
for CASE in "$@"; do
    CASE=$(realpath "$CASE")
    [ -f "$CASE/cmd" ] || continue
    export CASE
    rm -rf "$tmp/in" && mkdir "$tmp/in"
    (cd "$tmp/in" && umask 022 && exec sh "$CASE/cmd") > "$tmp/stdout.raw" 2> "$tmp/stderr.raw" < /dev/null
    printf '%s\n' "$?" > "$tmp/exit"
    for f in stdout stderr; do # places of this machine are not part of what is promised
        sed -e "s|$tmp/in|TMP|g" -e "s|$FIXTURES|FIXTURES|g" -e "s|$CASE|CASE|g" "$tmp/$f.raw" > "$tmp/$f"
    done
    bad=0
    for f in stdout stderr exit; do
        want="$CASE/$f"
        [ -f "$want" ] || { want="$tmp/want"; [ "$f" = exit ] && echo 0 > "$want" || : > "$want"; }
        if ! diff -u "$want" "$tmp/$f" > "$tmp/diff"; then
            bad=1
            printf '%s: %s differs\n' "${CASE#"$here"/}" "$f"
            head -40 "$tmp/diff"
            if [ "$accept" = 1 ]; then
                if [ -s "$tmp/$f" ] && ! { [ "$f" = exit ] && [ "$(cat "$tmp/exit")" = 0 ]; }; then
                    cp "$tmp/$f" "$CASE/$f"
                else
                    rm -f "$CASE/$f"
                fi
            fi
        fi
    done
    if [ "$bad" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
printf 'golden: %d passed, %d failed\n' "$passed" "$failed"
[ "$accept" = 1 ] || { [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; }
