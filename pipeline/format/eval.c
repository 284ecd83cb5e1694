#include "format/eval.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/glob.h"
#include "base/limits.h"

static bool in_list(struct tb_str s, const struct tb_str *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tb_str_eq(s, list[i])) {
            return true;
        }
    }
    return false;
}

static struct tb_str mapped(const struct tb_alternative *a, struct tb_str text)
{
    for (size_t i = 0; i < a->pairs; i++) {
        if (a->map[i].from.s == NULL || tb_str_eq(a->map[i].from, text)) {
            return a->map[i].to;
        }
    }
    return TB_STR_NULL;
}

bool tb_eval_like(struct tb_str s, const struct tb_str *globs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tb_glob_match(globs[i], s)) {
            return true;
        }
    }
    return false;
}

static bool is_excluded(const struct tb_alternative *a, struct tb_str text)
{
    return (a->nots != 0 && in_list(text, a->not_these, a->nots)) ||
           (a->likes != 0 && (text.s == NULL || !tb_eval_like(text, a->like, a->likes)));
}

static struct tb_str place_text(const struct tb_eval *ev, const struct tb_place *p, size_t max)
{
    const struct tb_value *v = tb_eval_place(ev, p);
    return v == NULL ? TB_STR_NULL : tb_value_text(&ev->w->scan, v, max, ev->pad);
}

/* The texts with "/" between; absent when one of them is. */
static struct tb_str joined_text(const struct tb_eval *ev, const struct tb_alternative *a, size_t max)
{
    struct tb_str part[TB_JOIN_MAX];
    size_t n = a->joins - 1;
    for (size_t i = 0; i < a->joins; i++) {
        part[i] = place_text(ev, &a->join[i], max / a->joins - 1);
        if (part[i].n == 0) {
            return TB_STR_NULL;
        }
        n += part[i].n;
    }
    char *room = tb_pad_room(ev->pad, n), *p = room;
    for (size_t i = 0; room != NULL && i < a->joins; i++) {
        if (i > 0) {
            *p++ = '/';
        }
        memcpy(p, part[i].s, part[i].n);
        p += part[i].n;
    }
    return (struct tb_str){room, room == NULL ? 0 : n};
}

static struct tb_str alternative_text(const struct tb_eval *ev, const struct tb_alternative *a, size_t max)
{
    if (a->is_const) {
        return a->constant;
    }
    struct tb_str text = a->joins != 0 ? joined_text(ev, a, max) : place_text(ev, &a->place, max);
    const char *end = a->cut == 0 || text.s == NULL ? NULL : memchr(text.s, a->cut, text.n);
    if (end != NULL) {
        text.n = (size_t)(end - text.s);
    }
    if (a->is_filtered && is_excluded(a, text)) {
        return TB_STR_NULL;
    }
    return a->map == NULL || text.s == NULL ? text : mapped(a, text);
}

/* The usual case: a string with nothing to decode, taken as it stands. False: it is not that. */
static bool whole_text(const struct tb_eval *ev, const struct tb_alternative *a, const struct tb_value *v,
                       size_t max, struct tb_str *out)
{
    struct tb_str raw = {ev->w->scan.line + v->at, v->n};
    if (v->type != TB_V_STRING || raw.n > max || !tb_value_is_plain(raw, true)) {
        return false;
    }
    *out = a->is_filtered && is_excluded(a, raw) ? TB_STR_NULL : raw;
    return true;
}

struct tb_str tb_eval_text(const struct tb_eval *ev, const struct tb_alternatives *a, size_t max,
                           const struct tb_alternative **used)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_alternative *alt = &a->alt[i];
        const struct tb_value *v = alt->is_const ? NULL : tb_eval_place(ev, &alt->place);
        if (v == NULL && !alt->is_const) {
            continue;
        }
        struct tb_str text;
        if (!(v != NULL && alt->is_whole && whole_text(ev, alt, v, max, &text))) {
            text = alternative_text(ev, alt, max);
        }
        if (text.n != 0) {
            if (used != NULL) {
                *used = alt;
            }
            return text;
        }
    }
    return TB_STR_NULL;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------------- */

static enum tb_number_end text_number(struct tb_str text, bool boolean, int64_t *out)
{
    struct tb_decimal d;
    if (text.s == NULL) {
        return TB_NUMBER_ABSENT;
    }
    if (boolean && (tb_str_eq(text, TB_STR("true")) || tb_str_eq(text, TB_STR("false")))) {
        *out = text.n == 4;
        return TB_NUMBER_OK;
    }
    return tb_decimal_parse(text, false, &d) && tb_decimal_int64(&d, out) ? TB_NUMBER_OK : TB_NUMBER_BAD;
}

static enum tb_number_end count(const struct tb_alternative *a, const struct tb_value *v, int64_t *out)
{
    if (v->type != TB_V_ARRAY && v->type != TB_V_OBJECT) { /* lua writes {} for an empty array */
        return TB_NUMBER_ABSENT;
    }
    *out = (int64_t)v->n > a->minus ? (int64_t)v->n - a->minus : 0;
    return TB_NUMBER_OK;
}

/* Whether a value that is no text still counts after "not" and "like". */
static bool is_admitted(const struct tb_eval *ev, const struct tb_alternative *a, const struct tb_value *v)
{
    return !a->is_filtered || !is_excluded(a, tb_value_text(&ev->w->scan, v, TB_FIELD_BYTES_MAX, ev->pad));
}

static enum tb_number_end nanoseconds(const struct tb_eval *ev, const struct tb_place *p, enum tb_unit unit,
                                      int64_t *out)
{
    static const int64_t per_unit[] = {[TB_UNIT_NONE] = 1000000,
                                       [TB_UNIT_S] = 1000000000,
                                       [TB_UNIT_MS] = 1000000,
                                       [TB_UNIT_US] = 1000,
                                       [TB_UNIT_NS] = 1};
    const struct tb_value *v = tb_eval_place(ev, p);
    if (v == NULL || v->type == TB_V_NULL) {
        return TB_NUMBER_ABSENT;
    }
    if (unit != TB_UNIT_TEXT) {
        return tb_value_int(&ev->w->scan, v, per_unit[unit], 1, TB_ROUND_CUT, out);
    }
    bool zone;
    struct tb_str text = place_text(ev, p, TB_FIELD_BYTES_MAX);
    if (text.s == NULL || !tb_ts_parse(text, out, &zone)) {
        return TB_NUMBER_BAD;
    }
    return __builtin_mul_overflow(*out, 1000, out) ? TB_NUMBER_RANGE : TB_NUMBER_OK;
}

/* From "since" to the place, in ms, rounded half away from zero. */
static enum tb_number_end time_between(const struct tb_eval *ev, const struct tb_alternative *a, int64_t *out)
{
    int64_t begin, end;
    enum tb_number_end e = nanoseconds(ev, &a->place, a->unit, &end);
    e = e == TB_NUMBER_OK ? nanoseconds(ev, &a->since, a->unit, &begin) : e;
    if (e != TB_NUMBER_OK) {
        return e;
    }
    if (end < begin || __builtin_sub_overflow(end, begin, out)) {
        return TB_NUMBER_BAD;
    }
    *out = *out / 1000000 + (*out % 1000000 >= 500000 ? 1 : 0);
    return TB_NUMBER_OK;
}

static enum tb_number_end value_number(const struct tb_eval *ev, const struct tb_alternative *a, int field,
                                       const struct tb_value *v, int64_t *out)
{
    bool ms = field == TB_FIELD_NUMBER + TB_N_LATENCY_MS;
    int64_t mul = ms && a->unit == TB_UNIT_S ? 1000 : 1;
    int64_t div = !ms ? 1 : a->unit == TB_UNIT_US ? 1000 : a->unit == TB_UNIT_NS ? 1000000 : 1;
    enum tb_number_end end =
        tb_value_int(&ev->w->scan, v, mul, div, ms ? TB_ROUND_HALF_AWAY : TB_ROUND_NOT, out);
    if (end == TB_NUMBER_OK && a->minus != 0) {
        *out = *out > a->minus ? *out - a->minus : 0;
    }
    return end;
}

static enum tb_number_end alternative_number(const struct tb_eval *ev, const struct tb_alternative *a,
                                             int field, int64_t *out)
{
    bool boolean = field == TB_FIELD_NUMBER + TB_N_SUCCESS;
    if (a->is_const || a->map != NULL) {
        return text_number(alternative_text(ev, a, TB_FIELD_BYTES_MAX), boolean, out);
    }
    const struct tb_value *v = tb_eval_place(ev, &a->place);
    if (v == NULL || v->type == TB_V_NULL) {
        return TB_NUMBER_ABSENT;
    }
    if (a->is_plain && v->type == TB_V_NUMBER && !boolean && tb_value_digits(&ev->w->scan, v, out)) {
        return TB_NUMBER_OK;
    }
    if (!is_admitted(ev, a, v)) {
        return TB_NUMBER_ABSENT;
    }
    if (a->has_since) {
        return time_between(ev, a, out);
    }
    if (a->take == TB_TAKE_COUNT) {
        return count(a, v, out);
    }
    if (boolean) {
        int b = tb_value_bool(&ev->w->scan, v);
        *out = b;
        return b < 0 ? TB_NUMBER_ABSENT : TB_NUMBER_OK;
    }
    return value_number(ev, a, field, v, out);
}

enum tb_number_end tb_eval_number(const struct tb_eval *ev, int field, int64_t *out,
                                  const struct tb_alternative **used)
{
    const struct tb_alternatives *a = &ev->rule->field[field];
    for (size_t i = 0; i < a->n; i++) {
        enum tb_number_end end = alternative_number(ev, &a->alt[i], field, out);
        if (end != TB_NUMBER_ABSENT) {
            if (used != NULL) {
                *used = &a->alt[i];
            }
            return end;
        }
    }
    return TB_NUMBER_ABSENT;
}

static const char *ts_text(const struct tb_eval *ev, const struct tb_value *v, bool zone_utc, int64_t *ts)
{
    bool zone;
    struct tb_str text = tb_value_text(&ev->w->scan, v, TB_FIELD_BYTES_MAX, ev->pad);
    if (v->type != TB_V_STRING || !tb_ts_parse(text, ts, &zone)) {
        return "bad_ts";
    }
    return zone || zone_utc ? NULL : "ts_no_zone";
}

static const char *ts_number(const struct tb_eval *ev, const struct tb_value *v, enum tb_unit unit,
                             int64_t *ts)
{
    int64_t mul = unit == TB_UNIT_S ? TB_US_PER_S : unit == TB_UNIT_MS ? 1000 : 1;
    switch (tb_value_int(&ev->w->scan, v, mul, unit == TB_UNIT_NS ? 1000 : 1, TB_ROUND_CUT, ts)) {
    case TB_NUMBER_OK:
        return NULL;
    case TB_NUMBER_ABSENT:
        return "no_ts";
    case TB_NUMBER_RANGE:
        return "ts_range";
    default:
        return "bad_ts";
    }
}

int64_t tb_eval_ts(const struct tb_eval *ev, bool zone_utc, const char **reason,
                   const struct tb_alternative **used)
{
    const struct tb_alternatives *a = &ev->rule->field[TB_FIELD_TS];
    int64_t ts = 0;
    *reason = "no_ts";
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_value *v = a->alt[i].is_const ? NULL : tb_eval_place(ev, &a->alt[i].place);
        if (v == NULL || v->type == TB_V_NULL || !is_admitted(ev, &a->alt[i], v)) {
            continue;
        }
        if (used != NULL) {
            *used = &a->alt[i];
        }
        enum tb_unit unit = a->alt[i].unit;
        *reason = unit == TB_UNIT_TEXT ? ts_text(ev, v, zone_utc, &ts) : ts_number(ev, v, unit, &ts);
        if (*reason == NULL) { /* else another alternative may know how to read it */
            break;
        }
    }
    return ts;
}

enum tb_number_end tb_eval_cost(const struct tb_eval *ev, struct tb_decimal *out,
                                const struct tb_alternative **used)
{
    const struct tb_alternatives *a = &ev->rule->field[TB_FIELD_COST];
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_value *v = a->alt[i].is_const ? NULL : tb_eval_place(ev, &a->alt[i].place);
        bool none = v == NULL || !is_admitted(ev, &a->alt[i], v);
        enum tb_number_end end = none ? TB_NUMBER_ABSENT : tb_value_decimal(&ev->w->scan, v, out);
        if (end != TB_NUMBER_ABSENT) {
            if (used != NULL) {
                *used = &a->alt[i];
            }
            return end;
        }
    }
    return TB_NUMBER_ABSENT;
}

const struct tb_value *tb_eval_string(const struct tb_eval *ev, const struct tb_alternatives *a,
                                      const struct tb_alternative **used)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_value *v = a->alt[i].is_const ? NULL : tb_eval_place(ev, &a->alt[i].place);
        bool right = v != NULL &&
                     (v->type == TB_V_STRING || (v->type >= TB_V_OBJECT && a->alt[i].take == TB_TAKE_JSON));
        if (right && is_admitted(ev, &a->alt[i], v)) {
            if (used != NULL) {
                *used = &a->alt[i];
            }
            return v;
        }
    }
    return NULL;
}
