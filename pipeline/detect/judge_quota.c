/* quota_exhausted: windows of quotas that ran out on the judged day, or ran out before and were knocked at again. A window of a
 * consumer is one incident, however many nodes count it apart. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "detect/judge.h"
#include "detect/subject.h"
#include "rate/quota.h"
#include "rate/tuple.h"

static double number_of(tb_int128 v, enum tb_measure m)
{
    return m == TB_MEASURE_COST ? tb_money_double(v) : (double)v;
}

static void add_amount(struct tb_words *w, const struct tb_judge *j, tb_int128 v, enum tb_measure m)
{
    if (m == TB_MEASURE_COST) {
        tb_words_cost(w, j, (int64_t)(v / TB_PICO_OF_MONEY));
    } else {
        tb_words_add(w, "%" PRId64, (int64_t)v);
    }
}

static void add_words(struct tb_judge *j, const struct tb_subject *s, const struct tb_quota_out *q,
                      const struct tb_finding *f, struct tb_words *w)
{
    tb_words_text(w, q->consumer);
    tb_words_add(w, ", ");
    tb_words_window(w, s, f->start_us, f->end_us);
    tb_words_add(w, ": used up ");
    add_amount(w, j, q->use.limit, q->measure);
    tb_words_add(w, "%s%s of tier \"", q->measure == TB_MEASURE_COST ? "" : " ",
                 q->measure == TB_MEASURE_COST ? "" : tb_quota_measure_names[q->measure]);
    tb_words_text(w, q->tier);
    tb_words_add(w, "\" (window %s) at ", tb_quota_window_names[q->window]);
    tb_words_instant(w, s, f->start_us, f->start_us);
    tb_words_add(w, ", ");
    add_amount(w, j, q->use.used, q->measure);
    tb_words_add(w, " in all");
    if (q->use.limit > 0) {
        tb_words_add(w, " (%.2fx)", f->score);
    }
    if (q->node.n > 0) {
        tb_words_add(w, " on node ");
        tb_words_text(w, q->node);
    }
    bool one = q->use.day_requests_after == 1;
    tb_words_add(w, "; behind that %" PRId64 " request%s with %" PRId64 " tokens for ",
                 q->use.day_requests_after, one ? "" : "s", q->use.day_tokens_after);
    tb_words_cost(w, j, f->cost);
    tb_words_add(w, " %s let through and %" PRId64 " refused", one ? "was" : "were", q->use.day_refused);
    if (q->use.windows_over > 1) {
        tb_words_add(w, "; %" PRId64 " such windows this day", q->use.windows_over);
    }
}

/* The model that took most of the consumer's tokens of the day. */
static void add_driver(struct tb_words *w, const struct tb_judge *j, uint32_t consumer)
{
    size_t from, to, best = SIZE_MAX;
    TB_DIGEST_RANGE(j->today, cell, consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_cell *c = &j->today->cell[i];
        bool named = c->model != 0 || c->feature != 0;
        if (named &&
            (best == SIZE_MAX || c->in + c->out > j->today->cell[best].in + j->today->cell[best].out)) {
            best = i;
        }
    }
    if (best != SIZE_MAX) {
        const struct tb_dg_cell *c = &j->today->cell[best];
        tb_words_add(w, "; driver: ");
        tb_words_text(w, c->model != 0 ? tb_dict_text(j->db, c->model) : TB_STR("no model"));
        if (c->feature != 0) {
            tb_words_add(w, " in feature ");
            tb_words_text(w, tb_dict_text(j->db, c->feature));
        }
        tb_words_add(w, " with %" PRId64 " tokens", c->in + c->out);
    }
}

static enum tb_status tell(struct tb_judge *j, const struct tb_quota_out *q, uint32_t consumer,
                           struct tb_finding *f)
{
    struct tb_subject s;
    struct tb_words w = {.n = 0};
    enum tb_status st = tb_subject_init(&s, j, j->accounts, consumer);
    int64_t day_end = tb_judge_until(j), end = q->use.end_us < day_end ? q->use.end_us : day_end;
    f->consumer = consumer;
    f->start_us = q->use.exhausted_us;
    f->end_us = end > f->start_us ? end : f->start_us + 1;
    f->first_day = tb_zone_day(j->settings->zone, f->start_us);
    f->last_day = j->day;
    f->observed = number_of(q->use.used, q->measure);
    f->expected = number_of(q->use.limit, q->measure);
    f->score = q->use.limit > 0 ? f->observed / f->expected : 1;
    tb_money cost = q->use.day_cost_after / TB_PICO_OF_MONEY;
    f->cost = cost > INT64_MAX ? INT64_MAX : (int64_t)cost;
    if (st == TB_OK) {
        add_words(j, &s, q, f, &w);
        add_driver(&w, j, consumer);
        tb_finding_tell(f, &w);
    }
    tb_subject_release(&s);
    return st;
}

static void name(const struct tb_quota_out *q, char out[256])
{
    snprintf(out, 256, "%.*s|%s|%s", (int)(q->tier.n < 200 ? q->tier.n : 200),
             q->tier.s != NULL ? q->tier.s : "", tb_quota_measure_names[q->measure],
             tb_quota_window_names[q->window]);
}

static bool calls_today(const struct tb_judge *j, uint32_t consumer)
{
    size_t from, to;
    TB_DIGEST_RANGE(j->today, place, consumer, from, to);
    return to > from;
}

/* Findings of the day by their ids: there may be some of each consumer. */
struct seen {
    struct tb_tuples ids;
    size_t from; /* of j->out */
};

enum { ID_WORDS = sizeof((struct tb_finding *)0)->id / sizeof(uint32_t) + 1 };

/* The finding of this id; a new one if there is none. */
static enum tb_status find(struct tb_judge *j, struct seen *seen, const char *id, struct tb_finding **out,
                           bool *is_new)
{
    uint32_t key[ID_WORDS] = {0}, number = 0;
    memcpy(key, id, strlen(id));
    enum tb_status st = tb_tuples_add(&seen->ids, key, &number, is_new, j->err);
    if (st != TB_OK) {
        return st;
    }
    *out = *is_new ? tb_findings_add(j->out, TB_KIND_QUOTA_EXHAUSTED) : &j->out->f[seen->from + number];
    return *out == NULL ? tb_judge_no_memory(j) : TB_OK;
}

/* Another node counted the same window: the one that ran out first tells. */
static enum tb_status judge_row(struct tb_judge *j, struct seen *seen, const struct tb_quota_out *q)
{
    char what[256];
    struct tb_finding f = {.kind = TB_KIND_QUOTA_EXHAUSTED, .severity = TB_SEVERITY_WARNING};
    uint32_t consumer = 0;
    bool rolling = q->window == TB_WINDOW_ROLLING_24H;
    enum tb_status st = tb_dict_id(j->db, q->consumer, false, &consumer, j->err);
    if (st != TB_OK) {
        return st;
    }
    if (q->use.exhausted_us < j->today->from_us && !calls_today(j, consumer)) {
        return TB_OK;
    }
    name(q, what);
    tb_finding_name(&f, q->consumer, tb_str_of(what), rolling ? j->today->from_us : q->use.start_us);
    struct tb_finding *same = NULL;
    bool is_new = false;
    st = find(j, seen, f.id, &same, &is_new);
    if (st != TB_OK) {
        return st;
    }
    if (!is_new && same->start_us <= q->use.exhausted_us) {
        same->cost += (int64_t)(q->use.day_cost_after / TB_PICO_OF_MONEY);
        return TB_OK;
    }
    int64_t other = is_new ? 0 : same->cost;
    memcpy(same->id, f.id, sizeof f.id);
    st = tell(j, q, consumer, same);
    same->cost += other;
    return st;
}

static bool is_exhausted(const struct tb_judge *j, const struct tb_quota_out *q)
{
    return !q->use.unlimited && q->use.exhausted_us != TB_QUOTA_NEVER &&
           q->use.exhausted_us < j->today->to_us;
}

enum tb_status tb_judge_quotas(struct tb_judge *j)
{
    struct tb_quota_result r;
    if (j->tables->quota_count == 0) {
        return TB_OK;
    }
    enum tb_status st = tb_quota_query(j->db, j->settings, j->tables, j->day, j->day, j->day, &r, j->err);
    if (st != TB_OK) {
        return st;
    }
    struct seen seen = {.from = j->out->n};
    tb_tuples_init(&seen.ids, ID_WORDS, TB_TUPLES_MAX);
    for (size_t i = 0; i < r.n && st == TB_OK; i++) {
        st = is_exhausted(j, &r.rows[i]) ? judge_row(j, &seen, &r.rows[i]) : TB_OK;
    }
    tb_tuples_release(&seen.ids);
    tb_quota_release(&r);
    return st;
}
