/* One event from one record (or one instance of a rule's `each`). */
#include "format/extract.h"

#include <stdlib.h>
#include "base/limits.h"
#include "base/money.h"
#include "event/prompt.h"
#include "format/message.h"

#define TOKEN_BITS                                                                                           \
    (1u << TB_N_INPUT | 1u << TB_N_CACHE_READ | 1u << TB_N_CACHE_WRITE_5M | 1u << TB_N_CACHE_WRITE_1H |      \
     1u << TB_N_OUTPUT | 1u << TB_N_REASONING | 1u << TB_N_TOTAL_ONLY)
#define KEY_BYTES_MAX 100 /* of a plugin key in an id */

static bool has(const struct tb_rule *r, int field)
{
    return r->field[field].n != 0;
}

static void unset(struct tb_event *e, uint32_t bits)
{
    for (int i = 0; i < TB_N_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            e->number[i] = 0;
        }
    }
    e->present &= ~bits;
}

/* --- texts ------------------------------------------------------------------------------------------------------------------ */

static void fill_texts(const struct tb_eval *ev, struct tb_event *e)
{
    for (int k = 0; k < ev->rule->texts; k++) {
        int i = ev->rule->text[k];
        e->text[i] = tb_eval_text(ev, &ev->rule->field[TB_FIELD_TEXT + i], TB_FIELD_BYTES_MAX, NULL);
    }
}

/* id, and the key of the instance behind it when the record makes several events. */
static void fill_id(const struct tb_eval *ev, bool many, struct tb_event *e)
{
    e->id = tb_eval_text(ev, &ev->rule->field[TB_FIELD_ID], TB_ID_BYTES_MAX - KEY_BYTES_MAX - 1, NULL);
    const struct tb_instance *in = &ev->w->instance[ev->rule->scope][ev->instance[ev->rule->scope]];
    if (!many || e->id.n == 0 || !ev->rule->key_in_id || in->key_at == 0) {
        return;
    }
    struct tb_str raw = {ev->w->scan.line + in->key_at, in->key_n};
    struct tb_str key = tb_value_decode(raw, KEY_BYTES_MAX, ev->pad);
    char *room = tb_pad_room(ev->pad, e->id.n + 1 + key.n);
    if (room != NULL) {
        memcpy(room, e->id.s, e->id.n);
        room[e->id.n] = '/';
        memcpy(room + e->id.n + 1, key.s, key.n);
        e->id = (struct tb_str){room, e->id.n + 1 + key.n};
    }
}

/* --- numbers ---------------------------------------------------------------------------------------------------------------- */

/* Numbers whose loss would change what is charged or counted: a bad one rejects the line. The others (latency, sizes, ...)
 * are then left absent. */
static bool is_essential(int n)
{
    return n <= TB_N_STATUS;
}

static const char *number_reason(enum tb_number_end end, int64_t n)
{
    return end == TB_NUMBER_BAD     ? "bad_number"
           : end == TB_NUMBER_RANGE ? "number_range"
           : n < 0                  ? "negative"
                                    : NULL;
}

static const char *fill_numbers(const struct tb_eval *ev, struct tb_event *e)
{
    for (int k = 0; k < ev->rule->numbers; k++) {
        int i = ev->rule->number[k];
        int64_t n = 0;
        enum tb_number_end end = tb_eval_digits(ev, &ev->rule->field[TB_FIELD_NUMBER + i], &n);
        if (end == TB_NUMBER_BAD || (end == TB_NUMBER_OK && i == TB_N_SUCCESS)) {
            end = tb_eval_number(ev, TB_FIELD_NUMBER + i, &n, NULL);
        }
        if (end == TB_NUMBER_ABSENT) {
            continue;
        }
        const char *reason = number_reason(end, n);
        if (reason == NULL && i <= TB_N_REASONING && n > TB_TOKENS_MAX) {
            reason = "number_range";
        }
        if (reason != NULL && is_essential(i)) {
            return reason;
        }
        if (reason == NULL) {
            tb_event_set(e, (enum tb_event_number)i, n);
        }
    }
    return NULL;
}

/* Makes the classes disjoint. */
static const char *split_classes(const struct tb_format *f, const struct tb_eval *ev, struct tb_event *e)
{
    if (f->cached_inside_input && tb_event_has(e, TB_N_INPUT) &&
        tb_eval_conditions(ev, &ev->rule->cached_inside)) {
        e->number[TB_N_INPUT] -=
            e->number[TB_N_CACHE_READ] + e->number[TB_N_CACHE_WRITE_5M] + e->number[TB_N_CACHE_WRITE_1H];
    }
    if (tb_event_has(e, TB_N_REASONING) &&
        !(f->reasoning_inside_output && tb_eval_conditions(ev, &ev->rule->reasoning_inside))) {
        tb_event_set(e, TB_N_OUTPUT, e->number[TB_N_OUTPUT] + e->number[TB_N_REASONING]);
    }
    bool negative = e->number[TB_N_INPUT] < 0 || e->number[TB_N_REASONING] > e->number[TB_N_OUTPUT];
    return negative ? "negative_remainder" : NULL;
}

static const char *fill_total(const struct tb_eval *ev, struct tb_event *e)
{
    int64_t total = 0;
    enum tb_number_end end = tb_eval_digits(ev, &ev->rule->field[TB_FIELD_TOTAL], &total);
    if (end == TB_NUMBER_BAD) {
        end = tb_eval_number(ev, TB_FIELD_TOTAL, &total, NULL);
    }
    bool classes = (e->present & TOKEN_BITS) != 0;
    e->quality = classes ? TB_QUALITY_EXACT : TB_QUALITY_NONE;
    if (end == TB_NUMBER_ABSENT) {
        return NULL;
    }
    const char *reason = number_reason(end, total);
    if (reason == NULL && total > TB_TOKENS_MAX) {
        reason = "number_range";
    }
    if (reason != NULL) {
        return reason;
    }
    if (!classes) {
        tb_event_set(e, TB_N_TOTAL_ONLY, total);
        e->quality = TB_QUALITY_TOTAL_ONLY;
    } else if (total != tb_event_tokens(e)) {
        e->flags |= TB_F_TOTAL_MISMATCH;
    }
    return NULL;
}

static bool in_range(const struct tb_decimal *cost)
{
    tb_money m;
    if (cost->exponent <= 0 && cost->mantissa <= TB_COST_MAX) { /* the usual case */
        return true;
    }
    return tb_money_from_decimal(cost, &m, NULL) && m <= tb_money_of_cents(100) * TB_COST_MAX;
}

static const char *fill_cost(const struct tb_format *f, const struct tb_eval *ev, struct tb_event *e)
{
    struct tb_decimal cost;
    if (!has(ev->rule, TB_FIELD_COST)) {
        return NULL;
    }
    enum tb_number_end end = tb_eval_cost(ev, &cost, NULL);
    const char *reason = end == TB_NUMBER_ABSENT ? NULL : number_reason(end, cost.mantissa < 0 ? -1 : 0);
    if (end == TB_NUMBER_OK && reason == NULL && !in_range(&cost)) {
        reason = "number_range";
    }
    if (reason != NULL) { /* without a unit it is evidence only: no reason to lose the event */
        return f->cost_currency.s != NULL ? reason : NULL;
    }
    if (end == TB_NUMBER_OK) {
        e->has_cost = true;
        e->cost = cost;
        e->text[TB_T_COST_CURRENCY] = f->cost_currency;
    }
    return NULL;
}

/* --- what kind of call it was -------------------------------------------------------------------------------------------------- */

static void no_cost(struct tb_event *e)
{
    e->has_cost = false;
    e->cost = (struct tb_decimal){0, 0};
    e->text[TB_T_COST_CURRENCY] = TB_STR_NULL;
}

/* A refused call never costs; a semantic-cache hit's tokens were saved. */
static void fill_kind(const struct tb_eval *ev, struct tb_event *e)
{
    const struct tb_rule *r = ev->rule;
    if (r->tool) {
        e->flags |= TB_F_TOOL;
    }
    if (r->estimated.n != 0 && e->quality == TB_QUALITY_EXACT && tb_eval_conditions(ev, &r->estimated)) {
        e->quality = TB_QUALITY_ESTIMATED;
    }
    bool is_429 = tb_event_has(e, TB_N_STATUS) && e->number[TB_N_STATUS] == 429;
    if (is_429 || (r->refused.n != 0 && tb_eval_conditions(ev, &r->refused))) {
        e->flags = (uint8_t)((e->flags | TB_F_REFUSED) & ~TB_F_TOTAL_MISMATCH);
        unset(e, TOKEN_BITS);
        e->quality = TB_QUALITY_NONE;
        no_cost(e);
    } else if (r->cache_hit.n != 0 && tb_eval_conditions(ev, &r->cache_hit)) {
        int64_t saved = tb_event_tokens(e);
        e->flags |= TB_F_CACHE_HIT;
        unset(e, TOKEN_BITS);
        tb_event_set(e, TB_N_SAVED, saved);
        e->quality = e->quality == TB_QUALITY_NONE ? TB_QUALITY_NONE : TB_QUALITY_EXACT;
        no_cost(e);
    }
}

static void fill_defaults(struct tb_event *e)
{
    bool failed = (e->flags & TB_F_REFUSED) != 0 ||
                  (tb_event_has(e, TB_N_STATUS) && e->number[TB_N_STATUS] >= 400) ||
                  (tb_event_has(e, TB_N_SUCCESS) && e->number[TB_N_SUCCESS] == 0);
    if (e->text[TB_T_CONSUMER].s == NULL) {
        e->text[TB_T_CONSUMER] = TB_STR("(anonymous)");
    }
    if (failed && e->text[TB_T_PROVIDER].s == NULL) {
        e->text[TB_T_PROVIDER] = TB_STR("(none)");
    }
    if (failed && e->text[TB_T_MODEL].s == NULL) {
        e->text[TB_T_MODEL] = TB_STR("(none)");
    }
}

/* --- prompt ------------------------------------------------------------------------------------------------------------------ */

static bool prompt_room(struct tb_extractor *x)
{
    size_t need = 2 * x->walk.scan.n + 64; /* all prompts of the line, and the messages in them */
    if (x->prompt_used != 0 || need <= x->prompt_cap) {
        return true;
    }
    free(x->prompt);
    x->prompt_cap = need + need / 2;
    x->prompt = malloc(x->prompt_cap);
    x->prompt_cap = x->prompt == NULL ? 0 : x->prompt_cap;
    return x->prompt != NULL;
}

static struct tb_str prompt_decoded(struct tb_extractor *x, const struct tb_value *v)
{
    struct tb_str raw = tb_value_raw(&x->walk.scan, v);
    if (v->type >= TB_V_OBJECT) {
        raw = tb_message_json((struct tb_str){x->walk.scan.line + v->at, x->walk.scan.n - v->at});
    }
    struct tb_str text = raw;
    if (x->prompt_used + 2 * raw.n + 8 > x->prompt_cap) { /* the same texts again and again, by odd formats */
        x->pad.failed = true;
        return TB_STR_NULL;
    }
    if (v->type < TB_V_OBJECT && memchr(raw.s, '\\', raw.n) != NULL) {
        text = (struct tb_str){x->prompt + x->prompt_used, 0};
        text.n = tb_value_unescape(raw, x->prompt + x->prompt_used, raw.n + 4);
        x->prompt_used += text.n;
    }
    if (text.s == NULL) {
        return text;
    }
    struct tb_str message = tb_message_last_user(text, x->prompt + x->prompt_used);
    if (message.s == x->prompt + x->prompt_used) {
        x->prompt_used += message.n;
    }
    return message;
}

static struct tb_str prompt_text(struct tb_extractor *x, const struct tb_value *v, size_t alternative)
{
    struct tb_prompt_seen *seen = &x->prompt_seen[alternative % TB_PROMPTS_SEEN];
    if (seen->record == x->record && seen->at == v->at) {
        return seen->text;
    }
    if (!prompt_room(x)) {
        x->pad.failed = true;
        return TB_STR_NULL;
    }
    *seen = (struct tb_prompt_seen){x->record, v->at, prompt_decoded(x, v)};
    return seen->text;
}

static void fill_prompt(struct tb_extractor *x, const struct tb_eval *ev, struct tb_event *e)
{
    const struct tb_value *v = NULL;
    const struct tb_alternatives *a = &ev->rule->field[TB_FIELD_PROMPT];
    const struct tb_alternative *used = a->alt;
    if (a->n != 0) {
        v = tb_eval_string(ev, a, &used);
    }
    if (v != NULL) {
        e->prompt = prompt_text(x, v, (size_t)(used - a->alt));
    }
    if (e->prompt.s != NULL) {
        e->prompt_fingerprint = tb_prompt_fingerprint(e->prompt);
        tb_event_set(e, TB_N_PROMPT_CHARS, tb_prompt_chars(e->prompt));
    }
    if (has(ev->rule, TB_FIELD_PROMPT_HASH)) { /* the producer's own: it knows best what is the same */
        struct tb_str hash =
            tb_eval_text(ev, &ev->rule->field[TB_FIELD_PROMPT_HASH], TB_FIELD_BYTES_MAX, NULL);
        if (hash.s != NULL) {
            e->prompt_fingerprint = tb_prompt_fingerprint(hash);
        }
    }
}

const char *tb_fill_event(struct tb_extractor *x, const struct tb_eval *ev, bool many, struct tb_event *e)
{
    const char *reason;
    tb_event_clear(e);
    e->ts_us = tb_eval_ts(ev, x->f->zone_utc, &reason, NULL);
    reason = reason != NULL ? reason : fill_numbers(ev, e);
    reason = reason != NULL ? reason : split_classes(x->f, ev, e);
    reason = reason != NULL ? reason : fill_total(ev, e);
    reason = reason != NULL ? reason : fill_cost(x->f, ev, e);
    if (reason != NULL) {
        return reason;
    }
    fill_texts(ev, e);
    fill_id(ev, many, e);
    fill_kind(ev, e);
    fill_defaults(e);
    fill_prompt(x, ev, e);
    return x->pad.failed ? "no_memory" : tb_event_check(e);
}
