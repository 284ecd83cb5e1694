#!/bin/sh
# What a machine can see of HOUSE rules: doors of libraries, SQL in C strings, floating point, missing READMEs, long files.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
say() {
    [ -z "$2" ] && return
    printf '%s\n%s\n' "$1" "$2"
    bad=1
}
code() { git ls-files 'pipeline/*.[ch]' 'reports/*.[ch]'; }
door() { # pattern, allowed paths
    code | grep -vE "^($2)" | xargs grep -nE "#include *[<\"]([a-z-]+/)?($1)[>\"]" /dev/null
}
say "libraries included outside their room:" "$(
    door 'archive(_entry)?\.h|igzip_lib\.h|crc\.h' 'pipeline/input/stream'
    door 'zlib\.h' 'pipeline/input/stream|reports/writer/'
    door 'sqlite3\.h' 'pipeline/store/'
    door 'cJSON\.h|cjson/cJSON\.h' 'pipeline/base/json'
    door 'xlsxwriter\.h' 'reports/writer/xlsx'
    door 'xxhash\.h|sodium\.h' 'pipeline/base/hash'
    door 'csv\.h' 'pipeline/config/|reports/writer/csv'
)"
say "statements in C strings (they belong in .sql files):" "$(code | xargs grep -nE \
    '"[^"]*\b(SELECT|INSERT INTO|UPDATE [a-z_]+ SET|DELETE FROM|CREATE TABLE)\b' | grep -v 'pipeline/cmd/sql.c' |
    grep -v 'synopsis\|declare_vtab')"
say "floating point outside the spreadsheet writer and the detectors:" "$(code | grep -vE 'pipeline/(detect|plan)/|reports/writer/xlsx|reports/workbook' |
    xargs grep -nE '(^|[(,;{]|const|static)[[:space:]]*(long )?(double|float)\b[ *]*[a-z_)]' | grep -v 'tb_money_double')"
say "folders without a README:" "$(for d in $(code | xargs -n1 dirname | sort -u) schemas tests contrib; do
    [ -f "$d/README.md" ] || echo "$d"
done)"
say "files longer than 450 lines:" "$(code | xargs wc -l | awk '$1 > 450 && $2 != "total"')"
[ "$bad" -eq 0 ] && echo "lint: good"
exit "$bad"
