/* large_prompt: prompts beyond twice the size that one in two hundred of their feature reached in the last 28 days; those of all
 * features of a consumer make one group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "detect/judge.h"

#define BUCKETS 1400

struct sizes {
    double n, at[BUCKETS];
    int days;
};

/* Upper edge of a bucket, in tokens. */
static double edge(uint32_t bucket)
{
    return TB_SIZE_FIRST * pow(1.01, bucket);
}

/* Whether days on which large prompts were told are left out: not when there are many, then they are usual. */
static bool leaves_out(const struct tb_judge *j, const struct tb_subject *s)
{
    int told = 0;
    for (int32_t day = tb_judge_history(j); day < j->day; day++) {
        told += (s->day_flag[day - j->first] & TB_FLAG_SIZE) != 0;
    }
    return told < j->rules.size_days;
}

static void gather(const struct tb_judge *j, const struct tb_subject *s, uint32_t feature, bool all,
                   struct sizes *out)
{
    bool leaves = leaves_out(j, s);
    memset(out, 0, sizeof *out);
    for (int32_t day = tb_judge_history(j); day < j->day; day++) {
        const struct tb_digest *g = &j->digest[day - j->first];
        size_t from, to;
        if (leaves && (s->day_flag[day - j->first] & TB_FLAG_SIZE) != 0) {
            continue;
        }
        TB_DIGEST_RANGE(g, size, s->consumer, from, to);
        out->days += g->events > 0;
        for (size_t i = from; i < to; i++) {
            if (all || g->size[i].feature == feature) {
                uint32_t b = g->size[i].bucket < BUCKETS ? g->size[i].bucket : BUCKETS - 1;
                out->n += g->size[i].n;
                out->at[b] += g->size[i].n;
            }
        }
    }
}

static double limit_of(const struct tb_judge *j, const struct sizes *s)
{
    double rank = ceil(j->rules.size_quantile * s->n), seen = 0;
    uint32_t b = 0;
    for (; b < BUCKETS - 1 && seen + s->at[b] < rank; b++) {
        seen += s->at[b];
    }
    double limit = j->rules.size_times * edge(b);
    return limit > j->rules.size_tokens ? limit : j->rules.size_tokens;
}

static double usual_rate(const struct sizes *s, double limit)
{
    double n = 0;
    for (uint32_t b = 0; b < BUCKETS; b++) {
        n += s->at[b] > 0 && edge(b) > limit ? s->at[b] : 0;
    }
    return s->days > 0 ? n / s->days : 0;
}

/* A prompt beyond its feature's limit. */
struct huge {
    const struct tb_dg_large *is;
    double limit;
};

/* The limit of l's feature, as one more of what f saw, if it is not there yet. */
static void note_limit(struct tb_finding *f, const struct huge *l)
{
    for (uint32_t i = 0; i < f->seen_n; i++) {
        if (f->seen[i].feature == l->is->feature) {
            return;
        }
    }
    if (f->seen_n < TB_SEEN_MAX) {
        f->seen[f->seen_n++] = (struct tb_seen){
            .start_us = f->start_us, .end_us = f->end_us, .least = l->limit, .feature = l->is->feature};
    }
}

static enum tb_status tell(struct tb_judge *j, struct tb_subject *s, const struct huge *l, size_t n,
                           double lambda)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_LARGE_PROMPT);
    struct tb_words w = {.n = 0};
    int64_t most = 0;
    double limit = l[0].limit;
    bool one_feature = true, one_limit = true;
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    f->start_us = l[0].is->ts_us;
    f->end_us = l[n - 1].is->ts_us + 1;
    for (size_t i = 0; i < n; i++) {
        f->cost += l[i].is->cost; /* all of it: it cannot be known what should have been asked instead */
        most = l[i].is->tokens > most ? l[i].is->tokens : most;
        limit = l[i].limit < limit ? l[i].limit : limit;
        one_feature = one_feature && l[i].is->feature == l[0].is->feature;
        one_limit = one_limit && l[i].limit >= l[0].limit && l[i].limit <= l[0].limit;
        note_limit(f, &l[i]);
    }
    f->score = (double)n;
    f->observed = (double)n;
    f->expected = lambda;
    f->extra = (double)n;
    f->dimension = one_feature ? "feature" : NULL;
    f->value = one_feature ? l[0].is->feature : 0;
    f->severity = (double)f->cost > j->rules.critical_usd * 1e12 ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w,
                 ": %zu prompts %sof %.0f tokens or more, the largest of %lld; %.2f a day are usual; cost ",
                 n, one_limit ? "" : "large for their features, ", limit, (long long)most, lambda);
    tb_words_cost(&w, j, f->cost);
    if (f->value != 0) {
        tb_words_add(&w, "; all from feature ");
        tb_words_text(&w, tb_dict_text(j->db, f->value));
    }
    tb_finding_tell(f, &w);
    return TB_OK;
}

static int by_ts(const void *a, const void *b)
{
    const struct tb_dg_large *x = ((const struct huge *)a)->is, *y = ((const struct huge *)b)->is;
    if (x->ts_us != y->ts_us) {
        return x->ts_us < y->ts_us ? -1 : 1;
    }
    return x->tokens != y->tokens ? (x->tokens < y->tokens ? -1 : 1)
                                  : (x->cost > y->cost) - (x->cost < y->cost);
}

/* One feature's prompts [from, to) of today's array; where too few calls of it are known, the limit is that of all features. */
static size_t pick_feature(struct tb_judge *j, const struct tb_subject *s, size_t from, size_t to,
                           struct sizes *sizes, struct huge *found, double *lambda)
{
    const struct tb_digest *g = j->today;
    size_t n = 0;
    bool any = false; /* of no limit less than the rules' own */
    for (size_t i = from; i < to && !any; i++) {
        any = (double)g->large[i].tokens >= j->rules.size_tokens;
    }
    if (!any) {
        return 0;
    }
    gather(j, s, g->large[from].feature, false, sizes);
    if (sizes->n < j->rules.size_past) {
        gather(j, s, 0, true, sizes);
    }
    if (sizes->n < j->rules.size_past) {
        return 0;
    }
    double limit = limit_of(j, sizes);
    for (size_t i = from; i < to; i++) {
        if ((double)g->large[i].tokens >= limit) {
            found[n++] = (struct huge){&g->large[i], limit};
        }
    }
    *lambda += n > 0 ? usual_rate(sizes, limit) : 0;
    return n;
}

static enum tb_status tell_groups(struct tb_judge *j, struct tb_subject *s, const struct huge *found,
                                  size_t n, double lambda)
{
    enum tb_status st = TB_OK;
    size_t begin = 0;
    for (size_t i = 1; i <= n && st == TB_OK; i++) {
        if (i < n && (double)(found[i].is->ts_us - found[i - 1].is->ts_us) <=
                         j->rules.size_gap_hours * (double)TB_US_PER_H) {
            continue;
        }
        double count = (double)(i - begin);
        bool unusual = lambda <= j->rules.size_usual || count >= lambda + 4 * sqrt(lambda) + 3;
        if (count >= j->rules.size_requests && unusual) {
            st = tell(j, s, found + begin, i - begin, lambda);
        }
        begin = i;
    }
    return st;
}

enum tb_status tb_judge_size(struct tb_judge *j, struct tb_subject *s)
{
    size_t from, to, n = 0;
    double lambda = 0;
    TB_DIGEST_RANGE(j->today, large, s->consumer, from, to);
    if (from == to) {
        return TB_OK;
    }
    struct sizes *sizes = malloc(sizeof *sizes);
    struct huge *found = malloc((to - from) * sizeof *found);
    enum tb_status st = sizes == NULL || found == NULL ? tb_judge_no_memory(j) : TB_OK;
    for (size_t at = from; at < to && st == TB_OK; at = from) { /* sorted by feature behind the consumer */
        while (from < to && j->today->large[from].feature == j->today->large[at].feature) {
            from++;
        }
        n += pick_feature(j, s, at, from, sizes, found + n, &lambda);
    }
    if (n > 0 && st == TB_OK) {
        qsort(found, n, sizeof *found, by_ts);
        st = tell_groups(j, s, found, n, lambda);
    }
    free(sizes);
    free(found);
    return st;
}
