/* The samples in format files: the format's own tests.
 * "accepted": [{"line": L, "events": [{FIELD: VALUE, ...}, ...]}], "ignored" and "rejected": [{"line": L, "reason": R}].
 * Of an event the named fields are compared, as text; null: absent. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "format/extract.h"

typedef void bad_fn(void *ctx, const char *id, size_t sample, const char *why);

struct run {
    const struct tb_format *f;
    struct tb_extractor *x;
    bad_fn *bad;
    void *ctx;
    size_t sample; /* counted over the whole file, from 1 */
    bool told;
};

static void complain(struct run *r, const char *fmt, const char *a, const char *b, const char *c)
{
    char why[400];
    snprintf(why, sizeof why, fmt, a, b, c);
    r->bad(r->ctx, r->f->id, r->sample, why);
    r->told = true;
}

/* What the event has under a name, as explain tells it. */
struct wanted {
    struct run *r;
    const struct tb_json_node *events; /* the array */
    uint32_t seen[TB_EVENTS_PER_RECORD_MAX];
};

static const struct tb_json_node *nth(const struct tb_json_node *array, uint32_t n)
{
    const struct tb_json_node *e = tb_json_first(array);
    for (; e != NULL && n > 0; n--) {
        e = tb_json_next(e);
    }
    return e;
}

static bool same(const struct tb_json_node *want, struct tb_str got)
{
    char text[32];
    int64_t n;
    switch (tb_json_type(want)) {
    case TB_JSON_NULL:
        return got.s == NULL;
    case TB_JSON_NUMBER:
        snprintf(text, sizeof text, "%lld", tb_json_int(want, &n) ? (long long)n : -1LL);
        return tb_str_eq(tb_str_of(text), got);
    default:
        return tb_str_eq(tb_json_text(want), got);
    }
}

static void compare(void *ctx, uint32_t event, const char *name, struct tb_str value, const char *from)
{
    struct wanted *w = ctx;
    const struct tb_json_node *e = nth(w->events, event);
    const struct tb_json_node *want = e == NULL ? NULL : tb_json_get(e, name);
    (void)from;
    if (want == NULL) {
        return;
    }
    w->seen[event]++;
    if (!same(want, value)) {
        char got[120];
        snprintf(got, sizeof got, "%.*s", value.s == NULL ? 8 : (int)(value.n < 100 ? value.n : 100),
                 value.s == NULL ? "(absent)" : value.s);
        complain(w->r, "field \"%s\" is \"%s\"%s", name, got, "");
    }
}

static void check_accepted(struct run *r, const struct tb_json_node *sample, struct tb_str line,
                           const struct tb_outcome *out)
{
    struct wanted w = {.r = r, .events = tb_json_get(sample, "events")};
    if (out->kind != TB_OUTCOME_EVENTS) {
        complain(r, "is not accepted: %s%s%s", out->reason, "", "");
        return;
    }
    if (w.events == NULL || (uint32_t)tb_json_count(w.events) != out->n) {
        complain(r, "makes another number of events than \"events\" has%s%s%s", "", "", "");
        return;
    }
    tb_extract_explain(r->x, line, compare, &w);
    for (uint32_t i = 0; i < out->n && !r->told; i++) {
        if (w.seen[i] != (uint32_t)tb_json_count(nth(w.events, i))) {
            complain(r, "names a field that the event does not have%s%s%s", "", "", "");
        }
    }
}

static void check_other(struct run *r, const struct tb_json_node *sample, enum tb_outcome_kind kind,
                        const struct tb_outcome *out)
{
    const struct tb_json_node *want = tb_json_get(sample, "reason");
    if (out->kind != kind) {
        complain(r, "is %s%s%s",
                 out->kind == TB_OUTCOME_EVENTS    ? "accepted"
                 : out->kind == TB_OUTCOME_IGNORED ? "ignored: "
                                                   : "rejected: ",
                 out->reason == NULL ? "" : out->reason, "");
    } else if (want == NULL || !tb_str_eq(tb_json_text(want), tb_str_of(out->reason))) {
        complain(r, "has the reason \"%s\"%s%s", out->reason, "", "");
    }
}

/* Lines in files have 16 readable bytes behind them; a copy gives the sample's line the same. */
static void check_one(struct run *r, const struct tb_json_node *sample, enum tb_outcome_kind kind)
{
    const struct tb_json_node *line = tb_json_get(sample, "line");
    struct tb_str text = line == NULL ? TB_STR_NULL : tb_json_text(line);
    struct tb_outcome out;
    r->sample++;
    r->told = false;
    char *copy = calloc(1, text.n + 16);
    if (text.s == NULL || copy == NULL) {
        complain(r, "has no \"line\"%s%s%s", "", "", "");
        free(copy);
        return;
    }
    memcpy(copy, text.s, text.n);
    text.s = copy;
    tb_extract(r->x, text, &out);
    if (kind == TB_OUTCOME_EVENTS) {
        check_accepted(r, sample, text, &out);
    } else {
        check_other(r, sample, kind, &out);
    }
    free(copy);
}

static void check_format(struct run *r)
{
    static const char *const names[] = {"accepted", "ignored", "rejected"};
    const struct tb_json_node *samples = tb_json_get(tb_json_root(r->f->json), "samples");
    for (int i = 0; i < 3; i++) {
        const struct tb_json_node *list = samples == NULL ? NULL : tb_json_get(samples, names[i]);
        if (list == NULL || tb_json_type(list) != TB_JSON_ARRAY || tb_json_count(list) == 0) {
            size_t sample = r->sample;
            r->sample = 0; /* of the whole file */
            complain(r, "there is no sample in \"%s\": add one%s%s", names[i], "", "");
            r->sample = sample;
            continue;
        }
        for (const struct tb_json_node *s = tb_json_first(list); s != NULL; s = tb_json_next(s)) {
            check_one(r, s, (enum tb_outcome_kind)i);
        }
    }
}

size_t tb_format_check_samples(const struct tb_format_set *set, bad_fn *bad, void *ctx)
{
    size_t run = 0;
    for (size_t i = 0; i < tb_format_count(set); i++) {
        struct run r = {.f = tb_format_at(set, i), .bad = bad, .ctx = ctx};
        r.x = tb_extractor_new(r.f);
        if (r.x != NULL) {
            check_format(&r);
        }
        tb_extractor_free(r.x);
        run += r.sample;
    }
    return run;
}
