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
        tb_words_add(&w, ": %u request%s from a crawler, user agent \"", a->n, a->n == 1 ? "" : "s");
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

/* The consumer's quietest local quarter of the day, over its days of history: its share of all calls, and its calls a day. */
struct quiet {
    double share, n;
};

/* False when there are too few days. */
static bool usual_quiet(const struct tb_judge *j, const struct tb_subject *s, struct quiet *out)
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
    bool known = days >= 5 && all > 0;
    *out = known ? (struct quiet){least / all, least / days} : (struct quiet){0, 0};
    return known;
}

#define HOURS (24 + TB_PLACE_HOURS)

/* Calls of an address by hour, from 24 hours before the judged day on. */
struct hours {
    double n[HOURS], cost[HOURS];
    int32_t first;
};

static void add_hours(const struct tb_digest *g, const struct tb_dg_place *p, struct hours *out)
{
    const struct tb_dg_hour *x = &g->hour[p->first];
    for (uint32_t left = p->hours; left != 0; left &= left - 1, x++) {
        uint32_t at = (uint32_t)(tb_digest_hour(g, left) - out->first);
        if (at < HOURS) {
            out->n[at] += x->n;
            out->cost[at] += (double)x->cost;
        }
    }
}

/* Adds the hours of an address in a day, if it was seen then. */
static void add_day(const struct tb_digest *g, uint32_t consumer, uint32_t ip, struct hours *out)
{
    size_t from, to;
    TB_DIGEST_RANGE(g, place, consumer, from, to);
    for (size_t i = from; i < to; i++) {
        if (g->place[i].ip == ip) {
            add_hours(g, &g->place[i], out);
        }
    }
}

/* 24 hours of an address. */
struct round {
    double n, quarter[4], cost;
    int active;
    double share; /* of the quietest quarter of the consumer's day */
};

/* The 24 hours from `first` on. */
static struct round round_of(const struct tb_subject *s, const struct hours *hours, int32_t first)
{
    struct round r = {.n = 0};
    for (int32_t hour = first; hour < first + 24; hour++) {
        int32_t at = hour - s->clock->hour_first, k = hour - hours->first;
        if (at >= 0 && at < s->clock->hours && k < HOURS && hours->n[k] > 0) {
            r.active++;
            r.n += hours->n[k];
            r.cost += hours->cost[k];
            r.quarter[s->clock->hour[at] / 6] += hours->n[k];
        }
    }
    double quiet = r.quarter[0];
    for (int q = 1; q < 4; q++) {
        quiet = r.quarter[q] < quiet ? r.quarter[q] : quiet;
    }
    r.share = r.n > 0 ? quiet / r.n : 0;
    return r;
}

/* A day with little by day, such as a holiday, is none: there must be more calls at night than usual as well. */
static bool is_round(const struct tb_judge *j, const struct round *r, const struct quiet *usual)
{
    return r->n >= j->rules.day_requests && r->active >= j->rules.day_hours &&
           r->share >= j->rules.day_quarter && r->share >= j->rules.day_times * usual->share &&
           r->share * r->n >= j->rules.day_times * usual->n;
}

static enum tb_status tell_round(struct tb_judge *j, struct tb_subject *s, uint32_t ip, const struct round *r,
                                 int64_t start_us)
{
    struct tb_finding *f = tb_findings_add(j->out, TB_KIND_BOT_24H);
    struct tb_words w = {.n = 0};
    struct tb_str name = tb_dict_text(j->db, ip);
    if (f == NULL) {
        return tb_judge_no_memory(j);
    }
    /* at night there is next to none but the program: it runs so all day; quarters that differ by chance only are all its own */
    double quiet = r->share * r->n, all = 4 * (quiet + 2 * sqrt(quiet)) < r->n ? 4 * quiet : r->n;
    f->start_us = start_us;
    f->end_us = start_us + TB_US_PER_DAY;
    f->score = r->share;
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
                 r->n, r->active, 100 * r->share, all);
    tb_words_cost(&w, j, f->cost);
    tb_finding_tell(f, &w);
    return TB_OK;
}

static enum tb_status judge_address(struct tb_judge *j, struct tb_subject *s, uint32_t ip,
                                    const struct quiet *usual)
{
    const struct tb_digest *g = j->today;
    struct hours hours = {.first = (int32_t)(g->from_us / TB_US_PER_H) - 24};
    enum tb_status st = TB_OK;
    add_day(g - 1, s->consumer, ip, &hours);
    add_day(g, s->consumer, ip, &hours);
    for (int64_t end = g->from_us + 6 * TB_US_PER_H; end <= g->to_us && st == TB_OK; end += 6 * TB_US_PER_H) {
        struct round r = round_of(s, &hours, (int32_t)((end - TB_US_PER_DAY) / TB_US_PER_H));
        if (is_round(j, &r, usual)) {
            st = tell_round(j, s, ip, &r, end - TB_US_PER_DAY);
        }
    }
    return st;
}

static enum tb_status judge_round(struct tb_judge *j, struct tb_subject *s)
{
    const struct tb_digest *g = j->today;
    size_t from, to;
    enum tb_status st = TB_OK;
    TB_DIGEST_RANGE(g, place, s->consumer, from, to);
    bool any = false;
    for (size_t i = from; i < to; i++) {
        any = any || g->place[i].ip != 0;
    }
    struct quiet usual;
    bool known = any && j->day > j->first && usual_quiet(j, s, &usual);
    for (size_t i = from; i < to && known && st == TB_OK; i++) {
        st = g->place[i].ip != 0 ? judge_address(j, s, g->place[i].ip, &usual) : TB_OK;
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
