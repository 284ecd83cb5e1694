/* repeat_exact, repeat_template, repeat_near, loop_growing, cache_candidate: runs of alike prompts, held against earlier days' runs of
 * the same prompt. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

struct past {
    int days; /* on which such runs were */
    uint32_t longest;
};

static bool is_alike(const struct tb_judge *j, const struct tb_dg_run *a, const struct tb_dg_run *b)
{
    if (a->fingerprint == b->fingerprint) {
        return true;
    }
    return tb_signature_is(&a->signature) && tb_signature_is(&b->signature) &&
           tb_signature_equal(&a->signature, &b->signature) >= (int)j->rules.lanes;
}

/* Earlier days' runs of the same prompt; of declared automation all its runs of this kind of repetition. */
static struct past past_of(const struct tb_judge *j, const struct tb_subject *s, const struct tb_dg_run *run)
{
    struct past p = {0, 0};
    int32_t first = j->day - (int32_t)j->rules.history_days;
    for (int32_t day = first > j->first ? first : j->first; day < j->day; day++) {
        const struct tb_digest *g = &j->digest[day - j->first];
        size_t from, to;
        bool any = false;
        TB_DIGEST_RANGE(g, run, s->consumer, from, to);
        for (size_t i = from; i < to; i++) {
            bool own = s->declared && (g->run[i].kind == TB_RUN_EXACT) == (run->kind == TB_RUN_EXACT);
            if (own || is_alike(j, &g->run[i], run)) {
                any = true;
                p.longest = g->run[i].n > p.longest ? g->run[i].n : p.longest;
            }
        }
        p.days += any;
    }
    return p;
}

static bool is_growing(const struct tb_judge *j, const struct tb_dg_run *r)
{
    return (double)r->grew >= j->rules.growing_share * (r->n - 1) &&
           (double)r->in_last >= j->rules.growing_ratio * (double)r->in_first;
}

static void add_words(struct tb_judge *j, struct tb_subject *s, const struct tb_dg_run *r, enum tb_kind kind,
                      int64_t waste, struct tb_words *w)
{
    static const char *const alike[] = {"with the same text", "with the same text but for numbers and ids",
                                        "with nearly the same text"};
    tb_words_text(w, s->name);
    tb_words_add(w, ", ");
    tb_words_window(w, s, r->start_us, r->end_us + 1);
    tb_words_add(w, ": %u requests in a row %s from one address; fewer than %.0f are usual", r->n,
                 alike[r->kind], j->rules.repeat_requests);
    if (kind == TB_KIND_LOOP_GROWING) {
        tb_words_add(w, "; input grew from %lld to %lld tokens, each step sends the earlier ones again",
                     (long long)r->in_first, (long long)r->in_last);
    }
    tb_words_add(w, "; cost beyond the first ");
    tb_words_cost(w, j, waste);
    if (r->feature != 0) {
        tb_words_add(w, "; feature ");
        tb_words_text(w, tb_dict_text(j->db, r->feature));
    }
    if (!tb_signature_is(&r->signature)) {
        tb_words_add(w, "; by the text's fingerprint alone, no signature was kept");
    }
}

static enum tb_status tell(struct tb_judge *j, struct tb_subject *s, const struct tb_dg_run *r,
                           enum tb_kind kind, const struct past *p)
{
    struct tb_finding *f = tb_findings_add(j->out, kind);
    struct tb_words w = {.n = 0};
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    double n = r->n;
    int64_t waste = llround((double)r->cost * (n - 1) / n);
    f->start_us = r->start_us;
    f->end_us = r->end_us + 1;
    f->score =
        kind == TB_KIND_LOOP_GROWING ? (double)r->in_last / (double)(r->in_first > 0 ? r->in_first : 1) : n;
    f->observed = n;
    f->expected = p->longest;
    f->extra = r->n_day;
    f->cost = waste;
    f->subject = r->fingerprint;
    f->dimension = "feature";
    f->value = r->feature;
    bool at_end = r->end_us >= j->today->to_us - (int64_t)(j->rules.gap_min * (double)TB_US_PER_MIN);
    bool large = (double)waste > j->rules.critical_usd * 1e12 || n > j->rules.critical_requests;
    f->severity =
        (kind == TB_KIND_LOOP_GROWING ? at_end || large : large) ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
    add_words(j, s, r, kind, waste, &w);
    if (kind == TB_KIND_CACHE_CANDIDATE) {
        f->severity = TB_SEVERITY_INFO;
        f->expected = p->longest;
        tb_words_add(&w, "; the same came on %d earlier days, up to %u in a row", p->days, p->longest);
    }
    tb_finding_tell(f, &w);
    return TB_OK;
}

/* Only the longest run of a popular prompt is told of a day. */
static bool is_longest(const struct tb_judge *j, const struct tb_digest *g, size_t from, size_t to, size_t at)
{
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_run *a = &g->run[i], *b = &g->run[at];
        if (i != at && is_alike(j, a, b) && (a->n > b->n || (a->n == b->n && a->start_us < b->start_us))) {
            return false;
        }
    }
    return true;
}

enum tb_status tb_judge_repeat(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    enum tb_status st = TB_OK;
    size_t from, to;
    TB_DIGEST_RANGE(g, run, s->consumer, from, to);
    for (size_t i = from; i < to && st == TB_OK; i++) {
        const struct tb_dg_run *r = &g->run[i];
        if (r->n < j->rules.repeat_requests) {
            continue;
        }
        static const enum tb_kind kinds[] = {TB_KIND_REPEAT_EXACT, TB_KIND_REPEAT_TEMPLATE,
                                             TB_KIND_REPEAT_NEAR};
        struct past p = past_of(j, s, r);
        bool popular = p.days >= j->rules.popular_days, longer = r->n >= j->rules.popular_times * p.longest;
        enum tb_kind kind = is_growing(j, r) ? TB_KIND_LOOP_GROWING : kinds[r->kind];
        if (!popular || longer) {
            st = tell(j, s, r, kind, &p);
        } else if (r->kind == TB_RUN_EXACT && !s->declared && is_longest(j, g, from, to, i)) {
            st = tell(j, s, r, TB_KIND_CACHE_CANDIDATE, &p);
        }
    }
    return st;
}
