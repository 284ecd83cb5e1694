/* For `formats test`: each field of each event, and where in the line it came from. */
#include <stdio.h>
#include "base/clock.h"
#include "format/extract.h"

#define FROM_MAX 600

typedef void field_fn(void *ctx, uint32_t event, const char *name, struct tb_str value, const char *from);

struct teller {
    struct tb_extractor *x;
    uint32_t event;
    field_fn *field;
    void *ctx;
};

/* The alternative's path, with the instance's key in the place of `*`. */
static void write_from(const struct tb_eval *ev, const struct tb_alternative *a, char out[FROM_MAX])
{
    if (a->is_const) {
        snprintf(out, FROM_MAX, "constant");
        return;
    }
    const struct tb_instance *in = &ev->w->instance[a->place.scope][ev->instance[a->place.scope]];
    const char *star = strchr(a->place.path, '*');
    if (a->place.scope == 0 || star == NULL || in->key_at == 0) {
        snprintf(out, FROM_MAX, "%s", a->place.path);
        return;
    }
    int key = in->key_n < 100 ? (int)in->key_n : 100;
    snprintf(out, FROM_MAX, "%.*s%.*s%s", (int)(star - a->place.path), a->place.path, key,
             ev->w->scan.line + in->key_at, star + 1);
}

static void write_missing(const struct tb_rule *r, int field, char out[FROM_MAX])
{
    const struct tb_alternatives *a = &r->field[field];
    int n = snprintf(out, FROM_MAX, "nothing at");
    for (size_t i = 0; i < a->n && n < FROM_MAX - 1; i++) {
        n += snprintf(out + n, (size_t)(FROM_MAX - n), "%s %s", i == 0 ? "" : ",",
                      a->alt[i].is_const ? "constant" : a->alt[i].place.path);
    }
}

/* Tells of one field: value as the event has it, and the alternative it came from (NULL: none had anything). */
static void tell(const struct teller *t, int field, struct tb_str value, const struct tb_alternative *used)
{
    char from[FROM_MAX];
    const struct tb_eval *ev = &t->x->eval[t->event];
    if (used != NULL) {
        write_from(ev, used, from);
    } else if (value.s != NULL) {
        snprintf(from, sizeof from, "%s",
                 tb_str_eq(value, TB_STR("(anonymous)")) || tb_str_eq(value, TB_STR("(none)")) ? "default"
                                                                                               : "derived");
    } else {
        write_missing(ev->rule, field, from);
    }
    t->field(t->ctx, t->event, tb_field_name(field), value, from);
}

static void tell_number(const struct teller *t, int n, const char *derived)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    char text[40];
    int64_t raw;
    const struct tb_alternative *used = NULL;
    bool has = tb_event_has(e, (enum tb_event_number)n);
    snprintf(text, sizeof text, "%lld", (long long)e->number[n]);
    struct tb_str value = has ? tb_str_of(text) : TB_STR_NULL;
    if (derived != NULL) {
        if (has) {
            t->field(t->ctx, t->event, tb_event_number_names[n], value, derived);
        }
        return;
    }
    if (ev->rule->field[TB_FIELD_NUMBER + n].n == 0) {
        return;
    }
    enum tb_number_end end = tb_eval_number(ev, TB_FIELD_NUMBER + n, &raw, &used);
    if (!has && end != TB_NUMBER_ABSENT) {
        t->field(t->ctx, t->event, tb_event_number_names[n], value,
                 end == TB_NUMBER_OK ? "left out: see flags" : "left out: no good number");
        return;
    }
    tell(t, TB_FIELD_NUMBER + n, value, used);
}

static void tell_texts(const struct teller *t)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    for (int i = 0; i < TB_T_COUNT; i++) {
        const struct tb_alternative *used = NULL;
        if (ev->rule->field[TB_FIELD_TEXT + i].n != 0 || e->text[i].s != NULL) {
            tb_eval_text(ev, &ev->rule->field[TB_FIELD_TEXT + i], TB_FIELD_BYTES_MAX, &used);
            if (tb_field_name(TB_FIELD_TEXT + i) != NULL) {
                tell(t, TB_FIELD_TEXT + i, e->text[i], used);
            }
        }
    }
}

static void tell_cost(const struct teller *t)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    const struct tb_alternatives *a = &ev->rule->field[TB_FIELD_COST];
    struct tb_decimal d;
    const struct tb_alternative *used = NULL;
    if (a->n == 0) {
        return;
    }
    (void)tb_eval_cost(ev, &d, &used);
    struct tb_str raw = TB_STR_NULL;
    if (e->has_cost && used != NULL) {
        raw = tb_value_raw(&ev->w->scan, tb_eval_place(ev, &used->place));
    }
    tell(t, TB_FIELD_COST, raw, used);
    if (e->has_cost) {
        t->field(t->ctx, t->event, "cost_currency", e->text[TB_T_COST_CURRENCY],
                 e->text[TB_T_COST_CURRENCY].s != NULL ? "the format's cost_currency"
                                                       : "unknown: evidence only, never charged");
    }
}

static void tell_prompt(const struct teller *t)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    const struct tb_alternative *used = NULL;
    char text[48];
    if (ev->rule->field[TB_FIELD_PROMPT].n == 0) {
        return;
    }
    (void)tb_eval_string(ev, &ev->rule->field[TB_FIELD_PROMPT], &used);
    snprintf(text, sizeof text, "(%lld characters)", (long long)e->number[TB_N_PROMPT_CHARS]);
    tell(t, TB_FIELD_PROMPT, e->prompt.s != NULL ? tb_str_of(text) : TB_STR_NULL, used);
}

static void tell_event(const struct teller *t)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    char text[64];
    const struct tb_alternative *used = NULL;
    const char *reason;
    tb_eval_text(ev, &ev->rule->field[TB_FIELD_ID], TB_ID_BYTES_MAX, &used);
    tell(t, TB_FIELD_ID, e->id, used);
    (void)tb_eval_ts(ev, true, &reason, &used);
    tell(t, TB_FIELD_TS, (struct tb_str){text, tb_ts_format(e->ts_us, text)}, used);
    tell_texts(t);
    for (int i = 0; i < TB_N_COUNT; i++) {
        const char *derived = i == TB_N_TOTAL_ONLY ? "only a total is known"
                              : i == TB_N_SAVED    ? "semantic-cache hit"
                                                   : NULL;
        if (i != TB_N_PROMPT_CHARS) {
            tell_number(t, i, derived);
        }
    }
    tell_cost(t);
    tell_prompt(t);
    t->field(t->ctx, t->event, "quality", tb_str_of(tb_quality_names[e->quality]), "derived");
    int n = snprintf(text, sizeof text, "%s%s%s%s", (e->flags & TB_F_TOOL) != 0 ? "tool " : "",
                     (e->flags & TB_F_TOTAL_MISMATCH) != 0 ? "total_mismatch " : "",
                     (e->flags & TB_F_CACHE_HIT) != 0 ? "cache_hit " : "",
                     (e->flags & TB_F_REFUSED) != 0 ? "refused " : "");
    if (n > 0) {
        t->field(t->ctx, t->event, "flags", (struct tb_str){text, (size_t)n - 1}, "derived");
    }
}

void tb_extract_explain(struct tb_extractor *x, struct tb_str record, field_fn *field, void *ctx)
{
    struct tb_outcome out;
    tb_extract(x, record, &out);
    for (uint32_t i = 0; out.kind == TB_OUTCOME_EVENTS && i < out.n; i++) {
        struct teller t = {x, i, field, ctx};
        tell_event(&t);
    }
}
