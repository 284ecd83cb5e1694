/* Conditions of rules: what a value is held against. */
#include "format/eval.h"

#include <string.h>
#include "base/clock.h"
#include "base/glob.h"
#include "base/limits.h"

/* What a condition looks at: a number when it is one, else a text. */
struct subject {
    bool present;
    bool is_number;
    struct tb_decimal number;
    struct tb_str text;
};

static struct subject subject_place(const struct tb_eval *ev, const struct tb_condition *c)
{
    struct subject s = {.present = false};
    const struct tb_value *v = tb_eval_place(ev, &c->place);
    s.present = v != NULL && v->type != TB_V_NULL;
    if (s.present && c->test >= TB_TEST_EQUALS && v->type < TB_V_OBJECT) {
        s.text = tb_value_text(&ev->w->scan, v, TB_FIELD_BYTES_MAX, ev->pad);
        s.is_number = tb_value_decimal(&ev->w->scan, v, &s.number) == TB_NUMBER_OK;
    }
    return s;
}

static struct subject subject_field(const struct tb_eval *ev, const struct tb_condition *c)
{
    struct subject s = {.present = false};
    int f = c->field;
    int64_t n = 0;
    const char *reason;
    if ((f >= TB_FIELD_NUMBER && f < TB_FIELD_ID) || f == TB_FIELD_TOTAL) {
        enum tb_number_end end =
            f != TB_FIELD_NUMBER + TB_N_SUCCESS ? tb_eval_digits(ev, &ev->rule->field[f], &n) : TB_NUMBER_BAD;
        end = end == TB_NUMBER_BAD ? tb_eval_number(ev, f, &n, NULL) : end;
        s.present = end != TB_NUMBER_ABSENT;
        s.is_number = end == TB_NUMBER_OK;
        s.number = (struct tb_decimal){n, 0};
    } else if (f == TB_FIELD_TS) {
        tb_eval_ts(ev, true, &reason, NULL);
        s.present = reason == NULL || strcmp(reason, "no_ts") != 0;
    } else if (f == TB_FIELD_COST) {
        enum tb_number_end end = tb_eval_cost(ev, &s.number, NULL);
        s.present = end != TB_NUMBER_ABSENT;
        s.is_number = end == TB_NUMBER_OK;
    } else {
        s.text = tb_eval_text(ev, &ev->rule->field[f], TB_FIELD_BYTES_MAX, NULL);
        s.present = s.text.s != NULL;
    }
    return s;
}

/* a - b's sign; both are small in conditions: what does not fit is far away. */
static int decimal_order(const struct tb_decimal *a, const struct tb_decimal *b)
{
    tb_int128 x = a->mantissa, y = b->mantissa;
    int32_t e = a->exponent;
    if (e == b->exponent) {
        return (x > y) - (x < y);
    }
    const tb_int128 big = (tb_int128)1 << 120;
    for (; e > b->exponent && x < big && x > -big; e--) {
        x *= 10;
    }
    for (; e < b->exponent && y < big && y > -big; e++) {
        y *= 10;
    }
    return (x > y) - (x < y);
}

static bool equals_one(const struct subject *s, const struct tb_condition *c)
{
    for (size_t i = 0; i < c->n_values; i++) {
        struct tb_str want = c->values[i];
        if (want.s == NULL ? !s->present : s->text.s != NULL && tb_str_eq(want, s->text)) {
            return true;
        }
        bool number = s->is_number && c->numbers[i].exponent != TB_NO_NUMBER;
        if (number && decimal_order(&s->number, &c->numbers[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct tb_eval *ev, const struct tb_condition *c)
{
    if (c->test == TB_TEST_ANY) {
        for (size_t i = 0; i < c->n_any; i++) {
            if (holds(ev, &c->any[i])) {
                return true;
            }
        }
        return false;
    }
    struct subject s = c->field >= 0 ? subject_field(ev, c) : subject_place(ev, c);
    switch (c->test) {
    case TB_TEST_PRESENT:
        return s.present;
    case TB_TEST_ABSENT:
        return !s.present;
    case TB_TEST_EQUALS:
        return equals_one(&s, c);
    case TB_TEST_NOT:
        return !equals_one(&s, c);
    case TB_TEST_FROM:
        return s.is_number && decimal_order(&s.number, &c->bound) >= 0;
    case TB_TEST_LIKE:
        return s.text.s != NULL && tb_eval_like(s.text, c->values, c->n_values);
    default:
        return s.is_number && decimal_order(&s.number, &c->bound) < 0;
    }
}

bool tb_eval_conditions(const struct tb_eval *ev, const struct tb_conditions *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!holds(ev, &c->c[i])) {
            return false;
        }
    }
    return true;
}
