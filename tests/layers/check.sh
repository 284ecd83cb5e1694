#!/bin/sh
# Links each folder's archive whole with only the archives before it. Usage: check.sh CC LIBS ARCHIVE...
set -u
cc=$1 libs=$2
shift 2
below="" bad=0 n=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
printf 'int main(void) { return 0; }\n' > "$tmp/main.c"
for a in "$@"; do
    # shellcheck disable=SC2086
    if $cc -pthread -o "$tmp/a.out" "$tmp/main.c" -Wl,--whole-archive "$a" -Wl,--no-whole-archive \
        -Wl,--start-group $below -Wl,--end-group $libs 2> "$tmp/err"; then
        printf 'ok   %s\n' "${a##*/}"
    else
        printf 'FAIL %s calls upward:\n' "${a##*/}"
        grep -o 'undefined reference to .*' "$tmp/err" | sort -u | head -20
        bad=1
    fi
    below="$below $a"
    n=$((n + 1))
done
printf 'layers: %d folders\n' "$n"
exit "$bad"
