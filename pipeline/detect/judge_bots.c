/* bot_ua, bot_regular, bot_24h: programs that run under a person's key. Declared automation is none of them. */
#include <math.h>
#include <string.h>
#include "detect/judge.h"

static enum tb_status judge_agents(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    TB_DIGEST_RANGE(g, agent, s->consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_agent *a = &g->agent[i];
        if (a->n < j->rules.agent_requests) {
            continue;
        }
        struct tb_finding *f = tb_findings_add(j->out, TB_KIND_BOT_UA);
        struct tb_words w = {.n = 0};
        struct tb_str name = tb_dict_text(j->db, a->agent);
        if (f == NULL) {
            return tb_judge_no_memory(j);
        }
        f->start_us = a->start_us;
        f->end_us = a->end_us + 1;
        f->score = f->observed = f->extra = a->n;
        f->expected = 0;
        f->cost = a->cost;
        f->subject = tb_hash64(name.s, name.n, 0);
        tb_words_text(&w, s->name);
        tb_words_add(&w, ", ");
        tb_words_window(&w, s, f->start_us, f->end_us);
        tb_words_add(&w, ": %u requests from a crawler, user agent \"", a->n);
        tb_words_text(&w, name);
        tb_words_add(&w, "\"; none is usual for a key that is not declared automation; cost ");
        tb_words_cost(&w, j, a->cost);
        tb_finding_tell(f, &w);
    }
    return TB_OK;
}

/* On how many earlier days this consumer had such a stretch. */
static int steady_days(const struct tb_judge *j, const struct tb_subject *s)
{
    int days = 0;
    int32_t first = j->day - (int32_t)j->rules.history_days;
    for (int32_t day = first > j->first ? first : j->first; day < j->day; day++) {
        size_t from, to;
        TB_DIGEST_RANGE(&j->digest[day - j->first], steady, s->consumer, from, to);
        days += to > from;
    }
    return days;
}

static enum tb_status judge_regular(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    TB_DIGEST_RANGE(g, steady, s->consumer, from, to);
    if (from == to || steady_days(j, s) >= 5) {
        return TB_OK;
    }
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_steady *d = &g->steady[i];
        struct tb_finding *f = tb_findings_add(j->out, TB_KIND_BOT_REGULAR);
        struct tb_words w = {.n = 0};
        struct tb_str ip = tb_dict_text(j->db, d->ip);
        if (f == NULL) {
            return tb_judge_no_memory(j);
        }
        f->start_us = d->start_us;
        f->end_us = d->end_us + 1;
        f->score = (double)d->share_ppm / 1e6;
        f->observed = d->n;
        f->extra = d->n;
        f->cost = d->cost;
        f->subject = tb_hash64(ip.s, ip.n, 0);
        tb_words_text(&w, s->name);
        tb_words_add(&w, ", ");
        tb_words_window(&w, s, f->start_us, f->end_us);
        tb_words_add(&w,
                     ": %u requests from one address, %.0f%% of the gaps within %.0f%% of %.1f s; people "
                     "make 15-25%%; cost ",
                     d->n, 100 * f->score, 100 * j->rules.regular_band,
                     (double)d->gap_us / (double)TB_US_PER_S);
        tb_words_cost(&w, j, d->cost);
        tb_finding_tell(f, &w);
    }
    return TB_OK;
}

/* --- round the clock --------------------------------------------------------------------------------------------------------- */

struct round {
    double n, quarter[4], hour_n[24], cost;
    int active;
};

static void add_places(const struct tb_judge *j, const struct tb_subject *s, const struct tb_digest *g,
                       uint32_t ip, int32_t first, struct round *out)
{
    size_t from, to;
    (void)j;
    TB_DIGEST_RANGE(g, place, s->consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_place *p = &g->place[i];
        int32_t at = p->hour - s->clock->hour_first;
        if (p->ip == ip && p->hour >= first && p->hour < first + 24 && at >= 0 && at < s->clock->hours) {
            out->active += out->hour_n[p->hour - first] == 0;
            out->hour_n[p->hour - first] += p->n;
            out->n += p->n;
            out->cost += (double)p->cost;
            out->quarter[s->clock->hour[at] / 6] += p->n;
        }
    }
}

/* The usual share of the consumer's quietest local quarter of the day, over its days of history; -1 when there are too few. */
static double usual_quarter(const struct tb_judge *j, const struct tb_subject *s)
{
    int32_t today = tb_zone_day(s->clock->zone, j->today->from_us);
    double all = 0, part[4] = {0, 0, 0, 0}, least;
    int days = 0;
    for (int32_t d = today - (int32_t)j->rules.history_days; d < today - 1; d++) {
        int at = tb_local_at(s, d, 0);
        if (at < 0 || d < s->first_local) {
            continue;
        }
        days++;
        for (int h = 0; h < 24; h++) {
            double n = s->flag[at + h] != 0 ? 0 : s->n[at + h];
            all += n;
            part[h / 6] += n;
        }
    }
    least = part[0];
    for (int q = 1; q < 4; q++) {
        least = part[q] < least ? part[q] : least;
    }
    return days < 5 || all <= 0 ? -1 : least / all;
}

/* Calls of an address by hour, from the day before the judged one on. */
struct hours {
    uint32_t n[50];
    int32_t first;
};

static void add_hours(const struct tb_digest *g, uint32_t consumer, uint32_t ip, struct hours *out)
{
    size_t from, to;
    TB_DIGEST_RANGE(g, place, consumer, from, to);
    for (size_t i = from; i < to; i++) {
        const struct tb_dg_place *p = &g->place[i];
        uint32_t at = (uint32_t)(p->hour - out->first);
        if (p->ip == ip && at < sizeof out->n / sizeof *out->n) {
            out->n[at] += p->n;
        }
    }
}

/* The 24 hours from `first` on; usual: as usual_quarter says. */
static bool is_round(const struct tb_judge *j, const struct tb_subject *s, const struct hours *hours,
                     int32_t first, double usual, double *share)
{
    double n = 0, quarter[4] = {0};
    int quiet = 0, active = 0;
    for (int32_t hour = first; hour < first + 24; hour++) {
        int32_t at = hour - s->clock->hour_first;
        uint32_t calls = at >= 0 && at < s->clock->hours ? hours->n[hour - hours->first] : 0;
        if (calls > 0) {
            active++;
            n += calls;
            quarter[s->clock->hour[at] / 6] += calls;
        }
    }
    for (int q = 1; q < 4; q++) {
        quiet = quarter[q] < quarter[quiet] ? q : quiet;
    }
    if (n < j->rules.day_requests || active < j->rules.day_hours) {
        return false;
    }
    *share = quarter[quiet] / n;
    return *share >= j->rules.day_quarter && *share >= j->rules.day_times * usual;
}

static enum tb_status tell_round(struct tb_judge *j, struct tb_subject *s, uint32_t ip, const struct round *r,
                                 double share, int64_t start_us)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_BOT_24H);
    struct tb_words w = {.n = 0};
    struct tb_str name = tb_dict_text(j->db, ip);
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    /* at night there is next to none but the program: it runs so all day; quarters that differ by chance only are all its own */
    double quiet = share * r->n, all = 4 * (quiet + 2 * sqrt(quiet)) < r->n ? 4 * quiet : r->n;
    f->start_us = start_us;
    f->end_us = start_us + TB_US_PER_DAY;
    f->score = share;
    f->observed = r->n;
    f->extra = all;
    f->cost = llround(r->cost * all / r->n);
    f->subject = tb_hash64(name.s, name.n, 0);
    tb_words_text(&w, s->name);
    tb_words_add(&w, ", ");
    tb_words_window(&w, s, f->start_us, f->end_us);
    tb_words_add(&w,
                 ": %.0f requests from one address in %d of 24 hours, %.0f%% of them in its quietest quarter "
                 "of the day; about %.0f by a program, cost ",
                 r->n, r->active, 100 * share, all);
    tb_words_cost(&w, j, f->cost);
    tb_finding_tell(f, &w);
    return TB_OK;
}

static enum tb_status judge_address(struct tb_judge *j, struct tb_subject *s, uint32_t ip, double usual)
{
    const struct tb_digest *g = j->today;
    struct hours hours = {.first = (int32_t)(g->from_us / TB_US_PER_H) - 24};
    enum tb_status st = TB_OK;
    add_hours(g - 1, s->consumer, ip, &hours);
    add_hours(g, s->consumer, ip, &hours);
    for (int64_t end = g->from_us + 6 * TB_US_PER_H; end <= g->to_us && st == TB_OK; end += 6 * TB_US_PER_H) {
        struct round r = {.n = 0};
        double share = 0;
        int32_t first = (int32_t)((end - TB_US_PER_DAY) / TB_US_PER_H);
        if (is_round(j, s, &hours, first, usual, &share)) {
            add_places(j, s, g - 1, ip, first, &r);
            add_places(j, s, g, ip, first, &r);
            st = tell_round(j, s, ip, &r, share, end - TB_US_PER_DAY);
        }
    }
    return st;
}

static enum tb_status judge_round(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    uint32_t last = 0;
    enum tb_status st = TB_OK;
    TB_DIGEST_RANGE(g, place, s->consumer, from, to);
    if (from == to || j->day == j->first) {
        return TB_OK;
    }
    double usual = usual_quarter(j, s);
    for (size_t i = from; i < to && usual >= 0 && st == TB_OK;
         i++) { /* sorted by address behind the consumer */
        uint32_t ip = g->place[i].ip;
        if (ip != last) {
            last = ip;
            st = judge_address(j, s, ip, usual);
        }
    }
    return st;
}

enum tb_status tb_judge_bots(struct tb_judge *j, struct tb_subject *s)
{
    if (s->declared) {
        return TB_OK;
    }
    enum tb_status st = judge_agents(j, s);
    if (st == TB_OK) {
        st = judge_regular(j, s);
    }
    return st == TB_OK ? judge_round(j, s) : st;
}
