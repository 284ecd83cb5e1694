#include "config/tablecell.h"

#include <stdio.h>
#include "base/clock.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/zone.h"
#include "config/tables.h"

static const char *column_name(const struct tb_tablefile *t, int column)
{
    return t->spec->columns[column];
}

static enum tb_status keep(const struct tb_tablefile *t, struct tb_str cell, struct tb_str *out,
                           struct tb_err *err)
{
    *out = tb_arena_str(t->arena, cell);
    if (out->s == NULL) {
        return tb_err_set(err, TB_FATAL, TB_E_MEMORY, "no memory for the texts of \"%s\"", t->name);
    }
    return TB_OK;
}

static enum tb_status blank(const struct tb_tablefile *t, int column, bool required, struct tb_err *err)
{
    if (!required) {
        return TB_OK;
    }
    return tb_tablefile_complain(t, column, err, "%s is blank: every row needs one", column_name(t, column));
}

/* --- texts ---------------------------------------------------------------------------------------------- */

static bool has_control(struct tb_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.s[i];
        if (c < 0x20 || c == 0x7F) {
            return true;
        }
    }
    return false;
}

enum tb_status tb_tablecell_text(const struct tb_tablefile *t, int column, bool required, struct tb_str *out,
                                 struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    *out = TB_STR_NULL;
    if (cell.s == NULL) {
        return blank(t, column, required, err);
    }
    if (has_control(cell)) {
        return tb_tablefile_complain(t, column, err,
                                     "%s \"%.*s\" has a control character or a line end: take it out",
                                     column_name(t, column), TB_SHOWN(cell));
    }
    if (cell.n > TB_FIELD_BYTES_MAX) {
        return tb_tablefile_complain(t, column, err, "%s has %zu bytes: the limit is %d",
                                     column_name(t, column), cell.n, TB_FIELD_BYTES_MAX);
    }
    return keep(t, cell, out, err);
}

enum tb_status tb_tablecell_note(const struct tb_tablefile *t, int column, struct tb_str *out,
                                 struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    *out = TB_STR_NULL;
    return cell.s == NULL ? TB_OK : keep(t, cell, out, err);
}

enum tb_status tb_tablecell_glob(const struct tb_tablefile *t, int column, bool required, struct tb_str *out,
                                 struct tb_err *err)
{
    if (required && tb_tablefile_cell(t, column).s == NULL) {
        return tb_tablefile_complain(t, column, err, "%s is blank: write * for any", column_name(t, column));
    }
    enum tb_status status = tb_tablecell_text(t, column, required, out, err);
    if (status == TB_OK && out->s != NULL && !tb_glob_valid(*out)) {
        return tb_tablefile_complain(
            t, column, err,
            "%s \"%.*s\" is not a glob: close each [ with ], and write \\[ or \\\\ for the "
            "characters themselves",
            column_name(t, column), TB_SHOWN(*out));
    }
    return status;
}

enum tb_status tb_tablecell_word(const struct tb_tablefile *t, int column, const char *const *words,
                                 int if_blank, int *out, struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    *out = if_blank;
    for (int i = 0; words[i] != NULL; i++) {
        if (tb_str_eq(cell, tb_str_of(words[i]))) {
            *out = i;
            return TB_OK;
        }
    }
    if (cell.s == NULL && if_blank >= 0) {
        return TB_OK;
    }
    char all[160] = "";
    size_t n = 0;
    for (int i = 0; words[i] != NULL && n < sizeof all; i++) {
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    if (cell.s == NULL) {
        return tb_tablefile_complain(t, column, err, "%s is blank: write one of %s", column_name(t, column),
                                     all);
    }
    const char *near = tb_did_you_mean(cell, words);
    if (near != NULL) {
        return tb_tablefile_complain(t, column, err, "unknown %s \"%.*s\", did you mean \"%s\"",
                                     column_name(t, column), TB_SHOWN(cell), near);
    }
    return tb_tablefile_complain(t, column, err, "unknown %s \"%.*s\": write one of %s",
                                 column_name(t, column), TB_SHOWN(cell), all);
}

enum tb_status tb_tablecell_dimension(const struct tb_tablefile *t, int dimension_column, int match_column,
                                      struct tb_str *dimension, struct tb_str *match, struct tb_err *err)
{
    int word = -1;
    *dimension = TB_STR_NULL;
    if (tb_tablefile_cell(t, dimension_column).s != NULL) {
        enum tb_status status = tb_tablecell_word(t, dimension_column, tb_dimension_names, -1, &word, err);
        if (status != TB_OK) {
            return status;
        }
        *dimension = tb_str_of(tb_dimension_names[word]);
    }
    enum tb_status status = tb_tablecell_glob(t, match_column, false, match, err);
    if (status == TB_OK && word < 0 && match->s != NULL && !tb_str_eq(*match, TB_STR("*"))) {
        return tb_tablefile_complain(
            t, match_column, err,
            "%s \"%.*s\" has no dimension to match in: write one (like team), or leave both blank",
            column_name(t, match_column), TB_SHOWN(*match));
    }
    return status;
}

/* --- numbers -------------------------------------------------------------------------------------------- */

enum tb_status tb_tablecell_decimal(const struct tb_tablefile *t, int column, bool *has,
                                    struct tb_decimal *out, struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    *out = (struct tb_decimal){0, 0};
    if (has != NULL) {
        *has = cell.s != NULL;
    }
    if (cell.s == NULL) {
        return blank(t, column, has == NULL, err);
    }
    if (!tb_decimal_parse(cell, false, out)) {
        return tb_tablefile_complain(
            t, column, err, "%s \"%.*s\" is not a decimal number: write digits with a point, like 1234.5",
            column_name(t, column), TB_SHOWN(cell));
    }
    if (out->mantissa < 0) {
        return tb_tablefile_complain(t, column, err, "%s \"%.*s\" is negative: write 0 or more",
                                     column_name(t, column), TB_SHOWN(cell));
    }
    return TB_OK;
}

enum tb_status tb_tablecell_money(const struct tb_tablefile *t, int column, bool *has, tb_money *out,
                                  struct tb_err *err)
{
    struct tb_decimal d;
    enum tb_status status = tb_tablecell_decimal(t, column, has, &d, err);
    *out = 0;
    if (status != TB_OK) {
        return status;
    }
    bool exact = true;
    if (!tb_money_from_decimal(&d, out, &exact) || !exact) {
        return tb_tablefile_complain(t, column, err, "%s \"%.*s\" is %s", column_name(t, column),
                                     TB_SHOWN(tb_tablefile_cell(t, column)),
                                     exact ? "too large: amounts end at 10^14"
                                           : "too fine: write 24 decimals at most");
    }
    return TB_OK;
}

enum tb_status tb_tablecell_int(const struct tb_tablefile *t, int column, int64_t max, bool *has,
                                int64_t *out, struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    struct tb_decimal d;
    *out = 0;
    if (has != NULL) {
        *has = cell.s != NULL;
    }
    if (cell.s == NULL) {
        return blank(t, column, has == NULL, err);
    }
    if (!tb_decimal_parse(cell, false, &d) ||
        d.exponent < 0) { /* normalised: a fraction has a negative exponent */
        return tb_tablefile_complain(t, column, err,
                                     "%s \"%.*s\" is not a whole number: write digits only, like 100000",
                                     column_name(t, column), TB_SHOWN(cell));
    }
    if (d.mantissa < 0) {
        return tb_tablefile_complain(t, column, err, "%s \"%.*s\" is negative: write 0 or more",
                                     column_name(t, column), TB_SHOWN(cell));
    }
    if (!tb_decimal_int64(&d, out) || *out > max) {
        return tb_tablefile_complain(t, column, err, "%s \"%.*s\" is too large: the limit is %lld",
                                     column_name(t, column), TB_SHOWN(cell), (long long)max);
    }
    return TB_OK;
}

/* --- intervals ------------------------------------------------------------------------------------------ */

/* The instant of a civil time in the zone; false when a clock change skips it or gives it twice: then the
 * table must say which by an offset. */
static bool civil_instant(const struct tb_zone *zone, int64_t civil_us, int64_t *out)
{
    int32_t day = tb_utc_day(civil_us);
    int64_t rest = civil_us - day * TB_US_PER_DAY;
    int64_t us = tb_zone_instant(zone, day, (int32_t)(rest / TB_US_PER_S)) + rest % TB_US_PER_S;
    if (us + tb_zone_offset(zone, us) * TB_US_PER_S != civil_us) {
        return false;
    }
    /* Offsets change by at most a day; the second of two such instants has the offset in force after the
     * change. */
    for (int64_t ahead = TB_US_PER_H / 2; ahead <= TB_US_PER_DAY; ahead *= 2) {
        int64_t other = civil_us - tb_zone_offset(zone, us + ahead) * TB_US_PER_S;
        if (other > us && other + tb_zone_offset(zone, other) * TB_US_PER_S == civil_us) {
            return false;
        }
    }
    *out = us;
    return true;
}

static enum tb_status instant(const struct tb_tablefile *t, int column, int64_t *out, struct tb_err *err)
{
    struct tb_str cell = tb_tablefile_cell(t, column);
    int32_t day = 0;
    bool has_zone = false;
    if (cell.s == NULL) {
        return TB_OK;
    }
    if (tb_day_parse(cell, &day)) {
        *out = tb_zone_day_start(t->settings->zone, day);
        return TB_OK;
    }
    if (!tb_ts_parse(cell, out, &has_zone)) {
        return tb_tablefile_complain(t, column, err,
                                     "%s \"%.*s\" is not a date: write YYYY-MM-DD, or an instant like "
                                     "2026-11-21T12:00:00Z, from 1970 on",
                                     column_name(t, column), TB_SHOWN(cell));
    }
    if (!has_zone && !civil_instant(t->settings->zone, *out, out)) {
        return tb_tablefile_complain(
            t, column, err,
            "%s \"%.*s\" is skipped or comes twice in %s at a clock change: add the offset from "
            "UTC, like +01:00",
            column_name(t, column), TB_SHOWN(cell), tb_zone_name(t->settings->zone));
    }
    return TB_OK;
}

enum tb_status tb_tablecell_interval(const struct tb_tablefile *t, int from_column, int to_column,
                                     int64_t *from_us, int64_t *to_us, struct tb_err *err)
{
    *from_us = INT64_MIN;
    *to_us = INT64_MAX;
    enum tb_status status = instant(t, from_column, from_us, err);
    if (status == TB_OK) {
        status = instant(t, to_column, to_us, err);
    }
    if (status == TB_OK && *from_us >= *to_us) {
        return tb_tablefile_complain(
            t, to_column, err,
            "%s \"%.*s\" is not after %s \"%.*s\": it is the first moment that the row no longer "
            "holds",
            column_name(t, to_column), TB_SHOWN(tb_tablefile_cell(t, to_column)), column_name(t, from_column),
            TB_SHOWN(tb_tablefile_cell(t, from_column)));
    }
    return status;
}

const char *tb_tablecell_since(const struct tb_tablefile *t, int64_t from_us,
                               char out[TB_TABLECELL_SINCE_MAX])
{
    char text[TB_TS_TEXT_MAX];
    out[0] = 0;
    if (from_us == INT64_MIN) {
        return out;
    }
    int32_t day = tb_zone_day(t->settings->zone, from_us);
    size_t n = tb_zone_day_start(t->settings->zone, day) == from_us ? tb_day_format(day, text)
                                                                    : tb_ts_format(from_us, text);
    snprintf(out, TB_TABLECELL_SINCE_MAX, " from %.*s", (int)n, text);
    return out;
}
