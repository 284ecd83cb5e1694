#!/bin/sh
# Writes a C file with the bytes of the given files as one list (pipeline/base/embed.h). Usage: embed.sh NAME FILE...
set -eu
name=$1
shift
printf '#include "base/embed.h"\n'
i=0
for f in "$@"; do
    printf 'static const unsigned char d%d[] = {\n' "$i"
    od -An -v -tu1 "$f" | sed 's/  */,/g; s/^,//; s/$/,/'
    printf '0};\n'
    i=$((i + 1))
done
printf 'extern const struct tb_embed tb_embed_%s[];\n' "$name"
printf 'const struct tb_embed tb_embed_%s[] = {\n' "$name"
i=0
for f in "$@"; do
    printf '    {"%s", d%d, sizeof d%d - 1},\n' "$f" "$i" "$i"
    i=$((i + 1))
done
printf '    {0, 0, 0}};\n'
