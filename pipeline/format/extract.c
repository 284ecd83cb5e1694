/* Rules: what a record is, and how many events it makes. */
#include "format/extract.h"

#include <stdlib.h>
#include "format/plain.h"
#include "format/strict.h"

/* Room for n events. False without memory. */
static bool make_room(struct tb_extractor *x, uint32_t n)
{
    if (n <= x->capacity) {
        return true;
    }
    free(x->event);
    free(x->eval);
    x->event = calloc(n, sizeof *x->event);
    x->eval = calloc(n, sizeof *x->eval);
    x->capacity = x->event != NULL && x->eval != NULL ? n : 0;
    return x->capacity != 0;
}

struct tb_extractor *tb_extractor_new(const struct tb_format *f)
{
    struct tb_extractor *x = calloc(1, sizeof *x);
    if (x != NULL) {
        x->f = f;
        tb_delimited_init(&x->rows);
        if (!make_room(x, 1) || !tb_walk_init(&x->walk, &f->trie) ||
            (f->has_strings && !tb_inner_init(&x->inner, &f->strings))) {
            tb_extractor_free(x);
            return NULL;
        }
    }
    return x;
}

void tb_extractor_free(struct tb_extractor *x)
{
    if (x != NULL) {
        tb_walk_release(&x->walk);
        tb_pad_release(&x->pad);
        tb_delimited_release(&x->rows);
        tb_inner_release(&x->inner);
        free(x->event);
        free(x->eval);
        free(x->prompt);
        free(x);
    }
}

void tb_extractor_start(struct tb_extractor *x)
{
    tb_delimited_start(&x->rows);
}

/* --- outcomes -------------------------------------------------------------------------------------------------------------- */

static void ignored(struct tb_outcome *out, const char *reason)
{
    *out = (struct tb_outcome){.kind = TB_OUTCOME_IGNORED, .reason = reason};
}

/* Only keys that the format itself names are shown: a log's own keys may hold what a query string or a map held. */
static bool key_known(void *ctx, struct tb_str key)
{
    const struct tb_trie *t = ctx;
    for (uint16_t i = 1; i < t->nodes; i++) {
        if (t->node[i].key.s != NULL && tb_str_eq(t->node[i].key, key)) {
            return true;
        }
    }
    return false;
}

static void rejected(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out, const char *reason,
                     size_t byte)
{
    *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = reason, .byte = byte};
    struct tb_trie *t = (struct tb_trie *)(uintptr_t)&x->f->trie; /* key_known only reads */
    size_t n = tb_strict_outline(record, key_known, t, x->excerpt, sizeof x->excerpt);
    out->excerpt = (struct tb_str){x->excerpt, n};
}

/* --- rules ----------------------------------------------------------------------------------------------------------------- */

static struct tb_eval eval_of(struct tb_extractor *x, const struct tb_rule *r, uint16_t instance)
{
    struct tb_eval ev = {.w = &x->walk, .pad = &x->pad, .rule = r};
    ev.instance[r->scope] = instance;
    for (int scope = r->scope, p = 0; r->parent_scope[p] != 0; scope = r->parent_scope[p++]) {
        ev.instance[r->parent_scope[p]] = x->walk.instance[scope][ev.instance[scope]].parent;
    }
    return ev;
}

static bool is_recognised(struct tb_extractor *x)
{
    struct tb_eval ev = {.w = &x->walk, .pad = &x->pad, .rule = &x->f->rule[0]};
    for (size_t i = 0; i < x->f->n_recognise; i++) {
        if (tb_eval_conditions(&ev, &x->f->recognise[i])) {
            return true;
        }
    }
    return false;
}

/* The evaluations of r's events into x->eval; how many. */
static uint32_t rule_events(struct tb_extractor *x, const struct tb_rule *r)
{
    uint32_t n = 0;
    uint16_t count = r->scope == 0 ? 1 : x->walk.instances[r->scope];
    for (uint16_t i = 0; i < count && n < r->most; i++) {
        if (r->scope != 0 && x->walk.instance[r->scope][i].dead) {
            continue;
        }
        x->eval[n] = eval_of(x, r, i);
        n += tb_eval_conditions(&x->eval[n], &r->when) ? 1 : 0;
    }
    return n;
}

/* The first rule that applies. */
static void apply_rules(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out)
{
    for (size_t i = 0; i < x->f->n_rules; i++) {
        const struct tb_rule *r = &x->f->rule[i];
        if (!make_room(x, x->walk.instances[r->scope])) {
            rejected(x, record, out, "no_memory", 0);
            return;
        }
        uint32_t n = rule_events(x, r);
        if (n == 0) {
            continue;
        }
        if (r->then == TB_THEN_IGNORE) {
            ignored(out, r->reason);
            return;
        }
        const char *reason = r->reason;
        for (uint32_t k = 0; k < n && reason == NULL; k++) {
            reason = tb_fill_event(x, &x->eval[k], n > 1, &x->event[k]);
        }
        if (reason != NULL) {
            rejected(x, record, out, reason, 0);
            return;
        }
        *out = (struct tb_outcome){.kind = TB_OUTCOME_EVENTS, .events = x->event, .n = n};
        return;
    }
    rejected(x, record, out, "not_recognised", 0);
}

static void extract_json(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out)
{
    size_t byte = 0;
    const char *reason;
    struct tb_str line = record;
    enum tb_walk_end end = x->f->has_strings ? tb_inner_open(&x->inner, record, &line) : TB_WALK_OK;
    switch (end == TB_WALK_OK ? tb_walk_line(&x->walk, line) : end) {
    case TB_WALK_BAD:
        if (tb_strict_check(record, &byte, &reason)) { /* it is what a string holds that is nested too deep */
            bool deep = line.s != record.s && !tb_strict_check(line, &byte, &reason);
            reason = deep ? reason : "no_memory"; /* for a long line's masks: say so, lose nothing silently */
            byte = 0;
        }
        rejected(x, record, out, reason, byte);
        return;
    case TB_WALK_TOO_MANY:
        rejected(x, record, out, "too_many_events", 0);
        return;
    case TB_WALK_OK:
        break;
    }
    if (record.s[0] != '{' || !is_recognised(x)) {
        rejected(x, record, out, "not_recognised", 0);
        return;
    }
    apply_rules(x, record, out);
}

/* A line that is text, or the rest of a torn record: those end as records do. */
static bool is_text(struct tb_str record)
{
    char last = record.s[record.n - 1];
    return last != '}' && last != ']' && memchr(record.s, 0, record.n) == NULL;
}

static void extract_row(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out)
{
    struct tb_str json;
    switch (tb_delimited_read(&x->rows, &x->f->trie, record, &json)) {
    case TB_DELIMITED_ROW:
        if (json.n > TB_LINE_MAX) {
            *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = "too_long"};
            return;
        }
        extract_json(x, json, out);
        return;
    case TB_DELIMITED_HEADER:
        ignored(out, "header");
        return;
    case TB_DELIMITED_NO_HEADER:
        *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = "no_header"};
        return;
    default:
        *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = "bad_row"};
    }
}

static void extract_plain(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out)
{
    const char *reason = tb_plain_reason(record);
    if (reason != NULL) {
        ignored(out, reason);
    } else if (x->f->delimited) {
        extract_row(x, record, out);
    } else if (x->f->text_lines != NULL && is_text(record)) {
        ignored(out, x->f->text_lines);
    } else {
        *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = "not_json"};
    }
}

void tb_extract(struct tb_extractor *x, struct tb_str record, struct tb_outcome *out)
{
    if (record.n >= 3 && memcmp(record.s, "\xef\xbb\xbf", 3) == 0) {
        record = (struct tb_str){record.s + 3, record.n - 3};
    }
    struct tb_str whole = record; /* a row may begin with an empty cell and a TAB */
    while (record.n > 0 && (unsigned char)record.s[0] <= ' ' && record.s[0] != 0) {
        record = (struct tb_str){record.s + 1, record.n - 1};
    }
    tb_pad_clear(&x->pad);
    x->prompt_used = 0;
    x->record++;
    if (record.n == 0) {
        ignored(out, "blank");
    } else if (record.n > TB_LINE_MAX) {
        *out = (struct tb_outcome){.kind = TB_OUTCOME_REJECTED, .reason = "too_long", .byte = TB_LINE_MAX};
    } else if (record.s[0] == '{' || record.s[0] == '[') {
        extract_json(x, record, out);
    } else {
        extract_plain(x, x->f->delimited ? whole : record, out);
    }
}
