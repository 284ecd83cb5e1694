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

struct text {
    char s[FROM_MAX];
    size_t n;
};

static void add(struct text *t, const char *s, size_t n)
{
    n = n < FROM_MAX - 1 - t->n ? n : FROM_MAX - 1 - t->n;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

static void add_cstr(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

/* What a `*` stood for: the key, or the number of the element, from 0. */
static void add_star(struct text *t, const struct tb_walk *w, unsigned scope, uint16_t number)
{
    char digits[16];
    const struct tb_instance *list = w->instance[scope], *in = &list[number];
    if (in->key_at != 0) {
        add(t, w->scan.line + in->key_at, in->key_n < 100 ? in->key_n : 100);
        return;
    }
    uint16_t first = number;
    while (first > 0 && list[first - 1].parent == in->parent) {
        first--;
    }
    snprintf(digits, sizeof digits, "%u", (unsigned)(number - first));
    add_cstr(t, digits);
}

/* The place's path as it was in this line. */
static void add_place(struct text *t, const struct tb_eval *ev, const struct tb_place *p)
{
    unsigned scope[TB_TRIE_SCOPES_MAX], n = 0;
    for (unsigned s = p->scope; s != 0; s = ev->w->trie->scope[s].parent) {
        scope[n++] = s;
    }
    for (const char *at = p->path; *at != 0; at++) {
        bool star = at[0] == '*' && at[-1] == '/' && (at[1] == 0 || at[1] == '/') && n > 0;
        if (star) {
            n--;
            add_star(t, ev->w, scope[n], ev->instance[scope[n]]);
        } else {
            add(t, at, 1);
        }
    }
}

static void add_alternative(struct text *t, const struct tb_eval *ev, const struct tb_alternative *a)
{
    if (a->is_const) {
        add_cstr(t, "constant");
        return;
    }
    add_place(t, ev, &a->place);
    for (size_t i = 1; i < a->joins; i++) {
        add_cstr(t, " + ");
        add_place(t, ev, &a->join[i]);
    }
    if (a->has_since) {
        add_cstr(t, " - ");
        add_place(t, ev, &a->since);
    }
}

/* Why a field has nothing: where nothing is, and where something is that does not count. */
static void add_missing(struct text *t, const struct tb_eval *ev, const struct tb_alternatives *a)
{
    if (a->n == 0) {
        add_cstr(t, "nothing: its paths begin with @, and the rule that applied has no \"each\"");
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct tb_value *v = a->alt[i].is_const ? NULL : tb_eval_place(ev, &a->alt[i].place);
        bool there = v != NULL && v->type != TB_V_NULL && !(v->type == TB_V_STRING && v->n == 0);
        add_cstr(t, i == 0 ? "nothing at " : ", ");
        add_alternative(t, ev, &a->alt[i]);
        add_cstr(t, there ? " (what is there does not count)" : "");
    }
}

/* Tells of one field: value as the event has it, and the alternative it came from (NULL: none had anything). */
static void tell_more(const struct teller *t, int field, struct tb_str value,
                      const struct tb_alternative *used, const char *more)
{
    struct text from = {.n = 0};
    const struct tb_eval *ev = &t->x->eval[t->event];
    if (used != NULL) {
        add_alternative(&from, ev, used);
        add_cstr(&from, more);
    } else if (value.s != NULL) {
        bool fixed = tb_str_eq(value, TB_STR("(anonymous)")) || tb_str_eq(value, TB_STR("(none)"));
        add_cstr(&from, fixed ? "default" : "derived");
    } else {
        add_missing(&from, ev, &ev->rule->field[field]);
    }
    t->field(t->ctx, t->event, tb_field_name(field), value, from.s);
}

static void tell(const struct teller *t, int field, struct tb_str value, const struct tb_alternative *used)
{
    tell_more(t, field, value, used, "");
}

/* What was done to the number that the log has. */
static const char *change_of(int n, int64_t raw, int64_t value)
{
    return n == TB_N_INPUT && value != raw    ? ", less what was cached"
           : n == TB_N_OUTPUT && value != raw ? ", and reasoning"
                                              : "";
}

static void tell_number(const struct teller *t, int n, const char *derived)
{
    const struct tb_event *e = &t->x->event[t->event];
    const struct tb_eval *ev = &t->x->eval[t->event];
    char text[40];
    int64_t raw = 0;
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
    tell_more(t, TB_FIELD_NUMBER + n, value, used,
              end == TB_NUMBER_OK ? change_of(n, raw, e->number[n]) : "");
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
