/* retry_storm: a consumer's failures, but for those of an outage of the provider, which is one row of its own. new_consumer. */
#include <string.h>
#include "detect/judge.h"

static bool in_outage(const struct tb_judge *j, const struct tb_dg_storm *t)
{
    for (size_t i = 0; i < j->today->outage_n; i++) {
        const struct tb_dg_outage *o = &j->today->outage[i];
        if (t->start_us <= o->end_us && o->start_us <= t->end_us && t->peak < j->rules.outage_keep) {
            return true;
        }
    }
    return false;
}

enum tb_status tb_judge_failure(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    TB_DIGEST_RANGE(g, storm, s->consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_storm *t = &g->storm[i];
        if (in_outage(j, t)) {
            continue;
        }
        struct tb_finding *f = tb_findings_add(j->out, TB_KIND_RETRY_STORM);
        struct tb_words w = {.n = 0};
        if (f == NULL) {
            return tb_judge_no_memory(j);
        }
        f->start_us = t->start_us;
        f->end_us = t->end_us;
        f->score = f->observed = t->failures;
        f->extra = t->calls;
        f->cost = t->cost;
        f->severity = t->failures > j->rules.storm_critical ? TB_SEVERITY_CRITICAL : TB_SEVERITY_WARNING;
        tb_words_text(&w, s->name);
        tb_words_add(&w, ", ");
        tb_words_window(&w, s, f->start_us, f->end_us);
        tb_words_add(&w,
                     ": %u of %u requests failed (429 or 5xx), fewer than %.0f an hour are usual; %lld were "
                     "tried again within %.0f s; cost of failed calls and retries ",
                     t->failures, t->calls, j->rules.storm_failures, (long long)t->retries,
                     j->rules.storm_retry_s);
        tb_words_cost(&w, j, t->cost);
        tb_finding_tell(f, &w);
    }
    return TB_OK;
}

/* Told once: on the first day of a consumer that was not there when the data began. */
enum tb_status tb_judge_new(struct tb_judge *j, struct tb_subject *s)
{
    if (s->first_day != j->day || j->day == j->data_first) {
        return TB_OK;
    }
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_NEW_CONSUMER);
    struct tb_words w = {.n = 0};
    size_t from, to;
    int64_t cost = 0;
    uint32_t n = 0;
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    TB_DIGEST_RANGE(j->today, cell, s->consumer, from, to);
    for (size_t i = from; i < to; i++) {
        cost += j->today->cell[i].cost;
        n += j->today->cell[i].n;
    }
    f->start_us = j->today->from_us;
    f->end_us = j->today->to_us;
    f->observed = n;
    f->severity = TB_SEVERITY_INFO;
    f->cost = cost;
    tb_words_add(&w, "new consumer ");
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w, ": %u requests, ", n);
    tb_words_cost(&w, j, cost);
    tb_words_add(&w, " so far; too few days to say what is usual");
    tb_finding_tell(f, &w);
    return TB_OK;
}
